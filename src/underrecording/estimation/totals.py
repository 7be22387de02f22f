"""Sums over one audit that several estimators share, as compiled scalar loops."""

from __future__ import annotations

import math

from underrecording.audit import COVARIANCE, VAR_DUE, VAR_RECORDED, Audit, Influence
from underrecording.estimation.compile import inlined
from underrecording.totals import record_weight

_ROUNDING = 1e-24
"""A variance that sums of equal terms may leave in place of 0; a million million records
would still have one many times larger."""


@inlined
def spread_of_force(audit: Audit, f: int, slope: float, ratio: float) -> float:
    """`Influence.spread` of inspected force *f*, which adds ``slope (Y_f - ratio X_f)``.

    That is ``pi_f slope^2`` times the variance of ``Y_f - ratio X_f``, had others of
    its records been read; NaN where one record was read of a stratum of several.
    """
    # A force that does not matter may well have had one record read.
    if slope == 0.0:
        return 0.0
    totals = audit.totals.force
    value = totals[f, VAR_RECORDED] - 2.0 * ratio * totals[f, COVARIANCE]
    value += ratio * ratio * totals[f, VAR_DUE]
    # Rounding may leave less than nothing where all records agree.
    return audit.p_inclusion[f] * slope * slope * (0.0 if value < 0.0 else value)  # type: ignore[no-any-return]


@inlined
def sum_variance(frame: int, sampled: int, due: float, recorded: float, ratio: float) -> float:
    """Variance of the sum of y - ratio x over the records of a stratum that were read.

    n (1 - n / N) times their sample variance; 0 where all or none were read, NaN
    where one of several was.

    >>> f"{sum_variance(8, 4, 3, 2, 0.5):.6f}"     # 4 (1 - 4/8) 0.229167
    '0.458333'
    """
    n, size = float(sampled), float(frame)
    total = recorded - ratio * due
    squares = recorded * (1.0 - 2.0 * ratio) + ratio * ratio * due
    # Rounding may leave less than nothing where all records agree.
    squared = max(0.0, n * squares - total * total)
    unread = 1.0 if frame == 0 else size - n
    value = unread * squared / ((n - 1.0) * (1.0 if frame == 0 else size))
    value = math.nan if sampled == 1 else value
    return 0.0 if sampled == 0 or sampled == frame else value


@inlined
def weighted(weight: float, variance: float) -> float:
    """Variance of a sum in which each record has *weight*, from that without."""
    # A stratum that does not matter may well have had one record read.
    return 0.0 if weight == 0.0 else weight * weight * variance


@inlined
def no_ratio(influence: Influence) -> None:
    """State that the estimate is no ratio of sums over forces."""
    for f in range(influence.numerator.size):
        influence.numerator[f] = math.nan
        influence.denominator[f] = math.nan


@inlined
def group_totals(audit: Audit, k: int) -> tuple[float, float]:
    """Estimated national reports due, X_k, and due and recorded, Y_k, of group *k*."""
    due, recorded = 0.0, 0.0
    for f in range(audit.frame.shape[0]):
        weight = record_weight(audit.frame[f, k], audit.sampled[f, k]) / audit.p_inclusion[f]
        due += weight * audit.due[f, k]
        recorded += weight * audit.recorded[f, k]
    return due, recorded


@inlined
def records_read(audit: Audit) -> tuple[int, int]:
    """Records read as due, and read as due and recorded, over the whole audit, unweighted."""
    due, recorded = 0, 0
    for f in range(audit.due.shape[0]):
        for h in range(audit.due.shape[1]):
            due += audit.due[f, h]
            recorded += audit.recorded[f, h]
    return due, recorded


@inlined
def force_volume(audit: Audit, f: int) -> float:
    """Crimes a year that inspected force *f* published, V_f."""
    volume = 0.0
    for h in range(audit.recorded_volume.shape[1]):
        volume += audit.recorded_volume[audit.force[f], h]
    return volume


@inlined
def group_volume(audit: Audit, k: int) -> float:
    """Crimes a year of group *k* that all F forces published, V_k."""
    volume = 0.0
    for row in range(audit.recorded_volume.shape[0]):
        volume += audit.recorded_volume[row, k]
    return volume


@inlined
def is_census(audit: Audit) -> bool:
    """Whether every report of every force was read, so that nothing is left to chance."""
    for f in range(audit.frame.shape[0]):
        if audit.p_inclusion[f] < 1.0:
            return False
        for h in range(audit.frame.shape[1]):
            if audit.sampled[f, h] != audit.frame[f, h]:
                return False
    return True


@inlined
def effective_sample_size(audit: Audit, value: float, variance: float) -> float:
    """Independent records that would give this variance: n_eff = A (1 - A) / V.

    Where A is 0 or 1, V is 0 too and says nothing: then it is the records read
    as due. Infinite at a census, and where V is 0, but for rounding, at any
    other value.
    """
    if value <= 0.0 or value >= 1.0:
        return math.inf if is_census(audit) else float(records_read(audit)[0])
    return math.inf if variance < _ROUNDING else value * (1.0 - value) / variance
