"""A ledger and a plan to audits: many replicates of one inspection, compiled."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from underrecording.audit import FAULTLESS, Audits
from underrecording.compiling import compiled, uncounted
from underrecording.dispatch import address_of, through
from underrecording.inspection.auditor import (
    DRAWS_OF_A_STRATUM,
    READ_ONCE,
    Rereading,
    are_faultless,
    estimate_readers,
)
from underrecording.inspection.count_tables import NO_TABLES, CountTables, look_up
from underrecording.inspection.counts import read_stratum, read_stratum_in_full
from underrecording.inspection.forces.design import SELECT_SIGNATURE, ForcePlan
from underrecording.inspection.inspect import InspectionPlan
from underrecording.inspection.review import Review
from underrecording.inspection.strands import Strand
from underrecording.ledger import Ledger, force_accuracy
from underrecording.rng import (
    NATIONAL,
    RESAMPLE,
    address_words,
    in_eights,
    uniforms_of_strata,
    whole_number,
)

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


class Reading(NamedTuple):
    """One strand in W worlds with all that its readers do: what compiled code needs.

    Attributes
    ----------
    strand : Strand
    forces : ForcePlan
    force_type : int array (F,)
    records : int array (F, H)
        Records to read in each force, were it inspected.
    confusion : float array (4,)
    unreachable : float array (4,)
        Chance that a record is not found, by true category (see `auditor`).
    rereading : Rereading
        With a share of 0 where second readings would find nothing.
    in_full : bool
        Whether some records are out of reach or read twice.
    estimated : bool
        Whether each audit estimates its own readers.
    held : float array (1, 4, 2)
        `Audit.readers` where it does not.
    purpose : int
        Of the random numbers.
    tables : CountTables
        Empty where counts are drawn one by one.
    """

    strand: Strand
    forces: ForcePlan
    force_type: Ints
    records: Ints
    confusion: Floats
    unreachable: Floats
    rereading: Rereading
    in_full: bool
    estimated: bool
    held: Floats
    purpose: int
    tables: CountTables


def make_reading(
    plan: InspectionPlan, review: Review, strand: Strand, tables: CountTables = NO_TABLES
) -> Reading:
    """What it takes to read *strand* as *review* says.

    *tables* are those of the strand's world and records, if they are read plainly
    (`reads_plainly`); without them the same numbers take longer.
    """
    in_full = bool(_twice(review) or review.unreachable.any())
    return Reading(
        strand=strand,
        forces=plan.forces,
        force_type=plan.force_type,
        records=review.records,
        confusion=review.confusion,
        unreachable=review.unreachable,
        rereading=review.rereading if _twice(review) else READ_ONCE,
        in_full=in_full,
        estimated=review.held is None,
        held=FAULTLESS[None] if review.held is None else review.held,
        purpose=review.purpose,
        tables=tables,
    )


def reads_plainly(review: Review) -> bool:
    """Whether readers find what there is, all of it, so that tables of counts will do."""
    faultless = bool(are_faultless(review.confusion))
    return faultless and not _twice(review) and not review.unreachable.any()


def _twice(review: Review) -> bool:
    """Whether second readings matter.

    Faultless readers leave nothing to find, unless what is held of them is to be found out.
    """
    found = review.held is None or not are_faultless(review.confusion)
    return found and review.rereading.share > 0.0


def select_forces(
    plan: InspectionPlan, ledger: Ledger, seed: int, world: int, first: int, count: int
) -> Ints:
    """Forces inspected in replicates *first* to *first* + *count* - 1, (count, m)."""
    chosen = np.empty((count, plan.forces.inspected), np.int64)
    address, accuracy = select_address(plan), force_accuracy(ledger)
    select_batch(address, plan.forces, np.uint64(seed), world, first, accuracy, 0, chosen)
    return chosen


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
    audits: Audits = room_for_audits(reading, *chosen.shape)
    audits.force[:] = chosen
    draws = room_for_draws(reading, chosen.shape[1])
    read_batch(reading, np.uint64(seed), world, first, 0, audits, draws)
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
    """Address of the plan's compiled selection."""
    return address_of(plan.select, SELECT_SIGNATURE)


_select = through(*SELECT_SIGNATURE.args, of_loops=False)


@compiled
def select_batch(
    address: Any, forces: Any, seed: Any, world: Any, first: Any, accuracy: Any, row: Any,
    chosen: Any,
) -> None:  # fmt: skip
    """Fill *chosen* (B, m); the first of the replicates has its world in row *row* of W."""
    forces, accuracy, chosen = uncounted(forces), uncounted(accuracy), uncounted(chosen)
    for b in range(chosen.shape[0]):
        w = row + b if accuracy.shape[0] > 1 else 0
        _select(address, (forces, seed, world, first + b, accuracy[w], chosen[b]))


