"""One force's period summed by day: all that a comparison of two periods needs to keep."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from underrecording.compiling import compiled
from underrecording.stream.draws import ATTENDED, BUREAU, DETECTED, DUE, Draws
from underrecording.stream.force import ForceStream
from underrecording.stream.schedule import (
    CALL_TAKERS,
    CLERKS,
    HOUR_MS,
    OFFICERS,
    SUPERVISORS,
)
from underrecording.stream.times import NEVER, REFUSED, REVIEWED, Times
from underrecording.world.pathway import STATIONS

Floats = NDArray[np.float64]

DAY_MS = 24 * HOUR_MS


class Daily(NamedTuple):
    """Sums over one force, or several, for each day D of the period.

    Attributes
    ----------
    due : float array (D, K)
        Due reports decided that day, by offence group.
    recorded : float array (D, K)
        Those of them that end up recorded, review included.
    load : float array (D,)
        Sum, over these decisions, of open incidents per officer on duty.
    crimes : float array (D,)
        Reports made that day that end up as crime records.
    late : float array (D,)
        Those of them recorded after the time limit of the hour of the report.
    open : float array (D,)
        Open incidents, mean over the hours of the day.
    officers : float array (D,)
        Officers on duty, mean over the hours of the day.
    busy, able : float arrays (D, 4)
        Staff-hours worked and on duty at each station. Rosters never break off
        what has begun, so more may be worked than was on duty.
    """

    due: Floats
    recorded: Floats
    load: Floats
    crimes: Floats
    late: Floats
    open: Floats
    officers: Floats
    busy: Floats
    able: Floats


def daily(force: ForceStream, draws: Draws, times: Times) -> Daily:
    """Sum one force's period by day."""
    pathway, schedule = force.pathway, force.schedule
    first, days = pathway.warm_up_days * 24, pathway.days
    period = slice(first, first + 24 * days)
    due, recorded, sums, busy, change = _add_up(
        draws.reported, draws.traits, draws.group, draws.service,
        times.started, times.decision, times.open_incidents, times.on_duty,
        schedule.time_limit_hours, len(schedule.on_duty), first * HOUR_MS, days,
        len(force.reports),
    )  # fmt: skip
    still_open = np.cumsum(change)[period]
    return Daily(
        due=due,
        recorded=recorded,
        load=sums[:, 0],
        crimes=sums[:, 1],
        late=sums[:, 2],
        open=still_open.reshape(days, 24).mean(axis=1),
        officers=schedule.on_duty[period].reshape(days, 24).mean(axis=1),
        busy=busy / HOUR_MS,
        able=schedule.capacity[period].reshape(days, 24, len(STATIONS)).sum(axis=1).astype(float),
    )


def together(parts: Sequence[Daily]) -> Daily:
    """Several forces as one: counts, open incidents and officers are added."""
    return Daily(*(sum(arrays[1:], arrays[0]) for arrays in zip(*parts, strict=True)))


@compiled
def _add_up(
    reported: Any, traits: Any, group: Any, service: Any, started: Any, decision: Any,
    open_incidents: Any, on_duty: Any, limit_hours: Any, hours: Any, begin: Any, days: Any,
    n_groups: Any,
) -> Any:  # fmt: skip
    """Due, recorded, sums of load, crimes and late, milliseconds busy, changes of open by hour."""
    n, n_reports, horizon = len(reported), len(group), hours * HOUR_MS
    due, recorded = np.zeros((days, n_groups)), np.zeros((days, n_groups))
    sums, busy = np.zeros((days, 3)), np.zeros((days, 4))
    change = np.zeros(hours + 1)
    enquiries, review, recording = 2 * n, 2 * n + n_reports, 2 * n + 2 * n_reports
    for i in range(n):
        is_report, attended = i < n_reports, traits[i] & ATTENDED != 0
        # Counted at the full hours; what comes and goes between two of them is never seen.
        change[_hour(reported[i])] += 1.0
        if not traits[i] & BUREAU:
            _work(busy, CALL_TAKERS, started[i], service[i], begin, days, horizon)
        if attended:
            _work(busy, OFFICERS, started[n + i], service[n + i], begin, days, horizon)
        elif is_report:
            _work(busy, CLERKS, started[n + i], service[n + i], begin, days, horizon)
        last = n + i if attended else i
        if is_report:
            last = recording + i
            _work(busy, CLERKS, started[last], service[last], begin, days, horizon)
            found = traits[i] & DUE and traits[i] & DETECTED
            if decision[i] == REVIEWED:
                at = review + i
                _work(busy, SUPERVISORS, started[at], service[at], begin, days, horizon)
                last = last if found else at
            elif decision[i] == REFUSED:
                last = enquiries + i
            ends = _end(started[recording + i], service[recording + i], horizon)
            day = (reported[i] - begin) // DAY_MS
            if ends != NEVER and 0 <= day < days:
                sums[day, 1] += 1.0
                limit = limit_hours[reported[i] // HOUR_MS]
                sums[day, 2] += ends - reported[i] > limit * HOUR_MS
            decided = _end(started[enquiries + i], service[enquiries + i], horizon)
            day = (decided - begin) // DAY_MS
            if decision[i] != NEVER and traits[i] & DUE and 0 <= day < days:
                due[day, group[i]] += 1.0
                recorded[day, group[i]] += ends != NEVER
                sums[day, 0] += open_incidents[i] / on_duty[i]
        closed = _end(started[last], service[last], horizon)
        if closed != NEVER:
            change[_hour(closed)] -= 1.0
    return due, recorded, sums, busy, change[:hours]


@compiled
def _hour(instant: Any) -> Any:
    """First full hour at or after *instant*."""
    return (instant + HOUR_MS - 1) // HOUR_MS


@compiled
def _end(start: Any, takes: Any, horizon: Any) -> Any:
    """When a step was completed; `NEVER` where it was not."""
    if start == NEVER or start + takes >= horizon:
        return NEVER
    return start + takes


@compiled
def _work(
    busy: Any, station: Any, start: Any, takes: Any, begin: Any, days: Any, horizon: Any
) -> None:
    """Add the milliseconds of one step to the days on which it was worked on."""
    if start == NEVER:
        return
    ends = min(start + takes, horizon)
    first, last = max((start - begin) // DAY_MS, 0), min((ends - begin) // DAY_MS, days - 1)
    for day in range(first, last + 1):
        since = begin + day * DAY_MS
        busy[day, station] += max(0, min(ends, since + DAY_MS) - max(start, since))
