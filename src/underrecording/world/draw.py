"""Worlds drawn from their law, as much of them as is asked for.

Each count has an address of its own (purpose, force, group), so a change of one
force, group or rate leaves the luck of all others as it was, and what is left out
changes nothing in the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from underrecording.ledger import Ledger
from underrecording.rng import (
    DISPOSALS,
    DUE,
    LATE,
    MISCLASSIFIED,
    NO_CRIMED,
    OTHER_SYSTEMS,
    OVER_RECORDED,
    RECORDED,
    ROUTE_OF_NOT_DUE,
    ROUTE_OF_OVER_RECORDED,
    ROUTE_OF_RECORDED,
    ROUTE_OF_UNRECORDED,
    WRONG_DISPOSALS,
    WRONGLY_NO_CRIMED,
)
from underrecording.variates import binomials
from underrecording.world.chances import chances_at_bureau, chances_of_lateness, chances_recorded
from underrecording.world.law import Law

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Draw = Callable[[Ints, Floats | float, int, Ints], None]
"""Counts of n and p, for a purpose, into an array."""

EVERYTHING = frozenset(Ledger._fields)
"""All counts of a ledger."""


class Parts(NamedTuple):
    """Parts of a world to be drawn, besides which reports are due and which of them recorded."""

    over_recorded: bool
    no_crimes: bool
    other_systems: bool
    crime_records: bool
    routes: bool


def parts_of(fields: Collection[str]) -> Parts:
    """The parts that hold *fields* of a `Ledger`, and those that these are drawn from.

    >>> parts_of({"due", "no_crimed"})
    Parts(over_recorded=True, no_crimes=True, other_systems=False, crime_records=False,
          routes=False)
    """
    wanted = set(fields)
    crime_records = bool(wanted & {"late", "misclassified", "disposals", "wrong_disposals"})
    no_crimes = crime_records or bool(wanted & {"no_crimed", "wrongly_no_crimed"})
    routes = any(name.startswith("bureau_") for name in wanted)
    return Parts(
        over_recorded=no_crimes or routes or "over_recorded" in wanted,
        no_crimes=no_crimes,
        other_systems=bool(wanted & {"other_due", "other_recorded", "gap_due"}),
        crime_records=crime_records,
        routes=routes,
    )


def draw_worlds(law: Law, seed: int, world: int, first: int, parts: Parts, ledger: Ledger) -> None:
    """Fill *ledger* with *parts* of the worlds of replicates *first*, *first* + 1, ..."""
    draw = _draw_at(seed, world, first)
    ledger.reports[:] = law.reports
    draw(ledger.reports, law.due_share, DUE, ledger.due)
    p = chances_recorded(law, seed, world, first, len(ledger.due))
    draw(ledger.due, p, RECORDED, ledger.recorded)
    if parts.over_recorded:
        not_due = ledger.reports - ledger.due
        draw(not_due, law.over_recording_rate, OVER_RECORDED, ledger.over_recorded)
    if parts.no_crimes:
        made = ledger.recorded + ledger.over_recorded
        draw(made, law.no_crime_rate, NO_CRIMED, ledger.no_crimed)
        draw(ledger.no_crimed, law.wrong_share, WRONGLY_NO_CRIMED, ledger.wrongly_no_crimed)
    if parts.other_systems:
        draw_other_systems(law, seed, world, first, ledger)
    if parts.crime_records:
        late = chances_of_lateness(law, seed, world, first, len(ledger.due))
        draw(ledger.recorded, late[:, :, None], LATE, ledger.late)
        _draw_crime_records(law, draw, ledger)
    if parts.routes:
        _draw_routes(law, draw, p, ledger)


def draw_other_systems(law: Law, seed: int, world: int, first: int, ledger: Ledger) -> None:
    """Fill in what *ledger* holds of crimes outside the audited logs."""
    ledger.other_due[:], ledger.gap_due[:] = law.other_due, law.gap_due
    draw = _draw_at(seed, world, first)
    draw(ledger.other_due, law.other_accuracy, OTHER_SYSTEMS, ledger.other_recorded)


def _draw_at(seed: int, world: int, first: int) -> Draw:
    def draw(n: Ints, p: Floats | float, purpose: int, counts: Ints) -> None:
        binomials(n, p, seed, world, first, purpose, counts)

    return draw


def _draw_crime_records(law: Law, draw: Draw, ledger: Ledger) -> None:
    """What there is to say of crime records besides that they were made, and when."""
    standing = ledger.recorded + ledger.over_recorded - ledger.no_crimed
    draw(ledger.recorded, law.misclassified_share, MISCLASSIFIED, ledger.misclassified)
    draw(standing, law.disposal_share, DISPOSALS, ledger.disposals)
    draw(ledger.disposals, law.wrong_disposal_share, WRONG_DISPOSALS, ledger.wrong_disposals)


def _draw_routes(law: Law, draw: Draw, p: Floats, ledger: Ledger) -> None:
    """Reports made directly to the crime bureau, of those of each true category.

    Each report has its route with the same chance, and the chances of both routes mix
    to *p*: so the counts over both are what they were, and are split here.
    """
    of_recorded, of_unrecorded = chances_at_bureau(law, p)
    draw(ledger.recorded, of_recorded, ROUTE_OF_RECORDED, ledger.bureau_recorded)
    unrecorded = ledger.due - ledger.recorded
    draw(unrecorded, of_unrecorded, ROUTE_OF_UNRECORDED, ledger.bureau_due)
    ledger.bureau_due[:] += ledger.bureau_recorded
    draw(
        ledger.over_recorded, law.bureau_share, ROUTE_OF_OVER_RECORDED, ledger.bureau_over_recorded
    )
    others = ledger.reports - ledger.due - ledger.over_recorded
    draw(others, law.bureau_share, ROUTE_OF_NOT_DUE, ledger.bureau_reports)
    ledger.bureau_reports[:] += ledger.bureau_due + ledger.bureau_over_recorded
