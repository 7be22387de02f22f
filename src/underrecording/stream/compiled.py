"""The compiled engine: the pathway as one loop over what happens next.

It equals `stream.reference` row by row, and is to be read beside it.
"""

from __future__ import annotations

import numpy as np

from underrecording.compiling import compiled
from underrecording.stream.agenda import (
    MAX_MS,
    NUMBER,
    NUMBER_BITS,
    insert,
    new_agenda,
    open_span,
)
from underrecording.stream.draws import (
    ATTENDED,
    BUREAU,
    DETECTED,
    DUE,
    EMERGENCY,
    OVER_RECORDED,
    Draws,
)
from underrecording.stream.force import Rule
from underrecording.stream.schedule import (
    CALL_TAKERS,
    CLERKS,
    HOUR_MS,
    OFFICERS,
    SUPERVISORS,
    Schedule,
)
from underrecording.stream.times import ACCEPTED, REFUSED, REVIEWED, Times
from underrecording.world.rules.logistic import logistic

# Where an incident is: what it is waiting for or taking part in.
IN_CALL, ATTENDED_TO, AT_DESK, ENQUIRED, IN_REVIEW, IN_RECORDING, CLOSED = range(7)

_NOBODY = 4  # Enquiries keep nobody busy.
_STATION = np.array([CALL_TAKERS, OFFICERS, CLERKS, _NOBODY, SUPERVISORS, CLERKS])
# After a call, attendance or work at the desk: by place, then other incident or
# report, then not to be attended or to be attended.
_NEXT = np.array(
    [CLOSED, ATTENDED_TO, AT_DESK, ATTENDED_TO] + 2 * [CLOSED, CLOSED, ENQUIRED, ENQUIRED]
)


@compiled
def run_compiled(draws: Draws, schedule: Schedule, rule: Rule, times: Times) -> None:
    """Send every incident of *draws* down the pathway and fill *times*."""
    # Fast path: arrays that the loop touches are its own variables; inside tuples they would
    # be counted in and out at every call (1.2 us an incident instead of 0.1).
    reported, traits, service, started = draws.reported, draws.traits, draws.service, times.started
    group, variate, review_draw = draws.group, draws.variate, draws.review_draw
    decision, open_then, on_duty_then = times.decision, times.open_incidents, times.on_duty
    capacities, on_duty = schedule.capacity, schedule.on_duty
    knowledge, review_share, pressure = (
        schedule.knowledge, schedule.review_share, schedule.pressure,
    )  # fmt: skip
    intercept, psi = rule.intercept, rule.psi
    n, n_reports = len(reported), len(draws.group)
    horizon = len(capacities) * HOUR_MS
    never = np.int64(MAX_MS - 1)
    # Where the times of each place begin in `service` and `started`; see `Layout`.
    offset = np.array([0, n, n, 2 * n, 2 * n + n_reports, 2 * n + 2 * n_reports])
    place, behind = np.zeros(n, np.uint8), np.empty(n, np.int32)
    head, tail = np.full(10, -1, np.int64), np.full(10, -1, np.int64)
    busy, capacity = np.zeros(5, np.int64), np.full(5, n + 1, np.int64)
    capacity[:4] = capacities[0]
    first, following, due, present, span_bits = new_agenda(n, horizon)
    span, at, end = 0, 0, 0  # Of the present span, completions at to end - 1 are to come.
    hour, open_incidents = 0, 0
    next_report, next_log = 0, n_reports
    report = reported[next_report] if next_report < n_reports else never
    log = reported[next_log] if next_log < n else never
    next_hour = np.int64(HOUR_MS)
    other = min(next_hour, min(report, log))
    while True:
        # At one instant: completions by incident, then the roster, then arrivals.
        if at == end:
            latest = min(other, horizon - 1) >> span_bits
            while span < latest and at == end:
                span += 1
                if first[span] >= 0:
                    at, end = 0, open_span(first, following, due, present, span)
        completion = present[at] >> NUMBER_BITS if at < end else never
        now = min(completion, other)
        if now >= horizon:
            break
        # Stations at which somebody may begin: where an incident joins, where one leaves, all.
        turns, joined, left = 2, -1, -1
        if completion <= other:
            i = present[at] & NUMBER
            at += 1
            was = np.int64(place[i])
            left = _STATION[was]
            busy[left] -= 1
            if was < ENQUIRED:
                kind = 2 * np.int64(i < n_reports) + np.int64((traits[i] & ATTENDED) != 0)
                to = _NEXT[4 * was + kind]
            elif was == ENQUIRED:
                others, officers = open_incidents - 1, on_duty[hour]
                open_then[i], on_duty_then[i] = others, officers
                if traits[i] & DUE:
                    g = group[i]
                    accepted = variate[i] <= logistic(
                        intercept[g], rule.effect, knowledge[hour] - rule.know_0,
                        max(0.0, others / officers - rule.load_0), pressure[hour],
                        rule.kappa, rule.omega, psi[g],
                    )  # fmt: skip
                else:
                    accepted = (traits[i] & OVER_RECORDED) != 0
                if accepted:
                    to, decision[i] = IN_RECORDING, ACCEPTED
                elif review_draw[i] < review_share[hour]:
                    to, decision[i] = IN_REVIEW, REVIEWED
                else:
                    to, decision[i] = CLOSED, REFUSED
            elif was == IN_REVIEW and traits[i] & DUE and traits[i] & DETECTED:
                to = IN_RECORDING
            else:
                to = CLOSED
            if to == CLOSED:
                open_incidents -= 1
            else:
                place[i], joined = to, _STATION[to]
        elif other < next_hour:
            if report <= log:
                i, next_report = np.int64(next_report), next_report + 1
                report = reported[next_report] if next_report < n_reports else never
            else:
                i, next_log = np.int64(next_log), next_log + 1
                log = reported[next_log] if next_log < n else never
            other = min(next_hour, min(report, log))
            open_incidents += 1
            to = AT_DESK if traits[i] & BUREAU else IN_CALL
            place[i], joined = to, _STATION[to]
        else:
            hour, turns = hour + 1, 4
            capacity[:4] = capacities[hour]
            next_hour += HOUR_MS
            other = min(next_hour, min(report, log))

        direct = np.int64(-1)
        if joined >= 0:
            queue = 2 * joined if traits[i] & EMERGENCY else 2 * joined + 1
            if busy[joined] < capacity[joined] and head[2 * joined] & head[2 * joined + 1] < 0:
                direct = i  # Nobody waits and somebody is free.
            else:
                behind[i] = -1
                if head[queue] < 0:
                    head[queue] = i
                else:
                    behind[tail[queue]] = i
                tail[queue] = i
        for turn in range(turns):
            station = turn if turns == 4 else (joined if turn == 0 else left)
            while station >= 0:
                if direct >= 0:
                    j, direct = direct, np.int64(-1)
                elif busy[station] < capacity[station]:
                    queue = 2 * station if head[2 * station] >= 0 else 2 * station + 1
                    j = head[queue]
                    if j < 0:
                        break
                    head[queue] = behind[j]
                else:
                    break
                busy[station] += 1
                begun = offset[place[j]] + j
                started[begun] = now
                until = now + service[begun]
                later = until >> span_bits
                if later == span:
                    insert(present, at, end, (until << NUMBER_BITS) | j)
                    end += 1
                elif until < horizon:
                    due[j], following[j] = until, first[later]
                    first[later] = j
