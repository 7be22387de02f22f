"""A world whose ledgers come out of streams: every force's period, incident by incident."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from underrecording.errors import UserError
from underrecording.ledger import Ledger
from underrecording.published import load_published
from underrecording.stream.draws import DUE, Draws, draw_stream, has
from underrecording.stream.engine import run_stream
from underrecording.stream.force import ForceStream, force_stream, luck_of
from underrecording.stream.outcome import count
from underrecording.stream.schedule import HOUR_MS, Luck
from underrecording.stream.stations import warn_of_overload
from underrecording.stream.times import NEVER, Times
from underrecording.world.build import (
    Baseline,
    World,
    assemble_world,
    build_world,
    solve_baseline,
)
from underrecording.world.draw import EVERYTHING, draw_other_systems
from underrecording.world.law import Law
from underrecording.world.options import Drivers, WorldOptions

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

N_LOADS = 3
"""Equally frequent values of the load at a decision, for each force."""

TOLERANCE = 2e-4
"""Of the expected accuracy of each group at the baseline: 0.02 percentage points."""

MAX_ROUNDS = 6
PILOT_WORLD = 2**16
"""World number of the streams that calibrate; no study has it."""


@dataclass(frozen=True)
class EventWorld(World):
    """A world whose forces are simulated incident by incident.

    What a `World` expects is here expected at the baseline.

    Attributes
    ----------
    options : WorldOptions
    load_0 : float
        Open incidents per officer on duty from which excess counts: the median
        over forces of the mean met at decisions, at the baseline.
    """

    options: WorldOptions
    load_0: float

    def force(self, number: int, seed: int, world: int, replicate: int) -> ForceStream:
        """Return the stream of one force in one world, under the drivers of today."""
        return self._force(self.options, number, luck_of(self.law, seed, world, replicate, number))

    def _force(self, drivers: Drivers, number: int, luck: Luck) -> ForceStream:
        return force_stream(
            self.options, self.law, load_0=self.load_0, drivers=drivers, force=number, luck=luck
        )

    def fresh(
        self,
        seed: int,
        first: int,
        count: int,
        *,
        threads: int = 1,
        fields: Collection[str] = EVERYTHING,
    ) -> Ledger:
        """Return the fresh worlds of replicates *first* to *first* + *count* - 1.

        Streams fill every field, whatever *fields* are asked for.
        """
        rows = [self._ledger(seed, 0, first + row, threads) for row in range(count)]
        return Ledger(*(np.concatenate(counts) for counts in zip(*rows, strict=True)))

    def fixed(
        self, seed: int, number: int, *, threads: int = 1, fields: Collection[str] = EVERYTHING
    ) -> Ledger:
        """Return fixed world *number*; *fields* as in `fresh`."""
        return self._ledger(seed, number, 0, threads)

    def _ledger(self, seed: int, world: int, replicate: int, threads: int) -> Ledger:
        return _ledger(self.options.model_dump_json(), seed, world, replicate, threads)


@lru_cache(maxsize=1024)
def _ledger(options_json: str, seed: int, world: int, replicate: int, threads: int) -> Ledger:
    """One world's ledger. Kept: blocks and cells that share the world need not repeat it."""
    made = _event_world(options_json)
    ledger = Ledger.empty(1, *made.law.reports.shape)

    def one(number: int) -> None:
        force = made.force(number, seed, world, replicate)
        draws = draw_stream(force, seed, world, replicate)
        times = run_stream(force, draws)
        warn_of_overload(force, draws, times)
        count(force, draws, times, ledger, 0)

    for_each_force(made.law, one, threads)
    draw_other_systems(made.law, seed, world, replicate, ledger)
    return ledger


def for_each_force(law: Law, one: Callable[[int], None], threads: int | None = None) -> None:
    """Call *one* for every force, the largest first, on *threads* threads, all cores if None."""
    order = np.argsort(-law.reports.sum(axis=1), kind="stable").tolist()
    with ThreadPoolExecutor(threads or os.cpu_count()) as pool:
        for _ in pool.map(one, order):
            pass


