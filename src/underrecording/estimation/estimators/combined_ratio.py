"""The design-weighted ratio: the default."""

from __future__ import annotations

import math

from underrecording.audit import DUE, NOTHING_DUE, OK, RECORDED, Audit, Influence
from underrecording.estimation.registries import point_estimator
from underrecording.estimation.totals import spread_of_force


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
    totals, nation = audit.totals.force, audit.totals.nation
    if nation[DUE] == 0.0:
        return math.nan, NOTHING_DUE
    accuracy = nation[RECORDED] / nation[DUE]
    scale = 1.0 / nation[DUE]
    for f in range(audit.p_inclusion.size):
        weight = 1.0 / audit.p_inclusion[f]
        influence.denominator[f] = totals[f, DUE] * weight
        influence.numerator[f] = totals[f, RECORDED] * weight
        residual = influence.numerator[f] - accuracy * influence.denominator[f]
        influence.contribution[f] = residual * scale
        influence.spread[f] = spread_of_force(audit, f, weight * scale, accuracy)
    return accuracy, OK
