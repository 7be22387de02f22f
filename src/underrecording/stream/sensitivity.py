"""How far an effect rests on each assumption: Sobol indices of the change in national accuracy.

At the baseline, intercepts are solved anew for whatever effect sizes are
assumed, so that the nation records as published: there, accuracy varies with
no assumption, and indices are not defined. What does vary is the *change* of
accuracy that drivers and interventions bring. It is computed by the recording
rule in expectation (see `stream.levers`): no stream is simulated for a point.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError
from scipy.stats import sobol_indices

from underrecording.errors import UserError
from underrecording.rng import generator, sobol_points
from underrecording.stream.counterfactual import each
from underrecording.stream.levers import change_in_accuracy, find_levers, replaced
from underrecording.world.options import Drivers, WorldOptions

Floats = NDArray[np.float64]

LEVEL = 0.95
RESAMPLES = 999
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


def at_point(
    options: WorldOptions, ranges: Sequence[Range], values: Sequence[float] | Floats
) -> WorldOptions:
    """The world with each path of *ranges* at its value, the baseline's drivers with today's."""
    for one, value in zip(ranges, values, strict=True):
        options = replaced(options, one.path.split("."), float(value))
        section = one.path.partition(".")[0]
        if section in Drivers.model_fields:
            options = replaced(options, ["baseline", *one.path.split(".")], float(value))
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
