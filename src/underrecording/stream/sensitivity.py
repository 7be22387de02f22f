"""How far an effect rests on each assumption: Sobol indices of the change in national accuracy.

At the baseline, intercepts are solved anew for whatever effect sizes are
assumed, so that the nation records as published: there, accuracy varies with
no assumption, and indices are not defined. What does vary is the *change* of
accuracy that drivers and interventions bring. It is computed by the recording
rule in expectation, with knowledge in its steady state and the workload of the
scenario's own queues: no stream is simulated for a point. A force's load counts
as independent of its knowledge and review habit, though those who review little
are overloaded first by more review: the mean change differs a little from that of
streams.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ValidationError
from scipy.stats import sobol_indices

from underrecording.errors import UserError
from underrecording.published import load_published
from underrecording.rng import generator, sobol_points
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

LEVEL = 0.95
RESAMPLES = 999
LOAD_WORLDS = 4
"""Worlds whose workload stands for that of all."""
_POINTS, _RESAMPLING = 1, 2
"""What a generator is for; see `rng.generator`."""
_SMALLEST = 1e-12
"""A change of accuracy below this is rounding."""


class Range(NamedTuple):
    """Values of one assumption, each as likely: a path below ``world``, lowest, highest."""

    path: str
    low: float
    high: float


RANGES = (
    Range("effects.knowledge", 0.5, 2.5),
    Range("effects.workload", 0.0, 0.2),
    Range("effects.pressure", 0.0, 0.6),
    Range("effects.review_detection", 0.25, 0.75),
    Range("accuracy.between_force_sd", 0.07, 0.11),
    Range("training.forgetting_per_year", 0.1, 0.4),
    Range("training.spread", 0.25, 0.75),
)
"""Assumed, like what they vary: about half to one and a half times, or none to twice, the default.