def make_world(options: WorldOptions) -> World:
    """Build the world of *options*, at either fidelity; the same options give the same object.

    Raises
    ------
    UserError
        As `build_world`; and where the calibration by streams does not settle.
    """
    if options.fidelity == "rates":
        return build_world(options)
    return _event_world(options.model_dump_json())


@lru_cache(maxsize=64)
def _event_world(options_json: str) -> EventWorld:
    options = WorldOptions.model_validate_json(options_json)
    pathway = options.pathway.model_copy(update={"interventions": ()})
    at_baseline = options.model_copy(update={"pathway": pathway})
    baseline, excess = _calibrated(at_baseline.model_dump_json(include=_AT_BASELINE))
    return _scaled(options, baseline, excess)


_AT_BASELINE = {
    "fidelity", "rule", "accuracy", "effects", "pressured_groups", "baseline", "frame", "pathway",
    "no_crimes",
}  # fmt: skip


@lru_cache(maxsize=16)
def _calibrated(options_json: str) -> tuple[Baseline, Floats]:
    """Solve the intercepts with the engine: streams give loads, loads give intercepts.

    Recording feeds back on the desk only, so a few rounds settle it.
    """
    options = WorldOptions.model_validate_json(options_json)
    nothing = np.zeros((len(load_published().forces.name), 1))
    baseline, excess = solve_baseline(options, nothing, 0.0), nothing
    target = _scaled(options, baseline, excess).expected_accuracy()
    for _ in range(MAX_ROUNDS):
        load = _loads_at_decisions(_scaled(options, baseline, excess))
        load_0 = float(np.median(load.mean(axis=1))) if excess is nothing else baseline.load_0
        excess = np.maximum(0.0, load - load_0)
        met = _scaled(options, baseline, excess).expected_accuracy()
        if baseline.load_0 == load_0 and np.abs(met - target).max() < TOLERANCE:
            return baseline, excess
        baseline = solve_baseline(options, load, load_0)
    raise UserError(
        f"world.baseline: its queues do not settle in {MAX_ROUNDS} rounds of calibration; give "
        "more staff, fewer incidents or a weaker effect of workload"
    )


def _scaled(options: WorldOptions, baseline: Baseline, excess_load: Floats) -> EventWorld:
    """Assemble the world for its period, which may be shorter than a year."""
    world = assemble_world(options, baseline, options.baseline, excess_load)
    share = options.pathway.days / 365.0
    law = world.law._replace(
        reports=_whole(world.law.reports * share),
        other_due=_whole(world.law.other_due * share),
        gap_due=_whole(world.law.gap_due * share),
    )
    known = {field.name: getattr(world, field.name) for field in fields(World)}
    known |= {"law": law, "expected_due": world.expected_due * share}
    return EventWorld(**known, options=options, load_0=baseline.load_0)


def _whole(counts: Any) -> Ints:
    whole: Ints = np.rint(counts).astype(np.int64)
    return whole


def _loads_at_decisions(world: EventWorld) -> Floats:
    """Equally frequent loads at the decisions on due reports, (F, `N_LOADS`), at the baseline."""
    loads = np.zeros((len(world.frame.forces), N_LOADS))

    def one(number: int) -> None:
        force = world._force(world.options.baseline, number, Luck(0.0, 0.0, 0.0, 0.0))
        draws = draw_stream(force, 0, PILOT_WORLD, 0)
        times = run_stream(force, draws)
        loads[number] = _equally_frequent(_load(force, draws, times))

    for_each_force(world.law, one)
    return loads


def _load(force: ForceStream, draws: Draws, times: Times) -> Floats:
    """Open incidents per officer on duty at each decision on a due report of the period."""
    begin = force.pathway.warm_up_days * 24 * HOUR_MS
    n_reports = len(draws.group)
    rows = (
        (times.decision != NEVER)
        & has(draws.traits[:n_reports], DUE)
        & (draws.reported[:n_reports] >= begin)
    )
    load: Floats = times.open_incidents[rows] / times.on_duty[rows]
    return load


def _equally_frequent(load: Floats) -> Floats:
    if len(load) < N_LOADS:
        return np.full(N_LOADS, load.mean() if len(load) else 0.0)
    return np.array([part.mean() for part in np.array_split(np.sort(load), N_LOADS)])
