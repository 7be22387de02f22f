"""A ledger and the options to audits: many replicates of one inspection, compiled."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numba import types
from numpy.typing import NDArray

from underrecording.audit import ForceFrame
from underrecording.compiling import compiled
from underrecording.inspection.counts import read_stratum
from underrecording.inspection.forces.design import (
    PLAN_TYPE,
    SELECT_SIGNATURE,
    SELECT_TYPE,
    ForcePlan,
    Select,
)
from underrecording.inspection.options import InspectionOptions
from underrecording.inspection.records import allocate, allocate_evenly
from underrecording.inspection.strands import Strand
from underrecording.ledger import Ledger, force_accuracy
from underrecording.rng import COUNT_NO_CRIMES, COUNT_REPORTS

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


class Audits(NamedTuple):
    """B audits of m forces in H strata: `Audit` with a leading axis.

    Attributes
    ----------
    force : int array (B, m)
    frame, sampled, due, recorded : int arrays (B, m, H)
    p_inclusion : float array (B, m)
    force_stratum : int array (B, m)
    recorded_volume : float array (W, F, H)
        W is B, or 1 where all audits are of one world.
    """

    force: Ints
    frame: Ints
    sampled: Ints
    due: Ints
    recorded: Ints
    p_inclusion: Floats
    force_stratum: Ints
    recorded_volume: Floats


@dataclass(frozen=True)
class InspectionPlan:
    """An inspection laid out on a frame: ready to be repeated.

    Attributes
    ----------
    forces : ForcePlan
    select : compiled selection
    records : int array (F, K)
        Reports to read in each force, were it inspected.
    confusion : float array (4,)
    no_crime_groups : int tuple
        Columns of the offence groups whose no-crimes are reviewed; () for none.
    no_crime_records : int array (F, len(no_crime_groups))
    no_crime_confusion : float array (4,)
    """

    forces: ForcePlan
    select: Select
    records: Ints
    confusion: Floats
    no_crime_groups: tuple[int, ...]
    no_crime_records: Ints
    no_crime_confusion: Floats


def plan_inspection(
    options: InspectionOptions, frame: ForceFrame, reports: Ints, no_crimes: Floats
) -> InspectionPlan:
    """Lay *options* out on *frame*.

    Parameters
    ----------
    options : InspectionOptions
    frame : ForceFrame
    reports : int array (F, K)
        Reports on the auditable frame.
    no_crimes : float array (F, K)
        No-crime decisions expected.

    Raises
    ------
    UserError
        If forces or records do not fit the frame.
    """
    auditors, review = options.auditors, options.no_crimes
    groups = tuple(frame.groups.index(name) for name in review.groups) if review else ()
    expected = np.rint(no_crimes[:, list(groups)]).astype(np.int64)
    no_crime_records = allocate_evenly(expected, review.per_force) if review else expected
    return InspectionPlan(
        forces=options.forces.plan(frame),
        select=compiled_select(type(options.forces).select),
        records=allocate(reports, frame, options.records),
        confusion=np.array(
            [
                auditors.due.sensitivity, auditors.due.specificity,
                auditors.recorded.sensitivity, auditors.recorded.specificity,
            ]
        ),
        no_crime_groups=groups,
        no_crime_records=no_crime_records,
        # "Recorded" stands for a right decision here, so the two change places.
        no_crime_confusion=np.array(
            [1.0, 1.0, auditors.wrong_no_crime.specificity, auditors.wrong_no_crime.sensitivity]
        ),
    )  # fmt: skip


def select_forces(
    plan: InspectionPlan, ledger: Ledger, seed: int, world: int, first: int, count: int
) -> Ints:
    """Forces inspected in replicates *first* to *first* + *count* - 1, (count, m)."""
    chosen = np.empty((count, plan.forces.inspected), np.int64)
    accuracy = force_accuracy(ledger)
    loop = _select_loop()
    loop(plan.select, plan.forces, np.uint64(seed), world, first, accuracy, chosen)
    return chosen


def read_reports(
    plan: InspectionPlan, strand: Strand, chosen: Ints, seed: int, world: int, first: int
) -> Audits:
    """Audits of crime reports in the forces *chosen*, (B, m)."""
    return _read(
        plan, strand, chosen, plan.records, plan.confusion, seed, world, first, COUNT_REPORTS
    )


def read_no_crimes(
    plan: InspectionPlan, strand: Strand, chosen: Ints, seed: int, world: int, first: int
) -> Audits:
    """Audits of no-crime decisions in the forces *chosen*, (B, m)."""
    return _read(
        plan, strand, chosen, plan.no_crime_records, plan.no_crime_confusion,
        seed, world, first, COUNT_NO_CRIMES,
    )  # fmt: skip


def _read(
    plan: InspectionPlan, strand: Strand, chosen: Ints, records: Ints, confusion: Floats,
    seed: int, world: int, first: int, purpose: int,
) -> Audits:  # fmt: skip
    shape = (*chosen.shape, records.shape[1])
    frame, sampled, due, recorded = (np.empty(shape, np.int64) for _ in range(4))
    audits = Audits(
        force=chosen,
        frame=frame,
        sampled=sampled,
        due=due,
        recorded=recorded,
        p_inclusion=plan.forces.p_declared[chosen],
        force_stratum=plan.forces.stratum_declared[chosen],
        recorded_volume=strand.volume,
    )
    _count(strand, records, confusion, np.uint64(seed), world, first, purpose, audits)
    return audits


@cache
def compiled_select(select: Any) -> Any:
    """Compile a selection to be called through a pointer: one loop serves all designs."""
    return compiled(select.py_func, signature=SELECT_SIGNATURE)


@cache
def _select_loop() -> Any:
    def loop(
        select: Any, plan: Any, seed: Any, world: Any, first: Any, accuracy: Any, chosen: Any
    ) -> None:
        for b in range(chosen.shape[0]):
            w = b if accuracy.shape[0] > 1 else 0
            select(plan, seed, world, first + b, accuracy[w], chosen[b])

    table = types.Array(types.float64, 2, "C"), types.Array(types.int64, 2, "C")
    number = types.uint64, types.int64, types.int64
    return compiled(loop, signature=types.void(SELECT_TYPE, PLAN_TYPE, *number, *table))


@compiled
def _count(
    strand: Any, records: Any, confusion: Any, seed: Any, world: Any, first: Any, purpose: Any,
    audits: Any,
) -> None:  # fmt: skip
    count, n_forces = audits.force.shape
    for b in range(count):
        w = b if strand.reports.shape[0] > 1 else 0
        for i in range(n_forces):
            f = audits.force[b, i]
            for h in range(records.shape[1]):
                reports = strand.reports[w, f, h]
                sampled = min(records[f, h], reports)
                due, recorded = read_stratum(
                    reports, strand.due[w, f, h], strand.recorded[w, f, h],
                    strand.over_recorded[w, f, h], sampled, confusion,
                    seed, world, first + b, purpose, f, h,
                )  # fmt: skip
                audits.frame[b, i, h] = reports
                audits.sampled[b, i, h] = sampled
                audits.due[b, i, h] = due
                audits.recorded[b, i, h] = recorded
