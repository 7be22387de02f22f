"""Simple random sampling of forces."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from underrecording.audit import ForceFrame
from underrecording.errors import UserError
from underrecording.inspection.forces.design import (
    DESIGNS,
    Floats,
    ForceDesign,
    ForcePlan,
    Ints,
    Select,
)
from underrecording.inspection.forces.smallest_keys import smallest_keys

ForceCount = Annotated[int, Field(ge=1, le=1000)]


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
