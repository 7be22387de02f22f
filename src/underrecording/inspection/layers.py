"""Luck by layers: other records in the same forces, other readings of the same records.

Each layer of an inspection (forces, records, readings) takes its random numbers
from an address of its own; what shares an address shares that luck. With one
address for all it is the inspection of an ordinary study.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from underrecording.audit import Audits
from underrecording.compiling import compiled
from underrecording.inspection.auditor import (
    DRAWS_OF_A_STRATUM,
    estimate_readers_at,
    estimation_address,
    read_again,
    read_once,
)
from underrecording.inspection.audits import read_review
from underrecording.inspection.counts import count_readings, find_records
from underrecording.inspection.inspect import InspectionPlan
from underrecording.inspection.readers import reads_plainly
from underrecording.inspection.review import Review
from underrecording.inspection.strands import Strand
from underrecording.totals import add_up

Ints = NDArray[np.int64]


def read_in_layers(
    plan: InspectionPlan,
    review: Review,
    strand: Strand,
    chosen: Ints,
    seed: int,
    world: int,
    *,
    records_at: int,
    readings_at: int,
) -> Audits:
    """Audits of *strand* in the forces *chosen*, (B, m), with luck from two addresses.

    Parameters
    ----------
    plan, review, strand, chosen, seed, world
        As for `read_review`.
    records_at : int
        First of the B replicates whose luck says which records are drawn and found.
    readings_at : int
        First of the B replicates whose luck says how they are read, a second time too.
    """
    if records_at == readings_at or reads_plainly(review):
        return read_review(plan, review, strand, chosen, seed, world, records_at)
    audits = read_review(plan, review, strand, chosen, seed, world, readings_at)
    _read_anew(
        audits, strand.reports, strand.due, strand.recorded, strand.over_recorded, review.records,
        review.confusion, review.unreachable, review.rereading,
        estimation_address() if review.held is None else 0,
        np.uint64(seed), world, records_at, readings_at, review.purpose,
    )  # fmt: skip
    return audits


@compiled
def _read_anew(
    audits: Any, reports: Any, due: Any, recorded: Any, over_recorded: Any, records: Any,
    confusion: Any, unreachable: Any, rereading: Any, estimation: Any,
    seed: Any, world: Any, records_at: Any, readings_at: Any, purpose: Any,
) -> None:  # fmt: skip
    """Fill the counts of *audits* in again, records and readings each from its address."""
    table, agreement = np.empty((4, 4), np.int64), np.zeros((4, 4), np.int64)
    for b in range(audits.force.shape[0]):
        w = b if reports.shape[0] > 1 else 0
        agreement[:] = 0
        draw = 0
        for i in range(audits.force.shape[1]):
            f = audits.force[b, i]
            draw = draw + 1 if i > 0 and f == audits.force[b, i - 1] else 0
            for h in range(records.shape[1]):
                true = find_records(
                    reports[w, f, h], due[w, f, h], recorded[w, f, h], over_recorded[w, f, h],
                    min(records[f, h], reports[w, f, h]), unreachable,
                    seed, world, records_at + b, purpose, f, h, draw * DRAWS_OF_A_STRATUM,
                )  # fmt: skip
                read_once(
                    true, confusion, table,
                    seed, world, readings_at + b, purpose, f, h, draw * DRAWS_OF_A_STRATUM,
                )  # fmt: skip
                if rereading.share > 0.0:
                    read_again(
                        table, confusion, rereading, agreement,
                        seed, world, readings_at + b, purpose, f, h, draw,
                    )  # fmt: skip
                x, y, z, n = count_readings(table)
                audits.sampled[b, i, h], audits.over_recorded[b, i, h] = n, z
                audits.due[b, i, h], audits.recorded[b, i, h] = x, y
        if estimation != 0:
            estimate_readers_at(estimation, (agreement, rereading, audits.readers[b]))
    add_up(audits)
