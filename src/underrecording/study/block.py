"""One block of replicates, all cells: the only place where truth meets estimate."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from underrecording.audit import BATCH
from underrecording.study.drawn import Drawn
from underrecording.study.moments import Moments, accumulate
from underrecording.study.needs import needs_of, question_of
from underrecording.study.pairs import accumulate_pairs
from underrecording.study.plan import Block, StudyPlan
from underrecording.study.ranking import RankSums, rank_replicates
from underrecording.study.replicates import replicate
from underrecording.study.rows import Rows
from underrecording.study.trajectory import Trajectory, trajectories

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

CHUNK = 256
"""Replicates in fresh worlds in memory at once; no digit of a result depends on it."""
_AT_LEAST, _AT_MOST, _ANSWERS = 32, 128, 256
"""Batches of replicates in a fixed world in memory at once, and of answers, if that is more."""


class BlockResult(NamedTuple):
    """What a block leaves behind.

    Attributes
    ----------
    moments : Moments
        Leading axes (C, T, E).
    rows : Rows or None
        Every replicate where the study keeps rows; else the first ones of the
        reference cell, of the block that holds them.
    trajectory : Trajectory or None
        Of the block that holds the first replicates of the first world.
    ranks : RankSums or None
        Where the study asks for them; axis (C,).
    """

    moments: Moments
    rows: Rows | None
    trajectory: Trajectory | None
    ranks: RankSums | None


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
    alpha, reference = 1.0 - plan.scenario.study.level, plan.reference
    rows = Rows.asked(plan, block)
    ranks = RankSums.empty(len(plan.cells)) if plan.scenario.study.ranking else None
    needs = needs_of(plan)
    fixed = None if plan.fresh else Drawn.fixed(plan, needs, block.world, threads)
    for first, count in _chunks(block, _at_once(plan)):
        drawn = fixed or Drawn.fresh(plan, needs, first, count, threads)
        for c in range(len(plan.cells)):
            if ranks is not None:
                rank_replicates(
                    plan.cells[c].inspection, drawn.reading(c, "reports"), drawn.accuracy(c),
                    ranks.at(c), seed=plan.scenario.seed, world=block.world, first=first,
                    count=count,
                )  # fmt: skip
            for t, answers, reasons in _answers(plan, drawn, c, block.world, first, count):
                truth, answer = drawn.truth(c, t), question_of(plan.targets[t]).answer
                answered = [answer(answers[e], reasons[e]) for e in range(len(plan.estimators))]
                for e, given in enumerate(answered):
                    at = moments.at(c, t, e)
                    accumulate(at, *given, truth, alpha)
                    if e != reference:
                        accumulate_pairs(at, *given, *answered[reference], truth, alpha)
                    if rows is not None:
                        rows.keep(c, t, e, first, *given, truth)
        progress(count)
    follow = plan.scenario.study.trajectories if block.is_first else 0
    return BlockResult(
        moments,
        rows,
        trajectories(plan, min(follow, block.stop), threads) if follow else None,
        ranks,
    )


def _at_once(plan: StudyPlan) -> int:
    """Replicates of a chunk: more where all have one world, one where each takes seconds."""
    if not plan.fresh:
        asked = len(plan.estimators) * len(plan.targets)
        return BATCH * min(_AT_MOST, max(_AT_LEAST, _ANSWERS // asked))
    return 1 if plan.scenario.world.fidelity == "events" else CHUNK


def _chunks(block: Block, size: int) -> Iterator[tuple[int, int]]:
    for first in range(block.start, block.stop, size):
        yield first, min(size, block.stop - first)


def _answers(
    plan: StudyPlan, drawn: Drawn, c: int, world: int, first: int, count: int
) -> Iterator[tuple[int, Floats, Ints]]:
    """Answers (E, B, 4) and reasons (E, B) to each target of cell *c*.

    Each strand is read once, and each domain of it estimated once.
    """
    asked: dict[str, list[int]] = {}
    for t, target in enumerate(plan.targets):
        asked.setdefault(question_of(target).strand, []).append(t)
    for strand, targets in asked.items():
        domains = [drawn.domain(c, t) for t in targets]
        distinct = list(dict.fromkeys(domains))
        answers, reasons = replicate(
            plan.cells[c].inspection, drawn.reading(c, strand), drawn.accuracy(c),
            plan.estimators, distinct,
            level=plan.scenario.study.level, seed=plan.scenario.seed,
            world=world, first=first, count=count,
        )  # fmt: skip
        for t, domain in zip(targets, domains, strict=True):
            q = distinct.index(domain)
            yield t, answers[q], reasons[q]
