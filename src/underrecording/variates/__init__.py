"""Exact random counts at addresses: one by one, or many at once with the same digits."""

from underrecording.variates.binomials import binomials
from underrecording.variates.counts import (
    binomial,
    binomial_quantile,
    binomial_thresholds,
    hypergeometric_quantile,
    hypergeometric_thresholds,
)
from underrecording.variates.hypergeometrics import (
    hypergeometric_quantiles,
    room_for_hypergeometrics,
)

__all__ = [
    "binomial",
    "binomial_quantile",
    "binomial_thresholds",
    "binomials",
    "hypergeometric_quantile",
    "hypergeometric_quantiles",
    "hypergeometric_thresholds",
    "room_for_hypergeometrics",
]
