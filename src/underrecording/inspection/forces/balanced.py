"""Forces that together look like the country: balanced sampling."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field, model_validator

from underrecording.audit import ForceFrame
from underrecording.inspection.forces.cube import cube
from underrecording.inspection.forces.design import (
    DESIGNS,
    Floats,
    ForceDesign,
    ForcePlan,
    Select,
)
from underrecording.inspection.forces.pps import certain_apart, inclusion_probabilities
from underrecording.inspection.forces.srs import ForceCount, check_count
from underrecording.options import mistake


@DESIGNS.register("balanced")
class Balanced(ForceDesign):
    """Balanced sampling by the cube method: the sample looks like the country.

    Among all samples of m forces with the wanted inclusion probabilities, those
    in which the variables of `on` come out right: the total of recorded volume as
    estimated from the sample (sum V_f / p_f), and the number of forces of each
    region and type (its expectation, sum p_f). m is kept exactly, the
    variables as far as whole forces allow, those named first before the others.
    Inclusion probabilities are exact. Joint ones are not known.
    Use it where what is known of forces says something about how they record, and
    there is more of it than strata can hold. Do not use it where an exact
    variance is wanted: `linearised` takes it for a design with the same
    probabilities and no balance, and does not see what balance gains.
    At m = 13 with equal probabilities the Metropolitan cannot be balanced by any
    twelve others; `probabilities: volume` takes it with certainty.
    Source: Deville & Tille (2004), Biometrika 91:893; Tille (2011), Survey
    Methodology 37:215.
    """

    design: Literal["balanced"]
    count: ForceCount
    """Forces to inspect."""
    on: Annotated[tuple[Literal["volume", "region", "force_type"], ...], Field(min_length=1)] = (
        "volume",
        "region",
        "force_type",
    )
    """What is balanced, the most important first: what cannot be kept is given up from the end."""
    probabilities: Literal["equal", "volume"] = "equal"
    """Inclusion probabilities: m / F, or in proportion to recorded volume as under `pps`."""
    select: ClassVar[Select] = cube

    @model_validator(mode="after")
    def _each_once(self) -> Balanced:
        repeated = sorted({name for name in self.on if self.on.count(name) > 1})
        if repeated:
            raise mistake(f"'{repeated[0]}' stands there more than once", "on")
        return self

    def plan(self, frame: ForceFrame) -> ForcePlan:
        """Apply the design to *frame*."""
        n_forces = len(frame.forces)
        check_count(self.count, n_forces)
        volume = frame.recorded_volume.sum(axis=1)
        if self.probabilities == "volume":
            p = inclusion_probabilities(volume, self.count)
        else:
            p = np.full(n_forces, self.count / n_forces)
        columns = [np.ones((n_forces, 1))] + [_balancing(name, frame, p) for name in self.on]
        return ForcePlan(
            inspected=self.count,
            p_select=p,
            p_declared=p,
            stratum_declared=certain_apart(p),
            auxiliary=np.ascontiguousarray(np.hstack(columns)),
        )

    def p_inclusion(self, frame: ForceFrame) -> Floats:
        """M / F, or in proportion to recorded volume."""
        return self.plan(frame).p_declared


def _balancing(name: str, frame: ForceFrame, p: Floats) -> Floats:
    """Balancing variables over inclusion probabilities: one of volume, else one a kind but one."""
    if name == "volume":
        # A force of volume 0 has probability 0 in proportion to it, and is out from the start.
        weighted: Floats = frame.recorded_volume.sum(axis=1) / np.where(p > 0.0, p, 1.0)
        return np.array(weighted / weighted.max()).reshape(-1, 1)
    kinds = np.array(frame.regions if name == "region" else frame.force_types)
    # With the number of forces kept, the first kind follows from the others.
    return np.array(kinds[:, None] == np.unique(kinds)[None, 1:], dtype=np.float64)
