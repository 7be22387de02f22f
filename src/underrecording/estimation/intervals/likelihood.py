"""Shares that explain the estimate nearly as well as itself."""

from __future__ import annotations

import math

from underrecording.estimation.compile import compiled
from underrecording.estimation.precision import Precision
from underrecording.estimation.registries import interval


@interval("likelihood", quantile="t")
def likelihood(estimate: Precision) -> tuple[float, float]:
    """Shares whose binomial log likelihood, on n_eff records, falls short by no more than t^2 / 2.

    Formula::

        {p : 2 n (A log(A / p) + (1 - A) log((1 - A) / (1 - p))) <= t^2},
        n = n_eff = A (1 - A) / V;   at A = 0 or 1, n = records read as due

    Assumes: that the estimate behaves as a binomial share of n_eff records.
    ``likelihood`` of R's ``survey::svyciprop``, to the accuracy of its profile.

    Do not use it where all records agree but forces may not: at 0 and 1 the
    clustering cannot be estimated, and records count as independent.

    Source: Rao & Scott (1984), Ann. Statist. 12:46, for the scaling of a
    likelihood ratio under a survey design.

    >>> from underrecording.estimation.precision import precision
    >>> low, high = likelihood(precision(0.80, 0.0004, df=12))
    >>> f"{low:.4f} {high:.4f}"
    '0.7542 0.8411'
    """
    if math.isinf(estimate.n_eff):
        return estimate.value, estimate.value
    allowed = 0.5 * estimate.quantile**2 / estimate.n_eff
    low = 0.0 if estimate.value <= 0.0 else _where(estimate.value, 0.0, allowed)
    high = 1.0 if estimate.value >= 1.0 else _where(estimate.value, 1.0, allowed)
    return low, high


@compiled
def _where(value: float, end: float, allowed: float) -> float:
    """Where, between *value* and *end*, the divergence from *value* has grown to *allowed*."""
    near, far = value, end
    # Each step halves the bracket: 60 of them leave less than the last digit of 1.
    for _ in range(60):
        middle = 0.5 * (near + far)
        if _divergence(value, middle) <= allowed:
            near = middle
        else:
            far = middle
    return 0.5 * (near + far)


@compiled
def _divergence(value: float, p: float) -> float:
    """Kullback-Leibler divergence of a share *p* from *value*, per record."""
    total = 0.0
    if value > 0.0:
        total += value * math.log(value / p)
    if value < 1.0:
        total += (1.0 - value) * math.log((1.0 - value) / (1.0 - p))
    return total
