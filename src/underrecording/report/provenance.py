"""What a result rests on: how it was run, what it was calibrated to, what is assumed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from pydantic import BaseModel

from underrecording.published import (
    OFFENCE_GROUPS,
    load_published,
    recording_accuracy_targets,
)
from underrecording.world.options import Drivers

if TYPE_CHECKING:
    from underrecording.study.plan import StudyPlan

SET_HERE = "set by the scenario"

UNREAD = {
    "rates": ("world.pathway.", "world.training.course_days"),
    "events": ("world.workload.open_hours", "world.pathway.routes.crime_bureau_effect"),
}
"""Assumptions that nothing reads at a fidelity."""

OF_ROUTES = ("world.pathway.routes.crime_bureau_share", "world.pathway.routes.crime_bureau_effect")
"""Assumptions that are read at `rates` too, where strata are by route."""

DAYS_OF_A_YEAR = 365


class GroupAccuracy(NamedTuple):
    """Recording accuracy of an offence group: expected in the reference world, and published."""

    group: str
    expected: float
    published: float
    basis: str

    @property
    def unchecked(self) -> bool:
        """Whether the published figure is recalled and nobody has seen it in its source."""
        return self.basis.startswith("recalled")


class Assumption(NamedTuple):
    """A value of the scenario that no source supports."""

    path: str
    value: str
    meaning: str


def calibration(plan: StudyPlan) -> list[GroupAccuracy]:
    """Expected and published accuracy of each offence group, in the order of the groups."""
    options = plan.scenario.world.accuracy
    targets = recording_accuracy_targets(load_published(), source=options.source)
    expected = plan.cells[0].world.expected_accuracy()
    return [
        GroupAccuracy(
            group,
            float(expected[k]),
            targets[group].value,
            SET_HERE if group in options.by_group else targets[group].basis,
        )
        for k, group in enumerate(OFFENCE_GROUPS)
    ]


def departures(plan: StudyPlan) -> list[str]:
    """Keys by which the reference world is meant to record otherwise than HMIC published.

    Accuracies of the scenario's own, forces with effects given, and under
    ``fidelity: rates`` drivers that differ from the baseline at which the world
    was calibrated. Under ``events`` what is expected is expected at the baseline.
    """
    world = plan.scenario.world
    given = {
        "world.accuracy.by_group": world.accuracy.by_group,
        "world.force_effects": world.force_effects,
    }
    if world.fidelity == "events":
        return [key for key, value in given.items() if value]
    moved = [
        f"world.{name}"
        for name in Drivers.model_fields
        if getattr(world, name) != getattr(world.baseline, name)
    ]
    return [key for key, value in given.items() if value] + moved


def expected_when(plan: StudyPlan) -> str:
    """Where what a world expects holds: in itself, or at its baseline."""
    return " at the baseline" if plan.scenario.world.fidelity == "events" else ""


def period(plan: StudyPlan) -> str:
    """How long the reports of a world were made, in words."""
    world = plan.scenario.world
    if world.fidelity == "rates" or world.pathway.days >= DAYS_OF_A_YEAR:
        return "a year"
    return f"in {world.pathway.days} days"


def how_run(plan: StudyPlan) -> str:
    """How often the inspection was repeated, in which worlds, and why no more: in a line."""
    replicates = plan.scenario.study.replicates
    count = f"{replicates:,} replicate{'s' * (replicates != 1)}"
    if plan.fresh:
        return f"{count} a cell, each in a fresh world.{_where_it_stopped(plan)}"
    if plan.worlds == 1:
        return f"{count} a cell, all in one fixed world.{_where_it_stopped(plan)}"
    return f"{count} a cell in each of {plan.worlds:,} fixed worlds."


def _where_it_stopped(plan: StudyPlan) -> str:
    """Whether a study that may stop before its cap did; nothing of others."""
    if plan.stand is None:
        return ""
    if not plan.stand.reached:
        return f" Not as exact as was asked: {plan.stand.words()}."
    if plan.stand.replicates < plan.stand.cap:
        return f" Stopped before {plan.stand.cap:,}: {plan.stand.words()}."
    return f" As exact as was asked: {plan.stand.words()}."


def what_it_rests_on(plan: StudyPlan) -> str:
    """The footnote of every figure that shows simulated numbers."""
    rows = calibration(plan)
    unchecked = sum(row.unchecked for row in rows)
    set_here = sum(row.basis == SET_HERE for row in rows)
    notes = [f"{_count(unchecked)} of {_count(len(rows))} recalled, unchecked"] if unchecked else []
    if set_here:
        notes.append(f"{_count(set_here)} set by the scenario")
    of_them = f" ({'; '.join(notes)})" if notes else ""
    published = "HMIC's published rates" + of_them
    return (
        f"Calibrated to {published if set_here < len(rows) else 'rates set by the scenario'}. "
        "Spread between forces and effect sizes assumed."
    )


def assumptions(plan: StudyPlan) -> list[Assumption]:
    """Every value of the world and the inspection whose description says that it is assumed."""
    scenario = plan.scenario
    unread = UNREAD[scenario.world.fidelity]
    by_route = scenario.inspection.records.strata == "group_route"
    routes = OF_ROUTES if by_route and scenario.world.fidelity == "rates" else ()
    found = [
        row
        for row in (
            *_assumed(scenario.world, "world"),
            *_assumed(scenario.inspection, "inspection"),
        )
        if row.path in routes
        or not row.path.replace("world.baseline.", "world.", 1).startswith(unread)
    ]
    # The baseline repeats the drivers; it is worth a line only where it differs from them.
    today = {row.path: row.value for row in found}
    return [
        row
        for row in found
        if not row.path.startswith("world.baseline.")
        or today.get(row.path.replace("world.baseline.", "world.", 1)) != row.value
    ]


def _assumed(model: BaseModel, path: str) -> Iterator[Assumption]:
    for name, field in type(model).model_fields.items():
        value = getattr(model, name)
        if isinstance(value, BaseModel):
            yield from _assumed(value, f"{path}.{name}")
        elif "assumed" in (field.description or ""):
            yield Assumption(f"{path}.{name}", _as_text(value), field.description or "")


def _as_text(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(str(item) for item in value)
    if isinstance(value, dict):
        return ", ".join(f"{name} {item}" for name, item in value.items()) or "as described"
    return str(value)


def _count(number: int) -> str:
    words = ("none", "one", "two", "three", "four", "five", "six")
    return words[number] if number < len(words) else str(number)
