"""A batch of audits read force by force: counts of all strata, and totals of forces.

Each force is read in all audits that inspect it before the next one is, stratum by
stratum: of a stratum the frame, the records and the law are the same in all of them
(the law in a fixed world only). No count depends on what else is in the batch.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from underrecording.audit import (
    COVARIANCE,
    DUE,
    RECORDED,
    VAR_DUE,
    VAR_RECORDED,
    Audits,
    Totals,
)
from underrecording.compiling import compiled, copy_eight, flat, uncounted
from underrecording.inspection.count_tables import look_up, stratum
from underrecording.inspection.readers import misread_at
from underrecording.inspection.visits import (
    Visits,
    list_visits,
    room_for_visits,
    unpack_visits,
)
from underrecording.rng import (
    COUNT_REPORTS,
    NATIONAL,
    RESAMPLE,
    in_eights,
    uniforms_of_force,
    whole_numbers,
    words_of,
)
from underrecording.totals import (
    add_up,
    deviation_weight,
    record_weight,
    room_for_totals,
)
from underrecording.variates import hypergeometric_quantiles, room_for_hypergeometrics


class Lanes(NamedTuple):
    """One force in all audits of a batch that inspect it, L of them, stratum by stratum.

    Attributes
    ----------
    audit, row, index : uint64 arrays (L,)
        See `visits.unpack_visits`.
    replicate : uint64 array (L,)
    first, second : float arrays (H L,)
        Uniforms, stratum by stratum.
    due, recorded : int arrays (H L,)
    law, place, room : uint64 arrays (H L,)
        To look counts up.
    population, successes, drawn : int arrays (L,)
        To draw them.
    total_due, total_recorded, var_due, var_recorded, covariance : float arrays (L,)
        See `Totals`.
    """

    audit: Any
    row: Any
    index: Any
    replicate: Any
    first: Any
    second: Any
    due: Any
    recorded: Any
    law: Any
    place: Any
    room: Any
    population: Any
    successes: Any
    drawn: Any
    total_due: Any
    total_recorded: Any
    var_due: Any
    var_recorded: Any
    covariance: Any


class ReadingRoom(NamedTuple):
    """Room to read a batch.

    Attributes
    ----------
    visits : Visits
    lanes : Lanes
    hypergeometrics : Room
    frame, sampled : int arrays (F, H in eights)
        Of each force, where they are the same in all worlds.
    """

    visits: Visits
    lanes: Lanes
    hypergeometrics: Any
    frame: Any
    sampled: Any


@compiled
def room_to_read(reading: Any, count: Any, m: Any) -> Any:
    """Room to read batches of up to *count* audits of *m* forces."""
    n = in_eights(count)
    size = n * reading.records.shape[1]
    lanes = Lanes(
        np.empty(n, np.uint64), np.empty(n, np.uint64), np.empty(n, np.uint64),
        np.empty(n, np.uint64), np.empty(size), np.empty(size), np.empty(size, np.int64),
        np.empty(size, np.int64), np.empty(size, np.uint64), np.empty(size, np.uint64),
        np.empty(size, np.uint64), np.empty(n, np.int64), np.empty(n, np.int64),
        np.empty(n, np.int64), np.empty(n), np.empty(n), np.empty(n), np.empty(n), np.empty(n),
    )  # fmt: skip
    n_forces, n_strata = reading.records.shape
    frame, sampled = (
        np.zeros((n_forces, in_eights(n_strata)), np.int64),
        np.zeros((n_forces, in_eights(n_strata)), np.int64),
    )
    frame[:, :n_strata] = reading.strand.reports[0]
    sampled[:, :n_strata] = np.minimum(reading.records, reading.strand.reports[0])
    return ReadingRoom(
        room_for_visits(n_forces, count * m), lanes, room_for_hypergeometrics(n), frame, sampled
    )


@compiled(inline=True)  # type: ignore[untyped-decorator]
def _lanes_for(lanes: Any, n: Any, n_strata: Any) -> Any:
    """Lanes for *n* audits, out of room for more."""
    size = n * n_strata
    return Lanes(
        lanes.audit[:n], lanes.row[:n], lanes.index[:n], lanes.replicate[:n],
        lanes.first[:size], lanes.second[:size], lanes.due[:size], lanes.recorded[:size],
        lanes.law[:size], lanes.place[:size], lanes.room[:size], lanes.population[:n],
        lanes.successes[:n], lanes.drawn[:n], lanes.total_due[:n], lanes.total_recorded[:n],
        lanes.var_due[:n], lanes.var_recorded[:n], lanes.covariance[:n],
    )  # fmt: skip


@compiled
def room_for_audits(reading: Any, count: Any, m: Any, summed: Any) -> Any:
    """Room for *count* audits of *m* forces, with what all of them share.

    *summed*: whether there is room for totals too, which are then added up.
    """
    shape = (count, m, reading.records.shape[1])
    readers = np.empty((count, 4, 2)) if reading.readers.estimation != 0 else reading.held
    return Audits(
        np.empty((count, m), np.int64), _with_slack(shape), _with_slack(shape),
        np.empty(shape, np.int64), np.empty(shape, np.int64), np.empty((count, m)),
        np.empty((count, m), np.int64), reading.strand.volume, np.zeros(shape, np.int64),
        reading.force_type, reading.forces.p_joint, readers, np.empty(count, np.int64),
        room_for_totals(count if summed else 0, m),
    )  # fmt: skip


@compiled(inline=True)  # type: ignore[untyped-decorator]
def _with_slack(shape: Any) -> Any:
    """Room for a table of whole numbers, and for 7 more behind it."""
    size = shape[0] * shape[1] * shape[2]
    return np.empty(size + 7, np.int64)[:size].reshape(shape)


@compiled
def some_of_room(room: Any, volume: Any, first: Any, stop: Any, offset: Any) -> Any:
    """Of *room* what audits *first* to *stop* - 1 take, and what is public of their worlds.

    *volume* (W, F, H) is that of all worlds; the audits' are *offset* further on.
    """
    if volume.shape[0] > 1:
        volume = volume[first + offset : stop + offset]
    readers = room.readers
    if readers.shape[0] > 1:
        readers = readers[first:stop]
    return Audits(
        room.force[first:stop], room.frame[first:stop], room.sampled[first:stop],
        room.due[first:stop], room.recorded[first:stop], room.p_inclusion[first:stop],
        room.force_stratum[first:stop], volume, room.over_recorded[first:stop],
        room.post_stratum, room.p_joint, readers, room.seed[first:stop],
        Totals(room.totals.force[first:stop], room.totals.nation[first:stop]),
    )  # fmt: skip


@compiled
def read_batch(
    reading: Any, seed: Any, world: Any, first: Any, row: Any, audits: Any, room: Any
) -> None:
    """Read the forces of *audits*, (B, m): all else of them is filled in.

    Replicates are *first* and those after it; the first has its world in row *row* of W.
    """
    reading, audits, room = uncounted(reading), uncounted(audits), uncounted(room)
    # Each strand has a draw index of its own, crime reports the first: resamples of one
    # say nothing of those of another.
    whole_numbers(
        seed, world, first, RESAMPLE, NATIONAL, 0, reading.purpose - COUNT_REPORTS, audits.seed
    )
    is_known = reading.known.due.shape[0] > 0
    is_summed = audits.totals.force.shape[0] > 0
    # Where the frame is the same in all of them, totals are added up on the way.
    at_once = not is_known and reading.misread == 0 and reading.strand.reports.shape[0] == 1
    _copy_frame(reading, row, audits, room)
    if is_known:
        _copy_counts(reading.known, row, audits)
    else:
        if is_summed:
            audits.totals.nation[:] = 0.0
        list_visits(audits.force, room.visits)
        start, most = room.visits.start, room.lanes.audit.size
        for f in range(reading.records.shape[0]):
            # Drawn with replacement, a force may be visited more often than there are audits.
            for begin in range(start[f], start[f + 1], most):
                which = room.visits.which[begin : min(begin + most, start[f + 1])]
                _read_force(
                    reading, seed, world, first, row, f, which, is_summed and at_once, audits,
                    room,
                )  # fmt: skip
    if reading.misread != 0:
        misread_at(
            reading.misread,
            (reading.readers, reading.strand, audits, seed, world, first, row, reading.purpose),
        )
    if is_summed and not at_once:
        add_up(audits)


@compiled(inline=True)  # type: ignore[untyped-decorator]
def _copy_frame(reading: Any, row: Any, audits: Any, room: Any) -> None:
    """What is known of audits before a record is read."""
    for b in range(audits.force.shape[0]):
        for i in range(audits.force.shape[1]):
            f = audits.force[b, i]
            audits.p_inclusion[b, i] = reading.forces.p_declared[f]
            audits.force_stratum[b, i] = reading.forces.stratum_declared[f]
    if reading.strand.reports.shape[0] == 1:
        _copy_rows(room.frame, audits.force, audits.frame)
        _copy_rows(room.sampled, audits.force, audits.sampled)
        return
    for b in range(audits.force.shape[0]):
        for i in range(audits.force.shape[1]):
            f = audits.force[b, i]
            for h in range(reading.records.shape[1]):
                reports = reading.strand.reports[row + b, f, h]
                audits.frame[b, i, h] = reports
                audits.sampled[b, i, h] = min(reading.records[f, h], reports)


@compiled(inline=True)  # type: ignore[untyped-decorator]
def _copy_rows(rows: Any, force: Any, table: Any) -> None:
    """Fill *table* (B, m, H), behind which there is room for 7 more, with *rows* (F, H)."""
    width, n_strata = rows.shape[1], np.uint64(table.shape[2])
    rows, table = flat(rows), flat(table)
    to = np.uint64(0)
    for f in flat(force):
        for h in range(0, width, 8):
            # In eights: what is too many the next force writes over.
            copy_eight(rows, np.uint64(f * width + h), table, to + np.uint64(h))
        to += n_strata


@compiled(inline=True)  # type: ignore[untyped-decorator]
def _copy_counts(known: Any, row: Any, audits: Any) -> None:
    """Counts that were found already."""
    n_forces, n_strata = known.due.shape[1:]
    known_due, known_recorded = flat(known.due), flat(known.recorded)
    due, recorded = flat(audits.due), flat(audits.recorded)
    to = np.uint64(0)
    for b in range(audits.force.shape[0]):
        for i in range(audits.force.shape[1]):
            at = np.uint64(((row + b) * n_forces + audits.force[b, i]) * n_strata)
            for h in range(n_strata):
                due[to + np.uint64(h)] = known_due[at + np.uint64(h)]
                recorded[to + np.uint64(h)] = known_recorded[at + np.uint64(h)]
            to += np.uint64(n_strata)


@compiled(inline=True)  # type: ignore[untyped-decorator]
def _read_force(
    reading: Any, seed: Any, world: Any, first: Any, row: Any, f: Any, which: Any,
    is_summed: Any, audits: Any, room: Any,
) -> None:  # fmt: skip
    """Make the visits *which* to force *f*, and add up its totals if *is_summed*."""
    count, n_strata = which.size, reading.records.shape[1]
    # In eights: what is left over goes along, and is put down nowhere.
    n = in_eights(count)
    lanes = _lanes_for(room.lanes, n, n_strata)
    unpack_visits(which, audits.force.shape[1], lanes.audit, lanes.row, lanes.index)
    for j in range(n):
        lanes.replicate[j] = np.uint64(first) + lanes.audit[j]
    for h in range(n_strata):
        who, of_stratum = words_of(world, reading.purpose, f, h, 0)
        uniforms_of_force(
            seed, lanes.replicate, who, of_stratum, lanes.index, stratum(lanes.first, h, n),
            stratum(lanes.second, h, n),
        )  # fmt: skip
    if reading.tables.due_guide.shape[0] > 0:
        look_up(
            reading.tables, f * n_strata, n_strata, lanes.first, lanes.second, lanes.law,
            lanes.room, lanes.place, lanes.due, lanes.recorded,
        )  # fmt: skip
    else:
        for h in range(n_strata):
            _draw_counts(reading, row, f, h, n, lanes, room.hypergeometrics)
    _put_down_counts(lanes, count, n_strata, flat(audits.due), flat(audits.recorded))
    if is_summed:
        _weigh(lanes, n, reading.strand.reports[0, f], reading.records[f])
        _put_down_totals(lanes, count, reading.forces.p_declared[f], audits.totals)


@compiled(inline=True)  # type: ignore[untyped-decorator]
def _draw_counts(
    reading: Any, row: Any, f: Any, h: Any, n: Any, lanes: Any, hypergeometrics: Any
) -> None:
    """Draw the counts of stratum *h*."""
    reports, due = reading.strand.reports, reading.strand.due
    recorded, records = reading.strand.recorded, reading.records[f, h]
    fresh = reports.shape[0] > 1
    for j in range(n):
        w = row + np.int64(lanes.audit[j]) if fresh else 0
        lanes.population[j], lanes.successes[j] = reports[w, f, h], due[w, f, h]
        lanes.drawn[j] = min(records, lanes.population[j])
    hypergeometric_quantiles(
        stratum(lanes.first, h, n), lanes.population, lanes.successes, lanes.drawn,
        hypergeometrics, stratum(lanes.due, h, n),
    )  # fmt: skip
    for j in range(n):
        w = row + np.int64(lanes.audit[j]) if fresh else 0
        lanes.population[j], lanes.successes[j] = lanes.successes[j], recorded[w, f, h]
    hypergeometric_quantiles(
        stratum(lanes.second, h, n), lanes.population, lanes.successes,
        stratum(lanes.due, h, n), hypergeometrics, stratum(lanes.recorded, h, n),
    )  # fmt: skip


@compiled(inline=True)  # type: ignore[untyped-decorator]
def _put_down_counts(lanes: Any, count: Any, n_strata: Any, due: Any, recorded: Any) -> None:
    """Write the counts of a force where they belong."""
    n = lanes.row.size
    for h in range(n_strata):
        of_due, of_recorded = stratum(lanes.due, h, n), stratum(lanes.recorded, h, n)
        for j in range(count):
            at = lanes.row[j] * np.uint64(n_strata) + np.uint64(h)
            due[at] = of_due[j]
            recorded[at] = of_recorded[j]


@compiled(inline=True)  # type: ignore[untyped-decorator]
def _weigh(lanes: Any, n: Any, population: Any, records: Any) -> None:
    """Totals of a force, as `add_up` makes them."""
    lanes.total_due[:], lanes.total_recorded[:] = 0.0, 0.0
    lanes.var_due[:], lanes.var_recorded[:], lanes.covariance[:] = 0.0, 0.0, 0.0
    for h in range(population.size):
        read = min(records[h], population[h])
        weight = record_weight(population[h], read)
        deviation = deviation_weight(population[h], read)
        due, recorded = stratum(lanes.due, h, n), stratum(lanes.recorded, h, n)
        # With more arrays in one loop it would not be turned into vector instructions.
        for j in range(n):
            lanes.total_due[j] += weight * float(due[j])
            lanes.total_recorded[j] += weight * float(recorded[j])
        for j in range(n):
            x = float(due[j])
            lanes.var_due[j] += deviation * (x * (read - x))
            lanes.covariance[j] += deviation * (float(recorded[j]) * (read - x))
        for j in range(n):
            y = float(recorded[j])
            lanes.var_recorded[j] += deviation * (y * (read - y))


@compiled(inline=True)  # type: ignore[untyped-decorator]
def _put_down_totals(lanes: Any, count: Any, p_inclusion: Any, totals: Any) -> None:
    """Write the totals of a force where they belong, and add them to the national ones."""
    of_force, nation, expansion = flat(totals.force), flat(totals.nation), 1.0 / p_inclusion
    for j in range(count):
        at, b = lanes.row[j] * np.uint64(5), lanes.audit[j] * np.uint64(2)
        of_force[at + np.uint64(DUE)] = lanes.total_due[j]
        of_force[at + np.uint64(RECORDED)] = lanes.total_recorded[j]
        of_force[at + np.uint64(VAR_DUE)] = lanes.var_due[j]
        of_force[at + np.uint64(VAR_RECORDED)] = lanes.var_recorded[j]
        of_force[at + np.uint64(COVARIANCE)] = lanes.covariance[j]
        nation[b + np.uint64(DUE)] += lanes.total_due[j] * expansion
        nation[b + np.uint64(RECORDED)] += lanes.total_recorded[j] * expansion
