"""The design-weighted ratio: the default."""

from __future__ import annotations

import math

from underrecording.audit import NOTHING_DUE, OK, Audit, Influence
from underrecording.estimation.registries import point_estimator
from underrecording.estimation.totals import spread_about, weigh_records, weighed_totals


@point_estimator("combined_ratio")
def combined_ratio(audit: Audit, influence: Influence) -> tuple[float, int]:
    """Weighted reports recorded over weighted reports due: a ratio of two national totals.

    Formula::

        A    = Y / X,   X = sum_f X_f / pi_f,   Y = sum_f Y_f / pi_f
        c_f  = (Y_f - A X_f) / (pi_f X)              contribution of force f
        slope = w_h / (pi_f X),   residual y - A x   of a record of stratum h

    with w_h = N_h / n_h, X_f = sum_h w_h x_h and Y_f = sum_h w_h y_h.

    Assumes: the declared inclusion probabilities, and enough forces for a ratio
    of totals to be nearly unbiased. The bias is -cov(A, X) / E(X) (Hartley &
    Ross 1954), at most cv(X) standard errors. At a census it is the truth.

    Do not use it where forces were chosen by what their accuracy was expected
    to be: no weight known to the inspector mends that.

    No answer: where no record was read as due.

    Source: Hajek (1971), as in Sarndal, Swensson & Wretman (1992), Model
    Assisted Survey Sampling, chapter 5; Cochran (1977), chapter 6.
    """
    due_total, recorded_total = 0.0, 0.0
    weigh_records(audit, influence)
    for f in range(audit.due.shape[0]):
        influence.share[f] = 1.0 / audit.p_inclusion[f]
    for f in range(audit.due.shape[0]):
        due, recorded = weighed_totals(audit, influence, f)
        influence.denominator[f] = due * influence.share[f]
        influence.numerator[f] = recorded * influence.share[f]
        due_total += influence.denominator[f]
        recorded_total += influence.numerator[f]
    if due_total == 0.0:
        return math.nan, NOTHING_DUE
    accuracy = recorded_total / due_total
    scale = 1.0 / due_total
    for f in range(audit.due.shape[0]):
        residual = influence.numerator[f] - accuracy * influence.denominator[f]
        influence.contribution[f] = residual * scale
        influence.share[f] *= scale
    spread_about(audit, influence, accuracy)
    return accuracy, OK
