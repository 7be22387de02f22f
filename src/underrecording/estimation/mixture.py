"""A share whose law is a mixture: components of three moments, its quantiles and its variance."""

from __future__ import annotations

import math
from typing import NamedTuple

from numpy.polynomial.hermite_e import hermegauss

from underrecording.audit import Floats
from underrecording.estimation.compile import compiled

_NODE, _WEIGHT = hermegauss(9)
_WEIGHT = _WEIGHT / _WEIGHT.sum()
_MOST_STEPS, _CLOSE, _FAR = 200, 1e-12, 40.0
# Beyond, ratios of moments turn back; the lower end is the pole at -1 / 27.
_LOWEST_G, _HIGHEST_G = -0.0365, 0.018
_MOST_SKEWED = 1.0


class Mixture(NamedTuple):
    """A share A whose logit is nearly normal given one of S components.

    Given a component, with ``z = (logit - centre) / sd``, the chance to lie below
    is ``Phi(z) - skewness (z^2 - 1) phi(z) / 6``, Edgeworth's first correction.

    Attributes
    ----------
    weight, centre, sd, skewness : float arrays (S,)
        A centre of inf: the share is 1. An sd of 0: it is known.
    """

    weight: Floats
    centre: Floats
    sd: Floats
    skewness: Floats


@compiled
def matched(mean: float, variance: float, third: float) -> tuple[float, float, float]:
    """Component (centre, sd, skewness) for which U = 1 / A - 1 has these central moments.

    With ``log U = m + s z`` and G = s^3 / 6 times the skewness of log U::

        E U^k = exp(k m + k^2 s^2 / 2) (1 + k^3 G),   k = 1, 2, 3

    so that G solves ``E U^3 (E U)^3 / (E U^2)^3 = (1 + G)^3 (1 + 27 G) / (1 + 8 G)^3``,
    and s and m follow. Skewness is held within -1 and 1.

    A lognormal U needs no correction:

    >>> x = math.expm1(0.25**2)
    >>> centre, sd, skewness = matched(0.2, 0.04 * x, 0.008 * (3 * x**2 + x**3))
    >>> f"{sd:.6f} {abs(skewness):.6f}"
    '0.250000 0.000000'
    """
    if mean <= 0.0:
        return math.inf, 0.0, 0.0
    x = max(0.0, variance) / mean**2
    if x == 0.0:
        return -math.log(mean), 0.0, 0.0
    g = _third_ratio(math.log1p((third / mean**3 - 3.0 * x**2 - x**3) / (1.0 + x) ** 3))
    # The second pass holds what the first moves: sd depends on g.
    sd = _sd(x, 0.0)
    for _ in range(2):
        most = _MOST_SKEWED * sd**3 / 6.0
        g = min(max(g, -most), most)
        sd = _sd(x, g)
    return 0.5 * sd**2 - math.log(mean) + math.log1p(g), sd, -6.0 * g / sd**3


@compiled
def _sd(relative_variance: float, g: float) -> float:
    return math.sqrt(math.log1p(relative_variance) + 2.0 * math.log1p(g) - math.log1p(8.0 * g))


@compiled
def _third_ratio(log_ratio: float) -> float:
    """Solve 3 log(1 + G) + log(1 + 27 G) - 3 log(1 + 8 G) = *log_ratio* by Newton's method."""
    g = 0.0
    for _ in range(_MOST_STEPS):
        gap = 3.0 * math.log1p(g) + math.log1p(27.0 * g) - 3.0 * math.log1p(8.0 * g) - log_ratio
        step = gap / (3.0 / (1.0 + g) + 27.0 / (1.0 + 27.0 * g) - 24.0 / (1.0 + 8.0 * g))
        nearer = min(max(g - step, _LOWEST_G), _HIGHEST_G)
        if abs(nearer - g) < 1e-15 + 1e-10 * abs(g):
            break
        g = nearer
    return g


@compiled
def mixture_variance(mixture: Mixture) -> float:
    """Variance of the share, by Gauss-Hermite quadrature of each component."""
    total, mean, variance = 0.0, 0.0, 0.0
    for power in (1, 2):
        for i in range(mixture.weight.size):
            if math.isinf(mixture.centre[i]):
                return 0.0
            for q in range(_NODE.size):
                z = _NODE[q]
                share = 1.0 / (1.0 + math.exp(-(mixture.centre[i] + mixture.sd[i] * z)))
                bent = 1.0 + mixture.skewness[i] / 6.0 * (z**3 - 3.0 * z)
                weight = mixture.weight[i] * _WEIGHT[q] * bent
                if power == 1:
                    total += weight
                    mean += weight * share
                else:
                    variance += weight * (share - mean / total) ** 2
    return max(0.0, variance / total)


@compiled
def mixture_quantile(mixture: Mixture, p: float) -> float:
    """The share below which probability *p* lies, by Newton's method kept in a bracket.

    >>> import numpy as np
    >>> one, quarter, none = np.array([1.0]), np.array([0.25]), np.array([0.0])
    >>> f"{mixture_quantile(Mixture(one, one, quarter, none), 0.975):.6f}"     # 1 + 1.96 / 4
    '0.816077'
    """
    low, high, at = math.inf, -math.inf, 0.0
    for i in range(mixture.weight.size):
        if mixture.weight[i] > 0.0:
            low = min(low, mixture.centre[i] - _FAR * mixture.sd[i])
            high = max(high, mixture.centre[i] + _FAR * mixture.sd[i])
            at += mixture.weight[i] * mixture.centre[i]
    if math.isinf(low):
        return 1.0
    for _ in range(_MOST_STEPS):
        # A share that is known leaves a bracket with no inside.
        if high - low <= _CLOSE * max(1.0, abs(low)):
            break
        below, density = _below(mixture, at)
        if below < p:
            low = at
        else:
            high = at
        step = (p - below) / density if density > 0.0 else math.inf
        if abs(step) < _CLOSE:
            break
        at = at + step if low < at + step < high else 0.5 * (low + high)
    return 1.0 / (1.0 + math.exp(-at))


@compiled
def _below(mixture: Mixture, logit: float) -> tuple[float, float]:
    """Probability below a logit, and the density there."""
    below, density = 0.0, 0.0
    for i in range(mixture.weight.size):
        if mixture.weight[i] == 0.0:
            continue
        # A component without spread lies far to one side of any logit but its own.
        sd = max(mixture.sd[i], 1e-150)
        z = (logit - mixture.centre[i]) / sd
        if abs(z) > _FAR:
            below += mixture.weight[i] if z > 0.0 else 0.0
            continue
        bell = math.exp(-0.5 * z * z) / math.sqrt(2.0 * math.pi)
        third = mixture.skewness[i] / 6.0
        below += mixture.weight[i] * (
            0.5 * math.erfc(-z / math.sqrt(2.0)) - third * (z * z - 1.0) * bell
        )
        density += mixture.weight[i] * bell * (1.0 + third * z * (z * z - 3.0)) / sd
    return below, density
