"""What a study can ask: for each estimand the strand that answers it, and the truth."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from underrecording.audit import AT_BOUNDARY, OK
from underrecording.inspection.review import Review
from underrecording.inspection.strands import (
    Strand,
    disposals_strand,
    late_strand,
    misclassified_strand,
    no_crimes_strand,
    other_systems_strand,
    reports_by_route_strand,
    reports_strand,
)
from underrecording.ledger import (
    ALL_ROUTES,
    NATIONAL,
    OTHER_SYSTEMS,
    ROUTES,
    Ledger,
    force_under_recording_rate,
    late_share,
    misclassified_share,
    net_under_recording_rate,
    under_recording_rate,
    unrecorded_per_recorded,
    wrong_disposal_share,
    wrong_no_crime_share,
)
from underrecording.published import OFFENCE_GROUPS, load_published

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Groups = tuple[int, ...]

STRANDS: dict[str, Callable[[Ledger, Groups, bool], Strand]] = {
    "reports": lambda ledger, _, volumes: reports_strand(ledger, volumes=volumes),
    "no_crimes": lambda ledger, groups, _: no_crimes_strand(ledger, groups),
    "late": lambda ledger, groups, _: late_strand(ledger, groups),
    "misclassified": lambda ledger, groups, _: misclassified_strand(ledger, groups),
    "disposals": lambda ledger, groups, _: disposals_strand(ledger, groups),
    "other_systems": lambda ledger, groups, _: other_systems_strand(ledger, groups),
}
"""Each strand of some offence groups, out of a ledger, with or without volumes."""


def strand_of(name: str, ledger: Ledger, review: Review, *, volumes: bool) -> Strand:
    """Strand *name* as *review* divides it into strata."""
    if review.by_route is not None:
        return reports_by_route_strand(ledger, review.by_route, volumes=volumes)
    return STRANDS[name](ledger, review.groups, volumes)


REVIEWED = {
    "no_crimes": ("no_crimes", "no-crimes"),
    "late": ("recorded_crimes", "recorded crimes"),
    "misclassified": ("recorded_crimes", "recorded crimes"),
    "disposals": ("disposals", "out-of-court disposals"),
    "other_systems": ("other_systems", "crimes on other systems"),
}
"""Section of `inspection` that a strand needs, and its records in words; reports need none."""


def as_read(answers: Floats, reasons: Ints) -> tuple[Floats, Ints]:
    """What estimators say of an audit, as it stands."""
    return answers, reasons


def as_odds(answers: Floats, reasons: Ints) -> tuple[Floats, Ints]:
    """What estimators say of a share u, said of u / (1 - u).

    Parameters
    ----------
    answers : float array (B, 4)
        Estimate, variance, low, high.
    reasons : int array (B,)

    The variance is by the delta method, the interval is carried over. Where it
    reaches 1 there is no upper end, and so no answer.

    >>> answers = np.array([[0.2, 0.0016, 0.1, 0.5], [0.6, 0.1, 0.2, 1.0]])
    >>> as_odds(answers, np.array([OK, OK]))[0].round(4).tolist()
    [[0.25, 0.0039, 0.1111, 1.0], [nan, nan, nan, nan]]
    """
    bounded = answers[:, 3] < 1.0
    u = np.where(bounded[:, None], answers, np.nan)
    odds = u / (1.0 - u)
    odds[:, 1] = u[:, 1] / (1.0 - u[:, 0]) ** 4
    return odds, np.where(bounded | (reasons != OK), reasons, AT_BOUNDARY)


class Question(NamedTuple):
    """One estimand in one domain.

    Attributes
    ----------
    strand : str
        Whose audit answers it.
    truth : callable
        Ledger and columns of offence groups to the truth, (W,).
    group : str, or None
        Offence group that it is about; None: all that are read.
    route, force : str, or None
        Route of the reports, or force, that it is about; None: all.
    answer : callable
        What estimators say of the strand to what they say of the estimand.
    """

    strand: str
    truth: Callable[[Ledger, Groups], Floats]
    group: str | None = None
    answer: Callable[[Floats, Ints], tuple[Floats, Ints]] = as_read
    route: str | None = None
    force: str | None = None


def _rate_in(domain: str) -> Callable[[Ledger, Groups], Floats]:
    return lambda ledger, _: under_recording_rate(ledger, domain, OFFENCE_GROUPS)


def _rate_of_force(row: int) -> Callable[[Ledger, Groups], Floats]:
    return lambda ledger, _: force_under_recording_rate(ledger, row)


# No audit covers all routes, nor reports together with cancellations: there the national
# estimate stands in, and its bias shows what that leaves out.
QUESTIONS: dict[str, Question] = {
    f"under_recording_rate/{NATIONAL}": Question("reports", _rate_in(NATIONAL)),
    f"under_recording_rate/{ALL_ROUTES}": Question("reports", _rate_in(ALL_ROUTES)),
    **{
        f"under_recording_rate/{group}": Question("reports", _rate_in(group), group)
        for group in OFFENCE_GROUPS
    },
    **{
        f"under_recording_rate/{route}": Question("reports", _rate_in(route), route=route)
        for route in ROUTES
    },
    **{
        f"under_recording_rate/{force}": Question("reports", _rate_of_force(row), force=force)
        for row, force in enumerate(load_published().forces.name)
    },
    f"wrong_no_crime_share/{NATIONAL}": Question("no_crimes", wrong_no_crime_share),
    f"under_recording_rate/{OTHER_SYSTEMS}": Question("other_systems", _rate_in(OTHER_SYSTEMS)),
    f"net_under_recording_rate/{NATIONAL}": Question(
        "reports", lambda ledger, _: net_under_recording_rate(ledger)
    ),
    f"unrecorded_per_recorded/{NATIONAL}": Question(
        "reports", lambda ledger, _: unrecorded_per_recorded(ledger), answer=as_odds
    ),
    f"late_share/{NATIONAL}": Question("late", late_share),
    **{f"late_share/{group}": Question("late", late_share, group) for group in OFFENCE_GROUPS},
    f"misclassified_share/{NATIONAL}": Question("misclassified", misclassified_share),
    **{
        f"misclassified_share/{group}": Question("misclassified", misclassified_share, group)
        for group in OFFENCE_GROUPS
    },
    f"wrong_disposal_share/{NATIONAL}": Question("disposals", wrong_disposal_share),
}
"""Every estimand/domain that a study can name."""
