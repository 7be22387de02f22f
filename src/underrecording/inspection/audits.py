"""A ledger and a plan to audits: many replicates of one inspection, compiled."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from underrecording.audit import Audits
from underrecording.compiling import compiled, flat, uncounted
from underrecording.inspection.auditor import DRAWS_OF_A_STRATUM
from underrecording.inspection.count_tables import look_up
from underrecording.inspection.forces.design import call_selection, selection_address
from underrecording.inspection.inspect import InspectionPlan
from underrecording.inspection.readers import misread_at
from underrecording.inspection.reading import Reading, make_reading
from underrecording.inspection.review import Review
from underrecording.inspection.strands import Strand
from underrecording.ledger import Ledger, force_accuracy
from underrecording.rng import (
    COUNT_REPORTS,
    NATIONAL,
    RESAMPLE,
    cells_of,
    in_eights,
    is_repeated,
    uniforms_of_strata,
    whole_numbers,
    words_of_forces,
    words_of_groups,
)
from underrecording.variates import hypergeometric_quantiles, room_for_hypergeometrics

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
    audits: Audits = room_for_audits(reading, count, m)
    _select(
        select_address(plan), plan.forces, number, world, first + start, accuracy, start,
        audits.force,
    )  # fmt: skip
    draws = room_for_draws(reading, m)
    read_batch(reading, number, world, first + start, start, audits, draws)
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
    """Address of the plan's compiled selection; see `call_selection`."""
    return selection_address(plan.select)


@compiled
def _select(
    address: Any, forces: Any, seed: Any, world: Any, first: Any, accuracy: Any, row: Any,
    chosen: Any,
) -> None:  # fmt: skip
    call_selection(address, (forces, seed, world, first, accuracy, row, chosen))


class Draws(NamedTuple):
    """Room for the draws of one audit, (N,) each, N at least m H.

    Attributes
    ----------
    who, which : uint64 arrays
        Words of addresses.
    cell : uint64 array
        Which of the strata of all forces, F H of them, each is.
    first, second, u : float arrays
        Uniforms, as they are addressed and as they are used.
    room, place : uint64 arrays
    population, successes, drawn, counts : int arrays
    hypergeometrics : Room
    """

    who: Any
    which: Any
    cell: Any
    first: Any
    second: Any
    u: Any
    room: Any
    place: Any
    population: Any
    successes: Any
    drawn: Any
    counts: Any
    hypergeometrics: Any


@compiled
def room_for_draws(reading: Any, m: Any) -> Any:
    """Room for the draws of one audit of *m* forces."""
    n = in_eights(m * reading.records.shape[1])
    return Draws(
        np.zeros(n + 8, np.uint64), np.empty(n, np.uint64), np.empty(n, np.uint64),
        np.empty(n), np.empty(n), np.full(n, 0.5), np.empty(n, np.uint64),
        np.empty(n, np.uint64), np.zeros(n, np.int64),
        np.zeros(n, np.int64), np.zeros(n, np.int64), np.zeros(n, np.int64),
        room_for_hypergeometrics(n),
    )  # fmt: skip


@compiled
def room_for_audits(reading: Any, count: Any, m: Any) -> Any:
    """Room for *count* audits of *m* forces, with what all of them share."""
    shape = (count, m, reading.records.shape[1])
    readers = np.empty((count, 4, 2)) if reading.readers.estimation != 0 else reading.held
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
    # Each strand has a draw index of its own, crime reports the first: resamples of one
    # say nothing of those of another.
    whole_numbers(
        seed, world, first, RESAMPLE, NATIONAL, 0, reading.purpose - COUNT_REPORTS, audits.seed
    )
    n_strata = reading.records.shape[1]
    was_repeated = True
    for b in range(audits.force.shape[0]):
        w = row + b if reading.strand.reports.shape[0] > 1 else 0
        forces = audits.force[b]
        words_of_forces(world, reading.purpose, forces, n_strata, draws.who)
        repeated = is_repeated(forces)
        if repeated or was_repeated:
            words_of_groups(forces, n_strata, DRAWS_OF_A_STRATUM, draws.which)
        was_repeated = repeated
        cells_of(draws.who, draws.which, n_strata, draws.cell)
        _copy_frame(reading, w, draws.cell, audits, b)
        _read_plainly(reading, w, seed, first + b, draws, audits, b)
    if reading.misread != 0:
        misread_at(
            reading.misread,
            (reading.readers, reading.strand, audits, seed, world, first, row, reading.purpose),
        )


