"""The pathway of an incident: demand, routes, staff, service times and what changes at a date.

Read under `fidelity: events`; the shares of records misclassified and disposed of
out of court, and of reports made to the crime bureau, under `rates` too. No force
publishes these figures in a form we found; what is marked *assumed* is ours.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, PlainSerializer, model_validator

from underrecording.options import Section, mistake

Share = Annotated[float, Field(ge=0, le=1)]
Relative = Annotated[float, Field(gt=0, le=100)]
Weight = Annotated[float, Field(ge=0, le=1000)]
ByHour = Annotated[tuple[Weight, ...], Field(min_length=24, max_length=24)]
ByWeekday = Annotated[tuple[Weight, ...], Field(min_length=7, max_length=7)]

MAX_HOURS = 500.0


def _read_date(given: Any) -> Any:
    """Take a date as YAML 1.2 writes it: text, year-month-day."""
    if isinstance(given, str):
        try:
            return date.fromisoformat(given)
        except ValueError:
            raise mistake(f"expected a date like 2013-04-01, got {given!r}") from None
    return given


Day = Annotated[date, BeforeValidator(_read_date), PlainSerializer(date.isoformat)]

# Relative to the mean: quiet before dawn, busiest in the early evening.
_CALLS = (
    0.75, 0.60, 0.50, 0.40, 0.35, 0.35, 0.45, 0.65, 0.95, 1.10, 1.15, 1.20,
    1.25, 1.20, 1.25, 1.35, 1.45, 1.50, 1.45, 1.40, 1.30, 1.20, 1.15, 1.00,
)  # fmt: skip
_SHIFTS = (0.7,) * 7 + (1.05,) * 8 + (1.25,) * 8 + (0.7,)
_OFFICE = (0.0,) * 7 + (1.0,) * 15 + (0.0,) * 2


class Arrivals(Section):
    """When incidents are reported: a Poisson process whose rate varies in time."""

    by_hour: ByHour = _CALLS
    """Relative rate in each hour of the day, from midnight (assumed)."""
    by_weekday: ByWeekday = (0.97, 0.96, 0.96, 0.98, 1.06, 1.07, 1.0)
    """Relative rate on each day of the week, from Monday (assumed)."""
    season_amplitude: Share = 0.06
    """Half the range of the yearly cosine, relative to the mean (assumed)."""
    season_peak_day: Annotated[int, Field(ge=1, le=366)] = 196
    """Day of the year on which it peaks; 196 is the middle of July (assumed)."""

    @model_validator(mode="after")
    def _some_hour_and_some_day(self) -> Arrivals:
        for key, weights in (("by_hour", self.by_hour), ("by_weekday", self.by_weekday)):
            if not any(weights):
                raise mistake("all are 0, so nothing would ever be reported", key)
        return self


class Routes(Section):
    """How incidents come in and who deals with them."""

    crime_bureau_share: Share = 0.4
    """Share of crime reports made directly to the crime bureau, without an incident log
    (assumed; Devon and Cornwall printed 53 per cent in 2014). Under `rates` too, where strata or
    estimands are by route."""
    crime_bureau_effect: Annotated[float, Field(ge=-6, le=6)] = 0.0
    """By how much the logit of being recorded, review included, is higher for reports made to the
    crime bureau; over both routes a force records as before (assumed: no effect; under
    `fidelity: rates`)."""
    emergency_share: Share = 0.12
    """Share of control-room incidents that are emergencies; all of them are attended (assumed)."""
    attended_reports: Share = 0.75
    """Share of control-room crime reports attended; the rest is resolved at the desk (assumed)."""
    attended_logs: Share = 0.35
    """Share of all other incidents attended; the rest ends with the call (assumed)."""

    @model_validator(mode="after")
    def _emergencies_are_attended(self) -> Routes:
        for key in ("attended_reports", "attended_logs"):
            if getattr(self, key) < self.emergency_share:
                raise mistake(
                    f"{getattr(self, key)} is less than the share of emergencies, "
                    f"{self.emergency_share}, which are all attended",
                    key,
                )
        return self


class Duration(Section):
    """A log-normal time. Single times are cut at 24.8 days."""

    mean_hours: Annotated[float, Field(gt=0, le=MAX_HOURS)]
    """Mean, hours."""
    cv: Annotated[float, Field(ge=0, le=5)] = 1.0
    """Standard deviation over the mean."""


class Durations(Section):
    """How long each step takes."""

    call: Duration = Duration(mean_hours=0.25, cv=0.8)
    """One call taker, from answering to the log's first entry (assumed)."""
    attendance: Duration = Duration(mean_hours=5.5, cv=0.8)
    """Officer hours at one attended incident, travel and paperwork included (assumed)."""
    desk: Duration = Duration(mean_hours=0.4, cv=0.8)
    """One clerk, resolving a report that nobody attends (assumed)."""
    enquiries: Duration = Duration(mean_hours=33.0, cv=1.2)
    """Between dealing with a report and deciding on it; nobody is kept busy (assumed: with it
    about the published 11.5 per cent of recorded crimes are late at the baseline)."""
    review: Duration = Duration(mean_hours=1.0, cv=0.5)
    """One supervisor, reviewing a decision not to record (assumed)."""
    recording: Duration = Duration(mean_hours=0.5, cv=0.8)
    """One clerk, making the crime record (assumed)."""


