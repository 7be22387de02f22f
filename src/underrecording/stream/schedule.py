"""What changes with the clock: who is on duty, what they know, how they are supervised."""

from __future__ import annotations

import math
from datetime import date, timedelta
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from underrecording.errors import UserError
from underrecording.published import load_published
from underrecording.world.factors import logit, steady_knowledge
from underrecording.world.options import Drivers, Training
from underrecording.world.pathway import STATIONS, Intervention, Pathway, Roster

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

HOUR_MS = 3_600_000
DAYS_PER_YEAR = 365.25
DUTY_DAYS_PER_YEAR = 220.0  # Assumed: what a course of so many days is a share of.
NEW_TIME_LIMIT = date(2015, 4, 1)  # As published: rules, hocr_time_limit_from_2015_04_01.

CALL_TAKERS, OFFICERS, SUPERVISORS, CLERKS = range(len(STATIONS))


class Schedule(NamedTuple):
    """Everything about one force that its plan and its roster settle beforehand.

    One value for each hour S of warm-up, period and follow-up.

    Attributes
    ----------
    capacity : int array (S, 4)
        Servers on duty: call takers, officers attending incidents, supervisors
        and clerks. A roster never breaks off what has begun.
    on_duty : int array (S,)
        Officers on duty, attending or not; where nobody is, the smallest shift.
    knowledge : float array (S,)
        Share of decision makers with current training.
    review_share, pressure : float arrays (S,)
    time_limit_hours : float array (S,)
        A crime recorded later than this after its report is late.
    """

    capacity: Ints
    on_duty: Ints
    knowledge: Floats
    review_share: Floats
    pressure: Floats
    time_limit_hours: Floats


class Luck(NamedTuple):
    """What sets a force apart, in standard deviations; see `world.law.luck_of_forces`."""

    effect: float
    knowledge: float
    review: float
    pressure: float


def n_days(pathway: Pathway) -> int:
    """Days simulated: warm-up, period and follow-up."""
    return pathway.warm_up_days + pathway.days + pathway.follow_up_days


def acting(pathway: Pathway, change: Intervention, *, force: str) -> Bools:
    """Days on which *change* acts on *force*, (D,), warm-up and follow-up included."""
    first_day = pathway.start - timedelta(days=pathway.warm_up_days)
    days = np.arange(n_days(pathway))
    begin = (change.date - first_day).days
    end = len(days) if change.until is None else (change.until - first_day).days
    concerned = not change.forces or force in change.forces
    return (days >= begin) & (days < end) & concerned


def by_day(pathway: Pathway, key: str, default: float | Floats, *, force: str) -> Floats:
    """Level of a factor on each day, (D,): the last intervention at work that names it."""
    level = np.full(n_days(pathway), default)
    for change in pathway.interventions:
        value = getattr(change, key)
        if value is not None:
            level[acting(pathway, change, force=force)] = value
    return level


def relative_by_day(pathway: Pathway, key: str, *, force: str) -> Floats:
    """Product of the relative changes at work on each day, (D,)."""
    relative = np.ones(n_days(pathway))
    for change in pathway.interventions:
        relative[acting(pathway, change, force=force)] *= getattr(change, key)
    return relative


def added_by_day(pathway: Pathway, key: str, *, force: str) -> Floats:
    """Sum of the staff added on each day, (D,)."""
    added = np.zeros(n_days(pathway))
    for change in pathway.interventions:
        added[acting(pathway, change, force=force)] += getattr(change.more, key)
    return added


def knowledge_by_day(training: Training, rate: Floats, z: float) -> tuple[Floats, Floats]:
    """Knowledge at the start of each day, and the share of it gained by training that day.

    From the steady state of *training*, d know / dt = r (1 - know) - (d + l) know
    is solved exactly, the rate r being constant within a day. The force trains
    exp(*spread* z) times as much as the typical one.

    Parameters
    ----------
    training : Training
    rate : float array (D,)
        r of a typical force, per year.
    z : float
        Deviation of the force, in standard deviations.

    >>> know, trained = knowledge_by_day(Training(), np.full(3, 0.5), 0.0)
    >>> know.round(4).tolist()
    [0.6098, 0.6098, 0.6098]
    >>> knowledge_by_day(Training(), np.full(366, 2.0), 0.0)[0][365].round(3)
    np.float64(0.837)
    """
    own = math.exp(training.spread * z)
    loss = training.forgetting_per_year + training.leavers_per_year
    know = np.empty(len(rate))
    typical = steady_knowledge(training)
    now = 1.0 / (1.0 + math.exp(-(logit(typical) + training.spread * z)))
    for day, r in enumerate(own * rate):
        know[day] = now
        if r + loss > 0.0:
            steady = r / (r + loss)
            now = steady + (now - steady) * math.exp(-(r + loss) / DAYS_PER_YEAR)
    trained = own * rate * (1.0 - know) / DAYS_PER_YEAR
    return know, trained


