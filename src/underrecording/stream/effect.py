"""What a scenario changes: every force's period with its interventions and without.

Both sides of a pair have the same random numbers, so that what differs between
them is the effect, not the luck of a world. *Without* is a world in which
nothing happens: drivers as at the baseline, no interventions.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from underrecording.errors import UserError
from underrecording.published import OFFENCE_GROUPS, load_published
from underrecording.stream.counterfactual import (
    addresses,
    concerned,
    each,
    largest_first,
    need_streams,
    same_draws,
    unchanged,
)
from underrecording.stream.daily import Daily, daily, together
from underrecording.stream.draws import draw_stream
from underrecording.stream.engine import run_stream
from underrecording.stream.world import EventWorld, make_world
from underrecording.world.options import WorldOptions
from underrecording.world.pathway import STATIONS

Floats = NDArray[np.float64]

POOLED = "all forces concerned"
BEFORE, AFTER, PERIOD = "before", "after", "period"

SHARE = "share"
MEASURES: Mapping[str, str] = {
    "recording_accuracy": SHARE,
    "open_incidents": "incidents",
    "load_at_decision": "open incidents per officer on duty",
    "late_share": SHARE,
    **{f"utilisation_{station}": SHARE for station in STATIONS},
    "officers_on_duty": "officers",
}
"""What is compared, and its unit; see `measure`."""


class Mark(NamedTuple):
    """A date on which something changes."""

    day: date
    name: str


class Row(NamedTuple):
    """One measure in one part of the period: means over worlds, and their paired difference.

    Attributes
    ----------
    domain : str
        `POOLED`, or a force.
    part : str
        Days ``before`` the first intervention, ``after`` it (its first day
        included), or the whole ``period``.
    measure, group, unit : str
        *group* is an offence group, or ``all``.
    without, changed, difference : float
        Means over worlds; *difference* is *changed* minus *without*.
    mcse : float
        Monte Carlo standard error of *difference* over worlds; NaN for one world.
    """

    domain: str
    part: str
    measure: str
    group: str
    unit: str
    without: float
    changed: float
    difference: float
    mcse: float


@dataclass(frozen=True)
class Effect:
    """Forces in several worlds, without and with what a scenario changes.

    Attributes
    ----------
    start : date
        First day of the period.
    marks : tuple of Mark
        First days, and days after the last, of the interventions.
    split : int
        Days of the period before the first intervention; 0 where there is none.
    pairs : mapping of str to tuple of (Daily, Daily)
        By domain, one pair a world: without, with.
    """

    start: date
    marks: tuple[Mark, ...]
    split: int
    pairs: Mapping[str, tuple[tuple[Daily, Daily], ...]]

    @property
    def days(self) -> int:
        """Length of the period."""
        return len(next(iter(self.pairs.values()))[0][0].load)

    @property
    def worlds(self) -> int:
        """Number of worlds compared."""
        return len(next(iter(self.pairs.values())))

    def parts(self) -> dict[str, slice]:
        """The parts of the period that are compared, as days."""
        whole = {PERIOD: slice(0, self.days)}
        if self.split == 0:
            return whole
        return {BEFORE: slice(0, self.split), AFTER: slice(self.split, self.days)} | whole


def simulate_effect(
    options: WorldOptions,
    *,
    seed: int,
    worlds: int,
    forces: Sequence[int] = (),
    threads: int | None = None,
    advance: Callable[[int], None] = lambda _: None,
) -> Effect:
    """Simulate forces with what *options* change, and without it.

    Parameters
    ----------
    options : WorldOptions
    seed, worlds : int
        The first *worlds* worlds of a study with this seed.
    forces : sequence of int
        Numbers of the forces; empty for all that are concerned.
    threads : int
    advance : callable
        Told of each pair of force-periods that is done.

    Raises
    ------
    UserError
        Under ``fidelity: rates``; if nothing changes for a force that is asked for.
    """
    need_streams(options)
    chosen = tuple(forces) or concerned(options)
    refuse_no_change(options, chosen)
    before, after = _world(unchanged(options)), _world(options)
    luck = addresses(options, seed, worlds)
    pairs: dict[tuple[int, int], tuple[Daily, Daily]] = {}

    def one(task: tuple[int, int]) -> None:
        world, number = task
        force, changed = (side.force(number, *luck[world]) for side in (before, after))
        draws = draw_stream(force, *luck[world])
        without = daily(force, draws, run_stream(force, draws))
        if not same_draws(force, changed):
            draws = draw_stream(changed, *luck[world])
        pairs[task] = without, daily(changed, draws, run_stream(changed, draws))

    tasks = [(world, number) for world in range(worlds) for number in largest_first(chosen)]
    each(tasks, one, threads=threads, advance=advance)
    return Effect(
        start=options.pathway.start,
        marks=_marks(options, chosen),
        split=_split(options, chosen),
        pairs=_by_domain(pairs, chosen, worlds),
    )


def refuse_no_change(options: WorldOptions, chosen: Sequence[int]) -> None:
    """Refuse a scenario under which nothing differs, for the forces *chosen* or at all.

    Raises
    ------
    UserError
    """
    changing, names = concerned(options), load_published().forces.name
    if not changing:
        raise UserError(
            "world.pathway.interventions: none, and the drivers are those of the baseline, so "
            "there is no effect to show; give an intervention or change a driver"
        )
    idle = [names[number] for number in chosen if number not in changing]
    if idle:
        raise UserError(
            [f"--force: no intervention concerns {name}, so nothing changes there" for name in idle]
        )


def measure(part: Daily, days: slice, group: int | None = None) -> dict[str, float]:
    """Everything in `MEASURES` over some *days*; accuracy alone for one offence *group*.

    recording_accuracy
        Of the due reports decided in these days, those that end up recorded.
    open_incidents, officers_on_duty
        Means over the hours.
    load_at_decision
        Mean, over these decisions, of open incidents per officer on duty.
    late_share
        Of the reports of these days that end up as crime records, those
        recorded later than the time limit.
    utilisation_<station>
        Staff-hours worked over staff-hours on duty.

    NaN where there is nothing to divide by.
    """
    kinds = slice(None) if group is None else slice(group, group + 1)
    due, recorded = part.due[days, kinds].sum(), part.recorded[days, kinds].sum()
    accuracy = {"recording_accuracy": _ratio(recorded, due)}
    if group is not None:
        return accuracy
    return accuracy | {
        "open_incidents": float(part.open[days].mean()),
        "load_at_decision": _ratio(part.load[days].sum(), due),
        "late_share": _ratio(part.late[days].sum(), part.crimes[days].sum()),
        **{
            f"utilisation_{station}": _ratio(part.busy[days, s].sum(), part.able[days, s].sum())
            for s, station in enumerate(STATIONS)
        },
        "officers_on_duty": float(part.officers[days].mean()),
    }


def effect_rows(effect: Effect) -> list[Row]:
    """The comparison as rows: domain, part of the period, measure."""
    rows = []
    for domain, pairs in effect.pairs.items():
        for part, days in effect.parts().items():
            for group in (None, *range(len(OFFENCE_GROUPS))):
                sides = [[measure(side, days, group) for side in pair] for pair in pairs]
                name = "all" if group is None else OFFENCE_GROUPS[group]
                rows += [
                    Row(domain, part, key, name, MEASURES[key], *_paired(
                        np.array([[side[key] for side in pair] for pair in sides])
                    ))
                    for key in sides[0][0]
                ]  # fmt: skip
    return rows


def weekly(effect: Effect, domain: str, key: str) -> Floats:
    """A measure by week, (2, worlds, weeks): without and with; the last week takes what is left."""
    begins = range(0, max(effect.days - 6, 1), 7)
    weeks = [slice(day, day + 7) for day in begins[:-1]] + [slice(begins[-1], effect.days)]
    return np.array(
        [
            [[measure(pair[side], days)[key] for days in weeks] for pair in effect.pairs[domain]]
            for side in (0, 1)
        ]
    )


def _paired(values: Floats) -> tuple[float, float, float, float]:
    """Means without and with, mean difference and its MCSE, from (worlds, 2)."""
    difference = values[:, 1] - values[:, 0]
    count = len(difference)
    mcse = float(difference.std(ddof=1)) / math.sqrt(count) if count > 1 else math.nan
    without, changed = values.mean(axis=0).tolist()
    return without, changed, float(difference.mean()), mcse


def _ratio(part: float, whole: float) -> float:
    return float(part / whole) if whole > 0.0 else math.nan


def _world(options: WorldOptions) -> EventWorld:
    world = make_world(options)
    assert isinstance(world, EventWorld)
    return world


def _split(options: WorldOptions, chosen: Sequence[int]) -> int:
    """Days before anything changes; 0 where the drivers differ from the first day on."""
    days = [(mark.day - options.pathway.start).days for mark in _marks(options, chosen)]
    moved = unchanged(options).model_copy(update={"pathway": options.pathway}) != options
    return 0 if moved or not days else min(days)


def _marks(options: WorldOptions, chosen: Sequence[int]) -> tuple[Mark, ...]:
    """Days on which something changes for the forces that are looked at, in order."""
    names = {load_published().forces.name[number] for number in chosen}
    marks = []
    for change in options.pathway.interventions:
        if change.forces and names.isdisjoint(change.forces):
            continue
        marks.append(Mark(change.date, change.name))
        if change.until is not None and change.until < options.pathway.end:
            marks.append(Mark(change.until, f"end of {change.name}" if change.name else "end"))
    return tuple(sorted(set(marks)))


def _by_domain(
    pairs: Mapping[tuple[int, int], tuple[Daily, Daily]], chosen: Sequence[int], worlds: int
) -> dict[str, tuple[tuple[Daily, Daily], ...]]:
    """Pairs of each world: of all forces together, and of each where they are few."""
    names = load_published().forces.name
    domains = {names[number]: [number] for number in chosen} if len(chosen) <= _FEW else {}
    if len(chosen) > 1:
        domains = {POOLED: list(chosen)} | domains
    return {
        domain: tuple(
            (
                together([pairs[world, number][0] for number in numbers]),
                together([pairs[world, number][1] for number in numbers]),
            )
            for world in range(worlds)
        )
        for domain, numbers in domains.items()
    }


_FEW = 5
"""Forces that are shown one by one beside all together."""
