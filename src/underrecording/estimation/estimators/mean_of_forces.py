"""The forces' own accuracies, averaged."""

from __future__ import annotations

import math

from underrecording.audit import DUE, NOTHING_DUE, OK, RECORDED, Audit, Influence
from underrecording.estimation.registries import point_estimator
from underrecording.estimation.totals import spread_of_force


@point_estimator("mean_of_forces")
def mean_of_forces(audit: Audit, influence: Influence) -> tuple[float, int]:
    """Plain mean of the accuracies of the inspected forces, large and small alike.

    Formula::

        A    = (sum_f A_f) / m,   A_f = Y_f / X_f
        c_f  = (A_f - A) / m                         contribution of force f
        slope = w_h / (X_f m),   residual y - A_f x  of a record of stratum h

    with w_h = N_h / n_h, X_f = sum_h w_h x_h and Y_f = sum_h w_h y_h.

    Assumes: forces inspected with equal probabilities, and the accuracy of the
    average *force* as what is asked.

    Do not use it for the share of *crimes* that go unrecorded unless accuracy
    has nothing to do with size: the Met counts no more than the smallest force.

    No answer: where an inspected force has no record read as due.

    Source: docs/model.md, section 5; a mean of ratios as in Cochran (1977), Sampling
    Techniques, chapter 6.
    """
    n_forces = audit.due.shape[0]
    accuracy = 0.0
    for f in range(n_forces):
        due, recorded = audit.totals.force[f, DUE], audit.totals.force[f, RECORDED]
        if due == 0.0:
            return math.nan, NOTHING_DUE
        influence.numerator[f] = recorded / due
        influence.denominator[f] = 1.0
        accuracy += influence.numerator[f]
    if n_forces == 0:
        return math.nan, NOTHING_DUE
    accuracy /= n_forces
    for f in range(n_forces):
        force_accuracy = influence.numerator[f]
        influence.contribution[f] = (force_accuracy - accuracy) / n_forces
        per_record = 1.0 / (audit.totals.force[f, DUE] * n_forces)
        influence.spread[f] = spread_of_force(audit, f, per_record, force_accuracy)
    return accuracy, OK
