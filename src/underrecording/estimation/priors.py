"""What is held of forces before the audit: the mean of their accuracies, and their spread.

The spread s is the standard deviation of the forces' accuracies as a share of
the largest that their mean mu allows, sqrt(mu (1 - mu)); s^2 is the correlation
of two records of one force. Beta(a, b) then has a + b = 1 / s^2 - 1.
"""

from __future__ import annotations

import math

import numpy as np

from underrecording.estimation.compile import compiled

UNIFORM, REFERENCE, HALF_CAUCHY = range(3)

TYPICAL_SD = 0.1
"""Scale of the half-Cauchy prior: forces audited in 2014 gave 0.105, in 2016-20 0.058."""


@compiled
def largest_spread(mean: float) -> float:
    """The spread at which a = 1; beyond, the density of a force's accuracy does not vanish at 0.

    Due volume is recorded volume over accuracy: it would have no bound.

    >>> f"{largest_spread(0.8) * (0.8 * 0.2) ** 0.5:.3f}"     # as a standard deviation
    '0.267'
    """
    return math.sqrt(mean / (1.0 + mean))


@compiled
def log_prior(
    prior: int, mean: float, spread: float, recorded: np.ndarray, unrecorded: np.ndarray
) -> float:
    """Log density of (mean, spread), up to a constant.

    Parameters
    ----------
    prior : int
        ``UNIFORM``: the mean, and given the mean the standard deviation up to
        its bound. ``HALF_CAUCHY``: the same, the standard deviation as the
        positive half of a Cauchy law of scale `TYPICAL_SD`. ``REFERENCE``: flat
        in the mean; in the spread as Jeffreys' rule gives it, were the mean
        known and shares normal of variance s^2 + (1 - s^2) / n_f.
    mean : float, in (0, 1)
    spread : float
        Above 0 and up to `largest_spread`.
    recorded, unrecorded : float arrays (m,)
        Effective counts of each inspected force; n_f is their sum.
    """
    if prior == UNIFORM:
        return -math.log(largest_spread(mean))
    if prior == HALF_CAUCHY:
        unit = math.sqrt(mean * (1.0 - mean)) / TYPICAL_SD
        inside = math.atan(unit * largest_spread(mean))
        return math.log(unit / inside) - math.log1p((unit * spread) ** 2)
    information = 0.0
    for f in range(recorded.size):
        n = recorded[f] + unrecorded[f]
        variance = spread**2 + (1.0 - spread**2) / n
        information += (spread * (1.0 - 1.0 / n) / variance) ** 2
    # One record of each force says nothing of how forces differ: the limit of the rule.
    return 0.5 * math.log(information) if information > 0.0 else math.log(spread)
