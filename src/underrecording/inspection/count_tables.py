"""Counts of a fixed world read off tables: the same numbers as draws one by one give.

In a fixed world each stratum draws from the same two laws in every replicate:
how many of the n records read are due, and how many of these are recorded. Both
inverse CDFs are written down once. A *guide* (Chen & Asau 1974, AIIE Trans.
6:163) then holds the count itself for all uniforms of a slot that lead to the
same one, for the few others where in the CDF to begin. The CDF is that of
`hypergeometric_quantile`, by the same sums, and is written down as the uniforms at
which its comparisons turn: so not one count differs.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from underrecording.compiling import compiled
from underrecording.variates import hypergeometric_thresholds

DUE_SLOTS, RECORDED_SLOTS = 512, 128
WORTHWHILE = 4_000
"""Replicates of one world from which tables save more time than they take."""

_UNSETTLED, _FAR = 128, 127
"""A guide holds what the count has beyond its base, below `_FAR`, plus `_UNSETTLED` where
the slot leads to larger counts too; `_FAR` alone where the count is out of reach of a byte."""
_RESOLUTION = 2.0**52  # Uniforms are odd multiples of half of one over this.


class CountTables(NamedTuple):
    """Inverse CDFs of a fixed world, for C cells: forces by strata, row by row.

    Attributes
    ----------
    due_guide : uint8 array (C, DUE_SLOTS)
    row : int array (C,)
        Row in which the laws given 0, 1, ... reports due begin.
    recorded_guide : uint8 array (R, RECORDED_SLOTS)
    cuts : float array
        Largest uniforms that lead to each count of any weight, law by law, those of
        due reports first; 2 for the last one.
    start : int array (C + R + 1,)
        Where the cuts of each law begin.
    zero : int array (C + R,)
        Where its cut of count 0 is, or would be.
    base : int array (C + R,)
        The count from which its guide counts.
    based : bool
        Whether any does so from another than 0.
    """

    due_guide: NDArray[np.uint8]
    row: NDArray[np.int64]
    recorded_guide: NDArray[np.uint8]
    cuts: NDArray[np.float64]
    start: NDArray[np.int64]
    zero: NDArray[np.int64]
    base: NDArray[np.int64]
    based: bool


NO_TABLES = CountTables(
    np.zeros((0, DUE_SLOTS), np.uint8), np.zeros(0, np.int64),
    np.zeros((0, RECORDED_SLOTS), np.uint8), np.zeros(0), np.zeros(1, np.int64),
    np.zeros(0, np.int64), np.zeros(0, np.int64), False,
)  # fmt: skip


def size_of(sampled: NDArray[np.int64], due: NDArray[np.int64]) -> int:
    """Bytes of the tables of a world of which *sampled* records are read in each cell."""
    n, most = sampled.ravel(), np.minimum(sampled, due).ravel()
    guides = DUE_SLOTS * n.size + RECORDED_SLOTS * int((most + 1).sum())
    return guides + 8 * _most_cuts(n, most)


def _most_cuts(n: NDArray[np.int64], most: NDArray[np.int64]) -> int:
    # Of each law as many as records it concerns and one more, or fewer.
    return int((n + 1).sum() + ((most + 1) * (most + 2) // 2).sum())


def count_tables(
    reports: NDArray[np.int64],
    due: NDArray[np.int64],
    recorded: NDArray[np.int64],
    sampled: NDArray[np.int64],
) -> CountTables:
    """Tables of a world of which *sampled* records are read in each cell, all (F, H)."""
    n, most = sampled.ravel(), np.minimum(sampled, due).ravel()
    row = np.concatenate([[0], np.cumsum(most + 1)])
    laws = n.size + int(row[-1])
    tables = CountTables(
        due_guide=np.empty((n.size, DUE_SLOTS), np.uint8),
        row=row[:-1],
        recorded_guide=np.empty((int(row[-1]), RECORDED_SLOTS), np.uint8),
        cuts=np.empty(_most_cuts(n, most)),
        start=np.zeros(laws + 1, np.int64),
        zero=np.empty(laws, np.int64),
        base=np.empty(laws, np.int64),
        based=False,
    )
    _fill(reports.ravel(), due.ravel(), recorded.ravel(), n, most, tables)
    cuts, based = tables.cuts[: tables.start[-1]].copy(), bool(tables.base.any())
    return tables._replace(cuts=cuts, based=based)


@compiled
def _fill(reports: Any, due: Any, recorded: Any, n: Any, most: Any, tables: Any) -> None:
    for c in range(n.size):
        _add_law(c, reports[c], due[c], n[c], tables, tables.due_guide[c])
    for c in range(n.size):
        for x in range(most[c] + 1):
            r = tables.row[c] + x
            _add_law(n.size + r, due[c], recorded[c], x, tables, tables.recorded_guide[r])


@compiled
def _add_law(
    law: Any, population: Any, successes: Any, drawn: Any, tables: Any, guide: Any
) -> None:
    """Write the cuts of a law behind those before it, and its guide."""
    start = tables.start[law]
    cuts = tables.cuts[start:]
    low, count, total = hypergeometric_thresholds(population, successes, drawn, cuts)
    for i in range(count - 1):
        cuts[i] = _cut(cuts[i], total)
    cuts[count - 1] = 2.0
    tables.start[law + 1], tables.zero[law] = start + count, start - low
    # Where a byte cannot reach all counts it reaches those about the median.
    beyond_reach = low + count > _FAR
    tables.base[law] = max(low, _search(tables, law, 0.5) - _FAR // 2) if beyond_reach else 0
    width = _RESOLUTION / guide.size
    for slot in range(guide.size):
        first = _search(tables, law, (slot * width + 0.5) / _RESOLUTION)
        last = _search(tables, law, ((slot + 1) * width - 0.5) / _RESOLUTION)
        beyond = first - tables.base[law]
        if beyond < 0 or beyond >= _FAR:
            guide[slot] = _FAR
        else:
            guide[slot] = beyond if first == last else beyond + _UNSETTLED


@compiled
def _cut(threshold: Any, total: Any) -> Any:
    """Largest uniform u with ``u * total <= threshold`` as floats go; below 0 if there is none."""
    place = math.floor(threshold / total * _RESOLUTION)
    while place >= 0 and (place + 0.5) / _RESOLUTION * total > threshold:
        place -= 1
    while (place + 1.5) / _RESOLUTION * total <= threshold:
        place += 1
    return (place + 0.5) / _RESOLUTION


@compiled
def _search(tables: Any, law: Any, u: Any) -> Any:
    """Smallest count whose cut *u* does not pass."""
    low, high = tables.start[law], tables.start[law + 1] - 1
    while low < high:
        middle = (low + high) // 2
        if u <= tables.cuts[middle]:
            high = middle
        else:
            low = middle + 1
    return low - tables.zero[law]


@compiled(inline=True)  # type: ignore[untyped-decorator]
def look_up(
    tables: Any, cell: Any, first: Any, second: Any, room: Any, row: Any, due: Any, recorded: Any
) -> None:
    """Fill *due* and *recorded* (n,) of the strata *cell*.

    *first* and *second* are the uniforms of each, *room* and *row* for as many whole
    numbers. What is unsettled is put down before it is known to be, and settled
    afterwards: to branch on luck takes longer.
    """
    n_cells = tables.due_guide.shape[0]
    unsettled: Any = 0
    for j in range(due.size):
        guided = np.int64(tables.due_guide[cell[j], int(first[j] * DUE_SLOTS)])
        due[j] = tables.base[cell[j]] + guided if tables.based else guided
        row[j] = tables.row[cell[j]] + due[j]
        room[unsettled] = j
        unsettled += guided >= _FAR
    for o in range(unsettled):
        j = room[o]
        due[j] = _settled(tables, cell[j], first[j], due[j])
        row[j] = tables.row[cell[j]] + due[j]
    unsettled = 0
    for j in range(due.size):
        guided = np.int64(tables.recorded_guide[row[j], int(second[j] * RECORDED_SLOTS)])
        recorded[j] = tables.base[n_cells + row[j]] + guided if tables.based else guided
        room[unsettled] = j
        unsettled += guided >= _FAR
    for o in range(unsettled):
        j = room[o]
        recorded[j] = _settled(tables, n_cells + row[j], second[j], recorded[j])


@compiled(inline=True)  # type: ignore[untyped-decorator]
def _settled(tables: Any, law: Any, u: Any, count: Any) -> Any:
    """Count of a law at *u*, whose guide does not say which: it gave *count*."""
    if count - tables.base[law] == _FAR:
        return _search(tables, law, u)
    count -= _UNSETTLED
    zero = tables.zero[law]
    while u > tables.cuts[zero + count]:
        count += 1
    return count
