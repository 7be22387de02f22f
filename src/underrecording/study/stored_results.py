"""Results of what is stored: blocks read and merged in their order."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from underrecording.study.kept import RANKS, ROWS, TRAJECTORY, part_name, ranks_of
from underrecording.study.moments import Moments
from underrecording.study.plan import Block, StudyPlan
from underrecording.study.ranking import RankSums
from underrecording.study.ranking import merged as merged_ranks
from underrecording.study.results import Results
from underrecording.study.store import Store
from underrecording.study.until import Merged


def read_results(plan: StudyPlan, store: Store) -> Results:
    """Merge the stored blocks, in block order, into results.

    Of a study that may stop before its cap, those up to where it does: ``results.plan``
    says where.

    Raises
    ------
    ValueError
        If a part is missing or damaged.
    """
    merged, blocks = Merged(plan), plan.blocks()
    for block in blocks:
        if merged.reached:
            break
        merged.add(block, read_moments(store, block))
    rows, path = (store.read_table(part_name(kind, blocks[0])) for kind in (ROWS, TRAJECTORY))
    if rows is None or path is None:
        raise ValueError(f"{store.parts}: rows or trajectory of the first block are missing")
    plan = plan.ended_at(merged.stand)
    ranks = tuple(_ranks(plan, store)) if plan.scenario.study.ranking else ()
    return Results(plan, tuple(merged.worlds), rows.to_pandas(), path.to_pandas(), ranks)


def _ranks(plan: StudyPlan, store: Store) -> Iterator[RankSums]:
    """Sums of rankings of each world."""
    for _, blocks in groupby(plan.blocks(), key=lambda block: block.world):
        tables = [store.whole_table(part_name(RANKS, block)) for block in blocks]
        yield merged_ranks(map(ranks_of, tables))


def read_moments(store: Store, block: Block) -> Moments:
    """Summary of a block; ValueError if its part is missing or damaged."""
    moments = store.read_block(block)
    if moments is None:
        raise ValueError(f"{store.parts}: part {block.name} is missing or damaged")
    return moments
