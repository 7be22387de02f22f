"""Forces with probability proportional to size, with replacement."""

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
def draw_by_draw(
    plan: Any, seed: Any, world: Any, replicate: Any, accuracy: Any, chosen: Any
) -> None:
    """Draw one force after another, each draw at an address of its own."""
    reached = np.cumsum(plan.p_select)
    for d in range(plan.inspected):
        point, _ = uniforms(seed, world, replicate, SELECT_FORCES, NATIONAL, 0, d)
        chosen[d] = np.searchsorted(reached, point * reached[-1])
    chosen.sort()


@DESIGNS.register("pps_wr")
class ProportionalWithReplacement(ForceDesign):
    """Probability proportional to recorded volume, m independent draws with replacement.

    A force of volume V_f is drawn each time with probability V_f / V. A force
    drawn twice is inspected twice, other records each time. What is declared,
    and stated, as its inclusion probability is its expected number of draws
    m V_f / V, which may pass 1 (the Metropolitan from m = 5 on): it stands where
    an estimator divides by a probability. Joint probabilities are not defined:
    they belong to samples of distinct forces, while here the variance comes from
    the spread over independent draws. The first draws of a larger sample
    are the smaller one.
    Use it as the textbook case in which `ultimate_cluster` is unbiased. Do not use
    it to inspect: reading one force twice says less than reading two.
    Source: Hansen & Hurwitz (1943), Ann. Math. Statist. 14:333; Sarndal, Swensson
    & Wretman (1992), section 2.9.
    """

    design: Literal["pps_wr"]
    count: ForceCount
    """Draws; forces inspected more than once count each time."""
    select: ClassVar[Select] = draw_by_draw
    with_replacement: ClassVar[bool] = True

    def plan(self, frame: ForceFrame) -> ForcePlan:
        """Apply the design to *frame*."""
        n_forces = len(frame.forces)
        check_count(self.count, n_forces)
        volume = frame.recorded_volume.sum(axis=1)
        share = volume / volume.sum()
        return ForcePlan(
            inspected=self.count,
            p_select=share,
            p_declared=self.count * share,
            stratum_declared=np.zeros(n_forces, np.int64),
        )

    def p_inclusion(self, frame: ForceFrame) -> Floats:
        """Expected numbers of draws, m V_f / V."""
        return self.plan(frame).p_declared
