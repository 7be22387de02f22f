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
    Select,
)
from underrecording.rng import SELECT_FORCES, uniforms

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
    keys = np.empty(n_forces)
    for f in range(n_forces):
        keys[f], _ = uniforms(seed, world, replicate, SELECT_FORCES, f, 0, 0)
    if plan.tilt != 0.0:
        mean = accuracy.mean()
        spread = math.sqrt(((accuracy - mean) ** 2).mean())
        for f in range(n_forces):
            z = (accuracy[f] - mean) / spread if spread > 0.0 else 0.0
            keys[f] = -math.log1p(-keys[f]) * math.exp(-plan.tilt * z)
    left = plan.take.copy()
    picked = 0
    for f in np.argsort(keys):
        if left[plan.stratum[f]] > 0:
            left[plan.stratum[f]] -= 1
            chosen[picked] = f
            picked += 1
    chosen.sort()


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
    p = np.full(n_forces, count / n_forces)
    return ForcePlan(
        inspected=count,
        stratum=one_stratum,
        take=np.array([count]),
        p_select=p,
        tilt=tilt,
        p_declared=p,
        stratum_declared=one_stratum,
    )


@DESIGNS.register("srs")
class SimpleRandom(ForceDesign):
    """Simple random sampling without replacement: every set of m forces alike.

    Inclusion probability m / F. The forces with the m smallest of one random
    key each, so that the first 13 of an order of 43 are the sample of 13.
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
        """M / F for every force."""
        return np.full(len(frame.forces), self.count / len(frame.forces))
