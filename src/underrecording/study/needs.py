"""What a study needs to know of its worlds, so that nothing else is drawn."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple, cast

import numpy as np

from underrecording.inspection.questions import QUESTIONS, Question, strand_of
from underrecording.inspection.readers import reads_plainly
from underrecording.ledger import Ledger, recorded_volume
from underrecording.study.plan import StudyPlan, Target


def question_of(target: Target) -> Question:
    """The question that *target* names."""
    return QUESTIONS[f"{target.estimand}/{target.domain}"]


class Needs(NamedTuple):
    """What a study needs to know of its worlds.

    Attributes
    ----------
    fields : set of str
        Fields of a `Ledger` on which any answer or truth depends.
    volumes : bool
        Whether any estimator looks at what forces publish.
    shared : set of (int, str)
        Cells and strands that have their counts in common with enough other cells
        for every force to be read once for all of them.
    """

    fields: frozenset[str]
    volumes: bool
    shared: frozenset[tuple[int, str]]


def needs_of(plan: StudyPlan) -> Needs:
    """Find out what *plan* needs: the fields by asking a ledger that remembers."""
    volumes = any(spec.volumes != "of none" for spec in plan.estimators)
    asked = _Asked()
    for cell in plan.cells:
        for question in _questions(plan):
            review = cell.inspection.review(question.strand)
            question.truth(asked.ledger, review.groups)
            if question.strand != "reports":
                strand_of(question.strand, asked.ledger, review, volumes=False)
                continue
            asked.fields |= {"reports", "due", "recorded"}
            if review.by_route is not None:
                asked.fields |= {"bureau_reports", "bureau_due", "bureau_recorded"}
            if volumes:
                recorded_volume(asked.ledger)
            if not reads_plainly(review):
                asked.fields.add("over_recorded")
    return Needs(frozenset(asked.fields), volumes, frozenset(_shared(plan)))


def _questions(plan: StudyPlan) -> Iterator[Question]:
    yield from map(question_of, plan.targets)
    if plan.scenario.study.ranking:
        yield QUESTIONS["under_recording_rate/national"]


def _shared(plan: StudyPlan) -> Iterator[tuple[int, str]]:
    for strand in {question.strand for question in _questions(plan)}:
        alike: dict[object, list[int]] = {}
        for c, cell in enumerate(plan.cells):
            review = cell.inspection.review(strand)
            # A force drawn twice is read twice, with luck that others do not have.
            if reads_plainly(review) and not cell.cell.scenario.inspection.forces.with_replacement:
                key = id(cell.world), review.strata, review.records.tobytes()
                alike.setdefault(key, []).append(c)
        for cells in alike.values():
            forces_read = sum(plan.cells[c].inspection.forces.inspected for c in cells)
            if len(cells) > 1 and forces_read > len(plan.cells[cells[0]].world.frame.forces):
                yield from ((c, strand) for c in cells)


class _Asked:
    """Stands in for a ledger and remembers which of its fields were looked at."""

    def __init__(self) -> None:
        self.fields: set[str] = set()

    @property
    def ledger(self) -> Ledger:
        return cast(Ledger, self)

    def __getattr__(self, name: str) -> Any:
        self.fields.add(name)
        # A part is less than its whole, so that what is left of it can be divided by.
        return np.full((1, 64, 64), 1 if name.startswith("bureau_") else 2, np.int64)
