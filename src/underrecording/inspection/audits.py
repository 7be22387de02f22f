"""A ledger and a plan to audits: many replicates of one inspection, compiled."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from underrecording.audit import Audits
from underrecording.compiling import compiled, uncounted
from underrecording.dispatch import address_of, through
from underrecording.inspection.auditor import DRAWS_OF_A_STRATUM, estimate_readers_at
from underrecording.inspection.count_tables import look_up
from underrecording.inspection.counts import read_stratum
from underrecording.inspection.forces.design import SELECT_SIGNATURE
from underrecording.inspection.inspect import InspectionPlan
from underrecording.inspection.reading import make_reading
from underrecording.inspection.review import Review
from underrecording.inspection.strands import Strand
from underrecording.ledger import Ledger, force_accuracy
from underrecording.rng import (
    COUNT_REPORTS,
    NATIONAL,
    RESAMPLE,
    address_words,
    in_eights,
    uniforms_of_strata,
    whole_number,
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
    """Room for the draws of one audit, (N,) each, N at least m H.

    Attributes
    ----------
    who, which : uint64 arrays
        Words of addresses.
    first, second, u : float arrays
        Uniforms, as they are addressed and as they are used.
    population, successes, drawn, counts : int arrays
    hypergeometrics : Room
    """

    who: Any
    which: Any
    first: Any
    second: Any
    u: Any
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
        np.empty(n, np.uint64), np.empty(n, np.uint64), np.empty(n), np.empty(n),
        np.full(n, 0.5), np.zeros(n, np.int64), np.zeros(n, np.int64), np.zeros(n, np.int64),
        np.zeros(n, np.int64), room_for_hypergeometrics(n),
    )  # fmt: skip


@compiled
def room_for_audits(reading: Any, count: Any, m: Any) -> Any:
    """Room for *count* audits of *m* forces, with what all of them share."""
    shape = (count, m, reading.records.shape[1])
    readers = np.empty((count, 4, 2)) if reading.estimation != 0 else reading.held
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
    for b in range(audits.force.shape[0]):
        w = row + b if reading.strand.reports.shape[0] > 1 else 0
        _copy_frame(reading, w, audits, b)
        # Each strand has a draw index of its own, crime reports the first: resamples of one
        # say nothing of those of another.
        audits.seed[b] = whole_number(
            seed, world, first + b, RESAMPLE, NATIONAL, 0, reading.purpose - COUNT_REPORTS
        )
        if reading.plain:
            _read_plainly(reading, w, seed, world, first + b, draws, audits, b)
        else:
            agreement[:] = 0
            _draw_one_by_one(reading, w, seed, world, first + b, agreement, audits, b)
            if reading.estimation != 0:
                estimate_readers_at(
                    reading.estimation, (agreement, reading.rereading, audits.readers[b])
                )


@compiled(inline=True)  # type: ignore[untyped-decorator]
def _read_plainly(
    reading: Any, w: Any, seed: Any, world: Any, replicate: Any, draws: Any, audits: Any, b: Any
) -> None:
    """Find all there is in the records drawn, strata by the vector."""
    force, n_strata = audits.force[b], reading.records.shape[1]
    if reading.known.due.shape[0] > 0:
        for i in range(force.size):
            for h in range(n_strata):
                audits.due[b, i, h] = reading.known.due[w, force[i], h]
                audits.recorded[b, i, h] = reading.known.recorded[w, force[i], h]
        return
    address_words(
        world, reading.purpose, force, n_strata, DRAWS_OF_A_STRATUM, draws.who, draws.which
    )
    uniforms_of_strata(seed, replicate, draws.who, draws.which, draws.first, draws.second)
    if reading.tables.due_guide.shape[0] > 0:
        look_up(
            reading.tables, force, n_strata, draws.first, draws.second,
            audits.due[b], audits.recorded[b],
        )  # fmt: skip
        return
    _draw_counts(reading, w, draws, audits, b)


@compiled(inline=True)  # type: ignore[untyped-decorator]
def _draw_counts(reading: Any, w: Any, draws: Any, audits: Any, b: Any) -> None:
    """Counts of all strata at once, those of most records first."""
    strand, force, n_strata = reading.strand, audits.force[b], reading.records.shape[1]
    j = 0
    for h in reading.order:
        for i in range(force.size):
            draws.u[j] = draws.first[i * n_strata + h]
            draws.population[j] = strand.reports[w, force[i], h]
            draws.successes[j] = strand.due[w, force[i], h]
            draws.drawn[j] = audits.sampled[b, i, h]
            j += 1
    _quantiles(draws, draws.drawn, draws.counts)
    j = 0
    for h in reading.order:
        for i in range(force.size):
            draws.u[j] = draws.second[i * n_strata + h]
            draws.population[j] = draws.successes[j]
            draws.successes[j] = strand.recorded[w, force[i], h]
            audits.due[b, i, h] = draws.counts[j]
            j += 1
    _quantiles(draws, draws.counts, draws.drawn)
    j = 0
    for h in reading.order:
        for i in range(force.size):
            audits.recorded[b, i, h] = draws.drawn[j]
            j += 1
    # What is left over, to make up eights, draws nothing.
    draws.drawn[j:] = 0


@compiled(inline=True)  # type: ignore[untyped-decorator]
def _quantiles(draws: Any, drawn: Any, counts: Any) -> None:
    hypergeometric_quantiles(
        draws.u, draws.population, draws.successes, drawn, draws.hypergeometrics, counts
    )


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
            x, y, z, sampled = read_stratum(
                reports, due, recorded, over, sampled, reading.confusion,
                reading.unreachable, reading.rereading, agreement,
                seed, world, replicate, purpose, f, h, draw,
            )  # fmt: skip
            audits.sampled[b, i, h] = sampled
            audits.due[b, i, h] = x
            audits.recorded[b, i, h] = y
            audits.over_recorded[b, i, h] = z
