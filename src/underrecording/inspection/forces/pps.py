"""Forces with probability proportional to size."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import numpy as np

from underrecording.audit import ForceFrame
from underrecording.compiling import compiled
from underrecording.inspection.forces.design import (
    DESIGNS,
    Floats,
    ForceDesign,
    ForcePlan,
    Select,
)
from underrecording.inspection.forces.srs import ForceCount, check_count
from underrecording.rng import NATIONAL, SELECT_FORCES, uniforms


@compiled
def randomised_systematic(
    plan: Any, seed: Any, world: Any, replicate: Any, accuracy: Any, chosen: Any
) -> None:
    """Put the forces in random order, lay their probabilities end to end, step by one."""
    n_forces = plan.stratum.shape[0]
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


def inclusion_probabilities(size: Floats, count: int) -> Floats:
    """Probabilities proportional to *size* that add up to *count*, none above 1.

    Forces that would pass 1 are taken with certainty and the rest shared out
    again, until none passes.

    >>> inclusion_probabilities(np.array([10.0, 2.0, 2.0, 2.0]), 2)
    array([1.        , 0.33333333, 0.33333333, 0.33333333])
    """
    p = np.zeros(len(size))
    certain = np.zeros(len(size), dtype=bool)
    while True:
        rest = ~certain
        p[certain] = 1.0
        p[rest] = (count - certain.sum()) * size[rest] / size[rest].sum() if rest.any() else 0.0
        beyond = rest & (p >= 1.0)
        if not beyond.any():
            return p
        certain |= beyond


@DESIGNS.register("pps")
class ProportionalToSize(ForceDesign):
    """Probability proportional to recorded volume, randomised systematic selection.

    Forces whose probability would reach 1 are certain (at m = 13 that is the
    Metropolitan), iterated. First-order probabilities are exact. Joint ones are
    not computed: `linearised` uses Hajek's approximation to the variance.
    Source: Sarndal, Swensson & Wretman (1992), Model Assisted Survey Sampling,
    section 3.6; Hartley & Rao (1962), Ann. Math. Statist. 33:350.
    """

    design: Literal["pps"]
    count: ForceCount
    """Forces to inspect, certain ones included."""
    select: ClassVar[Select] = randomised_systematic

    def plan(self, frame: ForceFrame) -> ForcePlan:
        """Apply the design to *frame*."""
        check_count(self.count, len(frame.forces))
        p = inclusion_probabilities(frame.recorded_volume.sum(axis=1), self.count)
        certain = p >= 1.0
        stratum = np.zeros(len(p), np.int64)
        stratum[certain] = int((~certain).any()) + np.arange(certain.sum())
        return ForcePlan(
            inspected=self.count,
            stratum=stratum,
            take=np.array([self.count]),
            p_select=p,
            tilt=0.0,
            p_declared=p,
            stratum_declared=stratum,
        )

    def p_inclusion(self, frame: ForceFrame) -> Floats:
        """Proportional to recorded volume, certain ones at 1."""
        return self.plan(frame).p_declared
