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
from underrecording.inspection.inspect import InspectionPlan
from underrecording.inspection.reading import reads_plainly
from underrecording.inspection.review import Review
from underrecording.inspection.strands import Strand
from underrecording.rng import uniforms
from underrecording.variates import binomial_quantile, hypergeometric_quantile

Ints = NDArray[np.int64]

_OUT_OF_REACH = 8  # As in `counts`: after the addresses of the first reading.


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
                true = _found(
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
                read = table.sum(axis=0)
                audits.sampled[b, i, h] = read.sum()
                audits.due[b, i, h] = read[0] + read[1]
                audits.recorded[b, i, h] = read[0]
                audits.over_recorded[b, i, h] = read[2]
        if estimation != 0:
            estimate_readers_at(estimation, (agreement, rereading, audits.readers[b]))


@compiled
def _found(
    reports: Any, due: Any, recorded: Any, over_recorded: Any, sampled: Any, unreachable: Any,
    seed: Any, world: Any, replicate: Any, purpose: Any, force: Any, group: Any, index: Any,
) -> Any:  # fmt: skip
    """Records drawn and found by true category, as in an ordinary reading."""
    u, v = uniforms(seed, world, replicate, purpose, force, group, index)
    x = hypergeometric_quantile(u, reports, due, sampled)
    y = hypergeometric_quantile(v, due, recorded, x)
    u, _ = uniforms(seed, world, replicate, purpose, force, group, index + 1)
    z = hypergeometric_quantile(u, reports - due, over_recorded, sampled - x)
    t0, t1, t2, t3 = y, x - y, z, sampled - x - z
    if unreachable.any():
        lost = index + _OUT_OF_REACH
        u, v = uniforms(seed, world, replicate, purpose, force, group, lost)
        t0 -= binomial_quantile(u, t0, unreachable[0])
        t1 -= binomial_quantile(v, t1, unreachable[1])
        u, v = uniforms(seed, world, replicate, purpose, force, group, lost + 1)
        t2 -= binomial_quantile(u, t2, unreachable[2])
        t3 -= binomial_quantile(v, t3, unreachable[3])
    return t0, t1, t2, t3
