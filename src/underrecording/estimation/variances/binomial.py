"""The naive variance."""

from __future__ import annotations

import math

from underrecording.audit import NOTHING_DUE, OK, Audit, Influence
from underrecording.estimation.registries import PointFunction, variance
from underrecording.estimation.stages import no_limit
from underrecording.estimation.totals import records_read


@variance("binomial", degrees_of_freedom=no_limit)
def binomial(
    audit: Audit, accuracy: float, influence: Influence, point: PointFunction
) -> tuple[float, int]:
    """As if the records due were one simple random sample of the country's: the naive control.

    Formula::

        V = A (1 - A) / sum x        over all records read, unweighted

    Assumes: independent records, one stage, no finite population; degrees of
    freedom infinite.

    Do not use it for an audit in which forces were sampled: it is blind to the
    spread between forces, and usually far too small. It also ignores that a
    census leaves nothing to chance. It shows what such an interval is worth.

    No answer: where no record was read as due.

    Source: textbook; docs/model.md, section 5 keeps it as a control.
    """
    due_read, _ = records_read(audit)
    if due_read == 0:
        return math.nan, NOTHING_DUE
    return accuracy * (1.0 - accuracy) / due_read, OK
