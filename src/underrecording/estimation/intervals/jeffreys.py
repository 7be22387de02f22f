"""Equal tails of Jeffreys' posterior."""

from __future__ import annotations

import math

from underrecording.estimation.precision import Precision
from underrecording.estimation.registries import interval
from underrecording.special import beta_quantile


@interval("jeffreys", quantile="normal")
def jeffreys(estimate: Precision) -> tuple[float, float]:
    """Equal tails of a beta posterior under Jeffreys' prior, on the effective sample size.

    Formula::

        quantiles (1 - level) / 2 and (1 + level) / 2 of Beta(y + 1/2, n - y + 1/2),
        n = n_eff = A (1 - A) / V,   y = A n;   at A = 0 or 1, n = records read as due
        and the end at A is A itself; no end passes A

    Assumes: that the estimate behaves as a binomial share of n_eff records, and
    that their number is known: no allowance is made for few forces.

    Do not use it for few forces, whose variance is itself uncertain: it is then
    too short (see `korn_graubard`).

    Source: Brown, Cai & DasGupta (2001), Statist. Sci. 16:101.

    >>> from underrecording.estimation.precision import precision
    >>> low, high = jeffreys(precision(7 / 50, 0.14 * 0.86 / 50))
    >>> f"{low:.4f} {high:.4f}"
    '0.0649 0.2553'
    """
    if math.isinf(estimate.n_eff):
        return estimate.value, estimate.value
    recorded = estimate.value * estimate.n_eff
    a, b, tail = recorded + 0.5, estimate.n_eff - recorded + 0.5, 0.5 * (1.0 - estimate.level)
    low = 0.0 if estimate.value <= 0.0 else beta_quantile(tail, a, b)
    high = 1.0 if estimate.value >= 1.0 else beta_quantile(1.0 - tail, a, b)
    # With less than one effective record on a side the prior would shut the estimate out.
    return min(low, estimate.value), max(high, estimate.value)
