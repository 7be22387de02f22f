"""What a scenario moves, settled once: the drivers in the end, and the workload with them.

The change of national accuracy then follows by the recording rule in
expectation, with knowledge in its steady state and the workload of the
scenario's own queues. A force's load counts as independent of its knowledge and
review habit, though those who review little are overloaded first by more
review: the mean change differs a little from that of streams.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel

from underrecording.errors import UserError
from underrecording.published import load_published
from underrecording.stream.counterfactual import (
    Address,
    addresses,
    concerned,
    drivers_of,
    each,
    largest_first,
    unchanged,
)
from underrecording.stream.draws import DUE, draw_stream, has
from underrecording.stream.engine import run_stream
from underrecording.stream.schedule import HOUR_MS
from underrecording.stream.times import NEVER
from underrecording.stream.world import N_LOADS, EventWorld, make_world
from underrecording.world.build import assemble_world, solve_baseline
from underrecording.world.factors import officers_of, stationary_load
from underrecording.world.options import Drivers, WorldOptions
from underrecording.world.pathway import Intervention

Floats = NDArray[np.float64]

LOAD_WORLDS = 4
"""Worlds whose workload stands for that of all."""


class Levers(NamedTuple):
    """What a scenario moves, settled once for all points.

    Attributes
    ----------
    before, after : float arrays (F,) or (F, L)
        Excess load of each force at the baseline and under the scenario; L
        values equally often met at a decision.
    interventions : tuple of Intervention
        Those at work in the end.
    """

    before: Floats
    after: Floats
    interventions: tuple[Intervention, ...]


def change_in_accuracy(options: WorldOptions, levers: Levers) -> float:
    """Expected national accuracy under *levers* less that at the baseline, solved anew."""
    baseline = solve_baseline(options, levers.before, 0.0)
    start = assemble_world(options, baseline, options.baseline, levers.before)
    due = start.expected_due
    chance = np.empty_like(start.expected_p)
    for drivers, rows in _drivers_after(options, levers.interventions):
        world = assemble_world(options, baseline, drivers, levers.after)
        chance[rows] = world.expected_p[rows]
    return float((due * (chance - start.expected_p)).sum() / due.sum())


def find_levers(options: WorldOptions, *, seed: int, threads: int | None = None) -> Levers:
    """Settle what *options* move: the drivers in the end, and the workload that goes with them.

    Under ``fidelity: events`` the workload is that of the first worlds of a study
    with this *seed*, which are simulated for it. It is held for all points: recording feeds
    back on the desk's and the supervisors' queues only.

    Raises
    ------
    UserError
        If nothing differs from the baseline.
    """
    if not concerned(options):
        raise UserError(
            "world: the drivers are those of the baseline and there is no intervention; at the "
            "baseline accuracy is as published by construction, so Sobol indices are not defined"
        )
    if options.fidelity == "rates":
        before, after = _load_at_rates(options.baseline), _load_at_rates(drivers_of(options))
        load_0 = float(np.median(before))
        return Levers(np.maximum(0.0, before - load_0), np.maximum(0.0, after - load_0), ())
    at_work, since = _in_the_end(options)
    luck = addresses(options, seed, LOAD_WORLDS)
    before, after = (
        _load_from_streams(side, since, luck, threads) for side in (unchanged(options), options)
    )
    return Levers(before, after, at_work)


def _in_the_end(options: WorldOptions) -> tuple[tuple[Intervention, ...], int]:
    """Interventions at work on the last day on which any is, and the day the last of them began."""
    pathway = options.pathway
    if not pathway.interventions:
        return (), 0
    ends = [change.until or pathway.end for change in pathway.interventions]
    day = min(max(ends), pathway.end) - timedelta(days=1)
    at_work = tuple(
        change
        for change, end in zip(pathway.interventions, ends, strict=True)
        if change.date <= day < end
    )
    return at_work, (max(change.date for change in at_work) - pathway.start).days


def _drivers_after(
    options: WorldOptions, interventions: Sequence[Intervention]
) -> list[tuple[Drivers, list[int]]]:
    """Drivers in the end, with the forces that have them."""
    found: dict[str, tuple[Drivers, list[int]]] = {}
    for number, name in enumerate(load_published().forces.name):
        drivers: Drivers = drivers_of(options)
        for change in interventions:
            if not change.forces or name in change.forces:
                drivers = _after(drivers, change)
        found.setdefault(drivers.model_dump_json(), (drivers, []))[1].append(number)
    return list(found.values())


_LEVELS: Mapping[str, tuple[str, str]] = {
    "training_rate_per_year": ("training", "rate_per_year"),
    "review_share": ("supervision", "review_share"),
    "pressure_level": ("pressure", "level"),
}


def _after(drivers: Drivers, change: Intervention) -> Drivers:
    """*drivers* with the levels that *change* sets; its staff and demand are in the load."""
    for key, path in _LEVELS.items():
        value = getattr(change, key)
        if value is not None:
            drivers = replaced(drivers, path, value)
    return drivers


def _load_at_rates(drivers: Drivers) -> Floats:
    published = load_published()
    return stationary_load(
        drivers.workload,
        published.forces.total.astype(np.float64),
        officers_of(drivers.staff, published),
    )


def _load_from_streams(
    options: WorldOptions, since: int, luck: Sequence[Address], threads: int | None
) -> Floats:
    """Excess load at due decisions from day *since* on, in some worlds one after another, (F, L).

    In the worlds' own luck: who usually reviews little is overloaded first.
    """
    world = make_world(options)
    assert isinstance(world, EventWorld)
    excess = np.zeros((len(world.frame.forces), len(luck), N_LOADS))
    begin = (options.pathway.warm_up_days + since) * 24 * HOUR_MS

    def one(task: tuple[int, int]) -> None:
        number, place = task
        force = world.force(number, *luck[place])
        draws = draw_stream(force, *luck[place])
        times = run_stream(force, draws)
        reports = len(draws.group)
        rows = (times.decision != NEVER) & has(draws.traits[:reports], DUE)
        rows &= draws.reported[:reports] >= begin
        load = np.sort(times.open_incidents[rows] / times.on_duty[rows])
        if len(load) >= N_LOADS:
            parts = np.array([part.mean() for part in np.array_split(load, N_LOADS)])
            excess[task] = np.maximum(0.0, parts - world.load_0)

    order = largest_first(range(len(excess)))
    tasks = [(number, place) for place in range(len(luck)) for number in order]
    each(tasks, one, threads=threads, advance=lambda _: None)
    return excess.reshape(len(excess), -1)


def replaced(model: Any, keys: Sequence[str], value: float) -> Any:
    """Return *model* with the number at the path *keys* replaced."""
    if not isinstance(model, BaseModel) or keys[0] not in type(model).model_fields:
        raise KeyError(keys[0])
    inner = getattr(model, keys[0])
    if len(keys) > 1:
        inner = replaced(inner, keys[1:], value)
    elif isinstance(inner, float):
        inner = value
    else:
        raise TypeError(keys[0])
    return model.model_copy(update={keys[0]: inner})
