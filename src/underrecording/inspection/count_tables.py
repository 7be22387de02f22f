"""Counts of a fixed world read off tables: the same numbers as draws one by one give.

In a fixed world each stratum draws from the same two laws in every replicate:
how many of the n records read are due, and how many of these are recorded. Both
inverse CDFs are written down once. A *guide* (Chen & Asau 1974, AIIE Trans.
6:163) then holds the count itself for all uniforms of a slot that lead to the
same one, for the few others where in the CDF to begin. The CDF is that of
`hypergeometric_quantile`, by the same sums, so not one count differs.
"""

from __future__ import annotations

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
    start : int array (C + R + 1,)
        Where the thresholds of each law begin, those of due reports first.
    thresholds : float array
        Weight reached up to each count, from the smallest of any weight.
    smallest, base : int arrays (C + R,)
        The smallest count of any weight; the one from which guides count.
    total : float array (C + R,)
        Weight of all counts.
    """

    due_guide: NDArray[np.uint8]
    row: NDArray[np.int64]
    recorded_guide: NDArray[np.uint8]
    start: NDArray[np.int64]
    thresholds: NDArray[np.float64]
    smallest: NDArray[np.int64]
    base: NDArray[np.int64]
    total: NDArray[np.float64]


NO_TABLES = CountTables(
    np.zeros((0, DUE_SLOTS), np.uint8), np.zeros(0, np.int64),
    np.zeros((0, RECORDED_SLOTS), np.uint8), np.zeros(1, np.int64), np.zeros(0),
    np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0),
)  # fmt: skip


def size_of(sampled: NDArray[np.int64], due: NDArray[np.int64]) -> int:
    """Bytes of the tables of a world of which *sampled* records are read in each cell."""
    n, most = sampled.ravel(), np.minimum(sampled, due).ravel()
    guides = DUE_SLOTS * n.size + RECORDED_SLOTS * int((most + 1).sum())
    return guides + 8 * _most_thresholds(n, most)


def _most_thresholds(n: NDArray[np.int64], most: NDArray[np.int64]) -> int:
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
        start=np.zeros(laws + 1, np.int64),
        thresholds=np.empty(_most_thresholds(n, most)),
        smallest=np.empty(laws, np.int64),
        base=np.empty(laws, np.int64),
        total=np.empty(laws),
    )
    _fill(reports.ravel(), due.ravel(), recorded.ravel(), n, most, tables)
    return tables._replace(thresholds=tables.thresholds[: tables.start[-1]].copy())


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
    """Write the thresholds of a law behind those before it, and its guide."""
    start = tables.start[law]
    low, count, total = hypergeometric_thresholds(
        population, successes, drawn, tables.thresholds[start:]
    )
    tables.start[law + 1] = start + count
    tables.smallest[law], tables.total[law] = low, total
    # Where one byte cannot reach all counts it reaches those about the median.
    tables.base[law] = max(low, _search(tables, law, 0.5) - _FAR // 2)
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
def _search(tables: Any, law: Any, u: Any) -> Any:
    """Smallest count whose threshold reaches *u*."""
    target = u * tables.total[law]
    low, high = tables.start[law], tables.start[law + 1] - 1
    while low < high:
        middle = (low + high) // 2
        if target <= tables.thresholds[middle]:
            high = middle
        else:
            low = middle + 1
    return tables.smallest[law] + low - tables.start[law]


@compiled(inline=True)  # type: ignore[untyped-decorator]
def _count(tables: Any, law: Any, u: Any, guided: Any) -> Any:
    """Count of a law, given what its guide says of *u*."""
    count = tables.base[law] + guided
    if guided < _FAR:
        return count
    if guided == _FAR:
        return _search(tables, law, u)
    count -= _UNSETTLED
    target, offset = u * tables.total[law], tables.start[law] - tables.smallest[law]
    last = tables.start[law + 1] - 1
    while offset + count < last and target > tables.thresholds[offset + count]:
        count += 1
    return count


@compiled(inline=True)  # type: ignore[untyped-decorator]
def look_up(
    tables: Any, force: Any, n_strata: Any, first: Any, second: Any, due: Any, recorded: Any
) -> None:
    """Fill *due* and *recorded* (m, H) of the forces in rows *force* (m,).

    *first* and *second* are the uniforms of each stratum, m H of them or more.
    """
    n_cells = tables.due_guide.shape[0]
    for i in range(force.size):
        for h in range(n_strata):
            cell, u = force[i] * n_strata + h, first[i * n_strata + h]
            guided = np.int64(tables.due_guide[cell, int(u * DUE_SLOTS)])
            due[i, h] = _count(tables, cell, u, guided)
    for i in range(force.size):
        for h in range(n_strata):
            r, u = tables.row[force[i] * n_strata + h] + due[i, h], second[i * n_strata + h]
            guided = np.int64(tables.recorded_guide[r, int(u * RECORDED_SLOTS)])
            recorded[i, h] = _count(tables, n_cells + r, u, guided)
