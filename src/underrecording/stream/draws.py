"""All randomness of a stream, drawn before an engine runs.

Incidents are numbered: crime reports first, in the order in which they are
made, then all other incidents likewise. Every kind of number has a generator of
its own, so a change of one option leaves the luck of everything else as it was.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from underrecording.rng import Generator, generator, uniform_singles
from underrecording.stream import times
from underrecording.stream.force import ForceStream
from underrecording.stream.schedule import HOUR_MS
from underrecording.stream.times import Layout
from underrecording.world.pathway import Duration, Durations

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Singles = NDArray[np.float32]
Milliseconds = NDArray[np.int32]
Bytes = NDArray[np.uint8]
Bools = NDArray[np.bool_]

DUE, BUREAU, ATTENDED, EMERGENCY, OVER_RECORDED, DETECTED = (1 << bit for bit in range(6))
"""Bits of `Draws.traits`."""

NO_CRIME, WRONG_NO_CRIME, DISPOSAL, WRONG_DISPOSAL = (1 << bit for bit in range(4))
"""Bits of `Draws.fate`: what becomes of a report once it is recorded."""

LONGEST_MS = 2**31 - 256  # The largest single-precision number below 2**31, and so an int32.

# What a generator is for. Reports and other incidents have their own.
(
    WARM_UP, REPORTED, GROUP, DUE_DRAW, ROUTE, EMERGENCY_DRAW, ATTENDED_DRAW, CALL, HANDLING,
    ENQUIRIES, VARIATE, REVIEW_CHOICE, DETECTION, REVIEW, RECORDING, OVER_RECORDING,
    CLASSIFICATION, NO_CRIME_DRAW, WRONG_NO_CRIME_DRAW, DISPOSAL_DRAW, WRONG_DISPOSAL_DRAW,
) = range(21)  # fmt: skip
OTHERS = 32
"""Added to the purpose of a number that concerns an incident which is no crime report."""


class Draws(NamedTuple):
    """Every random number of one force's period; n incidents, the first R of them reports.

    Attributes
    ----------
    reported : int array (n,)
        Milliseconds from the start of the warm-up; rising within either kind.
    traits : uint8 array (n,)
        Bits `DUE`, `BUREAU`, `ATTENDED`, `EMERGENCY`, `OVER_RECORDED`
        (recorded although not due) and `DETECTED` (a review would find it wrong).
    service : int32 array, laid out by `Layout`
        Milliseconds that each step takes.
    group : uint8 array (R,)
    variate : float32 array (R,)
        Standard logistic; a due report is recorded where it is at most the
        linear predictor.
    review_draw : float32 array (R,)
        Uniform; a refusal is reviewed where it is below the review share.
    fate : uint8 array (R,)
        Bits `NO_CRIME`, `WRONG_NO_CRIME`, `DISPOSAL`, `WRONG_DISPOSAL`.
    classified_as : uint8 array (R,)
        Group under which it would be recorded.
    """

    reported: Ints
    traits: Bytes
    service: Milliseconds
    group: Bytes
    variate: Singles
    review_draw: Singles
    fate: Bytes
    classified_as: Bytes

    @property
    def layout(self) -> Layout:
        """How steps lie in `service` and in the times that an engine fills."""
        return Layout(len(self.reported), len(self.group))


class _Source:
    """Bulk numbers of one force in one world, a generator for each purpose."""

    def __init__(self, seed: int, world: int, replicate: int, force: int) -> None:
        self._address = (seed, world, replicate, force)

    def of(self, purpose: int) -> Generator:
        return generator(*self._address, purpose)

    def uniform(self, purpose: int, count: int) -> Singles:
        return uniform_singles(count, *self._address, purpose)


def draw_stream(force: ForceStream, seed: int, world: int, replicate: int) -> Draws:
    """Draw everything about one force's period in one world.

    The number of crime reports in the period is known; given it, their times
    are those of a Poisson process of varying rate. Other incidents, and reports
    of the warm-up, are a Poisson process.
    """
    source = _Source(seed, world, replicate, force.number)
    routes, durations = force.pathway.routes, force.pathway.durations
    warm_up, logs = _numbers(force, source)
    group = _groups(force, source, warm_up)
    n_reports = len(group)

    reports = _report_traits(force, source, n_reports)
    others = _attendance(
        source, OTHERS, logs, routes.emergency_share, routes.attended_logs, in_control_room=None
    )
    return Draws(
        reported=np.concatenate(
            (_report_times(force, source, warm_up), _log_times(force, source, logs))
        ),
        traits=np.concatenate((reports, others)),
        service=_services(source, durations, has(reports, ATTENDED), logs),
        group=group,
        variate=_logistic(source.uniform(VARIATE, n_reports)),
        review_draw=source.uniform(REVIEW_CHOICE, n_reports),
        fate=_fates(force, source, group),
        classified_as=_classified(force, source, group),
    )


def _numbers(force: ForceStream, source: _Source) -> tuple[int, int]:
    """Reports of the warm-up and other incidents, both Poisson."""
    begin = force.pathway.warm_up_days * 24
    in_period = force.report_rate[begin:].sum()
    before = force.reports.sum() * force.report_rate[:begin].sum() / in_period
    warm_up = int(source.of(WARM_UP).poisson(before)) if begin else 0
    return warm_up, int(source.of(OTHERS + WARM_UP).poisson(force.log_rate.sum()))


def _groups(force: ForceStream, source: _Source, warm_up: int) -> Bytes:
    """Offence group of each report: in the period, the known numbers in random order."""
    shuffler = source.of(GROUP)
    known = np.repeat(np.arange(len(force.reports), dtype=np.uint8), force.reports)
    shuffler.shuffle(known)
    before = shuffler.choice(known, warm_up) if len(known) else known[:0]
    return np.concatenate((before, known))


def _report_times(force: ForceStream, source: _Source, warm_up: int) -> Ints:
    begin = force.pathway.warm_up_days * 24
    clock, rate = source.of(REPORTED), force.report_rate
    in_period = arrival_times(rate[begin:], int(force.reports.sum()), clock)
    before = arrival_times(rate[:begin], warm_up, clock)
    return np.concatenate((before, begin * HOUR_MS + in_period))


def _log_times(force: ForceStream, source: _Source, count: int) -> Ints:
    return arrival_times(force.log_rate, count, source.of(OTHERS + REPORTED))


def arrival_times(rate: Floats, count: int, generator: Generator) -> Ints:
    """Rising times of *count* arrivals, given their number, of a Poisson process.

    Parameters
    ----------
    rate : float array (A,)
        Relative rate in each hour.
    count : int
    generator : Generator

    Returns
    -------
    int array (count,)
        Milliseconds from the start of the first hour.

    Source: given their number, arrivals are the order statistics of as many
    independent times; sums of exponential gaps give those of uniforms (Devroye
    1986, chapter V.3), the integrated rate turned around the times.
    """
    if count == 0:
        return np.zeros(0, np.int64)
    rising = np.cumsum(generator.standard_exponential(count))
    rising *= (1.0 - 1e-12) / (rising[-1] + generator.standard_exponential())
    integral = np.concatenate(([0.0], np.cumsum(rate)))
    hours = np.interp(rising, integral / integral[-1], np.arange(len(rate) + 1.0))
    hours *= HOUR_MS
    whole: Ints = hours.astype(np.int64)
    return whole


def _report_traits(force: ForceStream, source: _Source, count: int) -> Bytes:
    shares, routes = force.shares, force.pathway.routes
    bureau = source.uniform(ROUTE, count) < routes.crime_bureau_share
    traits = _attendance(
        source, 0, count, routes.emergency_share, routes.attended_reports, in_control_room=~bureau
    )
    for bit, purpose, share in (
        (DUE, DUE_DRAW, shares.due),
        (OVER_RECORDED, OVER_RECORDING, shares.over_recording),
        (DETECTED, DETECTION, shares.detection),
    ):
        traits |= (source.uniform(purpose, count) < share) * np.uint8(bit)
    traits |= bureau * np.uint8(BUREAU)
    return traits


def _attendance(
    source: _Source, kind: int, count: int, emergency: float, attended: float,
    *, in_control_room: Bools | None,
) -> Bytes:  # fmt: skip
    """Which incidents are emergencies, and which are attended: all of those and some others."""
    draw = source.uniform(kind + ATTENDED_DRAW, count)
    is_emergency, is_attended = draw < emergency, draw < attended
    if in_control_room is not None:
        is_emergency &= in_control_room
        is_attended &= in_control_room
    return is_emergency * np.uint8(EMERGENCY) | is_attended * np.uint8(ATTENDED)


def _fates(force: ForceStream, source: _Source, group: Bytes) -> Bytes:
    shares, count = force.shares, len(group)
    no_crime = source.uniform(NO_CRIME_DRAW, count) < _single(shares.no_crime)[group]
    wrong = source.uniform(WRONG_NO_CRIME_DRAW, count) < _single(shares.wrong_no_crime)[group]
    disposal = ~no_crime & (source.uniform(DISPOSAL_DRAW, count) < shares.disposal)
    lenient = source.uniform(WRONG_DISPOSAL_DRAW, count) < shares.wrong_disposal
    return (
        no_crime * np.uint8(NO_CRIME)
        | (no_crime & wrong) * np.uint8(WRONG_NO_CRIME)
        | disposal * np.uint8(DISPOSAL)
        | (disposal & lenient) * np.uint8(WRONG_DISPOSAL)
    )


def _classified(force: ForceStream, source: _Source, group: Bytes) -> Bytes:
    """Group as recorded: its own, or another in proportion to the force's reports of it."""
    draw = source.uniform(CLASSIFICATION, len(group))
    classified = group.copy()
    wrong = np.flatnonzero(draw < force.shares.misclassified)
    for own in range(len(force.reports)):
        others = np.where(np.arange(len(force.reports)) == own, 0, force.reports)
        rows = wrong[group[wrong] == own]
        if others.any() and len(rows):
            within = draw[rows].astype(np.float64) / force.shares.misclassified * others.sum()
            classified[rows] = np.searchsorted(np.cumsum(others), within, side="right")
    return classified


