"""Why crimes go unrecorded: the share of each factor, by counterfactual runs and Shapley values.

A force's period is run again and again with the same random numbers, each time
with some factors put into their ideal state. Averaged over all orders in which
five factors can be mended, the fall in under-recording that each brings sums
exactly to the whole fall (Shapley 1953). Effect sizes are assumed, and with
them every share.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from underrecording.ledger import Ledger
from underrecording.published import load_published
from underrecording.stream.counterfactual import (
    addresses,
    each,
    largest_first,
    need_streams,
)
from underrecording.stream.draws import draw_stream
from underrecording.stream.engine import run_stream
from underrecording.stream.force import ForceStream
from underrecording.stream.outcome import count
from underrecording.stream.schedule import SUPERVISORS
from underrecording.stream.world import EventWorld, make_world
from underrecording.world.options import WorldOptions

Floats = NDArray[np.float64]

FACTORS = ("training", "supervision", "workload", "pressure", "unexplained")
ENOUGH = 2**20
"""Supervisors among whom no review ever waits."""


@dataclass(frozen=True)
class Attribution:
    """Under-recording in several worlds, taken apart.

    Attributes
    ----------
    domain : str
        A force, or ``England and Wales``.
    under_recording : float array (worlds,)
        Due reports of the period that end up unrecorded, a share.
    remaining : float array (worlds,)
        The same with all factors ideal.
    contribution : float array (worlds, 5)
        Shapley values of `FACTORS`; they sum to the difference of the two.
    alone : float array (worlds, 5)
        The fall where that factor alone is ideal.
    """

    domain: str
    under_recording: Floats
    remaining: Floats
    contribution: Floats
    alone: Floats


def ideal(force: ForceStream, factors: Sequence[str]) -> ForceStream:
    """The same force with *factors* in their ideal state.

    training
        All decision makers have current training.
    supervision
        Every decision not to record is reviewed, at once; a review still finds
        a wrong one with the assumed chance e only.
    workload
        No workload moves a decision (omega = 0).
    pressure
        None.
    unexplained
        A force like the typical one (u = 0): for it, this may be the worse state.
    """
    schedule, rule = force.schedule, force.rule
    if "training" in factors:
        schedule = schedule._replace(knowledge=np.ones_like(schedule.knowledge))
    if "supervision" in factors:
        capacity = schedule.capacity.copy()
        capacity[:, SUPERVISORS] = ENOUGH
        schedule = schedule._replace(
            capacity=capacity, review_share=np.ones_like(schedule.review_share)
        )
    if "workload" in factors:
        rule = rule._replace(omega=0.0)
    if "pressure" in factors:
        schedule = schedule._replace(pressure=np.zeros_like(schedule.pressure))
    if "unexplained" in factors:
        rule = rule._replace(effect=0.0)
    return force._replace(schedule=schedule, rule=rule)


def shapley(values: Floats) -> Floats:
    """Shapley value of each of n factors.

    Parameters
    ----------
    values : float array (2**n, ...)
        Value of each coalition; bit i of the index says whether factor i is in.

    Returns
    -------
    float array (n, ...)
        They sum to the value of all factors less that of none.

    Source: Shapley (1953), Contributions to the Theory of Games II, 307-317.

    >>> shapley(np.array([0.0, 1.0, 2.0, 5.0]))  # 1 and 2 alone, 5 together
    array([2., 3.])
    """
    n = (len(values) - 1).bit_length()
    shares = np.zeros((n, *values.shape[1:]))
    for coalition in range(len(values)):
        size = coalition.bit_count()
        for i in range(n):
            if not coalition >> i & 1:
                weight = math.factorial(size) * math.factorial(n - size - 1) / math.factorial(n)
                shares[i] += weight * (values[coalition | 1 << i] - values[coalition])
    return shares


def attribute(
    options: WorldOptions,
    *,
    seed: int,
    worlds: int,
    forces: Sequence[int],
    threads: int | None = None,
    advance: Callable[[int], None] = lambda _: None,
) -> Attribution:
    """Take apart the under-recording of one force, or of several as one.

    Parameters
    ----------
    options : WorldOptions
    seed, worlds : int
        The first *worlds* worlds of a study with this seed.
    forces : sequence of int
    threads : int
    advance : callable
        Told of each force-period that has been run in all 32 ways.

    Raises
    ------
    UserError
        Under ``fidelity: rates``.
    """
    need_streams(options)
    world = make_world(options)
    assert isinstance(world, EventWorld)
    coalitions = [
        [factor for i, factor in enumerate(FACTORS) if mask >> i & 1]
        for mask in range(2 ** len(FACTORS))
    ]
    luck = addresses(options, seed, worlds)
    ledgers = [Ledger.empty(len(coalitions), *world.law.reports.shape) for _ in luck]

    def one(task: tuple[int, int]) -> None:
        place, number = task
        actual = world.force(number, *luck[place])
        # None of the factors moves a draw: training that has been had costs no further time.
        draws = draw_stream(actual, *luck[place])
        for row, factors in enumerate(coalitions):
            force = ideal(actual, factors)
            count(force, draws, run_stream(force, draws), ledgers[place], row)

    tasks = [(place, number) for place in range(worlds) for number in largest_first(forces)]
    each(tasks, one, threads=threads, advance=advance)
    rates = np.array([_under_recording(ledger, list(forces)) for ledger in ledgers])
    singles = [1 << i for i in range(len(FACTORS))]
    return Attribution(
        domain=_domain(forces),
        under_recording=rates[:, 0],
        remaining=rates[:, -1],
        contribution=shapley(-rates.T).T,
        alone=rates[:, :1] - rates[:, singles],
    )


def _under_recording(ledger: Ledger, forces: list[int]) -> Floats:
    """Share of due reports unrecorded in each row of *ledger*, (rows,)."""
    due = ledger.due[:, forces].sum(axis=(1, 2))
    recorded = ledger.recorded[:, forces].sum(axis=(1, 2))
    rate: Floats = 1.0 - recorded / due
    return rate


def _domain(forces: Sequence[int]) -> str:
    names = load_published().forces.name
    if len(forces) == len(names):
        return "England and Wales"
    return ", ".join(names[number] for number in forces)
