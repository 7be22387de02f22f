"""Guide tables: inverse CDFs written down once, so that a count is looked up, not worked out.

A *guide* (Chen & Asau 1974, AIIE Trans. 6:163) holds the count itself for all uniforms
of a slot that lead to the same one, for the few others where in the CDF to begin. The
CDF is that of the quantile it stands for, by the same sums, and is written down as the
uniforms at which its comparisons turn: so not one count differs.

Tables of laws are named tuples with fields *cuts*, *start* and *zero*, as in
`CountTables`.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from underrecording.compiling import compiled

UNSETTLED = 2**15
"""A guide holds the count, plus this where the slot leads to larger counts too: counts are
below it."""
_RESOLUTION = 2.0**52  # Uniforms are odd multiples of half of one over this.


@compiled
def write_law(law: Any, low: Any, count: Any, total: Any, tables: Any, guide: Any) -> None:
    """Turn what quantiles compare with into the cuts of a law, and write its *guide*.

    The *count* weights reached from the count *low* on, of *total*, must stand in
    ``tables.cuts`` from ``tables.start[law]`` on.
    """
    start = tables.start[law]
    cuts = tables.cuts[start:]
    for i in range(count - 1):
        cuts[i] = _cut(cuts[i], total)
    cuts[count - 1] = 2.0
    tables.start[law + 1], tables.zero[law] = start + count, start - low
    width = _RESOLUTION / guide.size
    for slot in range(guide.size):
        first = _search(tables, law, (slot * width + 0.5) / _RESOLUTION)
        last = _search(tables, law, ((slot + 1) * width - 0.5) / _RESOLUTION)
        guide[slot] = first if first == last else first + UNSETTLED


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
def read_guide(guide: Any, place: Any, room: Any, counts: Any) -> Any:
    """What a guide says at each place; those unsettled, so many of them, go into *room*.

    Each is put down before it is known to be unsettled: to branch on luck takes longer.
    """
    unsettled = np.uint64(0)
    for j in range(counts.size):
        guided = guide[place[j]]
        counts[j] = guided
        room[unsettled] = j
        unsettled += np.uint64(guided >= UNSETTLED)
    return unsettled


@compiled(inline=True)  # type: ignore[untyped-decorator]
def settled(tables: Any, law: Any, u: Any, guided: Any) -> Any:
    """Count of a law at *u*, whose guide does not say which: it held *guided*."""
    count, zero = guided - UNSETTLED, tables.zero[law]
    # Most slots lead to two counts: which of them is again luck.
    count += u > tables.cuts[np.uint64(zero + count)]
    while u > tables.cuts[np.uint64(zero + count)]:
        count += 1
    return count
