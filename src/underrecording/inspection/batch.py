"""A batch of audits read force by force: counts of all strata, and totals of forces.

Each force is read in all audits that inspect it before the next one is. No count
depends on what else is in the batch.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from underrecording.compiling import compiled, copy_eight, flat, uncounted
from underrecording.inspection.one_force import read_force
from underrecording.inspection.readers import misread_at
from underrecording.inspection.visits import list_visits
from underrecording.rng import COUNT_REPORTS, NATIONAL, RESAMPLE, whole_numbers
from underrecording.totals import add_up


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
                read_force(
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
