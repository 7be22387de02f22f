"""An interim after the first so many forces of a known order."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import model_validator

from underrecording.audit import ForceFrame
from underrecording.compiling import compiled
from underrecording.errors import UserError, did_you_mean
from underrecording.inspection.forces.design import (
    DESIGNS,
    Floats,
    ForceDesign,
    ForcePlan,
    Ints,
    Select,
)
from underrecording.inspection.forces.srs import ForceCount, check_count
from underrecording.options import mistake


@compiled
def those_planned(
    plan: Any, seed: Any, world: Any, replicate: Any, accuracy: Any, chosen: Any
) -> None:
    """Take the forces whose probability is 1; chance has no part in it."""
    chosen[:] = np.flatnonzero(plan.p_select == 1.0)


@DESIGNS.register("ordered")
class Ordered(ForceDesign):
    """The first forces of a known order: an interim on the way to inspecting all.

    Inspections go from force to force in an order that somebody made, by name,
    by size or by a diary. The true inclusion probabilities are 1 and 0. The
    inspector declares m / F, as if the order had been drawn at random: this design
    shows what that costs. Use it to ask what an interim was worth when the
    order is known. Do not use it to plan one: no estimator can say what the forces
    still to come are like; shuffle the order, which is `srs`.
    Source: the counterpart of HMIC's "if representative" (2014); Cochran (1977),
    Sampling Techniques, section 1.6, on samples that are not drawn by chance.
    """

    design: Literal["ordered"]
    count: ForceCount
    """Forces inspected so far."""
    order: tuple[str, ...] = ()
    """Forces in the order of their inspection, as many as `count` at least."""
    by: Literal["volume_descending", "volume_ascending", "name"] = "volume_descending"
    """What the order goes by where none is given; equal volumes go by name."""
    select: ClassVar[Select] = those_planned

    @model_validator(mode="after")
    def _one_order_of_distinct_forces(self) -> Ordered:
        repeated = sorted({name for name in self.order if self.order.count(name) > 1})
        if repeated:
            raise mistake(f"'{repeated[0]}' stands there more than once", "order")
        if self.order and "by" in self.model_fields_set:
            raise mistake("an order is given as well; leave one of the two out", "by")
        return self

    def plan(self, frame: ForceFrame) -> ForcePlan:
        """Apply the design to *frame*."""
        n_forces = len(frame.forces)
        check_count(self.count, n_forces)
        first = (self._given(frame) if self.order else self._sorted(frame))[: self.count]
        p_select = np.zeros(n_forces)
        p_select[first] = 1.0
        return ForcePlan(
            inspected=self.count,
            p_select=p_select,
            p_declared=np.full(n_forces, self.count / n_forces),
            stratum_declared=np.zeros(n_forces, np.int64),
        )

    def p_inclusion(self, frame: ForceFrame) -> Floats:
        """1 for the first *count* forces, 0 for the others."""
        return self.plan(frame).p_select

    def p_joint(self, frame: ForceFrame) -> Floats:
        """1 for two of the first *count* forces, 0 for any other pair."""
        p = self.p_inclusion(frame)
        return np.outer(p, p)

    def _given(self, frame: ForceFrame) -> Ints:
        problems = [
            f"inspection.forces.order: unknown force '{name}'" + did_you_mean(name, frame.forces)
            for name in self.order
            if name not in frame.forces
        ]
        if self.count > len(self.order):
            problems.append(
                f"inspection.forces.count: {self.count} is more than the {len(self.order)} forces "
                "of the order; name more forces, or leave the order out"
            )
        if problems:
            raise UserError(problems)
        return np.array([frame.forces.index(name) for name in self.order])

    def _sorted(self, frame: ForceFrame) -> Ints:
        by_name = np.argsort(np.array(frame.forces), kind="stable")
        if self.by == "name":
            return by_name
        volume = frame.recorded_volume.sum(axis=1)[by_name]
        sign = -1.0 if self.by == "volume_descending" else 1.0
        return by_name[np.argsort(sign * volume, kind="stable")]
