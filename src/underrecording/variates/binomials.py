"""Many binomial counts at once: the numbers of `binomial`, several at a time.

All counts that are asked for go through attempt after attempt of its rejection
sampler together. Plain loops over some hundreds of them are turned into vector
instructions, as bounds settle most attempts; what is rejected is left for the next
attempt, what is unsettled is drawn by itself.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from underrecording.compiling import compiled, uncounted
from underrecording.elementary import log
from underrecording.rng import uniforms_at, words_of
from underrecording.variates.counts import binomial_from, log_weight_nearly

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

_UNSETTLED, _REJECTED = -1, -2
_AT_ONCE = 512
"""Counts that are tried together: as many as stay in the nearest cache."""
_ROUNDING = 1e-12


class Room(NamedTuple):
    """Room for attempts at N counts, (N,) each.

    Attributes
    ----------
    place : int array
        Where the counts belong.
    replicate : int array
    who, which : uint64 arrays
        The other words of their addresses.
    first, second : float arrays
        Uniforms.
    n, p : int and float arrays
    counts : int array
    unsettled : int array
        Those of the attempts that are.
    """

    place: Any
    replicate: Any
    who: Any
    which: Any
    first: Any
    second: Any
    n: Any
    p: Any
    counts: Any
    unsettled: Any


def binomials(
    n: Ints, p: Floats | float, seed: int, world: int, first: int, purpose: int, counts: Ints
) -> None:
    """Fill *counts* (B, F, K) with `binomial` of *n* and *p*.

    Parameters
    ----------
    n : int array (B, F, K)
    p : float array that goes with *n*
        Chances: one for each count, or for all of a kind.
    seed, world, purpose : int
        Of the addresses, as `binomial` takes them.
    first : int
        Replicate of the first row; those after it follow.

    >>> from underrecording.variates.counts import binomial
    >>> n, counts = np.full((2, 2, 1), 10_000), np.empty((2, 2, 1), np.int64)
    >>> binomials(n, 0.8, 7, 0, 3, 32, counts)
    >>> counts[1, 1, 0] == binomial(10_000, 0.8, np.uint64(7), 0, 4, 32, 1, 0)
    np.True_
    """
    p = np.ascontiguousarray(np.broadcast_to(p, counts.shape), np.float64)
    _fill(np.ascontiguousarray(n), p, np.uint64(seed), world, first, purpose, _room(), counts)


def _room() -> Room:
    def whole() -> Ints:
        return np.zeros(_AT_ONCE, np.int64)

    def words() -> NDArray[np.uint64]:
        return np.zeros(_AT_ONCE, np.uint64)

    return Room(
        place=whole(), replicate=whole(), who=words(), which=words(),
        first=np.full(_AT_ONCE, 0.5), second=np.full(_AT_ONCE, 0.5),
        n=whole(), p=np.full(_AT_ONCE, 0.5), counts=whole(), unsettled=whole(),
    )  # fmt: skip


@compiled
def _fill(
    n: Any, p: Any, seed: Any, world: Any, first: Any, purpose: Any, room: Any, counts: Any
) -> None:
    n_rows, n_forces, n_groups = counts.shape
    cells = n_forces * n_groups
    who, which = np.empty(cells, np.uint64), np.empty(cells, np.uint64)
    for c in range(cells):
        who[c], which[c] = words_of(world, purpose, c // n_groups, c % n_groups, 0)
    # Those that are left: at first all.
    row, cell = np.empty(n_rows * cells, np.int32), np.empty(n_rows * cells, np.int32)
    for b in range(n_rows):
        for c in range(cells):
            row[b * cells + c], cell[b * cells + c] = b, c
    n, p, counts = n.ravel(), p.ravel(), counts.ravel()
    room, attempt, left = uncounted(room), 0, row.size
    while left > 0:
        still = 0
        for start in range(0, left, _AT_ONCE):
            some = min(_AT_ONCE, left - start)
            for j in range(some):
                b, c = row[start + j], cell[start + j]
                room.place[j] = i = b * cells + c
                room.replicate[j], room.n[j], room.p[j] = first + b, n[i], p[i]
                room.who[j], room.which[j] = who[c], which[c] | np.uint64(attempt)
            size = (some + 15) // 16 * 16  # Of which vector loops, unrolled, leave nothing over.
            uniforms_at(seed, room.replicate[:size], room.who, room.which, room.first, room.second)
            _attempt(size, room)
            unsettled = 0
            for j in range(some):
                count = room.counts[j]
                counts[room.place[j]] = count
                # Written before it is known to stay: to branch on luck takes longer.
                row[still], cell[still] = row[start + j], cell[start + j]
                still += count == _REJECTED
                room.unsettled[unsettled] = j
                unsettled += count == _UNSETTLED
            for o in range(unsettled):
                j = room.unsettled[o]
                i = room.place[j]
                counts[i] = binomial_from(
                    room.first[j], room.second[j], attempt, n[i], p[i],
                    seed, world, room.replicate[j], purpose,
                    i % cells // n_groups, i % n_groups,
                )  # fmt: skip
        left = still
        attempt += 1


@compiled(inline=True)  # type: ignore[untyped-decorator]
def _attempt(size: Any, room: Any) -> None:
    """Counts that are surely accepted, `_REJECTED` for surely not, `_UNSETTLED` for others.

    The operations of `binomial_from` in the same order, so the same digits.
    """
    for i in range(size):
        n, p = room.n[i], room.p[i]
        rare = min(p, 1.0 - p)
        mean = n * rare
        variance = mean * (1.0 - rare)
        spread = np.sqrt(variance)
        b = 1.15 + 2.53 * spread
        a = -0.0873 + 0.0248 * b + 0.01 * rare
        per_b = 1.0 / b
        u, v = room.first[i] - 0.5, room.second[i]
        edge = 0.5 - abs(u)
        per_edge = 1.0 / edge
        k = np.floor((2.0 * a * per_edge + b) * u + (mean + 0.5))
        possible = (k >= 0.0) & (k <= n)
        inside = (edge >= 0.07) & (v <= 0.92 - 4.2 * per_b)

        height = v * ((2.83 + 5.1 * per_b) * spread) / (a * per_edge * per_edge + b)
        log_height = log(height)
        mode = np.floor((n + 1) * rare)
        weight, margin = log_weight_nearly(k, mode, mean, rare, 1.0 / variance)
        margin += _ROUNDING
        near = abs(k - mode) < 0.5 * variance - 1.0
        below = near & possible & (log_height < weight - margin)
        above = (near & (log_height > weight + margin)) | (k < 0.0) | (k > n)

        count = np.int64(k)
        count = count if p <= 0.5 else n - count
        unsettled = _REJECTED if above & (not inside) else _UNSETTLED
        likely = mean >= 10.0
        room.counts[i] = (
            count if likely & (inside | below) else (unsettled if likely else _UNSETTLED)
        )
