"""Sums over one audit that several estimators share, as compiled scalar loops."""

from __future__ import annotations

import math

from underrecording.audit import Audit
from underrecording.estimation.compile import compiled


@compiled
def record_weight(audit: Audit, f: int, h: int) -> float:
    """Reports that one record read stands for, N_h / n_h; 0 in a stratum nobody read."""
    if audit.sampled[f, h] == 0:
        return 0.0
    return audit.frame[f, h] / audit.sampled[f, h]  # type: ignore[no-any-return]


@compiled
def force_totals(audit: Audit, f: int) -> tuple[float, float]:
    """Estimated reports due, X_f, and due and recorded, Y_f, of inspected force *f*."""
    due, recorded = 0.0, 0.0
    for h in range(audit.frame.shape[1]):
        weight = record_weight(audit, f, h)
        due += weight * audit.due[f, h]
        recorded += weight * audit.recorded[f, h]
    return due, recorded


@compiled
def group_totals(audit: Audit, k: int) -> tuple[float, float]:
    """Estimated national reports due, X_k, and due and recorded, Y_k, of group *k*."""
    due, recorded = 0.0, 0.0
    for f in range(audit.frame.shape[0]):
        weight = record_weight(audit, f, k) / audit.p_inclusion[f]
        due += weight * audit.due[f, k]
        recorded += weight * audit.recorded[f, k]
    return due, recorded


@compiled
def records_read(audit: Audit) -> tuple[int, int]:
    """Records read as due, and read as due and recorded, over the whole audit, unweighted."""
    due, recorded = 0, 0
    for f in range(audit.due.shape[0]):
        for h in range(audit.due.shape[1]):
            due += audit.due[f, h]
            recorded += audit.recorded[f, h]
    return due, recorded


@compiled
def force_volume(audit: Audit, f: int) -> float:
    """Crimes a year that inspected force *f* published, V_f."""
    volume = 0.0
    for h in range(audit.recorded_volume.shape[1]):
        volume += audit.recorded_volume[audit.force[f], h]
    return volume


@compiled
def group_volume(audit: Audit, k: int) -> float:
    """Crimes a year of group *k* that all F forces published, V_k."""
    volume = 0.0
    for row in range(audit.recorded_volume.shape[0]):
        volume += audit.recorded_volume[row, k]
    return volume


@compiled
def is_census(audit: Audit) -> bool:
    """Whether every report of every force was read, so that nothing is left to chance."""
    for f in range(audit.frame.shape[0]):
        if audit.p_inclusion[f] < 1.0:
            return False
        for h in range(audit.frame.shape[1]):
            if audit.sampled[f, h] < audit.frame[f, h]:
                return False
    return True


@compiled
def effective_sample_size(audit: Audit, value: float, variance: float) -> float:
    """Independent records that would give this variance: n_eff = A (1 - A) / V.

    Where A is 0 or 1, V is 0 too and says nothing: then it is the records read
    as due. Infinite at a census, and where V is 0 at any other value.
    """
    if value <= 0.0 or value >= 1.0:
        return math.inf if is_census(audit) else float(records_read(audit)[0])
    return math.inf if variance == 0.0 else value * (1.0 - value) / variance
