"""Forces weighted by the crimes they publish."""

from __future__ import annotations

import math

from underrecording.audit import (
    DUE,
    NO_VOLUME,
    NOTHING_DUE,
    NOTHING_RECORDED,
    OK,
    RECORDED,
    Audit,
    Influence,
)
from underrecording.estimation.registries import point_estimator
from underrecording.estimation.totals import force_volume, spread_of_force


@point_estimator("volume_weighted", volumes="of inspected")
def volume_weighted(audit: Audit, influence: Influence) -> tuple[float, int]:
    """Harmonic mean of the forces' accuracies, weighted by their published recorded crime.

    Formula::

        A    = T1 / T2,   T1 = sum_f V_f / pi_f,   T2 = sum_f V_f / (A_f pi_f)
        c_f  = (V_f / pi_f) (1 - A / A_f) / T2           contribution of force f
        slope = A V_f / (pi_f T2 A_f^2) * w_h / X_f,   residual y - A_f x

    with A_f = Y_f / X_f, w_h = N_h / n_h and V_f the recorded crimes a year of
    force f. Recorded volume over accuracy is due volume: hence the harmonic mean.

    Assumes: published volumes that hold recorded due crimes and nothing else.
    Over-recording and cancelled crimes break that, and the estimate is then off
    even at a census.

    Do not use it where a force has few records: 1 / A_f is biased upwards by
    about its squared coefficient of variation, the estimate downwards.

    No answer: where an inspected force that publishes crimes has no record read
    as due, or none read as recorded. A force that publishes no crimes is left out.

    Source: docs/model.md, section 5.
    """
    n_forces = audit.due.shape[0]
    volume_total, due_total = 0.0, 0.0
    for f in range(n_forces):
        volume = force_volume(audit, f) / audit.p_inclusion[f]
        influence.numerator[f] = volume
        influence.denominator[f] = 0.0
        due, recorded = audit.totals.force[f, DUE], audit.totals.force[f, RECORDED]
        if volume > 0.0:
            if due == 0.0:
                return math.nan, NOTHING_DUE
            if recorded == 0.0:
                return math.nan, NOTHING_RECORDED
            influence.denominator[f] = volume / (recorded / due)
            volume_total += volume
            due_total += influence.denominator[f]
    if due_total == 0.0:
        return math.nan, NO_VOLUME
    accuracy = volume_total / due_total
    for f in range(n_forces):
        volume = influence.numerator[f]
        force_accuracy, per_record = 1.0, 0.0
        if volume > 0.0:
            due = audit.totals.force[f, DUE]
            force_accuracy = audit.totals.force[f, RECORDED] / due
            per_record = accuracy * volume / (due_total * force_accuracy**2) / due
        influence.contribution[f] = volume * (1.0 - accuracy / force_accuracy) / due_total
        influence.spread[f] = spread_of_force(audit, f, per_record, force_accuracy)
    return accuracy, OK
