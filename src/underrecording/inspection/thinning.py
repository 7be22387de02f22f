"""What is left of a count when each of it is kept with the same chance, off tables.

Reading error thins counts: of so many records due, those read as due are binomial.
The chances are the readers' and no stratum's, so one set of inverse CDFs, for every
count up to the most records read anywhere, serves all strata of all worlds.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from underrecording.compiling import compiled, flat
from underrecording.inspection.guides import read_guide, settled, write_law
from underrecording.variates import binomial_thresholds

SLOTS = 64
_SLOTS = np.uint64(SLOTS)
MOST = 2_000
"""Largest count that is tabled: tables of four chances take some 10 MB then."""


class ThinningTables(NamedTuple):
    """Inverse CDFs of binomials: C chances by counts 0 to n, L = C (n + 1) laws.

    Attributes
    ----------
    guide : uint16 array (L, SLOTS)
        Laws of the first chance, then of the next.
    counts : int
        n + 1.
    cuts : float array
        Largest uniforms that lead to each count of any weight, law by law.
    start : int array (L + 1,)
        Where the cuts of each law begin.
    zero : int array (L,)
        Where its cut of count 0 is, or would be.
    """

    guide: NDArray[np.uint16]
    counts: int
    cuts: NDArray[np.float64]
    start: NDArray[np.int64]
    zero: NDArray[np.int64]


NO_THINNING = ThinningTables(
    np.zeros((0, SLOTS), np.uint16), 0, np.zeros(0), np.zeros(1, np.int64), np.zeros(0, np.int64)
)


@lru_cache(maxsize=32)
def thinning_tables(chances: tuple[float, ...], most: int) -> ThinningTables:
    """Tables of counts up to *most*, each kept with each of the *chances*.

    >>> tables = thinning_tables((0.9, 0.2), 12)
    >>> tables.guide.shape, tables.counts
    ((26, 64), 13)
    """
    rates, laws = np.array(chances), len(chances) * (most + 1)
    tables = ThinningTables(
        guide=np.empty((laws, SLOTS), np.uint16),
        counts=most + 1,
        cuts=np.empty(_cuts_of(rates, most)),
        start=np.zeros(laws + 1, np.int64),
        zero=np.empty(laws, np.int64),
    )
    _fill(rates, tables)
    return tables


@compiled
def _cuts_of(chances: Any, most: Any) -> Any:
    """Counts of any weight in all laws together."""
    room, together = np.empty(most + 1), 0
    for c in range(chances.size):
        for n in range(most + 1):
            together += binomial_thresholds(n, chances[c], room)[1]
    return together


@compiled
def _fill(chances: Any, tables: Any) -> None:
    for c in range(chances.size):
        for n in range(tables.counts):
            law = c * tables.counts + n
            reached = tables.cuts[tables.start[law] :]
            low, count, total = binomial_thresholds(n, chances[c], reached)
            write_law(law, low, count, total, tables, tables.guide[law])


@compiled(inline=True)  # type: ignore[untyped-decorator]
def thin(tables: Any, chance: Any, counts: Any, u: Any, room: Any, place: Any, kept: Any) -> None:
    """Fill *kept* (n,) with `binomial_quantile` of *u* and *counts*, at the chance so numbered.

    *room* and *place* are uint64 arrays, for n numbers or more.
    """
    guide = flat(tables.guide)
    first = np.uint64(chance * tables.counts)
    for j in range(kept.size):
        law = first + np.uint64(counts[j])
        place[j] = law * _SLOTS + np.uint64(np.int64(u[j] * SLOTS))
    unsettled = read_guide(guide, place, room, kept)
    for o in range(unsettled):
        j = room[o]
        kept[j] = settled(tables, first + np.uint64(counts[j]), u[j], kept[j])
