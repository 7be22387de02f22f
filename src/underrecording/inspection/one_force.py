"""One force read in all audits of a batch that inspect it, stratum by stratum.

Of a stratum the records and, in a fixed world, the frame and the law are the same in
all of them, so they go through each step together, in vector instructions.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from underrecording.audit import COVARIANCE, DUE, RECORDED, VAR_DUE, VAR_RECORDED
from underrecording.compiling import compiled, flat
from underrecording.inspection.count_tables import look_up, stratum
from underrecording.inspection.rooms import Lanes
from underrecording.inspection.visits import unpack_visits
from underrecording.rng import in_eights, uniforms_of_force, words_of
from underrecording.totals import deviation_weight, record_weight
from underrecording.variates import hypergeometric_quantiles


@compiled(inline=True)  # type: ignore[untyped-decorator]
def read_force(
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
