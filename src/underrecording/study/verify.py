"""Whether a run is what it says: every part by its hash, some blocks by computing them again."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from underrecording.study import kept
from underrecording.study.block import run_block
from underrecording.study.plan import Block, StudyPlan
from underrecording.study.store import PARTS, DamagedError, Store


def part_names(plan: StudyPlan) -> list[str]:
    """Every part of a finished run, in the order of its blocks."""
    return [name for block in plan.blocks() for name in kept.part_names(plan, block)]


def faults_of_parts(plan: StudyPlan, store: Store) -> list[str]:
    """What is wrong with the parts: missing ones, and damaged or foreign ones.

    Parts of an earlier run of fewer or more replicates, which nothing reads, are
    looked at too.
    """
    wanted = part_names(plan)
    faults = []
    for name in [*wanted, *sorted(store.stored_parts() - set(wanted))]:
        try:
            store.whole_table(name)
        except DamagedError as error:
            faults.append(f"{PARTS}/{name}.parquet: {error}")
    return faults


def sample_of_blocks(blocks: Sequence[Block], count: int, seed: int) -> list[Block]:
    """*count* of the blocks, or all if there are fewer: those whose hash comes first.

    >>> blocks = [Block(0, start, start + 10) for start in range(0, 100, 10)]
    >>> [block.start for block in sample_of_blocks(blocks, 3, seed=1)]
    [10, 30, 90]
    """

    def draw(block: Block) -> bytes:
        return hashlib.sha256(f"{seed}/{block.name}".encode()).digest()

    return sorted(sorted(blocks, key=draw)[:count])


def faults_of_block(
    plan: StudyPlan,
    store: Store,
    block: Block,
    *,
    threads: int = 1,
    progress: Callable[[int], None] = lambda _: None,
) -> list[str]:
    """Compute *block* again and compare it with its parts, bit by bit.

    Its parts must be whole (`faults_of_parts`).
    """
    again = run_block(plan, block, progress, threads)
    return [
        f"{PARTS}/{name}.parquet: {fault}"
        for name, table in kept.part_tables(plan, block, again)
        for fault in _differences(plan, store.whole_table(name), table)
    ]


def _differences(plan: StudyPlan, stored: pa.Table, again: pa.Table) -> Iterator[str]:
    """Each column that differs, with the first of its rows that does."""
    if stored.column_names != again.column_names or stored.num_rows != again.num_rows:
        yield (
            f"{stored.num_rows} rows of {', '.join(stored.column_names)}; computed again: "
            f"{again.num_rows} rows of {', '.join(again.column_names)}"
        )
        return
    for name in again.column_names:
        held, made = _values(stored, name), _values(again, name)
        if held.shape != made.shape or held.dtype.kind != made.dtype.kind:
            yield f"{name}: {held.dtype} {held.shape}; computed again: {made.dtype} {made.shape}"
            continue
        unequal = _bits(held) != _bits(made)
        if unequal.any():
            row, place = np.argwhere(unequal)[0]
            yield (
                f"{name} differs in {unequal.any(axis=1).sum()} of {len(held)} rows, first for "
                f"{_row_words(plan, stored, row)}: {held.item(row, place)!r}, computed again "
                f"{made.item(row, place)!r}"
            )


def _values(table: pa.Table, name: str) -> NDArray[Any]:
    """A column, (rows, width)."""
    column = table[name].combine_chunks()
    if pa.types.is_fixed_size_list(column.type):
        column = column.flatten()
    values: NDArray[Any] = column.to_numpy(zero_copy_only=False)
    return values.reshape(table.num_rows, -1 if table.num_rows else 1)


def _bits(values: NDArray[Any]) -> NDArray[Any]:
    """What is compared: NaN is itself, and 0 is not -0."""
    return values.view(np.int64) if values.dtype == np.float64 else values


def _row_words(plan: StudyPlan, table: pa.Table, row: int) -> str:
    """The row of a table by its keys.

    A summary is of a cell, a target and an estimator, all else of a replicate.
    """
    found = {
        name: table[name][row].as_py()
        for name in ("cell", "target", "replicate", "forces", "estimand", "domain", "estimator")
        if name in table.column_names
    }
    if "target" in found:
        found["target"] = "/".join(plan.targets[found["target"]])
        found["estimator"] = plan.estimators[found["estimator"]]
    return ", ".join(f"{name} {value}" for name, value in found.items())
