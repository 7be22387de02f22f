"""What every force design has in common: a plan, and a compiled selection."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numba import types
from numpy.typing import NDArray

from underrecording.audit import ForceFrame
from underrecording.options import Section
from underrecording.registry import Registry

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


class ForcePlan(NamedTuple):
    """A design applied to a frame of F forces: all that its selection needs.

    Attributes
    ----------
    inspected : int
        m, forces to inspect.
    stratum : int array (F,)
        Selection stratum of each force.
    take : int array (S,)
        Forces to take in each stratum.
    p_select : float array (F,)
        Probability that the force is selected, where the selection uses one.
    tilt : float
        Log weight per standard deviation of true accuracy (`tilted` only).
    p_declared : float array (F,)
        Inclusion probability that the inspector declares.
    stratum_declared : int array (F,)
        Stratum of forces that her analysis uses.
    """

    inspected: int
    stratum: Ints
    take: Ints
    p_select: Floats
    tilt: float
    p_declared: Floats
    stratum_declared: Ints


_INTS = types.Array(types.int64, 1, "C")
_FLOATS = types.Array(types.float64, 1, "C")
PLAN_TYPE = types.NamedTuple(
    (types.int64, _INTS, _INTS, _FLOATS, types.float64, _FLOATS, _INTS), ForcePlan
)
SELECT_SIGNATURE = types.void(PLAN_TYPE, types.uint64, types.int64, types.int64, _FLOATS, _INTS)
SELECT_TYPE = types.FunctionType(SELECT_SIGNATURE)

Select = Callable[[ForcePlan, Any, Any, Any, Any, Any], None]
"""``select(plan, seed, world, replicate, accuracy (F,), chosen (m,))``: *chosen* ascends."""


class ForceDesign(Section):
    """Which forces are inspected. Its fields are its options in a scenario."""

    design: str
    """Name of the design."""
    select: ClassVar[Select]

    def plan(self, frame: ForceFrame) -> ForcePlan:
        """Apply the design to *frame*.

        Raises
        ------
        UserError
            If the frame cannot carry the design (too many forces asked for, ...).
        """
        raise TypeError(f"{type(self).__name__} has no plan")

    def p_inclusion(self, frame: ForceFrame) -> Floats | None:
        """True inclusion probabilities (F,), or None where they rest on the unseen."""
        raise TypeError(f"{type(self).__name__} states no inclusion probabilities")


DESIGNS: Registry[type[ForceDesign]] = Registry("design")
