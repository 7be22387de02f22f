"""Forces chosen with an eye on how well they record."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from underrecording.audit import ForceFrame
from underrecording.inspection.forces.design import (
    DESIGNS,
    NO_TABLE,
    ForceDesign,
    ForcePlan,
    Select,
)
from underrecording.inspection.forces.smallest_keys import smallest_keys
from underrecording.inspection.forces.srs import ForceCount, simple_random_plan


@DESIGNS.register("tilted")
class Tilted(ForceDesign):
    """Forces enter the sooner the worse (or better) they record; nobody says so.

    Successive sampling with weights exp(tilt z), z the force's true accuracy
    in standard deviations. The inspector declares m / F, as if forces had been
    drawn at random: this design shows what that costs. Use it to ask what a
    sample is worth if inspectors went where they expected trouble. It is a
    question, not a proposal: no estimator can correct for it. Joint
    probabilities are not stated.
    Source: Efraimidis & Spirakis (2006), Inf. Process. Lett. 97:181.
    """

    design: Literal["tilted"]
    count: ForceCount
    """Forces to inspect."""
    tilt: Annotated[float, Field(ge=-5, le=5)]
    """Log weight per standard deviation of true accuracy; below 0: worse forces first."""
    select: ClassVar[Select] = smallest_keys

    def plan(self, frame: ForceFrame) -> ForcePlan:
        """Apply the design to *frame*."""
        plan = simple_random_plan(self.count, len(frame.forces), tilt=self.tilt)
        return plan._replace(p_joint=NO_TABLE)

    def p_inclusion(self, frame: ForceFrame) -> None:
        """None: the true probabilities rest on accuracies that nobody sees."""
        return
