"""All that the stream of one force depends on, settled before anything is drawn."""

from __future__ import annotations

from datetime import timedelta
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from underrecording.published import load_published
from underrecording.stream.schedule import (
    Luck,
    Schedule,
    make_schedule,
    n_days,
    relative_by_day,
)
from underrecording.world.factors import officers_of
from underrecording.world.law import Law, luck_of_forces
from underrecording.world.options import Drivers, WorldOptions
from underrecording.world.pathway import Pathway

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


class Rule(NamedTuple):
    """Constants of the recording rule for one force; see `world.rules.logistic`.

    Attributes
    ----------
    intercept, psi : float arrays (K,)
    effect, kappa, know_0, omega, load_0 : float
    """

    intercept: Floats
    effect: float
    kappa: float
    know_0: float
    omega: float
    load_0: float
    psi: Floats


class Shares(NamedTuple):
    """Chances that do not move within a year.

    Attributes
    ----------
    due, over_recording, detection : float
    no_crime, wrong_no_crime : float arrays (K,)
    disposal, wrong_disposal, misclassified : float
    """

    due: float
    over_recording: float
    detection: float
    no_crime: Floats
    wrong_no_crime: Floats
    disposal: float
    wrong_disposal: float
    misclassified: float


class ForceStream(NamedTuple):
    """One force's period: what its draws and its engine are given.

    Attributes
    ----------
    name : str
    number : int
        Row of the force in the world.
    pathway : Pathway
    reports : int array (K,)
        Crime reports on the auditable frame in the period; known.
    log_rate : float array (A,)
        Expected other incidents in each hour of warm-up and period.
    report_rate : float array (A,)
        Relative rate of crime reports in each of these hours.
    shares : Shares
    schedule : Schedule
    rule : Rule
    """

    name: str
    number: int
    pathway: Pathway
    reports: Ints
    log_rate: Floats
    report_rate: Floats
    shares: Shares
    schedule: Schedule
    rule: Rule


def force_stream(
    options: WorldOptions,
    law: Law,
    *,
    load_0: float,
    drivers: Drivers,
    force: int,
    luck: Luck,
) -> ForceStream:
    """Settle the stream of force number *force*.

    Parameters
    ----------
    options : WorldOptions
    law : Law
        Of the solved world, its counts being those of the period.
    load_0 : float
        Load from which excess counts.
    drivers : Drivers
        The state before any intervention: today's or the baseline's.
    force : int
    luck : Luck
    """
    published, pathway = load_published(), options.pathway
    name = published.forces.name[force]
    reports = law.reports[force]
    rate = hourly_rate(pathway)
    log_rate = (
        rate
        * _logs_a_year(drivers, reports.sum() * 365.0 / pathway.days, force)
        * _demand(pathway, force=name)
        / (365.0 * 24.0)
    )
    schedule = make_schedule(
        pathway,
        drivers,
        force=name,
        published=float(published.forces.officers_fte[force]),
        officers=float(officers_of(drivers.staff, published)[force]),
        luck=luck,
    )
    return ForceStream(
        name=name,
        number=force,
        pathway=pathway,
        reports=reports,
        log_rate=log_rate,
        report_rate=rate,
        shares=_shares(options.pathway, law),
        schedule=schedule,
        rule=Rule(
            intercept=law.intercept,
            effect=law.tau * luck.effect,
            kappa=law.kappa,
            know_0=law.know_0,
            omega=law.omega,
            load_0=load_0,
            psi=law.psi,
        ),
    )


def luck_of(law: Law, seed: int, world: int, replicate: int, force: int) -> Luck:
    """What sets a force apart in one world: the same numbers as under `fidelity: rates`."""
    return Luck(*luck_of_forces(law, seed, world, replicate)[:, force].tolist())


def hourly_rate(pathway: Pathway) -> Floats:
    """Relative arrival rate in each hour of warm-up and period, (A,), of mean 1 over a year."""
    arrivals = pathway.arrivals
    first = pathway.start - timedelta(days=pathway.warm_up_days)
    days = np.arange(n_days(pathway) - pathway.follow_up_days)
    of_year = first.timetuple().tm_yday + days
    season = 1.0 + arrivals.season_amplitude * np.cos(
        2.0 * np.pi * (of_year - arrivals.season_peak_day) / 365.25
    )
    weekday = _normalised(arrivals.by_weekday)[(first.weekday() + days) % 7]
    rate: Floats = np.outer(season * weekday, _normalised(arrivals.by_hour)).ravel()
    return rate


def _normalised(weights: tuple[float, ...]) -> Floats:
    array = np.array(weights)
    relative: Floats = array / array.mean()
    return relative


def _logs_a_year(drivers: Drivers, reports: float, force: int) -> float:
    """Incidents a year that are no crime reports: what the published ratio leaves."""
    volume = float(load_published().forces.total[force])
    incidents = volume * drivers.workload.incidents_per_crime * drivers.workload.relative
    return max(0.0, incidents - reports)


def _demand(pathway: Pathway, *, force: str) -> Floats:
    relative = relative_by_day(pathway, "demand", force=force)
    return np.repeat(relative[: len(relative) - pathway.follow_up_days], 24)


def _shares(pathway: Pathway, law: Law) -> Shares:
    return Shares(
        due=law.due_share,
        over_recording=law.over_recording_rate,
        detection=law.detection,
        no_crime=law.no_crime_rate,
        wrong_no_crime=law.wrong_share,
        disposal=pathway.disposal_share,
        wrong_disposal=law.wrong_disposal_share,
        misclassified=pathway.misclassified_share,
    )
