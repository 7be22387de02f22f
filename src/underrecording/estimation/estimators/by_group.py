"""Offence groups weighted by the crimes the country publishes."""

from __future__ import annotations

import math

from underrecording.audit import NO_VOLUME, NOTHING_DUE, NOTHING_RECORDED, OK, Audit, Influence
from underrecording.estimation.registries import point_estimator
from underrecording.estimation.totals import (
    group_totals,
    group_volume,
    no_ratio,
    sum_variance,
    weighted,
)
from underrecording.totals import record_weight


@point_estimator("by_group", volumes="of all")
def by_group(audit: Audit, influence: Influence) -> tuple[float, int]:
    """Harmonic mean of the offence groups' accuracies, weighted by national recorded crime.

    Formula::

        A    = V / sum_k (V_k / A_k),   A_k = Y_k / X_k,   V = sum_k V_k
        X_k  = sum_f w_fk x_fk / pi_f,   Y_k = sum_f w_fk y_fk / pi_f
        g_k  = (A^2 / V) (V_k / A_k^2)                       dA / dA_k
        c_f  = sum_k g_k w_fk (y_fk - A_k x_fk) / (pi_f X_k)
        slope = g_k w_fk / (pi_f X_k),   residual y - A_k x  of a record of group k

    with w_fk = N_fk / n_fk and V_k the recorded crimes a year of group k over
    all F forces, inspected or not.

    Assumes: strata of records that are the offence groups of the published
    volumes, and volumes that hold recorded due crimes and nothing else; else it
    is off even at a census.

    Do not use it where a group has few records read as due over all inspected
    forces: 1 / A_k is biased upwards, the estimate downwards.

    No answer: where a group with published crimes has no record read as due, or
    none read as recorded. A group without published crimes is left out.

    Source: docs/model.md, section 5; post-stratification on a known mix, Sarndal,
    Swensson & Wretman (1992), chapter 7.
    """
    n_forces, n_groups = audit.due.shape
    volume_total, due_total = 0.0, 0.0
    no_ratio(influence)
    for f in range(n_forces):
        influence.contribution[f], influence.spread[f] = 0.0, 0.0
    for k in range(n_groups):
        volume = group_volume(audit, k)
        group_accuracy, due = 1.0, 1.0
        if volume > 0.0:
            due, recorded = group_totals(audit, k)
            if due == 0.0:
                return math.nan, NOTHING_DUE
            if recorded == 0.0:
                return math.nan, NOTHING_RECORDED
            group_accuracy = recorded / due
            volume_total += volume
            due_total += volume / group_accuracy
        for f in range(n_forces):
            # V_k / A_k^2 now; the factor A^2 / V is not known before the last group.
            weight = (
                volume
                / group_accuracy**2
                * record_weight(audit.frame[f, k], audit.sampled[f, k])
                / (audit.p_inclusion[f] * due)
            )
            influence.contribution[f] += weight * (
                audit.recorded[f, k] - group_accuracy * audit.due[f, k]
            )
            unweighted = sum_variance(
                audit.frame[f, k], audit.sampled[f, k], audit.due[f, k], audit.recorded[f, k],
                group_accuracy,
            )  # fmt: skip
            influence.spread[f] += weighted(weight, unweighted)
    if due_total == 0.0:
        return math.nan, NO_VOLUME
    accuracy = volume_total / due_total
    factor = accuracy**2 / volume_total
    for f in range(n_forces):
        influence.contribution[f] *= factor
        influence.spread[f] *= audit.p_inclusion[f] * factor**2
    return accuracy, OK
