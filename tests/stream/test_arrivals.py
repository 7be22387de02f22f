"""When incidents arrive: the profile of day, week and year, and a Poisson process within it."""

import math
from datetime import timedelta

import numpy as np
import pytest
from scipy import stats

from underrecording.rng import generator
from underrecording.stream.draws import arrival_times
from underrecording.stream.force import hourly_rate
from underrecording.stream.schedule import HOUR_MS
from underrecording.world.pathway import Arrivals, Pathway

LIKELY = 1e-4
ARRIVED = 1_000_000


def profile_p(reported, profile, rate):
    """Chi-square P-value of arrivals by a cell of time, as *rate* has them."""
    cells = profile[np.arange(len(rate))]
    expected = np.bincount(cells, weights=rate) / rate.sum() * len(reported)
    counts = np.bincount(cells[reported // HOUR_MS], minlength=len(expected))
    return stats.chisquare(counts, expected).pvalue


def cells(unit, pathway):
    """In which hour of day, day of week or month of the calendar each hour lies."""
    first = pathway.start - timedelta(days=pathway.warm_up_days)
    hours = np.arange(len(hourly_rate(pathway)))
    if unit == "hour":
        return hours % 24
    days = [first + timedelta(days=int(day)) for day in hours // 24]
    return np.array([day.weekday() if unit == "weekday" else day.month - 1 for day in days])


YEAR = Pathway(warm_up_days=10)


@pytest.mark.parametrize("unit", ["hour", "weekday", "month"])
def test_arrivals_recover_their_profile(unit):
    rate = hourly_rate(YEAR)
    reported = arrival_times(rate, ARRIVED, generator(3, 1))
    assert (np.diff(reported) >= 0).all()
    assert profile_p(reported, cells(unit, YEAR), rate) > LIKELY


def five_per_cent_more_at(weights, place):
    return tuple(w * 1.05 if i == place else w for i, w in enumerate(weights))


@pytest.mark.parametrize(
    ("unit", "planted"),
    [
        ("hour", {"by_hour": five_per_cent_more_at(Arrivals().by_hour, 17)}),
        ("weekday", {"by_weekday": five_per_cent_more_at(Arrivals().by_weekday, 5)}),
        ("month", {"season_amplitude": 0.08}),
        ("month", {"season_peak_day": 226}),
    ],
    ids=["hour", "weekday", "amplitude", "peak"],
)
def test_another_profile_is_noticed(unit, planted):
    rate = hourly_rate(YEAR.model_copy(update={"arrivals": Arrivals(**planted)}))
    reported = arrival_times(rate, ARRIVED, generator(3, 1))
    assert profile_p(reported, cells(unit, YEAR), hourly_rate(YEAR)) < LIKELY


def test_the_rate_of_an_hour_is_the_product_of_day_hour_and_season():
    # 13 July 2013 is a Saturday and two days before the season's peak; by hand.
    arrivals = Arrivals()
    made = hourly_rate(Pathway(start="2013-07-13", days=7, warm_up_days=0))
    season = 1 + 0.06 * math.cos(2 * math.pi * 2 / 365.25)
    saturday = 1.07 / (sum(arrivals.by_weekday) / 7)
    at_five = 1.5 / (sum(arrivals.by_hour) / 24)
    assert made[17] == pytest.approx(season * saturday * at_five, rel=1e-12)
    assert hourly_rate(Pathway(warm_up_days=0)).mean() == pytest.approx(1, abs=1e-3)


def after_time_change(reported, rate):
    """Share of the expected arrivals that come before each one."""
    expected = np.concatenate(([0.0], np.cumsum(rate)))
    return np.interp(reported / HOUR_MS, np.arange(len(expected)), expected / expected[-1])


@pytest.mark.parametrize("count", [50, 20_000])
def test_after_a_change_of_time_arrivals_are_uniform(count):
    rate = hourly_rate(YEAR)
    reported = arrival_times(rate, count, generator(3, 2))
    assert stats.kstest(after_time_change(reported, rate), "uniform").pvalue > LIKELY


def test_a_season_forgotten_is_not_uniform_after_the_change():
    reported = arrival_times(hourly_rate(YEAR), 100_000, generator(3, 2))
    flat = hourly_rate(YEAR.model_copy(update={"arrivals": Arrivals(season_amplitude=0)}))
    assert stats.kstest(after_time_change(reported, flat), "uniform").pvalue < LIKELY


def test_gaps_between_arrivals_are_independent_and_exponential():
    # What tells a Poisson process from uniform times on a grid: coefficient of variation 1.
    reported = arrival_times(np.ones(24 * 50), 50_000, generator(3, 3))
    gaps = np.diff(reported) / np.diff(reported).mean()
    assert stats.kstest(gaps, "expon").pvalue > LIKELY
    lag = np.corrcoef(gaps[1:], gaps[:-1])[0, 1]
    assert abs(lag) < 4 / math.sqrt(len(gaps))


def test_nothing_arrives_while_the_rate_is_nought():
    rate = np.tile([0.0, 1.0, 0.0, 0.0, 2.0, 0.0], 40)
    reported = arrival_times(rate, 50_000, generator(3, 4))
    assert (rate[reported // HOUR_MS] > 0).all()
    assert set(np.unique(reported // HOUR_MS)) == set(np.flatnonzero(rate))