class Roster(Section):
    """How many of a station's staff are on duty, relative to the mean of a week."""

    by_hour: ByHour
    """Relative number in each hour of the day, from midnight (assumed)."""
    weekend: Weight = 1.0
    """Relative number on Saturdays and Sundays (assumed)."""

    @model_validator(mode="after")
    def _somebody_works(self) -> Roster:
        if not any(self.by_hour):
            raise mistake("all are 0, so nobody would ever be on duty", "by_hour")
        return self


class Stations(Section):
    """Staff on duty at each station, on average, per 100 officers published for the force."""

    call_takers_per_100_officers: Annotated[float, Field(gt=0, le=100)] = 0.5
    """Call takers on duty (assumed)."""
    response_share: Annotated[float, Field(gt=0, le=1)] = 0.25
    """Share of the officers on duty (`workload.on_duty_share`) who attend incidents (assumed)."""
    supervisors_per_100_officers: Annotated[float, Field(ge=0, le=100)] = 0.1
    """Supervisors on duty whose time goes into reviews, in a force of typical review share; a
    force that usually reviews more has as many more (assumed)."""
    clerks_per_100_officers: Annotated[float, Field(gt=0, le=100)] = 0.45
    """Clerks on duty at the crime recording desk (assumed)."""
    call_takers_roster: Roster = Roster(by_hour=_SHIFTS)
    """Three shifts (assumed)."""
    officers_roster: Roster = Roster(by_hour=_SHIFTS)
    """Three shifts (assumed)."""
    supervisors_roster: Roster = Roster(by_hour=_SHIFTS)
    """Three shifts (assumed)."""
    clerks_roster: Roster = Roster(by_hour=_OFFICE, weekend=0.7)
    """From 7 to 22 o'clock, fewer at the weekend (assumed)."""


class MoreStaff(Section):
    """Staff added in each named force, on duty on average."""

    call_takers: Annotated[int, Field(ge=0, le=10_000)] = 0
    """Call takers on duty."""
    officers: Annotated[int, Field(ge=0, le=10_000)] = 0
    """Officers on duty, of whom `response_share` attend incidents."""
    supervisors: Annotated[int, Field(ge=0, le=10_000)] = 0
    """Supervisors on duty."""
    clerks: Annotated[int, Field(ge=0, le=10_000)] = 0
    """Clerks on duty."""


