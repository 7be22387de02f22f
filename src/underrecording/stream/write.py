"""Forces to files: draw each stream, run it, write it down, let go of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from underrecording.stream.draws import Draws, draw_stream
from underrecording.stream.engine import Engine, run_stream
from underrecording.stream.force import ForceStream
from underrecording.stream.incidents import incidents
from underrecording.stream.parquet import write_stream
from underrecording.stream.stations import warn_of_overload
from underrecording.stream.times import Times
from underrecording.stream.world import EventWorld

T = TypeVar("T")


class Address(NamedTuple):
    """Which of all worlds a stream belongs to: scenario's seed, number of the world, replicate."""

    seed: int
    world: int
    replicate: int = 0


def write_streams(
    world: EventWorld,
    paths: Mapping[int, Path],
    address: Address,
    *,
    measure: Callable[[ForceStream, Draws, Times], T],
    engine: Engine = "compiled",
    jobs: int = 1,
    about: Mapping[str, Any],
) -> Iterator[tuple[ForceStream, T]]:
    """Simulate forces and write each to its file, the largest first.

    Parameters
    ----------
    world : EventWorld
    paths : mapping of int to Path
        Number of each force -> its file, see `write_stream`.
    address : Address
    measure : callable
        What to take of a stream before it is let go.
    engine : str
    jobs : int
        Forces at a time; so many are in memory at once.
    about : mapping
        Metadata of every file, besides address, force and period.

    Yields
    ------
    force : ForceStream
    measured : what *measure* returned
        Once the force's file is whole.

    Raises
    ------
    UserError
        If a file cannot be written, or a stream is too large. Forces not begun
        are left out then; files that are there are whole.
    """
    reports = world.law.reports.sum(axis=1)
    order = sorted(paths, key=lambda number: -int(reports[number]))

    def one(number: int) -> tuple[ForceStream, T]:
        force = world.force(number, *address)
        draws = draw_stream(force, *address)
        times = run_stream(force, draws, engine)
        warn_of_overload(force, draws, times)
        period = {"start": force.pathway.start.isoformat(), "days": force.pathway.days}
        write_stream(
            paths[number],
            incidents(force, draws, times),
            {"force": force.name, **address._asdict(), "period": period, **about},
        )
        return force, measure(force, draws, times)

    if min(jobs, len(order)) == 1:
        # In this thread, where the reference engine can be interrupted.
        yield from map(one, order)
        return
    pool = ThreadPoolExecutor(jobs)
    try:
        yield from pool.map(one, order)
    finally:
        pool.shutdown(cancel_futures=True)
