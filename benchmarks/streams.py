"""Incident streams: the compiled engine beside SimPy, Ciw and salabim, in one run.

    pip install '.[bench]'      # Ciw and salabim; without them they are left out
    python benchmarks/streams.py [--quick]

Prints ratios, round by round, with their range. Absolute times say nothing on
another machine.
"""

from __future__ import annotations

import argparse
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np
import peers_of_streams as peers
from turns import rounds, show

from underrecording.ledger import Ledger
from underrecording.stream import EventWorld, Schedule, Times, draw_stream, make_world, run_stream
from underrecording.stream.compiled import run_compiled
from underrecording.stream.draws import ATTENDED, Draws
from underrecording.stream.force import Rule
from underrecording.stream.outcome import count
from underrecording.stream.reference import run_reference
from underrecording.stream.schedule import HOUR_MS
from underrecording.world.options import WorldOptions
from underrecording.world.pathway import Pathway

SEED, THREADS = 1, 2


def seconds_a_call(function: Callable[[], object], least_seconds: float) -> float:
    """Seconds a call, over as many calls as fill *least_seconds*."""
    calls, started = 0, time.perf_counter()
    while time.perf_counter() - started < least_seconds or not calls:
        function()
        calls += 1
    return (time.perf_counter() - started) / calls


def pathway_against_simpy(world: EventWorld, name: str, pairs: int) -> None:
    """One force's year on the full pathway: rosters, priorities, reviews, training."""
    number = world.frame.forces.index(name)
    force = world.force(number, SEED, 0, 0)
    draws = draw_stream(force, SEED, 0, 0)
    ours, theirs = (run_stream(force, draws, engine) for engine in ("compiled", "reference"))
    for field in Times._fields:
        np.testing.assert_array_equal(getattr(ours, field), getattr(theirs, field))
    ratios = []
    for _ in range(pairs):
        fast = seconds_a_call(partial(run_stream, force, draws), 0.2)
        slow = seconds_a_call(partial(run_stream, force, draws, "reference"), 0.0)
        ratios.append((fast, slow))
    show(f"{name}, {len(draws.reported):,} incidents: compiled, SimPy", ratios)


def nation_against_its_draws(world: EventWorld, pairs: int) -> None:
    """All 43 forces on two threads: drawn, run and counted, against drawn only."""
    incidents = []

    def each(one: Callable[[int], None]) -> None:
        order = np.argsort(-world.law.reports.sum(axis=1)).tolist()
        with ThreadPoolExecutor(THREADS) as pool:
            list(pool.map(one, order))

    def draw(number: int) -> None:
        draws = draw_stream(world.force(number, SEED, 0, 0), SEED, 0, 0)
        incidents.append(len(draws.reported))

    ledger = Ledger.empty(1, *world.law.reports.shape)

    def draw_run_count(number: int) -> None:
        force = world.force(number, SEED, 0, 0)
        draws = draw_stream(force, SEED, 0, 0)
        count(force, draws, run_stream(force, draws), ledger, 0)

    times = rounds(pairs, partial(each, draw), partial(each, draw_run_count))
    total = sum(incidents) // (pairs + 1)
    show(f"43 forces, {total:,} incidents, {THREADS} threads: draws, everything", times)


def memory_of_all(days: int) -> None:
    """Peak memory of one force and of all, whole processes."""
    peaks = {}
    with tempfile.TemporaryDirectory() as folder:
        for which in ("Metropolitan", "all"):
            out = Path(folder) / ("all" if which == "all" else "one.parquet")
            words = [
                "stream", "scenarios/interim.yaml", "--force", which, "--out", str(out),
                "--jobs", "1", "--quiet", "--set", f"world.pathway.days={days}",
            ]  # fmt: skip
            code = (
                "import resource, sys; from underrecording.cli import main;"
                "main(sys.argv[1:], standalone_mode=False);"
                "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr)"
            )
            done = subprocess.run(
                [sys.executable, "-c", code, *words], check=True, capture_output=True, text=True
            )
            peaks[which] = int(done.stderr.splitlines()[-1])
    ratio = peaks["all"] / peaks["Metropolitan"]
    print(f"{'peak memory: Metropolitan alone, all forces':<66} {ratio:6.2f}")


def our_starts(engine, reported, call, handling, attended, takers, officers) -> peers.Starts:
    """The same two stations in one of our engines: incidents that are no crime reports."""
    n = len(reported)
    hours = int(reported[-1] // HOUR_MS) + 24 * 60
    nothing = np.zeros(0, np.float32)
    draws = Draws(
        reported=reported,
        traits=np.where(attended, ATTENDED, 0).astype(np.uint8),
        service=np.concatenate((call, handling)).astype(np.int32),
        group=np.zeros(0, np.uint8), variate=nothing, review_draw=nothing,
        fate=np.zeros(0, np.uint8), classified_as=np.zeros(0, np.uint8),
    )  # fmt: skip
    level = np.zeros(hours)
    schedule = Schedule(
        capacity=np.tile(np.array([takers, officers, 0, 0], np.int64), (hours, 1)),
        on_duty=np.full(hours, officers, np.int64),
        knowledge=level, review_share=level, pressure=level, time_limit_hours=level,
    )  # fmt: skip
    rule = Rule(np.zeros(6), 0.0, 0.0, 0.0, 0.0, 0.0, np.zeros(6))
    times = Times.empty(draws.layout)
    engine(draws, schedule, rule, times)
    return {"call": times.started[:n], "handling": times.started[n:]}


def queueing_part(incidents: int, pairs: int) -> None:
    """Two stations in each simulator; all must begin every service at the same millisecond."""
    plan = (*peers.planned(incidents), peers.TAKERS, peers.OFFICERS)
    compiled = partial(our_starts, run_compiled, *plan)
    ours = compiled()
    for name, function in (
        ("simpy", partial(our_starts, run_reference, *plan)),
        ("ciw", partial(peers.ciw_starts, *plan)),
        ("salabim", partial(peers.salabim_starts, *plan)),
    ):
        try:
            label = f"two stations, {incidents:,} incidents: compiled, {name} {version(name)}"
        except PackageNotFoundError:
            print(f"{name} is not installed: pip install '.[bench]'")
            continue
        if peers.differ(ours, function()):
            raise SystemExit(f"{name} disagrees: the comparison is void")
        ratios = []
        for _ in range(pairs):
            fast = seconds_a_call(compiled, 0.2)
            ratios.append((fast, seconds_a_call(function, 0.0)))
        show(label, ratios)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a few seconds, for a smoke test")
    quick = parser.parse_args().quick
    pairs = 1 if quick else 5
    pathway = Pathway(days=14, warm_up_days=7, follow_up_days=14) if quick else Pathway()
    world = make_world(WorldOptions(fidelity="events", pathway=pathway))
    assert isinstance(world, EventWorld)
    print(
        f"Python {platform.python_version()}, numpy {version('numpy')}, "
        f"numba {version('numba')}, simpy {version('simpy')}"
    )
    print(f"\n{'seconds of the second over seconds of the first':<66}  ratio  (range)")
    pathway_against_simpy(world, "City of London", pairs)
    if not quick:
        pathway_against_simpy(world, "Dyfed-Powys", pairs)
    nation_against_its_draws(world, pairs)
    queueing_part(500 if quick else 5_000, pairs)
    memory_of_all(days=7 if quick else 365)


if __name__ == "__main__":
    main()
