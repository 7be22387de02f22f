"""Counts of a fixed world read off tables: the same numbers as draws one by one give.

In a fixed world each stratum draws from the same two laws in every replicate:
how many of the n records read are due, and how many of these are recorded. Both
inverse CDFs are written down once, with a guide to each (see `guides`): not one count
differs from `hypergeometric_quantile`.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from underrecording.compiling import compiled, flat
from underrecording.inspection.guides import read_guide, settled, write_law
from underrecording.variates import hypergeometric_thresholds

DUE_SLOTS, RECORDED_SLOTS = 256, 64
_DUE_SLOTS, _RECORDED_SLOTS = np.uint64(DUE_SLOTS), np.uint64(RECORDED_SLOTS)
WORTHWHILE = 4_000
"""Replicates of one world from which tables save more time than they take."""


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
    cuts = tables.cuts[tables.start[law] :]
    low, count, total = hypergeometric_thresholds(population, successes, drawn, cuts)
    write_law(law, low, count, total, tables, guide)


@compiled(inline=True)  # type: ignore[untyped-decorator]
def look_up(
    tables: Any, cell: Any, n_strata: Any, first: Any, second: Any, law: Any, room: Any,
    place: Any, due: Any, recorded: Any,
) -> None:  # fmt: skip
    """Fill *due* and *recorded* of *n_strata* cells from *cell* on, each drawn n times.

    One cell after the other, (n_strata n,) in all, as are the uniforms *first* and
    *second*, and *law*, *room* and *place*, uint64 arrays to work in. Places are
    unsigned, for each that might count from the end would be looked at twice.
    """
    due_guide, recorded_guide = flat(tables.due_guide), flat(tables.recorded_guide)
    laws_of_due = np.uint64(tables.due_guide.shape[0])
    n = due.size // n_strata
    for h in range(n_strata):
        _place(np.uint64(cell + h), n, h, first, law, place)
    _settle_all(tables, due_guide, law, place, room, first, due)
    for h in range(n_strata):
        row = np.uint64(tables.row[cell + h])
        _place_given(laws_of_due, row, n, h, second, due, law, place)
    _settle_all(tables, recorded_guide, law, place, room, second, recorded)


@compiled(inline=True)  # type: ignore[untyped-decorator]
def _place(cell: Any, n: Any, h: Any, u: Any, law: Any, place: Any) -> None:
    """Law and place in the guide of reports due, of stratum *h*."""
    u, law, place = stratum(u, h, n), stratum(law, h, n), stratum(place, h, n)
    for j in range(n):
        law[j] = cell
        place[j] = cell * _DUE_SLOTS + np.uint64(np.int64(u[j] * DUE_SLOTS))


@compiled(inline=True)  # type: ignore[untyped-decorator]
def _place_given(
    start: Any, row: Any, n: Any, h: Any, u: Any, due: Any, law: Any, place: Any
) -> None:
    """Law and place in the guide of reports recorded, given those due."""
    u, due = stratum(u, h, n), stratum(due, h, n)
    law, place = stratum(law, h, n), stratum(place, h, n)
    for j in range(n):
        given = row + np.uint64(due[j])
        law[j] = start + given
        place[j] = given * _RECORDED_SLOTS + np.uint64(np.int64(u[j] * RECORDED_SLOTS))


@compiled(inline=True)  # type: ignore[untyped-decorator]
def stratum(lanes: Any, h: Any, n: Any) -> Any:
    """The *n* lanes of stratum *h*, of lanes that hold one stratum after the other.

    A view from its beginning, for loops over part of an array are not turned into
    vector instructions.
    """
    return lanes[h * n : (h + 1) * n]


@compiled(inline=True)  # type: ignore[untyped-decorator]
def _settle_all(
    tables: Any, guide: Any, law: Any, place: Any, room: Any, u: Any, counts: Any
) -> None:
    """Counts at all places, and what the guide leaves open."""
    unsettled = read_guide(guide, place, room, counts)
    for o in range(unsettled):
        j = room[o]
        counts[j] = settled(tables, law[j], u[j], counts[j])
