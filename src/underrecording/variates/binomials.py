"""Many binomial counts at once: the numbers of `binomial`, several at a time.

Most attempts of its rejection sampler are settled without a logarithm. A plain loop
does that for all counts, so that it is turned into vector instructions; what is
rejected is tried again together, what is unsettled is drawn by itself.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from underrecording.compiling import compiled, flat, uncounted
from underrecording.rng import address_words, uniforms_of_strata, words_of
from underrecording.variates.counts import binomial_from, normal_bounds

_UNSETTLED, _REJECTED = -1, -2


class Room(NamedTuple):
    """Room for attempts at F K counts: (N,) each, N at least F K.

    Attributes
    ----------
    forces : int array (F,)
    who, which : uint64 arrays
        Words of addresses.
    first, second : float arrays
        Uniforms.
    where, n, p, counts
        Of counts that are tried again: where they belong, and what they are of.
    """

    forces: Any
    who: Any
    which: Any
    first: Any
    second: Any
    where: Any
    n: Any
    p: Any
    counts: Any


@compiled
def room_for_binomials(n_forces: Any, n_groups: Any) -> Any:
    """Room for the counts of *n_forces* by *n_groups*."""
    size = _in_sixteens(n_forces * n_groups)
    return Room(
        np.arange(n_forces), np.empty(size, np.uint64), np.empty(size, np.uint64),
        np.empty(size), np.empty(size), np.empty(size, np.int64), np.zeros(size, np.int64),
        np.full(size, 0.5), np.empty(size, np.int64),
    )  # fmt: skip


@compiled(inline=True)  # type: ignore[untyped-decorator]
def _in_sixteens(n: Any) -> Any:
    """Round up to what vector loops, unrolled, leave nothing over of."""
    return (n + 15) // 16 * 16


@compiled
def binomials(
    n: Any, p: Any, seed: Any, world: Any, replicate: Any, purpose: Any, room: Any, counts: Any
) -> None:
    """Fill *counts* (F, K) with `binomial` of *n* and *p*, both (F, K).

    >>> from underrecording.variates.counts import binomial
    >>> counts = np.empty((2, 1), np.int64)
    >>> n, p = np.full((2, 1), 10_000), np.full((2, 1), 0.8)
    >>> binomials(n, p, np.uint64(7), 0, 3, 32, room_for_binomials(2, 1), counts)
    >>> counts[1, 0] == binomial(10_000, 0.8, np.uint64(7), 0, 3, 32, 1, 0)
    np.True_
    """
    room, groups = uncounted(room), n.shape[1]
    n, p, counts = flat(n), flat(p), flat(counts)
    address_words(world, purpose, room.forces, groups, 0, room.who, room.which)
    uniforms_of_strata(seed, replicate, room.who, room.which, room.first, room.second)
    _attempt(n, p, room.first, room.second, counts)
    left = 0
    for i in range(n.size):
        if counts[i] == _REJECTED:
            room.where[left] = i
            left += 1
        elif counts[i] == _UNSETTLED:
            counts[i] = binomial_from(
                room.first[i], room.second[i], 0, n[i], p[i],
                seed, world, replicate, purpose, i // groups, i % groups,
            )  # fmt: skip
    attempt = 0
    while left > 0:
        attempt += 1
        left = _attempt_again(
            attempt, left, n, p, seed, world, replicate, purpose, groups, room, counts
        )


@compiled(inline=True)  # type: ignore[untyped-decorator]
def _attempt_again(
    attempt: Any, left: Any, n: Any, p: Any,
    seed: Any, world: Any, replicate: Any, purpose: Any, groups: Any, room: Any, counts: Any,
) -> Any:  # fmt: skip
    """Attempt number *attempt* at the first *left* counts of `room.where`; how many it leaves."""
    size = _in_sixteens(left)
    who, which, first, second = (
        room.who[:size], room.which[:size], room.first[:size], room.second[:size],
    )  # fmt: skip
    for j in range(left):
        i = room.where[j]
        who[j], which[j] = words_of(world, purpose, i // groups, i % groups, attempt)
        room.n[j], room.p[j] = n[i], p[i]
    uniforms_of_strata(seed, replicate, who, which, first, second)
    _attempt(room.n[:size], room.p[:size], first, second, room.counts)
    still = 0
    for j in range(left):
        i, count = room.where[j], room.counts[j]
        if count == _REJECTED:
            room.where[still] = i
            still += 1
        elif count == _UNSETTLED:
            counts[i] = binomial_from(
                first[j], second[j], attempt, n[i], p[i],
                seed, world, replicate, purpose, i // groups, i % groups,
            )  # fmt: skip
        else:
            counts[i] = count
    return still


@compiled(inline=True)  # type: ignore[untyped-decorator]
def _attempt(n: Any, p: Any, first: Any, second: Any, counts: Any) -> None:
    """Counts that are surely accepted, `_REJECTED` for surely not, `_UNSETTLED` for others.

    The operations of `binomial_from` in the same order, so the same digits, but for
    the logarithm of a height h: the series -2 (z + z^3/3 + ...) in z = (1 - h) / (1 + h)
    is cut off, and what may be left of it is a margin.
    """
    for i in range(n.size):
        rare = min(p[i], 1.0 - p[i])
        variance = n[i] * rare * (1.0 - rare)
        spread = np.sqrt(variance)
        b = 1.15 + 2.53 * spread
        a = -0.0873 + 0.0248 * b + 0.01 * rare
        per_b = 1.0 / b
        u = first[i] - 0.5
        edge = 0.5 - abs(u)
        per_edge = 1.0 / edge
        k = np.floor((2.0 * a * per_edge + b) * u + (n[i] * rare + 0.5))
        possible = (k >= 0.0) & (k <= n[i])
        inside = (edge >= 0.07) & (second[i] <= 0.92 - 4.2 * per_b)

        height = second[i] * ((2.83 + 5.1 * per_b) * spread) / (a * per_edge * per_edge + b)
        z = (1.0 - height) / (1.0 + height)
        z2 = z * z
        series = 1.0 + z2 * (1 / 3 + z2 * (1 / 5 + z2 * (1 / 7 + z2 * (1 / 9))))
        log_height = -2.0 * z * series
        rest = z2 * z2 * z2 * z2 * z2 * abs(z) * (1.0 + height) * (1.0 + height) / (22.0 * height)
        y = abs(k - np.floor((n[i] + 1) * rare))
        normal, margin = normal_bounds(y, 1.0 / variance)
        near = y < 0.5 * variance - 1.0
        margin += rest + 1e-12
        below = near & possible & (log_height < normal - margin)
        above = (near & (log_height > normal + margin)) | (k < 0.0) | (k > n[i])

        count = np.int64(k)
        count = count if p[i] <= 0.5 else n[i] - count
        unsettled = _REJECTED if above & (not inside) else _UNSETTLED
        likely = n[i] * rare >= 10.0
        counts[i] = count if likely & (inside | below) else (unsettled if likely else _UNSETTLED)
