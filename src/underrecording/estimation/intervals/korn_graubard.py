"""Binomial tails that know how few forces there are."""

from __future__ import annotations

import math

from underrecording.estimation.intervals.clopper_pearson import binomial_tails
from underrecording.estimation.precision import Precision
from underrecording.estimation.registries import interval
from underrecording.special import t_quantile


@interval("korn_graubard", quantile="t")
def korn_graubard(estimate: Precision) -> tuple[float, float]:
    """Clopper-Pearson limits on an effective sample size cut down for few forces.

    Formula::

        as `clopper_pearson` with n = n_eff (t_records / t_df)^2,
        t_records on the records read as due less 1, t_df on the variance's
        degrees of freedom

    Assumes: that the estimate behaves as a binomial share of n records. ``beta``
    of R's ``survey::svyciprop``.

    Do not use it where a short interval matters more than a sure one: it tends
    to cover more often than it says.

    Source: Korn & Graubard (1998), Survey Methodology 24:193.

    >>> from underrecording.estimation.precision import precision
    >>> low, high = korn_graubard(precision(0.80, 0.0004, df=12, n_due=1700))
    >>> f"{low:.4f} {high:.4f}"
    '0.7523 0.8422'
    """
    if math.isinf(estimate.n_eff):
        return estimate.value, estimate.value
    if estimate.n_due < 2.0 or estimate.df <= 0.0:
        return math.nan, math.nan
    of_records = t_quantile(0.5 + estimate.level / 2.0, estimate.n_due - 1.0)
    records = estimate.n_eff * (of_records / estimate.quantile) ** 2
    return binomial_tails(estimate.value, records, estimate.level)
