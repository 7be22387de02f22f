"""An inspection laid out on a frame: forces, records, readers, ready to be repeated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from underrecording.audit import FAULTLESS, ForceFrame
from underrecording.inspection.auditor import READ_ONCE, Rereading, known_readers
from underrecording.inspection.forces.design import ForcePlan, selection_name
from underrecording.inspection.options import Auditors, InspectionOptions
from underrecording.inspection.records import allocate, allocate_evenly, short_strata
from underrecording.inspection.review import (
    ALL_IN_REACH,
    WHOLE,
    Review,
    chances_of_loss,
    plan_reviews,
    rates_of,
    rates_of_fault,
)
from underrecording.inspection.strata import Strata, lay_out_strata
from underrecording.rng import COUNT_NO_CRIMES, COUNT_REPORTS

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class InspectionPlan:
    """An inspection laid out on a frame: ready to be repeated.

    Attributes
    ----------
    forces : ForcePlan
    select : str
        Name of the selection, of a design's `select`.
    records : int array (F, H)
        Reports to read in each stratum of each force, were it inspected.
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
    unreachable : float array (4,)
        Chance that a crime report is not found, by true category.
    reviews : dict of str to Review
        Of all other strands, by strand; those that nobody asked for are not in it.
    strata : Strata, or None
        Of crime reports; None where they are the offence groups.
    short : int
        Strata of crime reports, over all forces, that hold fewer than are to be read
        there at least: they are read whole.
    """

    forces: ForcePlan
    select: str
    records: Ints
    confusion: Floats
    no_crime_groups: tuple[int, ...]
    no_crime_records: Ints
    no_crime_confusion: Floats
    force_type: Ints
    rereading: Rereading = READ_ONCE
    held: Floats | None = field(default_factory=lambda: FAULTLESS[None])
    no_crime_held: Floats = field(default_factory=lambda: FAULTLESS[None])
    unreachable: Floats = field(default_factory=lambda: ALL_IN_REACH)
    reviews: Mapping[str, Review] = field(default_factory=dict)
    strata: Strata | None = None
    short: int = 0

    def review(self, strand: str) -> Review:
        """What is read of *strand*, crime reports and no-crime decisions included."""
        if strand == "reports":
            return self._reports
        if strand == "no_crimes":
            return Review(
                self.no_crime_groups, self.no_crime_records, self.no_crime_confusion,
                self.no_crime_held, COUNT_NO_CRIMES,
            )  # fmt: skip
        return self.reviews[strand]

    @cached_property
    def _reports(self) -> Review:
        records, by_route = self.records, None
        if self.strata is not None and self.strata.by_route is not None:
            by_route = self.strata.by_route
            # By route a world holds more or fewer than expected.
            records = np.where(records < self.strata.reports, records, WHOLE)
        n_groups = records.shape[1] if by_route is None else by_route.shape[1]
        return Review(
            tuple(range(n_groups)), records, self.confusion, self.held, COUNT_REPORTS,
            self.rereading, self.unreachable, by_route,
        )  # fmt: skip


def plan_inspection(
    options: InspectionOptions,
    frame: ForceFrame,
    reports: Ints,
    no_crimes: Floats,
    records: Mapping[str, Floats] | None = None,
    *,
    bureau_share: float = 0.0,
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
    bureau_share : float
        Share of reports expected to have been made to the crime bureau, for strata by route.

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
    strata = lay_out_strata(reports, frame.groups, bureau_share, options.records)
    laid_out = strata.reports, frame._replace(groups=strata.groups), options.records
    held, no_crime_held = FAULTLESS[None], FAULTLESS[None]
    if auditors.held == "known":
        held = known_readers(confusion, rereading)
        no_crime_held = known_readers(no_crime_confusion, READ_ONCE)
    return InspectionPlan(
        forces=options.forces.plan(frame),
        select=selection_name(type(options.forces).select),
        records=allocate(*laid_out),
        confusion=confusion,
        no_crime_groups=groups,
        no_crime_records=no_crime_records,
        no_crime_confusion=no_crime_confusion,
        force_type=np.unique(np.array(frame.force_types), return_inverse=True)[1],
        rereading=rereading,
        held=None if auditors.held == "estimated" else held,
        no_crime_held=no_crime_held,
        unreachable=chances_of_loss(options.records.unreachable),
        reviews=plan_reviews(options, frame.groups, records or {}),
        strata=strata,
        short=short_strata(*laid_out),
    )


def _rereading(auditors: Auditors) -> Rereading:
    second = auditors.second_reading
    registrar = rates_of(second.registrar.due, second.registrar.recorded)
    return Rereading(second.share, second.adjudicate, registrar)
