"""The forces' own accuracies, averaged."""

from __future__ import annotations

import math

from underrecording.audit import NOTHING_DUE, OK, Audit, Influence
from underrecording.estimation.registries import point_estimator
from underrecording.estimation.totals import (
    force_totals,
    spread_about_each,
    weigh_records,
    weighed_totals,
)


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
    weigh_records(audit, influence)
    for f in range(n_forces):
        due, recorded = weighed_totals(audit, influence, f)
        if due == 0.0:
            return math.nan, NOTHING_DUE
        influence.numerator[f] = recorded / due
        influence.denominator[f] = 1.0
        accuracy += influence.numerator[f]
    if n_forces == 0:
        return math.nan, NOTHING_DUE
    accuracy /= n_forces
    for f in range(n_forces):
        due, _ = force_totals(audit, f)
        force_accuracy = influence.numerator[f]
        influence.contribution[f] = (force_accuracy - accuracy) / n_forces
        influence.share[f], influence.spread[f] = 1.0 / (due * n_forces), force_accuracy
    spread_about_each(audit, influence)
    return accuracy, OK
