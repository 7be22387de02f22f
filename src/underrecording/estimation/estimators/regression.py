"""The design-weighted ratio, weights calibrated on what is known of all forces."""

from __future__ import annotations

import math

from underrecording.audit import (
    DUE,
    NO_VOLUME,
    NOTHING_DUE,
    OK,
    RECORDED,
    SINGULAR,
    Audit,
    Influence,
)
from underrecording.estimation.compile import compiled
from underrecording.estimation.registries import point_estimator
from underrecording.estimation.totals import force_volume, no_ratio, spread_of_force

_NEARLY_SINGULAR = 1e-12


@point_estimator("regression", volumes="of all")
def regression(audit: Audit, influence: Influence) -> tuple[float, int]:
    """Combined ratio with weights that give the number of forces and their volume exactly.

    Formula::

        A    = Y / X,   X = sum_f g_f X_f / pi_f,   Y = sum_f g_f Y_f / pi_f
        g_f  = 1 + (t - sum_f z_f / pi_f)' Q^-1 z_f,   z_f = (1, V_f),   t = sum of z over all F
        Q    = sum_f z_f z_f' / pi_f
        c_f  = g_f (e_f - z_f' b) / (pi_f X),   e_f = Y_f - A X_f,   b = Q^-1 sum_f z_f e_f / pi_f
        slope = g_f w_h / (pi_f X),   residual y - A x   of a record of stratum h

    with w_h = N_h / n_h, X_f = sum_h w_h x_h, Y_f = sum_h w_h y_h and V_f the
    recorded crimes a year of force f: the general regression estimator of both
    totals, linear distance.

    Assumes: that due and recorded crimes of a force go up linearly with the
    volume it publishes. At a census it is the truth.

    Do not use it for few forces: where the Met is drawn, others may get weights
    below 0, and the estimate may leave [0, 1]; it is then kept within.

    No answer: where forces do not differ in volume (one force, say), where none
    is published, or where no record was read as due.

    Source: Deville & Sarndal (1992), J. Amer. Statist. Assoc. 87:376; the
    variance with calibrated weights on residuals, as R's ``survey::calibrate``,
    after Sarndal, Swensson & Wretman (1992), section 6.6.
    """
    n_forces = audit.due.shape[0]
    total, of_all = _frame_volume(audit)
    if of_all == 0.0:
        return math.nan, NO_VOLUME
    # Volumes in units of their mean, so that the matrix is well scaled.
    unit = of_all / total
    q_00, q_01, q_11 = 0.0, 0.0, 0.0
    for f in range(n_forces):
        weight, volume = 1.0 / audit.p_inclusion[f], force_volume(audit, f) / unit
        q_00 += weight
        q_01 += weight * volume
        q_11 += weight * volume * volume
    determinant = q_00 * q_11 - q_01 * q_01
    if determinant <= _NEARLY_SINGULAR * q_00 * q_11:
        return math.nan, SINGULAR
    off_0, off_1 = total - q_00, total - q_01
    slope_0 = (q_11 * off_0 - q_01 * off_1) / determinant
    slope_1 = (q_00 * off_1 - q_01 * off_0) / determinant
    due_total, recorded_total = 0.0, 0.0
    for f in range(n_forces):
        calibrated = 1.0 + slope_0 + slope_1 * force_volume(audit, f) / unit
        due, recorded = audit.totals.force[f, DUE], audit.totals.force[f, RECORDED]
        influence.denominator[f], influence.numerator[f] = due, recorded
        due_total += calibrated * due / audit.p_inclusion[f]
        recorded_total += calibrated * recorded / audit.p_inclusion[f]
    if due_total <= 0.0:
        return math.nan, NOTHING_DUE
    accuracy = recorded_total / due_total
    r_0, r_1 = 0.0, 0.0
    for f in range(n_forces):
        residual = influence.numerator[f] - accuracy * influence.denominator[f]
        r_0 += residual / audit.p_inclusion[f]
        r_1 += residual / audit.p_inclusion[f] * force_volume(audit, f) / unit
    b_0, b_1 = (q_11 * r_0 - q_01 * r_1) / determinant, (q_00 * r_1 - q_01 * r_0) / determinant
    for f in range(n_forces):
        volume = force_volume(audit, f) / unit
        share = (1.0 + slope_0 + slope_1 * volume) / (audit.p_inclusion[f] * due_total)
        residual = influence.numerator[f] - accuracy * influence.denominator[f]
        influence.contribution[f] = share * (residual - b_0 - b_1 * volume)
        influence.spread[f] = spread_of_force(audit, f, share, accuracy)
    no_ratio(influence)
    return min(1.0, max(0.0, accuracy)), OK


@compiled
def _frame_volume(audit: Audit) -> tuple[float, float]:
    """Number of forces of the frame, and their recorded crimes a year."""
    volume = 0.0
    for row in range(audit.recorded_volume.shape[0]):
        for h in range(audit.recorded_volume.shape[1]):
            volume += audit.recorded_volume[row, h]
    return float(audit.recorded_volume.shape[0]), volume
