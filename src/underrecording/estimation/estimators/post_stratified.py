"""The design-weighted ratio, kinds of forces brought to their known numbers."""

from __future__ import annotations

import math

import numpy as np

from underrecording.audit import DUE, NOTHING_DUE, OK, RECORDED, Audit, Influence
from underrecording.estimation.compile import compiled
from underrecording.estimation.registries import point_estimator
from underrecording.estimation.totals import no_ratio, spread_of_force


@point_estimator("post_stratified")
def post_stratified(audit: Audit, influence: Influence) -> tuple[float, int]:
    """Combined ratio with metropolitan and county forces weighed up to the numbers there are.

    Formula::

        A    = Y / X,   X = sum_f g_f X_f / pi_f,   Y = sum_f g_f Y_f / pi_f
        g_f  = F_j / sum_(f in j) 1 / pi_f           j the kind of force f, F_j of them in all
        c_f  = g_f (e_f - mean_j e) / (pi_f X)       e_f = Y_f - A X_f, mean_j with weights 1 / pi_f
        slope = g_f w_h / (pi_f X),   residual y - A x   of a record of stratum h

    with w_h = N_h / n_h, X_f = sum_h w_h x_h and Y_f = sum_h w_h y_h. A kind of
    which no force was inspected is counted with the kind that has most forces.

    Assumes: that forces of a kind are alike in size or accuracy, more so than
    forces at large. At a census it is the truth.

    Do not use it where a kind has one inspected force or two: their weight
    then rests on chance. A design stratified by kind does it better beforehand.

    No answer: where no record was read as due.

    Source: Holt & Smith (1979), J. Roy. Statist. Soc. A 142:33; the variance
    with adjusted weights on residuals, as R's ``survey::postStratify``, after
    Sarndal, Swensson & Wretman (1992), chapter 7.
    """
    n_forces = audit.due.shape[0]
    kind, sizes = _kinds(audit)
    weight = np.zeros(sizes.size)
    for f in range(n_forces):
        weight[kind[f]] += 1.0 / audit.p_inclusion[f]
    due_total, recorded_total = 0.0, 0.0
    for f in range(n_forces):
        adjusted = sizes[kind[f]] / weight[kind[f]] / audit.p_inclusion[f]
        due, recorded = audit.totals.force[f, DUE], audit.totals.force[f, RECORDED]
        influence.denominator[f], influence.numerator[f] = due, recorded
        due_total += adjusted * due
        recorded_total += adjusted * recorded
    if due_total == 0.0:
        return math.nan, NOTHING_DUE
    accuracy = recorded_total / due_total
    centre = np.zeros(sizes.size)
    for f in range(n_forces):
        residual = influence.numerator[f] - accuracy * influence.denominator[f]
        centre[kind[f]] += residual / audit.p_inclusion[f] / weight[kind[f]]
    for f in range(n_forces):
        residual = influence.numerator[f] - accuracy * influence.denominator[f]
        adjusted = sizes[kind[f]] / weight[kind[f]] / audit.p_inclusion[f]
        influence.contribution[f] = adjusted * (residual - centre[kind[f]]) / due_total
        influence.spread[f] = spread_of_force(audit, f, adjusted / due_total, accuracy)
    no_ratio(influence)
    return accuracy, OK


@compiled
def _kinds(audit: Audit) -> tuple[np.ndarray, np.ndarray]:
    """Kind of each inspected force, (m,), and the number of forces of each kind in all."""
    sizes = np.zeros(audit.post_stratum.max() + 1)
    inspected = np.zeros(sizes.size, np.bool_)
    for row in range(audit.post_stratum.size):
        sizes[audit.post_stratum[row]] += 1.0
    kind = audit.post_stratum[audit.force]
    for f in range(kind.size):
        # A force of weight 0, as the jackknife leaves it, stands for none of its kind.
        if not math.isinf(audit.p_inclusion[f]):
            inspected[kind[f]] = True
    largest, left = 0, 0.0
    for j in range(sizes.size):
        if inspected[j] and (not inspected[largest] or sizes[j] > sizes[largest]):
            largest = j
        if not inspected[j]:
            left += sizes[j]
            sizes[j] = 0.0
    sizes[largest] += left
    for f in range(kind.size):
        if not inspected[kind[f]]:
            kind[f] = largest
    return kind, sizes
