"""Stratified random sampling of forces, some with certainty."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from underrecording.audit import ForceFrame
from underrecording.errors import UserError, did_you_mean
from underrecording.inspection.forces.design import (
    DESIGNS,
    Floats,
    ForceDesign,
    ForcePlan,
    Ints,
    Select,
)
from underrecording.inspection.forces.smallest_keys import smallest_keys
from underrecording.inspection.forces.srs import (
    ForceCount,
    check_count,
    joint_of_strata,
)


@DESIGNS.register("stratified")
class Stratified(ForceDesign):
    """Simple random sampling of forces within strata, named forces with certainty.

    Each certainty force is a stratum of its own. The others are shared out
    over their strata in proportion, at least two a stratum so that its variance
    can be estimated. Inclusion probability m_s / F_s; two forces of a stratum
    come together with m_s (m_s - 1) / (F_s (F_s - 1)), forces of two strata
    independently. Use it where forces of a kind record alike, or where a large
    force must be in. Do not use it with nearly as many strata as forces: each
    costs a degree of freedom.
    Source: Cochran (1977), Sampling Techniques, ch. 5.
    """

    design: Literal["stratified"]
    count: ForceCount
    """Forces to inspect, certainty forces included."""
    by: Literal["none", "force_type", "region", "size"] = "none"
    """What the strata are; none: one stratum of all that are not certain."""
    size_classes: Annotated[int, Field(ge=2, le=10)] = 3
    """Classes of equal number of forces by recorded volume, for ``by: size``."""
    certainty: tuple[str, ...] = ()
    """Forces that are always inspected."""
    allocation: Literal["forces", "volume"] = "forces"
    """Share of a stratum: in proportion to its forces, or to its recorded volume."""
    select: ClassVar[Select] = smallest_keys

    def plan(self, frame: ForceFrame) -> ForcePlan:
        """Apply the design to *frame*."""
        check_count(self.count, len(frame.forces))
        certain = self._certain(frame)
        stratum = self._strata(frame, certain)
        take = self._take(frame, certain, stratum)
        p = take[stratum] / np.bincount(stratum)[stratum]
        return ForcePlan(
            inspected=self.count,
            p_select=p,
            p_declared=p,
            stratum_declared=stratum,
            stratum=stratum,
            take=take,
            p_joint=joint_of_strata(stratum, take),
        )

    def p_inclusion(self, frame: ForceFrame) -> Floats:
        """m_s / F_s, and 1 for certainty forces."""
        return self.plan(frame).p_declared

    def p_joint(self, frame: ForceFrame) -> Floats:
        """Of simple random sampling within strata, which are independent of each other."""
        return self.plan(frame).p_joint

    def _certain(self, frame: ForceFrame) -> NDArray[np.bool_]:
        unknown = [name for name in self.certainty if name not in frame.forces]
        if unknown:
            raise UserError(
                [
                    f"inspection.forces.certainty: unknown force '{name}'"
                    + did_you_mean(name, frame.forces)
                    for name in unknown
                ]
            )
        return np.array([name in self.certainty for name in frame.forces])

    def _strata(self, frame: ForceFrame, certain: NDArray[np.bool_]) -> Ints:
        """Strata 0, 1, ... of the forces not certain, then one for each that is."""
        volume = frame.recorded_volume.sum(axis=1)
        n_forces = len(frame.forces)
        if self.by == "size":
            rank = np.empty(n_forces, np.int64)
            rank[np.argsort(np.where(certain, np.inf, volume))] = np.arange(n_forces)
            label = rank * self.size_classes // max(1, n_forces - int(certain.sum()))
        elif self.by == "none":
            label = np.zeros(n_forces, np.int64)
        else:
            names = frame.regions if self.by == "region" else frame.force_types
            label = np.unique(np.array(names), return_inverse=True)[1]
        stratum = np.empty(n_forces, np.int64)
        stratum[~certain] = np.unique(label[~certain], return_inverse=True)[1]
        first = stratum[~certain].max(initial=-1) + 1
        stratum[certain] = first + np.arange(certain.sum())
        return stratum

    def _take(self, frame: ForceFrame, certain: NDArray[np.bool_], stratum: Ints) -> Ints:
        size = np.bincount(stratum)
        n_random = len(size) - int(certain.sum())
        weight = (
            size.astype(np.float64)
            if self.allocation == "forces"
            else np.bincount(stratum, frame.recorded_volume.sum(axis=1))
        )
        take = np.ones(len(size), np.int64)
        take[:n_random] = np.minimum(2, size[:n_random])
        left = self.count - int(take.sum())
        if left < 0:
            raise UserError(
                f"inspection.forces.count: {self.count} is too few for {n_random} strata of two "
                f"forces and {int(certain.sum())} certain; give {int(take.sum())} or more, "
                "or fewer strata"
            )
        for _ in range(left):
            # One force at a time to the stratum furthest below its share (Webster's divisors).
            need = np.where(take < size, weight / (2.0 * take + 1.0), -1.0)
            need[n_random:] = -1.0
            take[np.argmax(need)] += 1
        return take
