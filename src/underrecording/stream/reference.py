"""The reference engine: the pathway of an incident, in SimPy, to be read.

An incident is answered, attended or resolved at a desk, enquired into, and, if
it is a crime report, decided upon: recorded, refused, or refused and put right
by a supervisor. Staff are finite, rosters change every hour, emergencies go
first. Every random number was drawn beforehand.

At one instant completions come first, by incident; then the roster; then
arrivals, by incident. Each is finished, with whatever it lets begin, before
the next.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import simpy

from underrecording.stream import draws as d
from underrecording.stream import times as t
from underrecording.stream.draws import Draws
from underrecording.stream.force import Rule
from underrecording.stream.schedule import (
    CALL_TAKERS,
    CLERKS,
    HOUR_MS,
    OFFICERS,
    SUPERVISORS,
    Schedule,
)
from underrecording.stream.times import Times
from underrecording.world.rules.logistic import logistic

Steps = Generator[simpy.Event, Any, None]


class Station(simpy.PriorityResource):
    """Staff of one kind. Fewer on duty end nothing that has begun."""

    def __init__(self, env: simpy.Environment, on_duty: int) -> None:
        super().__init__(env)
        self.staff(on_duty)

    def staff(self, on_duty: int) -> None:
        """Set how many are on duty; whoever has come on takes the next in the queue."""
        self._capacity = on_duty
        while self.queue and self.count < on_duty:
            self._trigger_put(None)  # Lets one request through.


class Reference:
    """One force, from the start of the warm-up to the end of the follow-up."""

    def __init__(self, draws: Draws, schedule: Schedule, rule: Rule, times: Times) -> None:
        self.draws, self.schedule, self.rule, self.times = draws, schedule, rule, times
        self.layout, self.env = draws.layout, simpy.Environment(initial_time=0)
        self.hour, self.open_incidents = 0, 0
        self.stations = [Station(self.env, int(number)) for number in schedule.capacity[0]]
        self.env.process(self.roster())
        self.env.process(self.arrivals())

    def run(self) -> None:
        """Run to the end of the schedule; what is open then stays open."""
        self.env.run(until=len(self.schedule.on_duty) * HOUR_MS)

    def roster(self) -> Steps:
        """Change the staff on duty every hour."""
        for hour in range(1, len(self.schedule.on_duty)):
            yield self.after(HOUR_MS, _ROSTER)
            self.hour = hour
            for station, number in zip(self.stations, self.schedule.capacity[hour], strict=True):
                station.staff(int(number))

    def arrivals(self) -> Steps:
        """Let the incidents come in."""
        reported = self.draws.reported.tolist()
        for i in sorted(range(len(reported)), key=lambda i: (reported[i], i)):
            yield self.after(reported[i] - int(self.env.now), _ARRIVAL + i)
            self.open_incidents += 1
            self.env.process(self.incident(i))

    def incident(self, i: int) -> Steps:
        """Follow one incident from the call to its end."""
        traits, is_report = int(self.draws.traits[i]), i < len(self.draws.group)
        if not traits & d.BUREAU:
            yield from self.served(CALL_TAKERS, t.CALL, i)
        if traits & d.ATTENDED or is_report:
            station = OFFICERS if traits & d.ATTENDED else CLERKS
            yield from self.served(station, t.HANDLING, i)
        if is_report:
            yield from self.crime_report(i, traits)
        self.open_incidents -= 1

    def crime_report(self, i: int, traits: int) -> Steps:
        """Decide on a crime report, review a refusal, record what is to be recorded."""
        yield self.completion(t.ENQUIRIES, i)
        decision = self.times.decision[i] = self.decision(i, traits)
        if decision == t.REVIEWED:
            yield from self.served(SUPERVISORS, t.REVIEW, i)
        found = decision == t.REVIEWED and traits & d.DUE and traits & d.DETECTED
        if decision == t.ACCEPTED or found:
            yield from self.served(CLERKS, t.RECORDING, i)

    def decision(self, i: int, traits: int) -> int:
        """Accept or refuse a report, under the workload of the moment; have a refusal reviewed?"""
        rule, schedule, hour = self.rule, self.schedule, self.hour
        others, on_duty = self.open_incidents - 1, int(schedule.on_duty[hour])
        self.times.open_incidents[i], self.times.on_duty[i] = others, on_duty
        if traits & d.DUE:
            group = self.draws.group[i]
            accepted = self.draws.variate[i] <= logistic(
                rule.intercept[group], rule.effect, schedule.knowledge[hour] - rule.know_0,
                max(0.0, others / on_duty - rule.load_0), schedule.pressure[hour],
                rule.kappa, rule.omega, rule.psi[group],
            )  # fmt: skip
        else:
            accepted = traits & d.OVER_RECORDED
        if accepted:
            return t.ACCEPTED
        return t.REVIEWED if self.draws.review_draw[i] < schedule.review_share[hour] else t.REFUSED

    def served(self, station: int, step: int, i: int) -> Steps:
        """Queue at a station, emergencies before the rest, and be served."""
        priority = 0 if self.draws.traits[i] & d.EMERGENCY else 1
        with self.stations[station].request(priority=priority) as turn:
            yield turn
            yield self.completion(step, i)

    def completion(self, step: int, i: int) -> simpy.Event:
        """Begin a step of incident *i*; the event is its completion."""
        place: int = self.layout.of(step).start + i
        self.times.started[place] = self.env.now
        return self.after(int(self.draws.service[place]), _COMPLETION + i)

    def after(self, milliseconds: int, order: int) -> simpy.Event:
        """An event to come; of several at one instant that of least *order* comes first."""
        event = simpy.Event(self.env)
        event._ok, event._value = True, None
        self.env.schedule(event, order, milliseconds)  # type: ignore[arg-type]
        return event


# SimPy's own events at an instant have order 0 and 1, so they finish what ours began.
_COMPLETION, _ROSTER, _ARRIVAL = 2, 2**40, 2**41


def run_reference(draws: Draws, schedule: Schedule, rule: Rule, times: Times) -> None:
    """Send every incident of *draws* down the pathway and fill *times*."""
    Reference(draws, schedule, rule, times).run()
