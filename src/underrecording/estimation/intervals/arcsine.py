"""On the scale that makes a share's variance constant."""

from __future__ import annotations

import math

from underrecording.estimation.precision import Precision
from underrecording.estimation.registries import interval


@interval("arcsine", quantile="t")
def arcsine(estimate: Precision) -> tuple[float, float]:
    """A t interval on the arcsine of the root, carried back to the share.

    Formula::

        sin^2(asin(sqrt A) -+ t / (2 sqrt n)),   n = n_eff = A (1 - A) / V;
        kept within 0 and 1; at A = 0 or 1, n = records read as due

    Assumes: that the estimate behaves as a binomial share of n_eff records,
    whose variance this scale makes constant.

    Do not use it where few records are behind the estimate and it is near 0 or
    1: what passes the end of the scale is cut off.

    Source: Anscombe (1948), Biometrika 35:246, for the scale; ``asin`` of R's
    ``survey::svyciprop``.

    >>> from underrecording.estimation.precision import precision
    >>> low, high = arcsine(precision(0.80, 0.0004, df=12))
    >>> f"{low:.4f} {high:.4f}"
    '0.7547 0.8417'
    """
    if math.isinf(estimate.n_eff):
        return estimate.value, estimate.value
    middle = math.asin(math.sqrt(estimate.value))
    half_width = estimate.quantile / (2.0 * math.sqrt(estimate.n_eff))
    low, high = max(0.0, middle - half_width), min(math.pi / 2.0, middle + half_width)
    return math.sin(low) ** 2, math.sin(high) ** 2
