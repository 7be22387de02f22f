"""What a study needs to know of its worlds, so that nothing else is drawn."""

from __future__ import annotations

from typing import Any, cast

import numpy as np

from underrecording.estimation import EstimatorSpec
from underrecording.inspection.audits import reads_plainly
from underrecording.inspection.questions import QUESTIONS, STRANDS, Question
from underrecording.ledger import Ledger, recorded_volume
from underrecording.study.plan import StudyPlan, Target


def question_of(target: Target) -> Question:
    """The question that *target* names."""
    return QUESTIONS[f"{target.estimand}/{target.domain}"]


def needs_volumes(estimators: tuple[EstimatorSpec, ...]) -> bool:
    """Whether any of *estimators* looks at what forces publish."""
    return any(spec.volumes != "of none" for spec in estimators)


def fields_needed(plan: StudyPlan) -> frozenset[str]:
    """The fields of a `Ledger` on which any answer or truth of *plan* depends.

    Found by asking each question of a ledger that remembers what it was asked.
    """
    asked = _Asked()
    for cell in plan.cells:
        for question in map(question_of, plan.targets):
            review = cell.inspection.review(question.strand)
            question.truth(asked.ledger, review.groups)
            if question.strand != "reports":
                STRANDS[question.strand](asked.ledger, review.groups, False)
                continue
            asked.fields |= {"reports", "due", "recorded"}
            if needs_volumes(plan.estimators):
                recorded_volume(asked.ledger)
            if not reads_plainly(review):
                asked.fields.add("over_recorded")
    return frozenset(asked.fields)


class _Asked:
    """Stands in for a ledger and remembers which of its fields were looked at."""

    def __init__(self) -> None:
        self.fields: set[str] = set()

    @property
    def ledger(self) -> Ledger:
        return cast(Ledger, self)

    def __getattr__(self, name: str) -> Any:
        self.fields.add(name)
        return np.ones((1, 1, 64), np.int64)
