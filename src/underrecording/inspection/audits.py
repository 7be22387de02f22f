"""A ledger and a plan to audits: many replicates of one inspection, compiled."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from underrecording.audit import BATCH, Audits
from underrecording.compiling import compiled
from underrecording.inspection.batch import read_batch
from underrecording.inspection.forces.design import call_selection, selection_address
from underrecording.inspection.inspect import InspectionPlan
from underrecording.inspection.reading import Reading, make_reading
from underrecording.inspection.review import Review
from underrecording.inspection.rooms import room_for_audits, room_to_read, some_of_room
from underrecording.inspection.strands import Strand
from underrecording.ledger import Ledger, force_accuracy

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


def select_forces(
    plan: InspectionPlan, ledger: Ledger, seed: int, world: int, first: int, count: int
) -> Ints:
    """Forces inspected in replicates *first* to *first* + *count* - 1, (count, m)."""
    chosen = np.empty((count, plan.forces.inspected), np.int64)
    address, accuracy = select_address(plan), force_accuracy(ledger)
    _select(address, plan.forces, np.uint64(seed), world, first, accuracy, 0, chosen)
    return chosen


def inspect_replicates(
    plan: InspectionPlan,
    reading: Reading,
    accuracy: Floats,
    seed: int,
    world: int,
    first: int,
    start: int,
    count: int,
) -> Audits:
    """Audits of the replicates from *first* + *start* on: forces selected, and read.

    Parameters
    ----------
    reading : Reading
        Of one strand, in one world or in W of them, that of replicate *first* in front.
    accuracy : float array (W, F)
        True accuracy of each force, for selections that depend on it.
    """
    m, number = plan.forces.inspected, np.uint64(seed)
    audits: Audits = room_for_audits(reading, count, m, True)
    _select(
        select_address(plan), plan.forces, number, world, first + start, accuracy, start,
        audits.force,
    )  # fmt: skip
    _read(reading, number, world, first, start, BATCH, audits)
    return audits


def read_review(
    plan: InspectionPlan,
    review: Review,
    strand: Strand,
    chosen: Ints,
    seed: int,
    world: int,
    first: int,
) -> Audits:
    """Audits of *strand*, read as *review* says in the forces *chosen*, (B, m)."""
    reading = make_reading(plan, review, strand)
    audits: Audits = room_for_audits(reading, *chosen.shape, True)
    audits.force[:] = chosen
    _read(reading, np.uint64(seed), world, first, 0, BATCH, audits)
    return audits


def read_reports(
    plan: InspectionPlan, strand: Strand, chosen: Ints, seed: int, world: int, first: int
) -> Audits:
    """Audits of crime reports in the forces *chosen*, (B, m)."""
    return read_review(plan, plan.review("reports"), strand, chosen, seed, world, first)


def read_no_crimes(
    plan: InspectionPlan, strand: Strand, chosen: Ints, seed: int, world: int, first: int
) -> Audits:
    """Audits of no-crime decisions in the forces *chosen*, (B, m)."""
    return read_review(plan, plan.review("no_crimes"), strand, chosen, seed, world, first)


def select_address(plan: InspectionPlan) -> int:
    """Address of the plan's compiled selection; see `call_selection`."""
    return selection_address(plan.select)


@compiled
def _select(
    address: Any, forces: Any, seed: Any, world: Any, first: Any, accuracy: Any, row: Any,
    chosen: Any,
) -> None:  # fmt: skip
    call_selection(address, (forces, seed, world, first, accuracy, row, chosen))


@compiled
def _read(
    reading: Any, seed: Any, world: Any, first: Any, start: Any, size: Any, audits: Any
) -> None:
    """Read *audits*, of replicates *first* + *start* and those after it, batch by batch."""
    count, m = audits.force.shape
    room = room_to_read(reading, min(size, count), m)
    for begin in range(0, count, size):
        stop = min(begin + size, count)
        some = some_of_room(audits, audits.recorded_volume, begin, stop, 0)
        read_batch(reading, seed, world, first + start + begin, start + begin, some, room)
