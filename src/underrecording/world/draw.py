"""Worlds drawn from their law, as much of them as is asked for.

Each count has an address of its own (purpose, force, group), so a change of one
force, group or rate leaves the luck of all others as it was, and what is left out
changes nothing in the rest.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, NamedTuple

import numpy as np

from underrecording.compiling import compiled, uncounted
from underrecording.ledger import Ledger
from underrecording.rng import (
    DISPOSALS,
    DUE,
    LATE,
    LATENESS_OF_FORCES,
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
    normals,
)
from underrecording.variates import binomials, room_for_binomials
from underrecording.world.law import Law, expit, force_luck, p_at_bureau
from underrecording.world.rules.logistic import after_review, logistic

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


@compiled
def draw_worlds(law: Law, seed: Any, world: Any, first: Any, parts: Parts, ledger: Ledger) -> None:
    """Fill *ledger* with *parts* of the worlds of replicates *first*, *first* + 1, ..."""
    room = room_for_binomials(*law.reports.shape)
    p, share = np.empty(law.reports.shape), np.empty(law.reports.shape)
    for row in range(ledger.reports.shape[0]):
        _draw_world(law, seed, world, first + row, parts, ledger, row, room, p, share)


@compiled
def _draw_world(
    law: Any, seed: Any, world: Any, replicate: Any, parts: Any, ledger: Any, row: Any, room: Any,
    p: Any, share: Any,
) -> None:  # fmt: skip
    law, ledger, room = uncounted(law), uncounted(ledger), uncounted(room)
    _draw_reports(law, seed, world, replicate, ledger, row, room, p, share)
    if parts.over_recorded:
        share[:] = law.over_recording_rate
        not_due = ledger.reports[row] - ledger.due[row]
        binomials(
            not_due, share, seed, world, replicate, OVER_RECORDED, room,
            ledger.over_recorded[row],
        )  # fmt: skip
    if parts.no_crimes:
        _draw_no_crimes(law, seed, world, replicate, ledger, row, room, share)
    if parts.other_systems:
        _draw_other_systems(law, seed, world, replicate, ledger, row, room, share)
    if parts.crime_records:
        _draw_crime_records(law, seed, world, replicate, ledger, row, room, share)
    if parts.routes:
        _draw_routes(law, seed, world, replicate, ledger, row, room, p, share)


@compiled
def _draw_reports(
    law: Any, seed: Any, world: Any, replicate: Any, ledger: Any, row: Any, room: Any, p: Any,
    share: Any,
) -> None:  # fmt: skip
    """Reports that are due, and those of them that are recorded."""
    n_forces, n_groups = law.reports.shape
    for f in range(n_forces):
        z_effect, z_knowledge, z_review, z_pressure = force_luck(law, seed, world, replicate, f)
        knowledge = expit(law.knowledge[0] + law.knowledge[1] * z_knowledge)
        review = expit(law.review[0] + law.review[1] * z_review)
        pressure = expit(law.pressure[0] + law.pressure[1] * z_pressure)
        for k in range(n_groups):
            first_decision = expit(
                logistic(
                    law.intercept[k], law.tau * z_effect, knowledge - law.know_0,
                    law.excess_load[f], pressure, law.kappa, law.omega, law.psi[k],
                )
            )  # fmt: skip
            p[f, k] = after_review(first_decision, review, law.detection)
    ledger.reports[row] = law.reports
    share[:] = law.due_share
    due = ledger.due[row]
    binomials(law.reports, share, seed, world, replicate, DUE, room, due)
    binomials(due, p, seed, world, replicate, RECORDED, room, ledger.recorded[row])


@compiled
def _draw_no_crimes(
    law: Any, seed: Any, world: Any, replicate: Any, ledger: Any, row: Any, room: Any, share: Any
) -> None:
    """Recorded crimes that are cancelled, and those of them that are so wrongly."""
    made = ledger.recorded[row] + ledger.over_recorded[row]
    no_crimed = ledger.no_crimed[row]
    share[:] = law.no_crime_rate
    binomials(made, share, seed, world, replicate, NO_CRIMED, room, no_crimed)
    share[:] = law.wrong_share
    binomials(
        no_crimed, share, seed, world, replicate, WRONGLY_NO_CRIMED, room,
        ledger.wrongly_no_crimed[row],
    )  # fmt: skip


@compiled
def draw_other_systems(
    law: Law, seed: Any, world: Any, replicate: Any, ledger: Ledger, row: Any
) -> None:
    """Fill in what row *row* of *ledger* holds of crimes outside the audited logs."""
    room, share = room_for_binomials(*law.reports.shape), np.empty(law.reports.shape)
    _draw_other_systems(law, seed, world, replicate, ledger, row, room, share)


@compiled
def _draw_other_systems(
    law: Any, seed: Any, world: Any, replicate: Any, ledger: Any, row: Any, room: Any, share: Any
) -> None:
    ledger.other_due[row] = law.other_due
    ledger.gap_due[row] = law.gap_due
    share[:] = law.other_accuracy
    binomials(
        law.other_due, share, seed, world, replicate, OTHER_SYSTEMS, room,
        ledger.other_recorded[row],
    )  # fmt: skip


@compiled
def _draw_crime_records(
    law: Any, seed: Any, world: Any, replicate: Any, ledger: Any, row: Any, room: Any, share: Any
) -> None:
    """What there is to say of crime records besides that they were made."""
    recorded = ledger.recorded[row]
    standing = recorded + ledger.over_recorded[row] - ledger.no_crimed[row]
    for f in range(share.shape[0]):
        z, _ = normals(seed, world, replicate, LATENESS_OF_FORCES, f, 0, 0)
        share[f] = expit(law.late[0] + law.late[1] * z)
    binomials(recorded, share, seed, world, replicate, LATE, room, ledger.late[row])
    share[:] = law.misclassified_share
    binomials(
        recorded, share, seed, world, replicate, MISCLASSIFIED, room, ledger.misclassified[row]
    )
    disposals = ledger.disposals[row]
    share[:] = law.disposal_share
    binomials(standing, share, seed, world, replicate, DISPOSALS, room, disposals)
    share[:] = law.wrong_disposal_share
    binomials(
        disposals, share, seed, world, replicate, WRONG_DISPOSALS, room,
        ledger.wrong_disposals[row],
    )  # fmt: skip


@compiled
def _draw_routes(
    law: Any, seed: Any, world: Any, replicate: Any, ledger: Any, row: Any, room: Any, p: Any,
    share: Any,
) -> None:  # fmt: skip
    """Reports made directly to the crime bureau, of those of each true category.

    Each report has its route with the same chance, and the chances of both routes mix
    to *p*: so the counts over both are what they were, and are split here.
    """
    recorded, due = ledger.recorded[row], ledger.due[row]
    over_recorded = ledger.over_recorded[row]
    bureau_due, bureau_recorded = ledger.bureau_due[row], ledger.bureau_recorded[row]
    bureau_reports, bureau_over = ledger.bureau_reports[row], ledger.bureau_over_recorded[row]
    _fill_bureau_share(law, p, True, share)
    binomials(recorded, share, seed, world, replicate, ROUTE_OF_RECORDED, room, bureau_recorded)
    _fill_bureau_share(law, p, False, share)
    binomials(due - recorded, share, seed, world, replicate, ROUTE_OF_UNRECORDED, room, bureau_due)
    bureau_due += bureau_recorded
    share[:] = law.bureau_share
    binomials(
        over_recorded, share, seed, world, replicate, ROUTE_OF_OVER_RECORDED, room, bureau_over
    )
    others = ledger.reports[row] - due - over_recorded
    binomials(others, share, seed, world, replicate, ROUTE_OF_NOT_DUE, room, bureau_reports)
    bureau_reports += bureau_due + bureau_over


@compiled
def _fill_bureau_share(law: Any, p: Any, recorded: Any, share: Any) -> None:
    """Chance that a due report was made to the bureau, given whether it was recorded (Bayes)."""
    for f in range(share.shape[0]):
        for k in range(share.shape[1]):
            over_both = p[f, k]
            at_bureau = p_at_bureau(over_both, law.bureau_share, law.bureau_effect)
            if not recorded:
                over_both, at_bureau = 1.0 - over_both, 1.0 - at_bureau
            # Where none are expected there are none to share out.
            share[f, k] = min(1.0, law.bureau_share * at_bureau / max(over_both, 1e-300))
