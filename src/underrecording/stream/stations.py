"""How each station fared: who joined its queue, was served and left, and how busy it was."""

from __future__ import annotations

import warnings
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from underrecording.compiling import compiled
from underrecording.stream.draws import ATTENDED, BUREAU, DETECTED, DUE, Draws, has
from underrecording.stream.force import ForceStream
from underrecording.stream.outcome import found_by_review, outcome
from underrecording.stream.schedule import (
    CALL_TAKERS,
    CLERKS,
    HOUR_MS,
    OFFICERS,
    SUPERVISORS,
)
from underrecording.stream.times import (
    ACCEPTED,
    CALL,
    HANDLING,
    NEVER,
    RECORDING,
    REFUSED,
    REVIEW,
    REVIEWED,
    Times,
)
from underrecording.world.pathway import STATIONS

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


class Visits(NamedTuple):
    """Every visit to one station, in no order; milliseconds from the start of the warm-up.

    Attributes
    ----------
    joined : int array (v,)
        When an incident came to the station's queue.
    started, left : int arrays (v,)
        When it was its turn, and when that was over; `NEVER` where it was not.
    work : int array (v,)
        Milliseconds of one member of staff that it asks for.
    """

    joined: Ints
    started: Ints
    left: Ints
    work: Ints


class OverloadWarning(UserWarning):
    """A station was asked for more than its staff can do, and its queue grew."""


def visits(force: ForceStream, draws: Draws, times: Times) -> tuple[Visits, ...]:
    """Visits to call takers, officers, supervisors and clerks, in that order."""
    layout, n_reports = draws.layout, len(draws.group)
    attended, bureau = has(draws.traits, ATTENDED), has(draws.traits, BUREAU)
    is_report = np.arange(len(draws.reported)) < n_reports
    ended = outcome(force, draws, times)
    after_call = np.where(bureau, draws.reported, _left(force, draws, times, CALL))
    to_desk = is_report & ~attended
    accepted = times.decision == ACCEPTED
    after_review = np.where(
        found_by_review(draws, times), _left(force, draws, times, REVIEW), NEVER
    )
    joined_recording = np.where(accepted, ended.decided, after_review)

    def of(step: int, joined: Ints, which: NDArray[np.bool_]) -> Visits:
        part = layout.of(step)
        rows = which & (joined != NEVER)
        left = _left(force, draws, times, step)
        return Visits(
            joined[rows], times.started[part][rows], left[rows],
            draws.service[part][rows].astype(np.int64),
        )  # fmt: skip

    desk = of(HANDLING, after_call, to_desk)
    recording = of(RECORDING, joined_recording, np.ones(n_reports, np.bool_))
    return (
        of(CALL, draws.reported, ~bureau),
        of(HANDLING, after_call, attended),
        of(REVIEW, ended.decided, times.decision == REVIEWED),
        Visits(*(np.concatenate(pair) for pair in zip(desk, recording, strict=True))),
    )


def _left(force: ForceStream, draws: Draws, times: Times, step: int) -> Ints:
    part = draws.layout.of(step)
    started = times.started[part]
    left = started + draws.service[part]
    horizon = len(force.schedule.on_duty) * HOUR_MS
    return np.where((started != NEVER) & (left < horizon), left, NEVER)


def present(joined: Ints, left: Ints, at: Ints) -> Ints:
    """How many had come and not gone at each instant of *at*; `NEVER` left means still there.

    >>> present(np.array([0, 5]), np.array([10, NEVER]), np.array([0, 7, 12])).tolist()
    [1, 2, 1]
    """
    gone = np.sort(left[left != NEVER])
    come: Ints = np.searchsorted(np.sort(joined), at, side="right")
    still: Ints = come - np.searchsorted(gone, at, side="right")
    return still


def busy_ms(visited: Visits, edges: Ints) -> Floats:
    """Milliseconds of work done between successive *edges*, over all staff of the station."""
    begun = visited.started != NEVER
    starts = np.sort(visited.started[begun])
    ends = np.sort(visited.started[begun] + visited.work[begun])
    done = _cumulative(starts, edges) - _cumulative(ends, edges)
    between: Floats = np.diff(done)
    return between


def _cumulative(instants: Ints, at: Ints) -> Floats:
    """Sum over *instants*, rising, of the time since each, at each of *at*."""
    number = np.searchsorted(instants, at, side="right").astype(np.float64)
    sums = np.concatenate(([0.0], np.cumsum(instants, dtype=np.float64)))
    since: Floats = number * at - sums[number.astype(np.int64)]
    return since


def warn_of_overload(force: ForceStream, draws: Draws, times: Times) -> None:
    """Warn of every station whose queue grew because it was asked for too much.

    A station is overloaded where the incidents reported in the period ask for
    more work than its staff on duty can do in it, and its queue grows.
    """
    begin = force.pathway.warm_up_days * 24
    end = begin + force.pathway.days * 24
    asked = work_asked(draws, times, begin * HOUR_MS)
    able = force.schedule.capacity[begin:end].sum(axis=0) * float(HOUR_MS)
    for station in np.flatnonzero(asked > able):
        visited = visits(force, draws, times)[station]
        queue = present(
            visited.joined, visited.started, np.array([begin, end], np.int64) * HOUR_MS - 1
        )
        if queue[1] > queue[0]:
            load = asked[station] / able[station] if able[station] else np.inf
            warnings.warn(
                f"{force.name}: {STATIONS[station].replace('_', ' ')} were asked for {load:.2f} "
                f"times the work they can do; their queue grew from {queue[0]:,} to "
                f"{queue[1]:,} incidents",
                OverloadWarning,
                stacklevel=2,
            )


def work_asked(draws: Draws, times: Times, begin: int) -> Floats:
    """Milliseconds of staff that incidents reported from *begin* on ask of each station, (4,)."""
    asked: Floats = _work_asked(draws.reported, draws.traits, draws.service, times.decision, begin)
    return asked


@compiled
def _work_asked(reported: Any, traits: Any, service: Any, decision: Any, begin: Any) -> Any:
    asked = np.zeros(4)
    n, n_reports = len(reported), len(decision)
    for i in range(n):
        if reported[i] < begin:
            continue
        if not traits[i] & BUREAU:
            asked[CALL_TAKERS] += service[i]
        if traits[i] & ATTENDED:
            asked[OFFICERS] += service[n + i]
        elif i < n_reports:
            asked[CLERKS] += service[n + i]
        if i < n_reports and decision[i] > REFUSED:
            to_record = decision[i] == ACCEPTED
            if decision[i] == REVIEWED:
                asked[SUPERVISORS] += service[2 * n + n_reports + i]
                to_record = traits[i] & DUE and traits[i] & DETECTED
            if to_record:
                asked[CLERKS] += service[2 * n + 2 * n_reports + i]
    return asked
