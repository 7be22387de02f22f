"""Student's t: the default."""

from __future__ import annotations

import math

from underrecording.estimation.precision import Precision
from underrecording.estimation.registries import interval


@interval("t", quantile="t")
def t(estimate: Precision) -> tuple[float, float]:
    """Estimate plus and minus Student's t standard errors.

    Formula::

        A -+ t sqrt(V),   t the quantile on the variance's degrees of freedom;
                          not clipped to [0, 1]

    Assumes: a normal estimate; the degrees of freedom stand for how well the
    variance is known, forces being few. R's ``survey::svyciprop`` calls it
    ``mean``.

    Do not use it near 0 or 1, where it may leave [0, 1] and has width 0 at the
    ends themselves.

    Source: Student's t on forces less strata, as in Lohr (2022).

    >>> from underrecording.estimation.precision import precision
    >>> low, high = t(precision(0.80, 0.0004, df=12))     # 13 forces, one stratum
    >>> f"{low:.4f} {high:.4f}"
    '0.7564 0.8436'
    """
    if estimate.variance == 0.0:
        return estimate.value, estimate.value
    half_width = estimate.quantile * math.sqrt(estimate.variance)
    return estimate.value - half_width, estimate.value + half_width