def make_schedule(
    pathway: Pathway, drivers: Drivers, *, force: str, published: float, officers: float, luck: Luck
) -> Schedule:
    """Lay out the clock of one force.

    Parameters
    ----------
    pathway : Pathway
    drivers : Drivers
        The state before any intervention.
    force : str
    published, officers : float
        Officers that the force is published to have, by which its other staff are scaled; and
        that it has now. Full-time equivalents.
    luck : Luck

    Raises
    ------
    UserError
        If supervisors are to review and there is none.
    """
    training, staff = drivers.training, drivers.staff
    rate = by_day(pathway, "training_rate_per_year", training.rate_per_year, force=force)
    know, trained = knowledge_by_day(training, rate, luck.knowledge)
    away = trained * training.course_days * DAYS_PER_YEAR / DUTY_DAYS_PER_YEAR
    review = by_day(pathway, "review_share", drivers.supervision.review_share, force=force)
    pressure = by_day(pathway, "pressure_level", drivers.pressure.level, force=force)

    def on_average(station: str, usual: float) -> Floats:
        relative = relative_by_day(pathway, station, force=force)
        return usual * relative + added_by_day(pathway, station, force=force)

    stations = pathway.stations
    present = 1.0 - np.minimum(away, 1.0)
    strength = on_average("officers", officers * drivers.workload.on_duty_share) * present
    per_100 = published / 100.0
    numbers = {
        "call_takers": on_average(
            "call_takers", per_100 * stations.call_takers_per_100_officers * staff.call_takers
        ),
        "officers": strength * stations.response_share,
        "supervisors": on_average(
            "supervisors",
            per_100
            * stations.supervisors_per_100_officers
            * staff.supervisors
            * _own_habit(drivers, luck),
        ),
        "clerks": on_average("clerks", per_100 * stations.clerks_per_100_officers * staff.clerks),
    }
    if review.max() > 0.0 and not numbers["supervisors"].any():
        raise UserError(
            "world.pathway.stations.supervisors_per_100_officers: decisions are reviewed but "
            f"{force} has no supervisor; give some, or a review_share of 0"
        )
    weekday = (pathway.start - timedelta(days=pathway.warm_up_days)).weekday()
    rosters = {name: getattr(stations, f"{name}_roster") for name in STATIONS}
    capacity = np.stack(
        [_on_duty(numbers[name], rosters[name], weekday) for name in STATIONS], axis=1
    )
    on_duty = _on_duty(strength, stations.officers_roster, weekday)
    # The greatest, too, so that there is a least; 1 where training takes everybody away.
    smallest = on_duty[on_duty > 0].min(initial=max(1, int(on_duty.max())))
    return Schedule(
        capacity=capacity,
        on_duty=np.where(on_duty > 0, on_duty, smallest),
        knowledge=_hourly(know),
        review_share=_hourly(_shifted(review, drivers.supervision.spread * luck.review)),
        pressure=_hourly(_shifted(pressure, drivers.pressure.spread * luck.pressure)),
        time_limit_hours=_hourly(
            by_day(pathway, "time_limit_hours", time_limit_by_day(pathway), force=force)
        ),
    )


def _own_habit(drivers: Drivers, luck: Luck) -> float:
    """A force's usual review share over the typical one: who reviews more has staffed for it."""
    typical = drivers.supervision.review_share
    if typical == 0.0:
        return 1.0
    own = _shifted(np.array([typical]), drivers.supervision.spread * luck.review)
    return float(own[0]) / typical


def time_limit_by_day(pathway: Pathway) -> Floats:
    """Hours within which the rules want a crime recorded, on each day, (D,)."""
    published = load_published()
    before = published.figure("rules", "ncrs_time_limit_2012_13").value
    after = published.figure("rules", "hocr_time_limit_from_2015_04_01").value
    first_day = pathway.start - timedelta(days=pathway.warm_up_days)
    days = np.arange(n_days(pathway))
    return np.where(days < (NEW_TIME_LIMIT - first_day).days, before, after)


def _on_duty(average: Floats, roster: Roster, first_weekday: int) -> Ints:
    """Whole numbers on duty in each hour; where a roster has anybody, at least one."""
    hours = np.array(roster.by_hour)
    days = np.where((first_weekday + np.arange(len(average))) % 7 >= 5, roster.weekend, 1.0)
    weekly = hours.mean() * (5.0 + 2.0 * roster.weekend) / 7.0
    number = (average * days)[:, None] * hours / weekly
    whole = np.where(number > 0.0, np.maximum(1.0, np.floor(number + 0.5)), 0.0)
    return whole.ravel().astype(np.int64)


def _shifted(share: Floats, by: float) -> Floats:
    """Each share moved by *by* on the logit scale."""
    with np.errstate(divide="ignore", invalid="ignore"):
        odds: Floats = np.exp(by) * share / (1.0 - share)
        return np.where(np.isinf(odds), 1.0, odds / (1.0 + odds))


def _hourly(daily: Floats) -> Floats:
    return np.repeat(daily, 24)
