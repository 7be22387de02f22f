"""Reviews: what is read of each strand besides crime reports, and how well."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from underrecording.audit import FAULTLESS
from underrecording.inspection.auditor import READ_ONCE, Rereading, known_readers
from underrecording.inspection.options import InspectionOptions, Reading, Unreachable
from underrecording.inspection.records import allocate_evenly
from underrecording.rng import COUNT_DISPOSALS, COUNT_LATE, COUNT_MISCLASSIFIED, COUNT_OTHER_SYSTEMS

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

ALL_IN_REACH = np.zeros(4)

WHOLE = 2**31
"""More records than any stratum holds: it is read whole, whatever it turns out to hold."""


class Review(NamedTuple):
    """One strand laid out on a frame: ready to be repeated.

    Attributes
    ----------
    groups : int tuple
        Columns of the offence groups that are read: the strata, H of them.
    records : int array (F, H)
        Records to read in each force, were it inspected; `WHOLE` where as many as are expected.
    confusion : float array (4,)
        Rates of each reader, in the order of `Audit.readers`.
    held : float array (1, 4, 2), or None
        `Audit.readers`; None where each audit estimates its own.
    purpose : int
        Of the random numbers.
    rereading : Rereading
        Which records are read twice.
    unreachable : float array (4,)
        Chance that a record is not found, by true category (see `auditor`).
    by_route : bool array (F, K), or None
        Where strata are offence groups by route: whether the routes of a group are
        apart (see `Strata`).
    """

    groups: tuple[int, ...]
    records: Ints
    confusion: Floats
    held: Floats | None
    purpose: int
    rereading: Rereading = READ_ONCE
    unreachable: Floats = ALL_IN_REACH
    by_route: Flags | None = None

    @property
    def strata(self) -> tuple[tuple[int, ...], bytes | None]:
        """What tells its strata from those of others, to look things up by."""
        return self.groups, None if self.by_route is None else self.by_route.tobytes()


def plan_reviews(
    options: InspectionOptions, groups: tuple[str, ...], expected: Mapping[str, Floats]
) -> dict[str, Review]:
    """Lay the reviews that *options* ask for out, by strand.

    Parameters
    ----------
    options : InspectionOptions
    groups : tuple of str, length K
        Offence groups of the frame.
    expected : mapping of str to float array (F, K)
        Records expected to be there, by section of *options*.
    """
    auditors, reviews = options.auditors, {}

    def add(strand: str, section: str, confusion: Floats, purpose: int) -> None:
        review = getattr(options, section)
        if review is None:
            return
        columns = tuple(groups.index(name) for name in review.groups)
        there = np.rint(expected[section][:, list(columns)]).astype(np.int64)
        records = allocate_evenly(there, review.per_force)
        known = auditors.held == "known"
        reviews[strand] = Review(
            groups=columns,
            records=np.where(records < there, records, WHOLE),
            confusion=confusion,
            held=known_readers(confusion, READ_ONCE) if known else FAULTLESS[None],
            purpose=purpose,
        )

    add("late", "recorded_crimes", rates_of_fault(auditors.late), COUNT_LATE)
    misclassified = rates_of_fault(auditors.misclassified)
    add("misclassified", "recorded_crimes", misclassified, COUNT_MISCLASSIFIED)
    add("disposals", "disposals", rates_of_fault(auditors.wrong_disposal), COUNT_DISPOSALS)
    reports = rates_of(auditors.due, auditors.recorded)
    add("other_systems", "other_systems", reports, COUNT_OTHER_SYSTEMS)
    return reviews


def rates_of(due: Reading, recorded: Reading) -> Floats:
    """Rates of a reader of crime reports, (4,)."""
    return np.array([due.sensitivity, due.specificity, recorded.sensitivity, recorded.specificity])


def chances_of_loss(unreachable: Unreachable) -> Floats:
    """Chance that a report is not found, by true category, (4,).

    >>> chances_of_loss(Unreachable(unrecorded=0.1, not_due=0.05)).tolist()
    [0.0, 0.1, 0.05, 0.05]
    """
    not_due = unreachable.not_due
    return np.array([unreachable.recorded, unreachable.unrecorded, not_due, not_due])


def rates_of_fault(fault: Reading) -> Floats:
    """Rates of a reader who looks for a fault, (4,).

    "Recorded" stands for a record without fault, so sensitivity and specificity
    change places; that the record is to be judged at all is not in question.

    >>> rates_of_fault(Reading(sensitivity=0.8)).tolist()
    [1.0, 1.0, 1.0, 0.8]
    """
    return np.array([1.0, 1.0, fault.specificity, fault.sensitivity])
