"""Wilson's centre with a plain width."""

from __future__ import annotations

import math

from underrecording.estimation.precision import Precision
from underrecording.estimation.registries import interval


@interval("agresti_coull", quantile="t")
def agresti_coull(estimate: Precision) -> tuple[float, float]:
    """The plain interval after adding t^2 records, half of them recorded.

    Formula::

        p -+ t sqrt(p (1 - p) / m),   m = n + t^2,   p = (n A + t^2 / 2) / m,
        n = n_eff = A (1 - A) / V;   at A = 0 or 1, n = records read as due;
        kept within 0 and 1

    Assumes: that the estimate behaves as a binomial share of n_eff records. It
    is centred as `wilson` and never shorter.

    Do not use it where all records agree but forces may not: at 0 and 1 the
    clustering cannot be estimated, and records count as independent.

    Source: Agresti & Coull (1998), Amer. Statist. 52:119; on an effective
    sample size, Franco, Little, Louis & Slud (2019), J. Surv. Stat. Methodol.
    7:334.

    >>> from underrecording.estimation.precision import precision
    >>> low, high = agresti_coull(precision(7 / 50, 0.14 * 0.86 / 50))
    >>> f"{low:.4f} {high:.4f}"
    '0.0664 0.2650'
    """
    if math.isinf(estimate.n_eff):
        return estimate.value, estimate.value
    added = estimate.quantile**2
    records = estimate.n_eff + added
    centre = (estimate.n_eff * estimate.value + added / 2.0) / records
    half_width = estimate.quantile * math.sqrt(centre * (1.0 - centre) / records)
    return max(0.0, centre - half_width), min(1.0, centre + half_width)
