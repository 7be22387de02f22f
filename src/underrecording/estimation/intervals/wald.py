"""The textbook's first interval."""

from __future__ import annotations

import math

from underrecording.estimation.precision import Precision
from underrecording.estimation.registries import interval


@interval("wald", quantile="normal")
def wald(estimate: Precision) -> tuple[float, float]:
    """Estimate plus and minus z standard errors.

    Formula::

        A -+ z sqrt(V),   z the normal quantile; not clipped to [0, 1]

    Assumes: a normal estimate whose variance is known.

    Do not use it for few forces (see `t`), nor near 0 or 1, where it may leave
    [0, 1] and has width 0 at the ends themselves; its coverage is erratic even
    in large samples.

    Source: Brown, Cai & DasGupta (2001), Statist. Sci. 16:101, who say why not.

    >>> from underrecording.estimation.precision import precision
    >>> low, high = wald(precision(0.14, 0.14 * 0.86 / 50))
    >>> f"{low:.4f} {high:.4f}"
    '0.0438 0.2362'
    """
    if estimate.variance == 0.0:
        return estimate.value, estimate.value
    half_width = estimate.quantile * math.sqrt(estimate.variance)
    return estimate.value - half_width, estimate.value + half_width
