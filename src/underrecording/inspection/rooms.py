"""Room for audits, and for reading a batch of them: arrays made once and used again and again."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from underrecording.audit import Audits, Totals
from underrecording.compiling import compiled
from underrecording.inspection.visits import Visits, room_for_visits
from underrecording.rng import in_eights
from underrecording.totals import room_for_totals
from underrecording.variates import room_for_hypergeometrics


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
