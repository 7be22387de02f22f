"""Wilson's score interval."""

from __future__ import annotations

import math

from underrecording.estimation.precision import Precision
from underrecording.estimation.registries import interval


@interval("wilson", quantile="t")
def wilson(estimate: Precision) -> tuple[float, float]:
    """Wilson's score interval on the effective sample size.

    Formula::

        (A + t^2 / 2n -+ t sqrt(A (1 - A) / n + t^2 / 4n^2)) / (1 + t^2 / n),
        n = n_eff = A (1 - A) / V;   at A = 0 or 1, n = records read as due

    Assumes: that the estimate behaves as a binomial share of n_eff records.
    With the `binomial` variance n is the records read as due, the degrees of
    freedom are infinite, and it is the textbook interval. Stays in [0, 1].

    Do not use it where all records agree but forces may not: at 0 and 1 the
    clustering cannot be estimated, and records count as independent.

    Source: Wilson (1927), J. Amer. Statist. Assoc. 22:209; on an effective
    sample size, Franco, Little, Louis & Slud (2019), J. Surv. Stat. Methodol.
    7:334.

    >>> from underrecording.estimation.precision import precision
    >>> low, high = wilson(precision(7 / 50, 0.14 * 0.86 / 50))
    >>> f"{low:.4f} {high:.4f}"
    '0.0695 0.2619'
    """
    if math.isinf(estimate.n_eff):
        return estimate.value, estimate.value
    pull = estimate.quantile**2 / estimate.n_eff
    centre = (estimate.value + pull / 2.0) / (1.0 + pull)
    half_width = (
        estimate.quantile
        * math.sqrt(
            estimate.value * (1.0 - estimate.value) / estimate.n_eff + pull / (4.0 * estimate.n_eff)
        )
        / (1.0 + pull)
    )
    # By algebra 0 <= low <= estimate.value <= high <= 1; kept so against rounding.
    return max(0.0, min(estimate.value, centre - half_width)), min(
        1.0, max(estimate.value, centre + half_width)
    )
