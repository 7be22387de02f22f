"""Many binomial counts at once: the numbers of `variates.binomial`, several at a time.

Most attempts of its rejection sampler end inside the squeeze, where a count takes
a square root and two divisions. A plain loop does that for all counts, so that it
is turned into vector instructions; the few others are drawn one by one after it.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from underrecording.compiling import compiled, flat
from underrecording.rng import address_words, in_eights, uniforms_of_strata
from underrecording.variates import binomial

_ONE_BY_ONE = -1


class Room(NamedTuple):
    """Room for the draws of F forces by K groups: words of addresses and uniforms.

    Attributes
    ----------
    forces : int array (F,)
    who, which : uint64 arrays (N,), N at least F K
    first, second : float arrays (N,)
    """

    forces: Any
    who: Any
    which: Any
    first: Any
    second: Any


@compiled
def room_for_binomials(n_forces: Any, n_groups: Any) -> Any:
    """Room for the draws of *n_forces* by *n_groups*."""
    n = in_eights(n_forces * n_groups)
    return Room(
        np.arange(n_forces), np.empty(n, np.uint64), np.empty(n, np.uint64), np.empty(n),
        np.empty(n),
    )  # fmt: skip


@compiled
def binomials(
    n: Any, p: Any, seed: Any, world: Any, replicate: Any, purpose: Any, room: Any, counts: Any
) -> None:
    """Fill *counts* (F, K) with `binomial` of *n* and *p*, both (F, K).

    >>> counts = np.empty((2, 1), np.int64)
    >>> n, p = np.full((2, 1), 10_000), np.full((2, 1), 0.8)
    >>> binomials(n, p, np.uint64(7), 0, 3, 32, room_for_binomials(2, 1), counts)
    >>> counts[1, 0] == binomial(10_000, 0.8, np.uint64(7), 0, 3, 32, 1, 0)
    np.True_
    """
    n_groups = n.shape[1]
    address_words(world, purpose, room.forces, n_groups, 0, room.who, room.which)
    uniforms_of_strata(seed, replicate, room.who, room.which, room.first, room.second)
    _inside_the_squeeze(flat(n), flat(p), room.first, room.second, flat(counts))
    for f in range(n.shape[0]):
        for k in range(n_groups):
            if counts[f, k] == _ONE_BY_ONE:
                counts[f, k] = binomial(n[f, k], p[f, k], seed, world, replicate, purpose, f, k)


@compiled(inline=True)  # type: ignore[untyped-decorator]
def _inside_the_squeeze(n: Any, p: Any, first: Any, second: Any, counts: Any) -> None:
    """Counts of first attempts inside the squeeze; `_ONE_BY_ONE` for all others.

    The same operations in the same order as in `binomial`, so the same digits.
    """
    for i in range(n.size):
        rare = min(p[i], 1.0 - p[i])
        spread = np.sqrt(n[i] * rare * (1.0 - rare))
        b = 1.15 + 2.53 * spread
        a = -0.0873 + 0.0248 * b + 0.01 * rare
        centre = n[i] * rare + 0.5
        squeeze = 0.92 - 4.2 / b
        u = first[i] - 0.5
        edge = 0.5 - abs(u)
        count = np.int64(np.floor((2.0 * a / edge + b) * u + centre))
        settled = (n[i] * rare >= 10.0) & (edge >= 0.07) & (second[i] <= squeeze)
        count = count if p[i] <= 0.5 else n[i] - count
        counts[i] = count if settled else _ONE_BY_ONE