class Intervention(Section):
    """What changes at a date, in some forces or in all. What is not named stays as it is.

    Levels are those of a typical force; each keeps its own deviation. Of two
    interventions at work on one factor, the one further down the list holds;
    relative numbers and added staff accumulate.
    """

    name: str = ""
    """What it is called in tables and figures."""
    date: Day
    """First day, in the form 2013-04-01."""
    until: Day | None = None
    """First day on which it no longer holds; without it, it lasts."""
    forces: tuple[str, ...] = ()
    """Forces it concerns; all where none is named."""
    training_rate_per_year: Annotated[float, Field(ge=0, le=1000)] | None = None
    """r: share of untrained decision makers trained each year."""
    review_share: Share | None = None
    """s: share of decisions not to record that a supervisor reviews."""
    pressure_level: Share | None = None
    """Typical performance pressure, 0 none to 1 full."""
    demand: Relative = 1.0
    """Incidents that are no crime reports, relative to what they would be."""
    officers: Relative = 1.0
    """Officers, relative to what they would be."""
    call_takers: Relative = 1.0
    """Call takers, likewise."""
    supervisors: Relative = 1.0
    """Supervisors, likewise."""
    clerks: Relative = 1.0
    """Clerks, likewise."""
    more: MoreStaff = MoreStaff()
    """Staff added in each force, in numbers."""
    time_limit_hours: Annotated[float, Field(gt=0, le=8760)] | None = None
    """A crime recorded later than this after the report is late."""

    @model_validator(mode="after")
    def _does_something_for_some_time(self) -> Intervention:
        if self.until is not None and self.until <= self.date:
            raise mistake(f"{self.until} is not after its first day, {self.date}", "until")
        if not self.model_fields_set - {"name", "date", "until", "forces"}:
            raise mistake("changes nothing; name a factor, for example training_rate_per_year")
        return self


class Pathway(Section):
    """An incident from the report to the record, for one period. Read under `fidelity: events`,
    but for the shares of records misclassified and disposed of and of reports made to the crime
    bureau, which hold under both.
    """

    start: Day = date(2012, 11, 1)
    """First day of the period; HMIC's audits of 2014 covered the year from 1 November 2012."""
    days: Annotated[int, Field(ge=7, le=366)] = 365
    """Length of the period; the crime reports of a year are scaled to it."""
    warm_up_days: Annotated[int, Field(ge=0, le=366)] = 28
    """Days simulated before, so that the queues have filled (assumed to suffice)."""
    follow_up_days: Annotated[int, Field(ge=0, le=366)] = 90
    """Days after it in which open incidents are worked off and none is added; what is undecided
    then counts as not recorded (assumed; HMIC inspected from February 2014 on)."""
    arrivals: Arrivals = Arrivals()
    routes: Routes = Routes()
    durations: Durations = Durations()
    stations: Stations = Stations()
    misclassified_share: Share = 0.0375
    """Share of recorded crimes put under another offence group (derived: 15 of 400 in five force
    reports of 2014; which group instead is assumed: in proportion to volume)."""
    disposal_share: Share = 0.1
    """Share of standing crime records that end in an out-of-court disposal (assumed)."""
    interventions: tuple[Intervention, ...] = ()
    """What changes at a date."""

    @property
    def end(self) -> date:
        """Day after the last of the period."""
        return self.start + timedelta(days=self.days)

    @model_validator(mode="after")
    def _interventions_fall_into_the_period(self) -> Pathway:
        for number, change in enumerate(self.interventions):
            if not self.start <= change.date < self.end:
                raise mistake(
                    f"{change.date} lies outside the period from {self.start} to "
                    f"{self.end - timedelta(days=1)}",
                    "interventions", number, "date",
                )  # fmt: skip
        return self


Station = Literal["call_takers", "officers", "supervisors", "clerks"]
STATIONS: tuple[Station, ...] = ("call_takers", "officers", "supervisors", "clerks")
