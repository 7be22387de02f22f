"""One block of replicates, all cells: the only place where truth meets estimate."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from underrecording.audit import Audits
from underrecording.estimation.many import only_stratum, repeat
from underrecording.inspection.audits import read_review, select_forces
from underrecording.inspection.inspect import Ints
from underrecording.inspection.questions import QUESTIONS, STRANDS, Question
from underrecording.ledger import Ledger
from underrecording.study.moments import Moments, accumulate
from underrecording.study.plan import Block, CellPlan, StudyPlan
from underrecording.study.trajectory import Trajectory, trajectories
from underrecording.world.build import World

Floats = NDArray[np.float64]

CHUNK = 256
"""Replicates in memory at once; no digit of a result depends on it."""

KEPT_ROWS = 1_000
"""Replicates of the reference cell whose estimates are kept."""


class Rows(NamedTuple):
    """The first replicates of the reference cell, as they came.

    Attributes
    ----------
    replicate : int array (R,)
    truth : float array (T, R)
    answers : float array (T, E, R, 4)
        Estimate, variance, low, high.
    reasons : int array (T, E, R)
    """

    replicate: Ints
    truth: Floats
    answers: Floats
    reasons: Ints


class BlockResult(NamedTuple):
    """What a block leaves behind.

    Attributes
    ----------
    moments : Moments
        Leading axes (C, T, E).
    rows : Rows or None
        Of the block that holds the first replicates of the first world.
    trajectory : Trajectory or None
        Likewise.
    """

    moments: Moments
    rows: Rows | None
    trajectory: Trajectory | None


def run_block(
    plan: StudyPlan,
    block: Block,
    progress: Callable[[int], None] = lambda _: None,
    threads: int = 1,
) -> BlockResult:
    """Run the replicates of one block in every cell.

    Parameters
    ----------
    plan : StudyPlan
    block : Block
    progress : callable
        Called with the number of replicates done, chunk by chunk.
    threads : int
        Threads that worlds which take long may use.
    """
    moments = Moments.empty(*plan.shape)
    alpha = 1.0 - plan.scenario.study.level
    kept = min(KEPT_ROWS, block.stop) if block.is_first else 0
    rows = _empty_rows(plan, kept)
    fixed: dict[int, Ledger] = {}
    for first, count in _chunks(block, _at_once(plan)):
        ledgers = _ledgers(plan, block, first, count, fixed, threads)
        for c, cell in enumerate(plan.cells):
            ledger = ledgers[id(cell.world)]
            targets = _targets(plan, cell, ledger, block.world, first, count)
            for t, (question, audits, truth) in enumerate(targets):
                for e, spec in enumerate(plan.estimators):
                    answers, reasons = question.answer(
                        *repeat(spec, audits, level=plan.scenario.study.level)
                    )
                    accumulate(moments.at(c, t, e), answers, reasons, truth, alpha)
                    if c == 0 and first < kept:
                        _keep(rows, t, e, first, answers, reasons, truth)
        progress(count)
    follow = plan.scenario.study.trajectories if kept else 0
    return BlockResult(
        moments,
        rows if kept else None,
        trajectories(plan, min(follow, block.stop), threads) if follow else None,
    )


def _at_once(plan: StudyPlan) -> int:
    """Replicates of a chunk: one where each has streams of its own, which take seconds."""
    return 1 if plan.fresh and plan.scenario.world.fidelity == "events" else CHUNK


def _chunks(block: Block, size: int) -> Iterator[tuple[int, int]]:
    for first in range(block.start, block.stop, size):
        yield first, min(size, block.stop - first)


def _ledgers(
    plan: StudyPlan, block: Block, first: int, count: int, fixed: dict[int, Ledger], threads: int
) -> dict[int, Ledger]:
    """The ledger of each distinct world: cells that differ in inspection only share it."""
    seed = plan.scenario.seed
    distinct: dict[int, World] = {id(cell.world): cell.world for cell in plan.cells}
    needed = any(question.of_crime_records for question in _questions(plan))
    if plan.fresh:
        return {
            key: world.fresh(seed, first, count, threads=threads, crime_records=needed)
            for key, world in distinct.items()
        }
    for key, world in distinct.items():
        if key not in fixed:
            fixed[key] = world.fixed(seed, block.world, threads=threads, crime_records=needed)
    return fixed


def _questions(plan: StudyPlan) -> list[Question]:
    return [QUESTIONS[f"{target.estimand}/{target.domain}"] for target in plan.targets]


def _targets(
    plan: StudyPlan, cell: CellPlan, ledger: Ledger, world: int, first: int, count: int
) -> Iterator[tuple[Question, Audits, Floats]]:
    """Question, audits and truth for each target of a cell; each strand is read once."""
    seed, inspection, groups = cell.cell.scenario.seed, cell.inspection, cell.world.frame.groups
    chosen = select_forces(inspection, ledger, seed, world, first, count)
    read: dict[str, Audits] = {}
    for question in _questions(plan):
        review = inspection.review(question.strand)
        if question.strand not in read:
            strand = STRANDS[question.strand](ledger, review.groups)
            read[question.strand] = read_review(
                inspection, review, strand, chosen, seed, world, first
            )
        audits, asked = read[question.strand], review.groups
        if question.group is not None:
            asked = (groups.index(question.group),)
            audits = only_stratum(audits, review.groups.index(asked[0]))
        yield question, audits, question.truth(ledger, asked)


def _empty_rows(plan: StudyPlan, kept: int) -> Rows:
    _, n_targets, n_estimators = plan.shape
    return Rows(
        replicate=np.arange(kept),
        truth=np.empty((n_targets, kept)),
        answers=np.empty((n_targets, n_estimators, kept, 4)),
        reasons=np.empty((n_targets, n_estimators, kept), np.int64),
    )


def _keep(
    rows: Rows, t: int, e: int, first: int, answers: Floats, reasons: Ints, truth: Floats
) -> None:
    stop = min(first + len(answers), len(rows.replicate))
    rows.answers[t, e, first:stop] = answers[: stop - first]
    rows.reasons[t, e, first:stop] = reasons[: stop - first]
    rows.truth[t, first:stop] = np.broadcast_to(truth, (len(answers),))[: stop - first]