def _services(source: _Source, durations: Durations, attended: Bools, logs: int) -> Milliseconds:
    """Milliseconds of every step, laid out by `Layout`."""
    layout = Layout(len(attended) + logs, len(attended))
    service = np.empty(layout.size, np.int32)
    call, handling = service[layout.of(times.CALL)], service[layout.of(times.HANDLING)]
    n_reports = layout.reports
    call[:n_reports] = _milliseconds(durations.call, _normals(source, CALL, n_reports))
    call[n_reports:] = _milliseconds(durations.call, _normals(source, OTHERS + CALL, logs))
    normal = _normals(source, HANDLING, n_reports)
    handling[:n_reports] = np.where(
        attended,
        _milliseconds(durations.attendance, normal),
        _milliseconds(durations.desk, normal),
    )
    normal = _normals(source, OTHERS + HANDLING, logs)
    handling[n_reports:] = _milliseconds(durations.attendance, normal)
    for step, purpose, duration in (
        (times.ENQUIRIES, ENQUIRIES, durations.enquiries),
        (times.REVIEW, REVIEW, durations.review),
        (times.RECORDING, RECORDING, durations.recording),
    ):
        service[layout.of(step)] = _milliseconds(duration, _normals(source, purpose, n_reports))
    return service


def _normals(source: _Source, purpose: int, count: int) -> Singles:
    return source.of(purpose).standard_normal(count, dtype=np.float32)


def _milliseconds(duration: Duration, normal: Singles) -> Milliseconds:
    """Log-normal times of the given mean, whole milliseconds, at least 1."""
    variance = math.log1p(duration.cv**2)
    mean = math.log(duration.mean_hours * HOUR_MS) - variance / 2.0
    drawn = np.exp(np.float32(mean) + np.float32(math.sqrt(variance)) * normal)
    whole: Milliseconds = np.clip(np.rint(drawn), 1.0, np.float32(LONGEST_MS)).astype(np.int32)
    return whole


def _logistic(uniform: Singles) -> Singles:
    # Half a step keeps 0 and 1 out; 1 - u is exact, where u + half a step would round to 1.
    half = np.float32(2.0**-25)
    return np.log((uniform + half) / (np.float32(1.0) - uniform - half))


def _single(shares: Floats) -> Singles:
    return shares.astype(np.float32)


def has(flags: Bytes, bits: int) -> Bools:
    """Whether all of *bits* are set.

    >>> has(np.array([DUE, DUE | DETECTED], np.uint8), DUE | DETECTED).tolist()
    [False, True]
    """
    all_set: Bools = (flags & np.uint8(bits)) == bits
    return all_set
