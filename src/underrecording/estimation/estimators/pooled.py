"""All records in one heap: the 2014 headline."""

from __future__ import annotations

import math

from underrecording.audit import NOTHING_DUE, OK, Audit, Influence
from underrecording.estimation.registries import point_estimator
from underrecording.estimation.totals import records_read, sum_variance


@point_estimator("pooled")
def pooled(audit: Audit, influence: Influence) -> tuple[float, int]:
    """Records recorded over records due, every record read counting the same.

    Formula::

        A    = sum y / sum x                over all records read
        c_f  = (y_f - A x_f) / sum x        contribution of force f
        slope = 1 / sum x,   residual y - A x   of every record

    Assumes: each record read stands for equally many reports, that is, the
    audit is self-weighting. Then it equals `combined_ratio`.

    Do not use it where forces or strata were read at different rates: it
    estimates the accuracy of the records read, not of the country. It is kept
    as a named control, being how the interim's 20 per cent came about.

    No answer: where no record was read as due.

    Source: docs/model.md, section 5; the linear form is Demnati & Rao (2004), Survey
    Methodology 30:17, the derivative with respect to each weight.
    """
    due_read, recorded_read = records_read(audit)
    if due_read == 0:
        return math.nan, NOTHING_DUE
    accuracy = recorded_read / due_read
    for f in range(audit.due.shape[0]):
        due, recorded, spread = 0, 0, 0.0
        for h in range(audit.due.shape[1]):
            due += audit.due[f, h]
            recorded += audit.recorded[f, h]
            spread += sum_variance(
                audit.frame[f, h], audit.sampled[f, h], audit.due[f, h], audit.recorded[f, h],
                accuracy,
            )  # fmt: skip
        influence.numerator[f] = recorded
        influence.denominator[f] = due
        influence.contribution[f] = (recorded - accuracy * due) / due_read
        influence.spread[f] = audit.p_inclusion[f] * spread / due_read**2
    return accuracy, OK
