"""Simple random sampling of forces, and the smallest-keys selection others build on."""

from __future__ import annotations

import math
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from underrecording.audit import ForceFrame
from underrecording.compiling import compiled
from underrecording.errors import UserError
from underrecording.inspection.forces.design import (
    DESIGNS,
    Floats,
    ForceDesign,
    ForcePlan,
    Ints,
    Select,
)
from underrecording.rng import SELECT_FORCES, in_eights, uniforms_of_forces

ForceCount = Annotated[int, Field(ge=1, le=1000)]


@compiled
def smallest_keys(
    plan: Any, seed: Any, world: Any, replicate: Any, accuracy: Any, chosen: Any
) -> None:
    """Take in each stratum the forces with the smallest keys, one random key a force.

    The key belongs to the force, so samples of different size are nested. With
    a tilt, keys are exponential with rate exp(tilt z), z the standardised true
    accuracy: successive sampling without replacement with those weights
    (Efraimidis & Spirakis 2006, Inf. Process. Lett. 97:181).
    """
    n_forces = plan.stratum.shape[0]
    keys = np.empty(in_eights(n_forces))
    uniforms_of_forces(seed, world, replicate, SELECT_FORCES, keys)
    keys = keys[:n_forces]
    if plan.tilt != 0.0:
        mean = accuracy.mean()
        spread = math.sqrt(((accuracy - mean) ** 2).mean())
        for f in range(n_forces):
            z = (accuracy[f] - mean) / spread if spread > 0.0 else 0.0
            keys[f] = -math.log1p(-keys[f]) * math.exp(-plan.tilt * z)
    picked, in_stratum = 0, keys
    for s in range(plan.take.size):
        if plan.take.size > 1:
            # Keys of other strata are out of reach.
            in_stratum = np.where(plan.stratum == s, keys, math.inf)
        picked = _take_smallest(in_stratum, plan.take[s], plan.tilt == 0.0, chosen, picked)
    if plan.take.size > 1:
        chosen.sort()


@compiled(inline=True)  # type: ignore[untyped-decorator]
def _take_smallest(keys: Any, count: Any, uniform: Any, chosen: Any, picked: Any) -> Any:
    """Write down in *chosen*, from *picked* on, the places of the *count* smallest keys."""
    stop = picked + count
    bound, on_it = _bound_of_smallest(keys, count, uniform)
    if on_it == 0:
        for f in range(keys.size):
            if picked == stop:
                break
            # Written before it is known to stay: to branch on luck takes longer.
            chosen[picked] = f
            picked += keys[f] <= bound
        return picked
    for f in range(keys.size):
        if keys[f] < bound or (keys[f] == bound and on_it > 0):
            on_it -= keys[f] == bound
            chosen[picked] = f
            picked += 1
    return picked


@compiled(inline=True)  # type: ignore[untyped-decorator]
def _bound_of_smallest(keys: Any, count: Any, uniform: Any) -> Any:
    """A bound up to which the *count* smallest of *keys* lie, the others being infinite.

    The bound is moved until as many lie below: a few counts of all keys, which take
    less than a sort of them. *uniform*: whether keys are known to be, up to 1.

    Returns
    -------
    bound : float
    on_it : int
        0, or where several keys lie on the bound, how many of them are wanted.
    """
    low, high, below_low, below_high = 0.0, 1.0, 0, 0
    if count == 0:
        return 0.0, 0
    for f in range(keys.size):
        below_high += keys[f] < math.inf
    if not uniform:
        high = 0.0
        for f in range(keys.size):
            high = max(high, keys[f] if keys[f] < math.inf else 0.0)
    while below_high != count:
        share = (count - below_low) / (below_high - below_low)
        # An interpolation alone may stick to one end.
        bound = low + (high - low) * min(0.9, max(0.1, share))
        if not low < bound < high:
            bound = low + (high - low) * 0.5
            if not low < bound < high:
                return high, count - below_low  # Several keys lie on one number.
        below = 0
        for f in range(keys.size):
            below += keys[f] <= bound
        if below >= count:
            high, below_high = bound, below
        else:
            low, below_low = bound, below
    return high, 0


def check_count(count: int, n_forces: int) -> None:
    """Refuse to inspect more forces than there are."""
    if count > n_forces:
        raise UserError(
            f"inspection.forces.count: {count} is more than the {n_forces} forces of this world; "
            f"give 1 to {n_forces}"
        )


def simple_random_plan(count: int, n_forces: int, *, tilt: float = 0.0) -> ForcePlan:
    """Plan of *count* forces out of *n_forces*, all alike to the inspector."""
    check_count(count, n_forces)
    one_stratum = np.zeros(n_forces, np.int64)
    take = np.array([count])
    p = np.full(n_forces, count / n_forces)
    return ForcePlan(
        inspected=count,
        p_select=p,
        p_declared=p,
        stratum_declared=one_stratum,
        stratum=one_stratum,
        take=take,
        tilt=tilt,
        p_joint=joint_of_strata(one_stratum, take),
    )


def joint_of_strata(stratum: Ints, take: Ints) -> Floats:
    """Joint inclusion probabilities of simple random sampling within strata, (F, F).

    Parameters
    ----------
    stratum : int array (F,)
    take : int array (S,)
        Forces taken in each stratum.

    >>> joint_of_strata(np.array([0, 0, 0]), np.array([2])).round(3).tolist()[0]
    [0.667, 0.333, 0.333]
    """
    size = np.bincount(stratum)
    p = (take / size)[stratum]
    joint = np.outer(p, p)
    together = (take * (take - 1) / np.maximum(1, size * (size - 1)))[stratum]
    same = stratum[:, None] == stratum[None, :]
    joint[same] = np.broadcast_to(together[:, None], joint.shape)[same]
    np.fill_diagonal(joint, p)
    return joint


@DESIGNS.register("srs")
class SimpleRandom(ForceDesign):
    """Simple random sampling without replacement: every set of m forces alike.

    Inclusion probability m / F, of a pair m (m - 1) / (F (F - 1)). The forces
    with the m smallest of one random key each, so that the first 13 of an
    order of 43 are the sample of 13. Use it as the yardstick of all others.
    Do not use it where a few forces make up most of the total: whether the
    Metropolitan is in then decides the estimate.
    Source: Cochran (1977), Sampling Techniques, ch. 2.
    """

    design: Literal["srs"]
    count: ForceCount
    """Forces to inspect."""
    select: ClassVar[Select] = smallest_keys

    def plan(self, frame: ForceFrame) -> ForcePlan:
        """Apply the design to *frame*."""
        return simple_random_plan(self.count, len(frame.forces))

    def p_inclusion(self, frame: ForceFrame) -> Floats:
        """Of every force m / F."""
        return np.full(len(frame.forces), self.count / len(frame.forces))

    def p_joint(self, frame: ForceFrame) -> Floats:
        """Of every pair m (m - 1) / (F (F - 1))."""
        return self.plan(frame).p_joint
