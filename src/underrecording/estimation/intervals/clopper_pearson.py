"""Tails of the binomial itself."""

from __future__ import annotations

import math

from underrecording.estimation.compile import compiled
from underrecording.estimation.precision import Precision
from underrecording.estimation.registries import interval
from underrecording.special import beta_quantile


@interval("clopper_pearson", quantile="normal")
def clopper_pearson(estimate: Precision) -> tuple[float, float]:
    """Shares that a binomial test of each tail would not reject, on the effective sample size.

    Formula::

        low  = quantile (1 - level) / 2 of Beta(y, n - y + 1),       0 where A = 0
        high = quantile (1 + level) / 2 of Beta(y + 1, n - y),       1 where A = 1
        n = n_eff = A (1 - A) / V,   y = A n;   at A = 0 or 1, n = records read as due

    Assumes: that the estimate behaves as a binomial share of n_eff records, and
    that their number is known: no allowance is made for few forces.

    Do not use it for few forces, whose variance is itself uncertain (see
    `korn_graubard`). For independent records it is wider than it need be.

    Source: Clopper & Pearson (1934), Biometrika 26:404.

    >>> from underrecording.estimation.precision import precision
    >>> low, high = clopper_pearson(precision(7 / 50, 0.14 * 0.86 / 50))
    >>> f"{low:.4f} {high:.4f}"
    '0.0582 0.2674'
    """
    if math.isinf(estimate.n_eff):
        return estimate.value, estimate.value
    return binomial_tails(estimate.value, estimate.n_eff, estimate.level)


@compiled
def binomial_tails(value: float, records: float, level: float) -> tuple[float, float]:
    """Clopper-Pearson limits of a share of any, also fractional, number of records."""
    recorded, tail = value * records, 0.5 * (1.0 - level)
    unrecorded = records - recorded
    low, high = 0.0, 1.0
    if value > 0.0:
        low = beta_quantile(tail, recorded, unrecorded + 1.0)
    if value < 1.0:
        high = beta_quantile(1.0 - tail, recorded + 1.0, unrecorded)
    return low, high
