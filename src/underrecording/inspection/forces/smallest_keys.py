"""The forces with the smallest of one random key each, of many replicates at once."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from underrecording.compiling import compiled
from underrecording.inspection.forces.design import of_many
from underrecording.rng import SELECT_FORCES, in_eights, uniforms_of_replicates

_STEPS = 6
"""After so many all but one replicate in twelve have a bound, and the others fare better alone."""


@of_many
@compiled
def smallest_keys(
    plan: Any, seed: Any, world: Any, first: Any, accuracy: Any, row: Any, chosen: Any
) -> None:
    """Take in each stratum the forces with the smallest keys, one random key a force.

    The key belongs to the force, so samples of different size are nested. With
    a tilt, keys are exponential with rate exp(tilt z), z the standardised true
    accuracy: successive sampling without replacement with those weights
    (Efraimidis & Spirakis 2006, Inf. Process. Lett. 97:181).
    """
    n_forces, count = plan.stratum.size, chosen.shape[0]
    keys = np.full((in_eights(n_forces), count), math.inf)
    for f in range(n_forces):
        uniforms_of_replicates(seed, world, first, SELECT_FORCES, f, keys[f])
    highest = 1.0
    if plan.tilt != 0.0:
        for b in range(count):
            w = row + b if accuracy.shape[0] > 1 else 0
            highest = max(highest, _tilt(keys, b, plan.tilt, accuracy[w]))
    if plan.take.size == 1:
        take_smallest(keys, n_forces, highest, plan.take[0], chosen, 0)
        return
    picked = 0
    for s in range(plan.take.size):
        in_stratum, size = np.full_like(keys, math.inf), 0
        for f in range(n_forces):
            if plan.stratum[f] == s:
                for b in range(count):
                    in_stratum[f, b] = keys[f, b]
                size += 1
        take_smallest(in_stratum, size, highest, plan.take[s], chosen, picked)
        picked += plan.take[s]
    for b in range(count):
        chosen[b].sort()


@compiled(inline=True)  # type: ignore[untyped-decorator]
def _tilt(keys: Any, b: Any, tilt: Any, accuracy: Any) -> Any:
    """Make the keys of a replicate exponential; the highest of them."""
    mean, highest = accuracy.mean(), 0.0
    spread = math.sqrt(((accuracy - mean) ** 2).mean())
    for f in range(accuracy.size):
        z = (accuracy[f] - mean) / spread if spread > 0.0 else 0.0
        keys[f, b] = -math.log1p(-keys[f, b]) * math.exp(-tilt * z)
        highest = max(highest, keys[f, b])
    return highest


@compiled
def take_smallest(keys: Any, size: Any, highest: Any, count: Any, chosen: Any, picked: Any) -> None:
    """Write down the places of the *count* smallest keys of each replicate, in order.

    Parameters
    ----------
    keys : float array (N, B)
        Positive, *size* of each replicate up to *highest*, the others infinite; N is a
        multiple of 8.
    chosen : int array (B, m)
        Filled from column *picked* on. Of equal keys the first are taken.
    """
    n, replicates = keys.shape
    low, high, bound = np.zeros(replicates), np.full(replicates, highest), np.empty(replicates)
    n_low, n_high = np.zeros(replicates, np.int64), np.full(replicates, size)
    below, room = np.empty(replicates, np.int64), np.empty(n + 1, np.int64)
    # Up to `low` there are too few keys, up to `high` enough. All replicates go
    # together, step by step, which takes a quarter of one by one.
    for _ in range(_STEPS):
        for b in range(replicates):
            share = (count - n_low[b] + 0.5) / (n_high[b] - n_low[b] + 1.0)
            bound[b] = low[b] + (high[b] - low[b]) * share
        _count_up_to(keys, bound, below)
        for b in range(replicates):
            enough = below[b] >= count
            high[b] = bound[b] if enough else high[b]
            n_high[b] = below[b] if enough else n_high[b]
            low[b] = low[b] if enough else bound[b]
            n_low[b] = n_low[b] if enough else below[b]
    for b in range(replicates):
        spare = 0
        if n_high[b] != count:
            high[b], n_high[b] = _go_up(keys, b, low[b], n_low[b], count)
            spare = n_high[b] - count
        _pick(keys, b, high[b], spare, room)
        for i in range(count):
            chosen[b, picked + i] = room[i]


@compiled(inline=True)  # type: ignore[untyped-decorator]
def _count_up_to(keys: Any, bound: Any, below: Any) -> None:
    """How many keys of each replicate are at most its *bound*."""
    below[:] = 0
    for first in range(0, keys.shape[0], 8):
        for b in range(bound.size):
            # Eight rows a turn: a sum in memory would wait for the one before.
            of_eight = 0
            for f in range(8):
                of_eight += keys[np.uint64(first + f), np.uint64(b)] <= bound[b]
            below[b] += of_eight


@compiled(inline=True)  # type: ignore[untyped-decorator]
def _go_up(keys: Any, b: Any, bound: Any, below: Any, count: Any) -> Any:
    """From *bound* key by key to the one up to which there are *count* or, tied, more."""
    while below < count:
        following = math.inf
        for f in range(keys.shape[0]):
            key = keys[f, b]
            following = key if bound < key < following else following
        bound = following
        for f in range(keys.shape[0]):
            below += keys[f, b] == bound
    return bound, below


@compiled(inline=True)  # type: ignore[untyped-decorator]
def _pick(keys: Any, b: Any, bound: Any, spare: Any, room: Any) -> None:
    """Write into *room* the places of keys up to *bound*, but for the last *spare* on it."""
    picked = np.uint64(0)
    for f in range(keys.shape[0]):
        # Written before it is known to stay: to branch on luck takes longer.
        room[picked] = f
        picked += np.uint64(keys[f, b] <= bound)
    last = np.int64(picked) - 1
    i = last
    while spare > 0:
        if keys[room[i], b] == bound:
            for j in range(i, last):
                room[j] = room[j + 1]
            spare, last = spare - 1, last - 1
        i -= 1
