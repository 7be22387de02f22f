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

from underrecording.compiling import compiled, flat
from underrecording.variates import hypergeometric_thresholds

DUE_SLOTS, RECORDED_SLOTS = 256, 64
_DUE_SLOTS, _RECORDED_SLOTS = np.uint64(DUE_SLOTS), np.uint64(RECORDED_SLOTS)
WORTHWHILE = 4_000
"""Replicates of one world from which tables save more time than they take."""

_UNSETTLED = 2**15
"""A guide holds the count, plus this where the slot leads to larger counts too. So many
counts would make tables of 4 GB."""
_RESOLUTION = 2.0**52  # Uniforms are odd multiples of half of one over this.


class CountTables(NamedTuple):
    """Inverse CDFs of a fixed world, for C cells: forces by strata, row by row.

    Attributes
    ----------
    due_guide : uint16 array (C, DUE_SLOTS)
    row : int array (C,)
        Row in which the laws given 0, 1, ... reports due begin.
    recorded_guide : uint16 array (R, RECORDED_SLOTS)
    cuts : float array
        Largest uniforms that lead to each count of any weight, law by law, those of
        due reports first; 2 for the last one.
    start : int array (C + R + 1,)
        Where the cuts of each law begin.
    zero : int array (C + R,)
        Where its cut of count 0 is, or would be.
    """

    due_guide: NDArray[np.uint16]
    row: NDArray[np.int64]
    recorded_guide: NDArray[np.uint16]
    cuts: NDArray[np.float64]
    start: NDArray[np.int64]
    zero: NDArray[np.int64]


NO_TABLES = CountTables(
    np.zeros((0, DUE_SLOTS), np.uint16), np.zeros(0, np.int64),
    np.zeros((0, RECORDED_SLOTS), np.uint16), np.zeros(0), np.zeros(1, np.int64),
    np.zeros(0, np.int64),
)  # fmt: skip


def size_of(sampled: NDArray[np.int64], due: NDArray[np.int64]) -> int:
    """Bytes of the tables of a world of which *sampled* records are read in each cell."""
    n, most = sampled.ravel(), np.minimum(sampled, due).ravel()
    guides = DUE_SLOTS * n.size + RECORDED_SLOTS * int((most + 1).sum())
    return 2 * guides + 8 * _most_cuts(n, most)


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
        due_guide=np.empty((n.size, DUE_SLOTS), np.uint16),
        row=row[:-1],
        recorded_guide=np.empty((int(row[-1]), RECORDED_SLOTS), np.uint16),
        cuts=np.empty(_most_cuts(n, most)),
        start=np.zeros(laws + 1, np.int64),
        zero=np.empty(laws, np.int64),
    )
    _fill(reports.ravel(), due.ravel(), recorded.ravel(), n, most, tables)
    return tables._replace(cuts=tables.cuts[: tables.start[-1]].copy())


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
    width = _RESOLUTION / guide.size
    for slot in range(guide.size):
        first = _search(tables, law, (slot * width + 0.5) / _RESOLUTION)
        last = _search(tables, law, ((slot + 1) * width - 0.5) / _RESOLUTION)
        guide[slot] = first if first == last else first + _UNSETTLED


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
    tables: Any, cell: Any, first: Any, second: Any, room: Any, place: Any, due: Any, recorded: Any
) -> None:
    """Fill *due* and *recorded* (n,) of the strata *cell*, a uint64 array.

    *first* and *second* are the uniforms of each, *room* and *place*, uint64 arrays,
    for n numbers or more. Places are unsigned, for each that might count from the end
    would be looked at twice.
    """
    due_guide, recorded_guide = flat(tables.due_guide), flat(tables.recorded_guide)
    laws_of_due = np.uint64(tables.due_guide.shape[0])
    for j in range(due.size):
        place[j] = cell[j] * _DUE_SLOTS + np.uint64(np.int64(first[j] * DUE_SLOTS))
    unsettled = _read_guide(due_guide, place, room, due)
    for o in range(unsettled):
        j = room[o]
        due[j] = _settled(tables, cell[j], first[j], due[j])
    for j in range(due.size):
        law = np.uint64(tables.row[cell[j]] + due[j])
        place[j] = law * _RECORDED_SLOTS + np.uint64(np.int64(second[j] * RECORDED_SLOTS))
    unsettled = _read_guide(recorded_guide, place, room, recorded)
    for o in range(unsettled):
        j = room[o]
        law = laws_of_due + np.uint64(tables.row[cell[j]] + due[j])
        recorded[j] = _settled(tables, law, second[j], recorded[j])


@compiled(inline=True)  # type: ignore[untyped-decorator]
def _read_guide(guide: Any, place: Any, room: Any, counts: Any) -> Any:
    """What a guide says at each place; those unsettled, so many of them, go into *room*.

    Each is put down before it is known to be unsettled: to branch on luck takes longer.
    """
    unsettled = np.uint64(0)
    for j in range(counts.size):
        guided = guide[place[j]]
        counts[j] = guided
        room[unsettled] = j
        unsettled += np.uint64(guided >= _UNSETTLED)
    return unsettled


@compiled(inline=True)  # type: ignore[untyped-decorator]
def _settled(tables: Any, law: Any, u: Any, guided: Any) -> Any:
    """Count of a law at *u*, whose guide does not say which: it held *guided*."""
    count, zero = guided - _UNSETTLED, tables.zero[law]
    # Most slots lead to two counts: which of them is again luck.
    count += u > tables.cuts[np.uint64(zero + count)]
    while u > tables.cuts[np.uint64(zero + count)]:
        count += 1
    return count
