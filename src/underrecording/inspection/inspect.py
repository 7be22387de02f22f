"""A ledger and the options to audits: many replicates of one inspection, compiled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np
from numba import types
from numpy.typing import NDArray

from underrecording.audit import FAULTLESS, Audits, ForceFrame
from underrecording.compiling import compiled
from underrecording.inspection.auditor import (
    READ_ONCE,
    Rereading,
    are_faultless,
    estimated_readers,
    known_readers,
)
from underrecording.inspection.counts import read_stratum, read_stratum_twice
from underrecording.inspection.forces.design import (
    PLAN_TYPE,
    SELECT_SIGNATURE,
    SELECT_TYPE,
    ForcePlan,
    Select,
)
from underrecording.inspection.options import Auditors, InspectionOptions
from underrecording.inspection.records import allocate, allocate_evenly
from underrecording.inspection.review import Review, plan_reviews, rates_of, rates_of_fault
from underrecording.inspection.strands import Strand
from underrecording.ledger import Ledger, force_accuracy
from underrecording.rng import COUNT_NO_CRIMES, COUNT_REPORTS, NATIONAL, RESAMPLE, whole_number

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


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
        Rates of each reader of crime reports, in the order of `Audit.readers`.
    no_crime_groups : int tuple
        Columns of the offence groups whose no-crimes are reviewed; () for none.
    no_crime_records : int array (F, len(no_crime_groups))
    no_crime_confusion : float array (4,)
    force_type : int array (F,)
        Metropolitan or county, as a number.
    rereading : Rereading
        Which crime reports are read twice; no-crime decisions are read once.
    held : float array (1, 4, 2), or None
        `Audit.readers` of crime reports; None where each audit estimates its own.
    no_crime_held : float array (1, 4, 2)
        `Audit.readers` of no-crime decisions.
    reviews : dict of str to Review
        Of all other strands, by strand; those that nobody asked for are not in it.
    """

    forces: ForcePlan
    select: Select
    records: Ints
    confusion: Floats
    no_crime_groups: tuple[int, ...]
    no_crime_records: Ints
    no_crime_confusion: Floats
    force_type: Ints
    rereading: Rereading = READ_ONCE
    held: Floats | None = field(default_factory=lambda: FAULTLESS[None])
    no_crime_held: Floats = field(default_factory=lambda: FAULTLESS[None])
    reviews: Mapping[str, Review] = field(default_factory=dict)

    def review(self, strand: str) -> Review:
        """What is read of *strand*, crime reports and no-crime decisions included."""
        if strand == "reports":
            groups = tuple(range(self.records.shape[1]))
            return Review(
                groups, self.records, self.confusion, self.held, COUNT_REPORTS, self.rereading
            )
        if strand == "no_crimes":
            return Review(
                self.no_crime_groups, self.no_crime_records, self.no_crime_confusion,
                self.no_crime_held, COUNT_NO_CRIMES,
            )  # fmt: skip
        return self.reviews[strand]


def plan_inspection(
    options: InspectionOptions,
    frame: ForceFrame,
    reports: Ints,
    no_crimes: Floats,
    records: Mapping[str, Floats] | None = None,
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
    records : mapping of str to float array (F, K)
        Records of all other strands expected, by section of *options*.

    Raises
    ------
    UserError
        If forces or records do not fit the frame.
    """
    auditors, review = options.auditors, options.no_crimes
    groups = tuple(frame.groups.index(name) for name in review.groups) if review else ()
    expected = np.rint(no_crimes[:, list(groups)]).astype(np.int64)
    no_crime_records = allocate_evenly(expected, review.per_force) if review else expected
    confusion, rereading = rates_of(auditors.due, auditors.recorded), _rereading(auditors)
    no_crime_confusion = rates_of_fault(auditors.wrong_no_crime)
    held, no_crime_held = FAULTLESS[None], FAULTLESS[None]
    if auditors.held == "known":
        held = known_readers(confusion, rereading)
        no_crime_held = known_readers(no_crime_confusion, READ_ONCE)
    return InspectionPlan(
        forces=options.forces.plan(frame),
        select=compiled_select(type(options.forces).select),
        records=allocate(reports, frame, options.records),
        confusion=confusion,
        no_crime_groups=groups,
        no_crime_records=no_crime_records,
        no_crime_confusion=no_crime_confusion,
        force_type=np.unique(np.array(frame.force_types), return_inverse=True)[1],
        rereading=rereading,
        held=None if auditors.held == "estimated" else held,
        no_crime_held=no_crime_held,
        reviews=plan_reviews(options, frame.groups, records or {}),
    )


def _rereading(auditors: Auditors) -> Rereading:
    second = auditors.second_reading
    registrar = rates_of(second.registrar.due, second.registrar.recorded)
    return Rereading(second.share, second.adjudicate, registrar)


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
    return read_review(plan, plan.review("reports"), strand, chosen, seed, world, first)


def read_no_crimes(
    plan: InspectionPlan, strand: Strand, chosen: Ints, seed: int, world: int, first: int
) -> Audits:
    """Audits of no-crime decisions in the forces *chosen*, (B, m)."""
    return read_review(plan, plan.review("no_crimes"), strand, chosen, seed, world, first)


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
    _, records, confusion, held, purpose, rereading = review
    # Faultless readers leave nothing to find, unless what is held of them is to be found out.
    twice = rereading.share > 0.0 and (held is None or not are_faultless(confusion))
    agreement = np.zeros((len(chosen), 4, 4), np.int64)
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
        over_recorded=np.zeros(shape, np.int64),
        post_stratum=plan.force_type,
        p_joint=plan.forces.p_joint,
        readers=FAULTLESS[None] if held is None else held,
        seed=np.empty(len(chosen), np.int64),
    )
    _count(
        strand, records, confusion, rereading, twice, agreement,
        np.uint64(seed), world, first, purpose, audits,
    )  # fmt: skip
    if held is None:
        return audits._replace(readers=estimated_readers(agreement, rereading))
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
    strand: Any, records: Any, confusion: Any, rereading: Any, twice: Any, agreement: Any,
    seed: Any, world: Any, first: Any, purpose: Any, audits: Any,
) -> None:  # fmt: skip
    count, n_forces = audits.force.shape
    for b in range(count):
        w = b if strand.reports.shape[0] > 1 else 0
        audits.seed[b] = whole_number(seed, world, first + b, RESAMPLE, NATIONAL, 0, 0)
        draw = 0
        for i in range(n_forces):
            f = audits.force[b, i]
            # A force drawn again, with replacement, has its records drawn again.
            draw = draw + 1 if i > 0 and f == audits.force[b, i - 1] else 0
            for h in range(records.shape[1]):
                reports = strand.reports[w, f, h]
                sampled = min(records[f, h], reports)
                if twice:
                    due, recorded, over_recorded = read_stratum_twice(
                        reports, strand.due[w, f, h], strand.recorded[w, f, h],
                        strand.over_recorded[w, f, h], sampled, confusion, rereading,
                        agreement[b], seed, world, first + b, purpose, f, h, draw,
                    )  # fmt: skip
                else:
                    due, recorded, over_recorded = read_stratum(
                        reports, strand.due[w, f, h], strand.recorded[w, f, h],
                        strand.over_recorded[w, f, h], sampled, confusion,
                        seed, world, first + b, purpose, f, h, draw,
                    )  # fmt: skip
                audits.frame[b, i, h] = reports
                audits.sampled[b, i, h] = sampled
                audits.due[b, i, h] = due
                audits.recorded[b, i, h] = recorded
                audits.over_recorded[b, i, h] = over_recorded