@compiled(inline=True)  # type: ignore[untyped-decorator]
def _copy_frame(reading: Any, w: Any, cell: Any, audits: Any, b: Any) -> None:
    """What is known of an audit before a record is read."""
    for i in range(audits.force.shape[1]):
        f = audits.force[b, i]
        audits.p_inclusion[b, i] = reading.forces.p_declared[f]
        audits.force_stratum[b, i] = reading.forces.stratum_declared[f]
    reports, records = flat(reading.strand.reports[w]), flat(reading.records)
    frame, sampled = flat(audits.frame[b]), flat(audits.sampled[b])
    for j in range(frame.size):
        frame[j] = reports[cell[j]]
        sampled[j] = min(records[cell[j]], frame[j])


@compiled(inline=True)  # type: ignore[untyped-decorator]
def _read_plainly(
    reading: Any, w: Any, seed: Any, replicate: Any, draws: Any, audits: Any, b: Any
) -> None:
    """Find what there is in the records drawn, strata by the vector."""
    due, recorded = flat(audits.due[b]), flat(audits.recorded[b])
    if reading.known.due.shape[0] > 0:
        known_due, known_recorded = flat(reading.known.due[w]), flat(reading.known.recorded[w])
        for j in range(due.size):
            due[j] = known_due[draws.cell[j]]
            recorded[j] = known_recorded[draws.cell[j]]
        return
    uniforms_of_strata(seed, replicate, draws.who, draws.which, draws.first, draws.second)
    if reading.tables.due_guide.shape[0] > 0:
        look_up(
            reading.tables, draws.cell, draws.first, draws.second, draws.room, draws.place,
            due, recorded,
        )  # fmt: skip
        return
    _draw_counts(reading, w, draws, flat(audits.sampled[b]), due, recorded)


@compiled(inline=True)  # type: ignore[untyped-decorator]
def _draw_counts(reading: Any, w: Any, draws: Any, sampled: Any, due: Any, recorded: Any) -> None:
    """Quantiles of all strata of an audit, those of most records first."""
    reports_of, due_of = flat(reading.strand.reports[w]), flat(reading.strand.due[w])
    recorded_of = flat(reading.strand.recorded[w])
    n_strata, size = reading.records.shape[1], sampled.size
    j = 0
    for h in reading.order:
        for i in range(h, size, n_strata):
            draws.u[j], draws.drawn[j] = draws.first[i], sampled[i]
            draws.population[j] = reports_of[draws.cell[i]]
            draws.successes[j] = due_of[draws.cell[i]]
            j += 1
    _quantiles(draws, draws.drawn, draws.counts)
    j = 0
    for h in reading.order:
        for i in range(h, size, n_strata):
            draws.u[j] = draws.second[i]
            draws.population[j] = draws.successes[j]
            draws.successes[j] = recorded_of[draws.cell[i]]
            due[i] = draws.counts[j]
            j += 1
    _quantiles(draws, draws.counts, draws.drawn)
    j = 0
    for h in reading.order:
        for i in range(h, size, n_strata):
            recorded[i] = draws.drawn[j]
            j += 1
    # What is left over, to make up eights, draws nothing.
    draws.drawn[j:] = 0


@compiled(inline=True)  # type: ignore[untyped-decorator]
def _quantiles(draws: Any, drawn: Any, counts: Any) -> None:
    hypergeometric_quantiles(
        draws.u, draws.population, draws.successes, drawn, draws.hypergeometrics, counts
    )