Drivers are moved at the baseline and today alike, where the scenario has them equal.
"""


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


@dataclass(frozen=True)
class Sensitivity:
    """Sobol indices of the change in national recording accuracy.

    Attributes
    ----------
    ranges : tuple of Range
    points : int
        N; (d + 2) N worlds were solved.
    change : float array (2 N,)
        Change of accuracy at independent points: its mean and spread say how
        much there is to explain.
    first_order, total : float arrays (d,)
    first_order_interval, total_interval : float arrays (d, 2)
        95 per cent, percentile bootstrap over points.
    """

    ranges: tuple[Range, ...]
    points: int
    change: Floats
    first_order: Floats
    total: Floats
    first_order_interval: Floats
    total_interval: Floats


def sensitivity(
    options: WorldOptions,
    *,
    seed: int,
    points: int,
    ranges: Sequence[Range] = RANGES,
    threads: int | None = None,
    advance: Callable[[int], None] = lambda _: None,
) -> Sensitivity:
    """Sobol indices of the change in national accuracy that *options* bring.

    Parameters
    ----------
    options : WorldOptions
    seed : int
    points : int
        N, a power of 2.
    ranges : sequence of Range
    threads : int
    advance : callable
        Told of each of the (d + 2) N points.

    Raises
    ------
    UserError
        If *points* is no power of 2, a range does not fit, the scenario
        changes no accuracy, or the baseline cannot be met somewhere in the ranges.
    """
    check_points(points)
    check_ranges(options, ranges)
    levers = find_levers(options, seed=seed, threads=threads)

    def change(at: Floats) -> Floats:
        found = np.empty(len(at))

        def one(row: int) -> None:
            found[row] = change_in_accuracy(at_point(options, ranges, at[row]), levers)

        each(range(len(at)), one, threads=threads, advance=advance)
        return found

    return analyse(change, ranges, seed=seed, points=points)


def analyse(
    function: Callable[[Floats], Floats], ranges: Sequence[Range], *, seed: int, points: int
) -> Sensitivity:
    """Sobol indices of *function*, which takes (n, d) points and returns (n,) values.

    Source: Saltelli et al. (2010), Comput. Phys. Commun. 181:259, as in
    `scipy.stats.sobol_indices`, on scrambled Sobol points.

    Raises
    ------
    UserError
        If *function* does not vary over the ranges.
    """
    d = len(ranges)
    low, high = (np.array([getattr(one, end) for one in ranges]) for end in ("low", "high"))
    unit = sobol_points(points, 2 * d, seed, _POINTS)
    a, b = low + (high - low) * unit[:, :d], low + (high - low) * unit[:, d:]
    mixed = []
    for i in range(d):
        one = a.copy()
        one[:, i] = b[:, i]
        mixed.append(one)
    values = function(np.concatenate([a, b, *mixed])).reshape(d + 2, points)
    if np.ptp(values) < _SMALLEST:
        raise UserError(
            "the scenario changes no recording accuracy, whatever is assumed: at the baseline it "
            "is as published by construction, and Sobol indices are not defined; give an "
            "intervention or change a driver"
        )
    found = _indices(values)
    picker = generator(seed, _RESAMPLING)
    again = np.array(
        [_indices(values[:, picker.integers(points, size=points)]) for _ in range(RESAMPLES)]
    )
    tails = 100.0 * np.array([(1.0 - LEVEL) / 2.0, (1.0 + LEVEL) / 2.0])
    interval = np.percentile(again, tails, axis=0)
    return Sensitivity(
        ranges=tuple(ranges),
        points=points,
        change=values[:2].ravel(),
        first_order=found[0],
        total=found[1],
        first_order_interval=interval[:, 0].T,
        total_interval=interval[:, 1].T,
    )


def _indices(values: Floats) -> Floats:
    """First-order and total indices, (2, d), from the values at A, B and the mixed points."""
    parts = {"f_A": values[:1], "f_B": values[1:2], "f_AB": values[2:, None]}
    found = sobol_indices(func=parts, n=values.shape[1])  # type: ignore[arg-type]
    return np.array([np.atleast_1d(found.first_order), np.atleast_1d(found.total_order)])


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


def at_point(
    options: WorldOptions, ranges: Sequence[Range], values: Sequence[float] | Floats
) -> WorldOptions:
    """The world with each path of *ranges* at its value, the baseline's drivers with today's."""
    for one, value in zip(ranges, values, strict=True):
        options = _replaced(options, one.path.split("."), float(value))
        section = one.path.partition(".")[0]
        if section in Drivers.model_fields:
            options = _replaced(options, ["baseline", *one.path.split(".")], float(value))
    return options


def check_points(points: int) -> None:
    """Refuse a number of points at which Sobol points lose their balance.

    Raises
    ------
    UserError
    """
    if points < 2 or points & (points - 1):
        raise UserError(f"--sobol: {points} is not a power of 2; give 64, 128, 256, ...")


def check_ranges(options: WorldOptions, ranges: Sequence[Range]) -> None:
    """Refuse ranges that are none, or that the world does not allow.

    Raises
    ------
    UserError
        With every mistake.
    """
    problems = []
    for one in ranges:
        if not one.low < one.high:
            problems.append(f"--range: {one.path}: {one.low:g} is not below {one.high:g}")
            continue
        for value in (one.low, one.high):
            try:
                WorldOptions.model_validate_json(
                    at_point(options, [one], [value]).model_dump_json()
                )
            except (ValidationError, TypeError, KeyError) as error:
                problems.append(f"--range: {one.path}={value:g}: {_first_line(error)}")
                break
    if problems:
        raise UserError(problems)


def _first_line(error: Exception) -> str:
    if isinstance(error, ValidationError):
        return str(error.errors()[0]["msg"])
    return "no number of the world; give one that may be a fraction, such as effects.knowledge"


def _replaced(model: Any, keys: Sequence[str], value: float) -> Any:
    """*model* with the number at the path *keys* replaced."""
    if not isinstance(model, BaseModel) or keys[0] not in type(model).model_fields:
        raise KeyError(keys[0])
    inner = getattr(model, keys[0])
    if len(keys) > 1:
        inner = _replaced(inner, keys[1:], value)
    elif isinstance(inner, float):
        inner = value
    else:
        raise TypeError(keys[0])
    return model.model_copy(update={keys[0]: inner})


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
            drivers = _replaced(drivers, path, value)
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
