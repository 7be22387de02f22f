"""The same forces and the same luck in another world: what two or more runs have in common."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple, TypeVar

import numpy as np

from underrecording.errors import UserError, did_you_mean
from underrecording.published import load_published
from underrecording.stream.force import ForceStream
from underrecording.world.options import Drivers, WorldOptions

ALL = "all"

Task = TypeVar("Task")


class Address(NamedTuple):
    """Where the random numbers of one world come from; see `rng.generator`."""

    seed: int
    world: int
    replicate: int


def addresses(options: WorldOptions, seed: int, count: int) -> tuple[Address, ...]:
    """The first *count* worlds of a study: fixed ones, or those of the first replicates.

    >>> addresses(WorldOptions(draw="fixed"), 7, 2)[1]
    Address(seed=7, world=1, replicate=0)
    >>> addresses(WorldOptions(), 7, 2)[1]
    Address(seed=7, world=0, replicate=1)
    """
    fresh = options.draw == "fresh"
    return tuple(Address(seed, 0, i) if fresh else Address(seed, i, 0) for i in range(count))


def need_streams(options: WorldOptions) -> None:
    """Refuse a world without incidents.

    Raises
    ------
    UserError
        Under ``fidelity: rates``.
    """
    if options.fidelity != "events":
        raise UserError(
            "world.fidelity: 'rates' simulates no incident to compare; give 'events' "
            "(--set world.fidelity=events)"
        )


def drivers_of(options: WorldOptions) -> Drivers:
    """Drivers of today as a section of their own, comparable with the baseline's."""
    return Drivers(**{name: getattr(options, name) for name in Drivers.model_fields})


def unchanged(options: WorldOptions) -> WorldOptions:
    """The same world without interventions, its drivers as at the baseline.

    >>> from underrecording.world.options import Staff
    >>> unchanged(WorldOptions(staff=Staff(officers=0.9))).staff.officers
    1.0
    """
    base = options.baseline
    return options.model_copy(
        update={
            **{name: getattr(base, name) for name in Drivers.model_fields},
            "pathway": options.pathway.model_copy(update={"interventions": ()}),
        }
    )


def concerned(options: WorldOptions) -> tuple[int, ...]:
    """Forces for which something differs from the baseline: all, some or none."""
    names = load_published().forces.name
    changes = options.pathway.interventions
    if drivers_of(options) != options.baseline or any(not change.forces for change in changes):
        return tuple(range(len(names)))
    hit = {name for change in changes for name in change.forces}
    return tuple(i for i, name in enumerate(names) if name in hit)


def forces_named(given: Iterable[str]) -> tuple[int, ...]:
    """Numbers of the forces that are named, capitals aside; every force for ``all``.

    Raises
    ------
    UserError
        For each name that no force has.

    >>> forces_named(["essex"]), len(forces_named(["all"]))
    ((12,), 43)
    """
    names = load_published().forces.name
    numbers = {name.casefold(): i for i, name in enumerate(names)}
    given = tuple(given)
    if ALL in (name.casefold() for name in given):
        return tuple(range(len(names)))
    unknown = [name for name in given if name.casefold() not in numbers]
    if unknown:
        raise UserError(
            [f"--force: unknown force {name!r}{did_you_mean(name, names)}" for name in unknown]
        )
    return tuple(sorted({numbers[name.casefold()] for name in given}))


def same_draws(force: ForceStream, other: ForceStream) -> bool:
    """Whether two streams of one force, in worlds of one frame, draw the same numbers."""
    return np.array_equal(force.log_rate, other.log_rate)


def largest_first(forces: Sequence[int]) -> list[int]:
    """Forces by volume, falling, so that the last thread to finish has little left to do."""
    volume = load_published().forces.total
    return sorted(forces, key=lambda number: -float(volume[number]))


def each(
    tasks: Sequence[Task],
    one: Callable[[Task], None],
    *,
    threads: int | None,
    advance: Callable[[int], None],
) -> None:
    """Call *one* for every task on *threads* threads, all cores if None, and *advance* after it."""
    with ThreadPoolExecutor(threads or os.cpu_count()) as pool:
        try:
            for _ in pool.map(one, tasks):
                advance(1)
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
