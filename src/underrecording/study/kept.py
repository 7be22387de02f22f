"""What a finished block leaves in the run folder: the names of its parts, and their tables."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa

from underrecording.study.block import BlockResult
from underrecording.study.plan import Block, StudyPlan
from underrecording.study.rank_measures import RANKING
from underrecording.study.ranking import RankSums
from underrecording.study.rows import first_rows_table, rows_table
from underrecording.study.store import moments_table
from underrecording.study.trajectory import Trajectory

ROWS, TRAJECTORY, ESTIMATES, RANKS = "rows", "trajectory", "estimates", "ranks"
"""Parts beside the summary: first rows and trajectory of the first block; all rows, and
sums of rankings, of any."""


def part_name(kind: str, block: Block) -> str:
    """Name of a part of *block* beside its summary."""
    return f"{kind}-{block.name}"


def part_names(plan: StudyPlan, block: Block) -> list[str]:
    """Names of the parts that *block* leaves, the summary last."""
    kinds = [ROWS, TRAJECTORY] if block.is_first else []
    if plan.keeps_rows:
        kinds.append(ESTIMATES)
    if plan.scenario.study.ranking:
        kinds.append(RANKS)
    return [*(part_name(kind, block) for kind in kinds), block.name]


def part_tables(
    plan: StudyPlan, block: Block, result: BlockResult
) -> Iterator[tuple[str, pa.Table]]:
    """Yield the parts of *block* by name, the summary last: it says that all are there."""
    if block.is_first and result.rows is not None:
        yield part_name(ROWS, block), first_rows_table(plan, result.rows)
        yield part_name(TRAJECTORY, block), trajectory_table(plan, result.trajectory)
    if plan.keeps_rows and result.rows is not None:
        yield part_name(ESTIMATES, block), rows_table(plan, result.rows)
    if result.ranks is not None:
        yield part_name(RANKS, block), ranks_table(result.ranks)
    yield block.name, moments_table(result.moments)


def ranks_table(ranks: RankSums) -> pa.Table:
    """One row per cell and measure: sums of rankings as they are stored."""
    n_cells = len(ranks.total)
    columns: dict[str, Any] = {
        "cell": np.repeat(np.arange(n_cells), len(RANKING)),
        "measure": list(RANKING) * n_cells,
    }
    for name, field in zip(RankSums._fields, ranks, strict=True):
        columns[name] = field.reshape(-1)
    return pa.table(columns)


def ranks_of(table: pa.Table) -> RankSums:
    """Sums of rankings, axis (C,), of a table as `ranks_table` makes it."""
    fields = (table[name].to_numpy().reshape(-1, len(RANKING)) for name in RankSums._fields)
    return RankSums(*fields)


def trajectory_table(plan: StudyPlan, trajectory: Trajectory | None) -> pa.Table:
    """One row per replicate, estimator and number of forces; none where none was followed."""
    columns: dict[str, list[Any]] = {
        "replicate": [], "forces": [], "estimator": [], "estimate": [], "truth": [],
    }  # fmt: skip
    if trajectory is not None:
        n_replicates, n_forces = trajectory.estimate.shape[1:]
        for e, spec in enumerate(plan.estimators):
            for r in range(n_replicates):
                columns["replicate"] += [r] * n_forces
                columns["forces"] += list(range(1, n_forces + 1))
                columns["estimator"] += [str(spec)] * n_forces
                columns["estimate"] += trajectory.estimate[e, r].tolist()
                columns["truth"] += [float(trajectory.truth[r])] * n_forces
    return pa.table(columns)
