"""On the log odds."""

from __future__ import annotations

import math

from underrecording.estimation.precision import Precision
from underrecording.estimation.registries import interval


@interval("logit", quantile="t")
def logit(estimate: Precision) -> tuple[float, float]:
    """A t interval on the log odds, carried back to the share.

    Formula::

        L -+ t sqrt(V) / (A (1 - A)),   L = log(A / (1 - A)),   share = 1 / (1 + exp(-L))

    Assumes: an estimate whose log odds are normal. Stays in (0, 1).

    Do not use it where 0 or 1 may well be estimated: there it is undefined (NaN,
    counted as such), unless the audit is a census.

    Source: the logit method of R's ``survey::svyciprop``; Korn & Graubard
    (1998), Survey Methodology 24:193, compare it with others.

    >>> from underrecording.estimation.precision import precision
    >>> low, high = logit(precision(0.80, 0.0004, df=12))
    >>> f"{low:.4f} {high:.4f}"
    '0.7529 0.8401'
    """
    if math.isinf(estimate.n_eff):
        return estimate.value, estimate.value
    if estimate.value <= 0.0 or estimate.value >= 1.0:
        return math.nan, math.nan
    middle = math.log(estimate.value) - math.log1p(-estimate.value)
    half_width = (
        estimate.quantile * math.sqrt(estimate.variance) / (estimate.value * (1.0 - estimate.value))
    )
    return (
        1.0 / (1.0 + math.exp(half_width - middle)),
        1.0 / (1.0 + math.exp(-half_width - middle)),
    )
