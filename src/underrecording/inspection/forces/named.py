"""The forces that HMIC inspected for its interim report, as far as they are known."""

from __future__ import annotations

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
from underrecording.inspection.forces.srs import ForceCount, check_count
from underrecording.rng import SELECT_FORCES, uniforms

_CERTAIN, _PROBABLE, _UNKNOWN, _OUT = range(4)
_KIND = {"yes": _CERTAIN, "probable": _PROBABLE, "unknown": _UNKNOWN, "no": _OUT}


@compiled
def known_then_drawn(
    plan: Any, seed: Any, world: Any, replicate: Any, accuracy: Any, chosen: Any
) -> None:
    """Take the certain forces, the probable ones by chance, and fill up from the unknown."""
    n_forces = plan.stratum.shape[0]
    keys = np.empty(n_forces)
    picked = 0
    for f in range(n_forces):
        key, chance = uniforms(seed, world, replicate, SELECT_FORCES, f, 0, 0)
        keys[f] = key
        kind = plan.stratum[f]
        if kind == _CERTAIN or (kind == _PROBABLE and chance < plan.p_select[f]):
            chosen[picked] = f
            picked += 1
    for f in np.argsort(keys):
        if plan.stratum[f] == _UNKNOWN and picked < plan.inspected:
            chosen[picked] = f
            picked += 1
    chosen.sort()


@DESIGNS.register("named")
class Named(ForceDesign):
    """The interim's own thirteen: eleven known, one probable, the rest drawn each time.

    Eleven forces are confirmed by published pages, Devon and Cornwall is
    probable, three are known not to be among them, and the remaining places are
    drawn evenly from forces nothing is known of. The inspector declares m / F,
    as HMIC's "if representative" does. Use it to judge the interim report
    itself. Nobody drew these forces at random, so a fixed world says little of
    what they are worth: look at fresh ones. Joint probabilities are not stated.
    Source: docs/evidence.md, the interim sample.
    """

    design: Literal["named"]
    count: ForceCount = 13
    """Forces inspected in all."""
    probable: Annotated[float, Field(ge=0, le=1)] = 0.9
    """Probability that Devon and Cornwall was among them (assumed)."""
    select: ClassVar[Select] = known_then_drawn

    def plan(self, frame: ForceFrame) -> ForcePlan:
        """Apply the design to *frame*."""
        n_forces = len(frame.forces)
        check_count(self.count, n_forces)
        kind = np.array([_KIND[known] for known in frame.interim])
        known, open_places = int((kind <= _PROBABLE).sum()), int((kind == _UNKNOWN).sum())
        highest = int((kind == _CERTAIN).sum()) + open_places
        if not known <= self.count <= highest:
            raise UserError(
                f"inspection.forces.count: {self.count} does not fit the named sample; "
                f"give {known} to {highest}"
            )
        declared = np.full(n_forces, self.count / n_forces)
        return ForcePlan(
            inspected=self.count,
            p_select=np.where(kind == _PROBABLE, self.probable, declared),
            p_declared=declared,
            stratum_declared=np.zeros(n_forces, np.int64),
            stratum=kind,
        )

    def p_inclusion(self, frame: ForceFrame) -> Floats:
        """1, *probable* and 0 for the known; an even share of the places left for the rest."""
        kind = self.plan(frame).stratum
        expected = (kind == _CERTAIN).sum() + self.probable * (kind == _PROBABLE).sum()
        share = (self.count - expected) / (kind == _UNKNOWN).sum()
        return np.array([1.0, self.probable, share, 0.0])[kind]