class Draws(NamedTuple):
    """Room for the draws of one audit: words of addresses and uniforms, (m H,) each."""

    who: Any
    which: Any
    first: Any
    second: Any


@compiled
def room_for_draws(reading: Any, m: Any) -> Any:
    """Room for the draws of one audit of *m* forces."""
    n = in_eights(m * reading.records.shape[1])
    return Draws(np.empty(n, np.uint64), np.empty(n, np.uint64), np.empty(n), np.empty(n))


@compiled
def room_for_audits(reading: Any, count: Any, m: Any) -> Any:
    """Room for *count* audits of *m* forces, with what all of them share."""
    shape = (count, m, reading.records.shape[1])
    readers = np.empty((count, 4, 2)) if reading.estimated else reading.held
    return Audits(
        np.empty((count, m), np.int64), np.empty(shape, np.int64), np.empty(shape, np.int64),
        np.empty(shape, np.int64), np.empty(shape, np.int64), np.empty((count, m)),
        np.empty((count, m), np.int64), reading.strand.volume, np.zeros(shape, np.int64),
        reading.force_type, reading.forces.p_joint, readers, np.empty(count, np.int64),
    )  # fmt: skip


@compiled
def read_batch(
    reading: Any, seed: Any, world: Any, first: Any, row: Any, audits: Any, draws: Any
) -> None:
    """Read the forces of *audits*, (B, m): all else of them is filled in.

    Replicates are *first* and those after it; the first has its world in row *row* of W.
    """
    reading, audits, draws = uncounted(reading), uncounted(audits), uncounted(draws)
    agreement = np.zeros((4, 4), np.int64)
    by_table = reading.tables.due_guide.shape[0] > 0
    for b in range(audits.force.shape[0]):
        w = row + b if reading.strand.reports.shape[0] > 1 else 0
        _copy_frame(reading, w, audits, b)
        audits.seed[b] = whole_number(seed, world, first + b, RESAMPLE, NATIONAL, 0, 0)
        if by_table:
            force = audits.force[b]
            address_words(
                world, reading.purpose, force, reading.records.shape[1], DRAWS_OF_A_STRATUM,
                draws.who, draws.which,
            )  # fmt: skip
            uniforms_of_strata(seed, first + b, draws.who, draws.which, draws.first, draws.second)
            look_up(
                reading.tables, force, reading.records.shape[1], draws.first, draws.second,
                audits.due[b], audits.recorded[b],
            )  # fmt: skip
        else:
            agreement[:] = 0
            _draw_one_by_one(reading, w, seed, world, first + b, agreement, audits, b)
            if reading.estimated:
                estimate_readers(agreement, reading.rereading, audits.readers[b])


@compiled(inline=True)  # type: ignore[untyped-decorator]
def _copy_frame(reading: Any, w: Any, audits: Any, b: Any) -> None:
    """What is known of an audit before a record is read."""
    for i in range(audits.force.shape[1]):
        f = audits.force[b, i]
        audits.p_inclusion[b, i] = reading.forces.p_declared[f]
        audits.force_stratum[b, i] = reading.forces.stratum_declared[f]
        for h in range(reading.records.shape[1]):
            reports = reading.strand.reports[w, f, h]
            audits.frame[b, i, h] = reports
            audits.sampled[b, i, h] = min(reading.records[f, h], reports)


@compiled
def _draw_one_by_one(
    reading: Any, w: Any, seed: Any, world: Any, replicate: Any, agreement: Any, audits: Any,
    b: Any,
) -> None:  # fmt: skip
    strand, purpose, draw = reading.strand, reading.purpose, 0
    for i in range(audits.force.shape[1]):
        f = audits.force[b, i]
        # A force drawn again, with replacement, has its records drawn again.
        draw = draw + 1 if i > 0 and f == audits.force[b, i - 1] else 0
        for h in range(reading.records.shape[1]):
            reports, due = strand.reports[w, f, h], strand.due[w, f, h]
            recorded, over = strand.recorded[w, f, h], strand.over_recorded[w, f, h]
            sampled = audits.sampled[b, i, h]
            if reading.in_full:
                x, y, z, sampled = read_stratum_in_full(
                    reports, due, recorded, over, sampled, reading.confusion,
                    reading.unreachable, reading.rereading, agreement,
                    seed, world, replicate, purpose, f, h, draw,
                )  # fmt: skip
            else:
                x, y, z = read_stratum(
                    reports, due, recorded, over, sampled, reading.confusion,
                    seed, world, replicate, purpose, f, h, draw,
                )  # fmt: skip
            audits.sampled[b, i, h] = sampled
            audits.due[b, i, h] = x
            audits.recorded[b, i, h] = y
            audits.over_recorded[b, i, h] = z
