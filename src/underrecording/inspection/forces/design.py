"""What every force design has in common: a plan, and a compiled selection."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numba import types
from numpy.typing import NDArray

from underrecording.audit import ForceFrame
from underrecording.compiling import uncounted
from underrecording.dispatch import KINDS, Kind, call, loop_address, through
from underrecording.options import Section
from underrecording.registry import Registry

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


_NO_NUMBERS = np.zeros(0, np.int64)
NO_TABLE = np.zeros((0, 0))


class ForcePlan(NamedTuple):
    """A design applied to a frame of F forces: all that its selection needs.

    Attributes
    ----------
    inspected : int
        m, forces to inspect.
    p_select : float array (F,)
        Probability that the force is selected, or what the selection uses in its place.
    p_declared : float array (F,)
        Inclusion probability that the inspector declares; where forces are
        drawn with replacement the expected number of draws, which may pass 1.
    stratum_declared : int array (F,)
        Stratum of forces that her analysis uses.
    stratum : int array (F,), or (0,) where the selection knows none
        Selection stratum of each force.
    take : int array (S,), or (0,)
        Forces to take in each stratum.
    tilt : float
        Log weight per standard deviation of true accuracy (`tilted` only).
    method : int
        Which of several selections the design uses, where it has several.
    auxiliary : float array (F, Q), or (0, 0)
        Balancing variables over inclusion probabilities, the most important
        first (`balanced` only).
    p_joint : float array (F, F), or (0, 0) where none are stated
        Probability that two forces are inspected together, as she declares it;
        `p_declared` on the diagonal.
    """

    inspected: int
    p_select: Floats
    p_declared: Floats
    stratum_declared: Ints
    stratum: Ints = _NO_NUMBERS
    take: Ints = _NO_NUMBERS
    tilt: float = 0.0
    method: int = 0
    auxiliary: Floats = NO_TABLE
    p_joint: Floats = NO_TABLE


_INTS = types.Array(types.int64, 1, "C")
_FLOATS = types.Array(types.float64, 1, "C")
_FLOAT_TABLE = types.Array(types.float64, 2, "C")
PLAN_TYPE = types.NamedTuple(
    (
        types.int64,  # inspected
        _FLOATS,  # p_select
        _FLOATS,  # p_declared
        _INTS,  # stratum_declared
        _INTS,  # stratum
        _INTS,  # take
        types.float64,  # tilt
        types.int64,  # method
        _FLOAT_TABLE,  # auxiliary
        _FLOAT_TABLE,  # p_joint
    ),
    ForcePlan,
)

Select = Callable[[ForcePlan, Any, Any, Any, Any, Any], None]
"""``select(plan, seed, world, replicate, accuracy (F,), chosen (m,))``: *chosen* ascends,
strictly unless forces are drawn with replacement. One of many replicates (`of_many`):
``select(plan, seed, world, first, accuracy (W, F), row, chosen (B, m))``."""

_SELECTIONS: dict[str, Any] = {}
_OF_MANY: set[str] = set()
_TOGETHER = 64
"""Replicates that are selected together: their keys stay in the nearest caches."""


def of_many(select: Any) -> Any:
    """Mark a compiled selection as one that takes many replicates at once."""
    _OF_MANY.add(selection_name(select))
    return select


def selection_name(select: Select) -> str:
    """Name under which the loop of a compiled *select* is found."""
    function = select.py_func  # type: ignore[attr-defined]
    name = f"{function.__module__}.{function.__qualname__}"
    _SELECTIONS[name] = function
    return name


def selection_address(name: str) -> int:
    """Address of the loop of a selection, for `call_selection`."""
    return loop_address("selections" if name in _OF_MANY else "selection", name)


def selection_loop(
    plug_in: Any, plan: Any, seed: Any, world: Any, first: Any, accuracy: Any, row: Any, chosen: Any
) -> None:
    """Fill *chosen* (B, m); the first of the replicates has its world in row *row* of W."""
    plan, accuracy, chosen = uncounted(plan), uncounted(accuracy), uncounted(chosen)
    for b in range(chosen.shape[0]):
        w = row + b if accuracy.shape[0] > 1 else 0
        call(plug_in, plan, seed, world, first + b, accuracy[w], chosen[b])


def selections_loop(
    plug_in: Any, plan: Any, seed: Any, world: Any, first: Any, accuracy: Any, row: Any, chosen: Any
) -> None:
    """Do so with a selection of many replicates."""
    for b in range(0, chosen.shape[0], _TOGETHER):
        some = chosen[b : b + _TOGETHER]
        call(plug_in, plan, seed, world, first + b, accuracy, row + b, some)


_ARGUMENTS = (
    PLAN_TYPE, types.uint64, types.int64, types.int64, _FLOAT_TABLE, types.int64,
    types.Array(types.int64, 2, "C"),
)  # fmt: skip
KINDS["selection"] = Kind(lambda name: _SELECTIONS[name], selection_loop, _ARGUMENTS)
KINDS["selections"] = Kind(lambda name: _SELECTIONS[name], selections_loop, _ARGUMENTS)
call_selection = through(*_ARGUMENTS)
"""Either loop in compiled code, by its address (`selection_address`)."""


class ForceDesign(Section):
    """Which forces are inspected. Its fields are its options in a scenario."""

    design: str
    """Name of the design."""
    select: ClassVar[Select]
    with_replacement: ClassVar[bool] = False
    """Whether a force may be inspected more than once."""

    def plan(self, frame: ForceFrame) -> ForcePlan:
        """Apply the design to *frame*.

        Raises
        ------
        UserError
            If the frame cannot carry the design (too many forces asked for, ...).
        """
        raise TypeError(f"{type(self).__name__} has no plan")

    def p_inclusion(self, frame: ForceFrame) -> Floats | None:
        """True inclusion probabilities (F,), or None where they rest on the unseen.

        Where forces are drawn with replacement: expected numbers of draws.
        """
        raise TypeError(f"{type(self).__name__} states no inclusion probabilities")

    def p_joint(self, frame: ForceFrame) -> Floats | None:
        """True joint inclusion probabilities (F, F), or None where they are not known.

        Inclusion probabilities stand on the diagonal.
        """
        return None


DESIGNS: Registry[type[ForceDesign]] = Registry("design")
