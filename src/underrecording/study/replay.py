"""One replicate of a study alone, step by step: the same numbers as in the run."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from underrecording.audit import OK, REASONS, Audits
from underrecording.errors import UserError
from underrecording.estimation.many import mark_not_inspected, only_force, only_strata, repeat
from underrecording.inspection.audits import read_review, select_forces
from underrecording.inspection.questions import strand_of
from underrecording.inspection.review import Review
from underrecording.ledger import ROUTES
from underrecording.study.drawn import Drawn
from underrecording.study.needs import needs_of, question_of
from underrecording.study.plan import StudyPlan
from underrecording.study.replicates import Domain
from underrecording.study.sweep import Value

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

_SLACK = 1e-12  # As where coverage is counted: width 0 at the truth holds it.


class Read(NamedTuple):
    """What was read of one strand in the m forces inspected.

    Attributes
    ----------
    strand : str
    strata : tuple of tuples of str, (m, H)
        Offence groups, by route where the routes of a force are apart.
    frame, sampled, due, recorded, over_recorded : int arrays (m, H)
        Records there were, read, found due, found recorded of these, and found
        recorded though not due.
    """

    strand: str
    strata: tuple[tuple[str, ...], ...]
    frame: Ints
    sampled: Ints
    due: Ints
    recorded: Ints
    over_recorded: Ints


class Answer(NamedTuple):
    """One estimate beside the truth; NaN where there is no answer, and *reason* says why."""

    estimand: str
    domain: str
    estimator: str
    estimate: float
    se: float
    low: float
    high: float
    truth: float
    covered: bool | None
    reason: str


class Replay(NamedTuple):
    """One replicate of one cell.

    Attributes
    ----------
    replicate, world, cell : int
        World 0 where worlds are fresh.
    values : mapping of str to value
        Of the swept keys in this cell.
    forces : tuple of str, length m
        Inspected, in the order in which they were selected.
    p_inclusion : float array (m,)
        As the inspector declares it.
    accuracy : float array (m,)
        True recording accuracy of each.
    read : tuple of Read
        Of each strand that the study asks about.
    answers : tuple of Answer
        By target and estimator.
    """

    replicate: int
    world: int
    cell: int
    values: dict[str, Value]
    forces: tuple[str, ...]
    p_inclusion: Floats
    accuracy: Floats
    read: tuple[Read, ...]
    answers: tuple[Answer, ...]


def replay(
    plan: StudyPlan, replicate: int, *, world: int = 0, cell: int = 0, threads: int = 1
) -> Replay:
    """Compute *replicate* of *cell* alone, in fixed world *world* or in a fresh one of its own.

    Raises
    ------
    UserError
        If the study has no such replicate, world or cell.
    """
    _refuse_what_is_not_there(plan, replicate, world, cell)
    needs = needs_of(plan)
    drawn = (
        Drawn.fresh(plan, needs, replicate, 1, threads)
        if plan.fresh
        else Drawn.fixed(plan, needs, world, threads)
    )
    planned, seed = plan.cells[cell], plan.scenario.seed
    chosen = select_forces(planned.inspection, drawn.ledger(cell), seed, world, replicate, 1)
    audits = {
        strand: _audit(plan, drawn, strand, chosen, replicate, world=world, cell=cell)
        for strand in dict.fromkeys(question_of(target).strand for target in plan.targets)
    }
    frame = planned.world.frame
    return Replay(
        replicate=replicate,
        world=world,
        cell=cell,
        values=dict(planned.cell.values),
        forces=tuple(frame.forces[f] for f in chosen[0]),
        p_inclusion=planned.inspection.forces.p_declared[chosen[0]],
        accuracy=drawn.accuracy(cell)[0, chosen[0]],
        read=tuple(
            Read(
                strand,
                tuple(
                    _strata(planned.inspection.review(strand), frame.groups, f) for f in chosen[0]
                ),
                audit.frame[0], audit.sampled[0], audit.due[0], audit.recorded[0],
                audit.over_recorded[0],
            )
            for strand, audit in audits.items()
        ),
        answers=tuple(_answers(plan, drawn, audits, cell)),
    )  # fmt: skip


def _audit(
    plan: StudyPlan, drawn: Drawn, strand: str, chosen: Ints, replicate: int,
    *, world: int, cell: int,
) -> Audits:  # fmt: skip
    inspection = plan.cells[cell].inspection
    review = inspection.review(strand)
    volumes = any(spec.volumes != "of none" for spec in plan.estimators)
    records = strand_of(strand, drawn.ledger(cell), review, volumes=volumes)
    return read_review(inspection, review, records, chosen, plan.scenario.seed, world, replicate)


def _strata(review: Review, groups: tuple[str, ...], force: int) -> tuple[str, ...]:
    """Names of the strata of one force; a route that is left with the other has no records."""
    names = [groups[k] for k in review.groups]
    if review.by_route is None:
        return tuple(names)
    apart = review.by_route[force]
    return tuple(
        f"{name}, {route}" if apart[k] else name for k, name in enumerate(names) for route in ROUTES
    )


def _part(audits: Audits, domain: Domain) -> Audits:
    """What of *audits* a question about *domain* looks at."""
    part = audits
    if domain.force >= 0:
        part = only_force(audits, domain.force)
    elif domain.strata > 0:
        part = only_strata(audits, domain.first, domain.step, domain.strata)
    return part


def _answers(plan: StudyPlan, drawn: Drawn, audits: dict[str, Audits], cell: int) -> list[Answer]:
    found = []
    for t, target in enumerate(plan.targets):
        question, domain = question_of(target), drawn.domain(cell, t)
        audit, truth = audits[question.strand], float(drawn.truth(cell, t)[0])
        asked = _part(audit, domain)
        for spec in plan.estimators:
            answers, reasons = repeat(spec, asked, level=plan.scenario.study.level)
            if domain.force >= 0:
                mark_not_inspected(audit, domain.force, answers, reasons)
            answers, reasons = question.answer(answers, reasons)
            value, variance, low, high = answers[0].tolist()
            covered = None if reasons[0] != OK else high >= truth - _SLACK and low <= truth + _SLACK
            numbers = (value, math.sqrt(variance), low, high, truth)
            found.append(Answer(*target, str(spec), *numbers, covered, REASONS[int(reasons[0])]))
    return found


def _refuse_what_is_not_there(plan: StudyPlan, replicate: int, world: int, cell: int) -> None:
    given = {
        "--replicate": (replicate, plan.scenario.study.replicates, "replicates"),
        "--world": (world, plan.worlds, "fixed worlds"),
        "--cell": (cell, len(plan.cells), "cells"),
    }
    problems = [
        f"{option} {value}: the run has {there:,} {what}; give 0 to {there - 1}"
        for option, (value, there, what) in given.items()
        if not 0 <= value < there and not (option == "--world" and plan.fresh)
    ]
    if plan.fresh and world != 0:
        problems.append(f"--world {world}: each replicate has a fresh world; leave --world out")
    if problems:
        raise UserError(problems)
