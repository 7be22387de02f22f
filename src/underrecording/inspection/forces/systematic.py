"""Randomised systematic selection with unequal probabilities."""

from __future__ import annotations

from typing import Any

import numpy as np

from underrecording.compiling import compiled
from underrecording.rng import NATIONAL, SELECT_FORCES, uniforms


@compiled
def randomised_systematic(
    plan: Any, seed: Any, world: Any, replicate: Any, accuracy: Any, chosen: Any
) -> None:
    """Put the forces in random order, lay their probabilities end to end, step by one.

    Source: Hartley & Rao (1962), Ann. Math. Statist. 33:350.
    """
    n_forces = plan.p_select.shape[0]
    keys = np.empty(n_forces)
    picked = 0
    for f in range(n_forces):
        keys[f], _ = uniforms(seed, world, replicate, SELECT_FORCES, f, 0, 0)
        if plan.p_select[f] >= 1.0:
            chosen[picked] = f
            picked += 1
    certain = picked
    start, _ = uniforms(seed, world, replicate, SELECT_FORCES, NATIONAL, 0, 0)
    reached = 0.0
    last = -1
    for f in np.argsort(keys):
        if plan.p_select[f] >= 1.0:
            continue
        reached += plan.p_select[f]
        if picked < plan.inspected and reached > start + (picked - certain):
            chosen[picked] = f
            picked += 1
        else:
            last = f
    if picked < plan.inspected:
        # The probabilities add up to a whole number only to rounding.
        chosen[picked] = last
    chosen.sort()
