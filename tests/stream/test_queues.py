"""One station against queueing theory, and against a recursion that knows no events."""

import heapq
import math

import numpy as np
import pytest

from underrecording.stream import Schedule, Times
from underrecording.stream.compiled import run_compiled
from underrecording.stream.draws import EMERGENCY, Draws
from underrecording.stream.force import Rule
from underrecording.stream.schedule import HOUR_MS
from underrecording.stream.times import CALL

NOTHING = np.zeros(0, np.uint8)


def one_station(reported, service, servers, traits=0):
    """Times at which calls begin: incidents that are no crime reports, and constant staff."""
    n, hours = len(reported), int(reported[-1]) // HOUR_MS + 24 * 400
    draws = Draws(
        reported=reported,
        traits=np.broadcast_to(np.uint8(traits), n).copy(),
        service=np.concatenate((service, service)).astype(np.int32),
        group=NOTHING, variate=NOTHING.astype(np.float32),
        review_draw=NOTHING.astype(np.float32), fate=NOTHING, classified_as=NOTHING,
    )  # fmt: skip
    level = np.zeros(hours)
    schedule = Schedule(
        capacity=np.tile(np.array([servers, 0, 0, 0], np.int64), (hours, 1)),
        on_duty=np.ones(hours, np.int64),
        knowledge=level, review_share=level, pressure=level, time_limit_hours=level,
    )  # fmt: skip
    times = Times.empty(draws.layout)
    run_compiled(draws, schedule, Rule(np.zeros(6), 0, 0, 0, 0, 0, np.zeros(6)), times)
    return times.started[draws.layout.of(CALL)]


MEAN_MS = 1_000_000.0


def poisson_and_exponential(random, n, servers, utilisation):
    reported = np.cumsum(random.exponential(MEAN_MS / servers / utilisation, n))
    service = 1 + random.exponential(MEAN_MS, n)
    return reported.astype(np.int64), service.astype(np.int64)


def erlang_c(servers, offered):
    """Probability of delay: the Erlang C formula (Erlang 1917; Gross & Harris, section 2.3)."""
    top = offered**servers / math.factorial(servers) * servers / (servers - offered)
    return top / (sum(offered**k / math.factorial(k) for k in range(servers)) + top)


def measured(servers, utilisation, *, slower=1.0, runs=40, n=20_000):
    """Probability of delay, mean wait and utilisation in independent runs, (runs, 3)."""
    rows = []
    for run in range(runs):
        random = np.random.default_rng([servers, run])
        reported, service = poisson_and_exponential(random, n, servers, utilisation)
        service = (service * slower).astype(np.int64)
        started = one_station(reported, service, servers)
        warm = slice(n // 5, n)
        waits = (started - reported)[warm]
        begin, end = reported[n // 5], reported[-1]
        # Work done between two instants: each service counted for its part between them.
        done = np.minimum(started + service, end) - np.maximum(started, begin)
        busy = np.maximum(0, done).sum() / (servers * (end - begin))
        rows.append((np.mean(waits > 0), waits.mean() / MEAN_MS, busy))
    return np.array(rows)


def worst(rows, expected):
    mcse = rows.std(axis=0, ddof=1) / math.sqrt(len(rows))
    return np.max(np.abs(rows.mean(axis=0) - expected) / mcse)


def theory(servers, utilisation):
    delayed = erlang_c(servers, servers * utilisation)
    return np.array([delayed, delayed / (servers * (1 - utilisation)), utilisation])


@pytest.mark.parametrize(("servers", "utilisation"), [(1, 0.6), (3, 0.7), (12, 0.8)])
def test_one_station_of_exponential_times_is_erlang_s(servers, utilisation):
    assert worst(measured(servers, utilisation), theory(servers, utilisation)) < 4


@pytest.mark.parametrize(("servers", "utilisation"), [(3, 0.7), (12, 0.8)])
def test_services_three_per_cent_longer_are_not_erlang_s(servers, utilisation):
    assert worst(measured(servers, utilisation, slower=1.03), theory(servers, utilisation)) > 4


def kiefer_wolfowitz(reported, service, servers):
    """Start of each service, by the recursion of Kiefer & Wolfowitz (1955): no events, no clock."""
    free = [0] * servers
    started = []
    for arrival, took in zip(reported.tolist(), service.tolist(), strict=True):
        begin = max(arrival, heapq.heappop(free))
        heapq.heappush(free, begin + took)
        started.append(begin)
    return np.array(started)


@pytest.mark.parametrize("servers", [1, 2, 7, 40])
def test_first_come_first_served_equals_the_recursion(servers):
    random = np.random.default_rng(servers)
    reported, service = poisson_and_exponential(random, 20_000, servers, 0.9)
    np.testing.assert_array_equal(
        one_station(reported, service, servers), kiefer_wolfowitz(reported, service, servers)
    )


EMERGENCIES = 0.2


def cobham(servers, utilisation):
    """Mean waits of emergencies and of the rest, in mean services (Cobham 1954, Oper. Res. 2:70).

    Emergencies wait for what is served and for each other; the rest for all.
    """
    first = erlang_c(servers, servers * utilisation) / servers
    first /= 1 - EMERGENCIES * utilisation
    return np.array([first, first / (1 - utilisation)])


def waits_by_priority(servers, utilisation, *, slower=1.0, noticed=True, runs=40, n=20_000):
    """Mean waits of emergencies and of the rest in independent runs, (runs, 2)."""
    rows = []
    for run in range(runs):
        random = np.random.default_rng([servers, run, 1])
        reported, service = poisson_and_exponential(random, n, servers, utilisation)
        traits = np.where(random.random(n) < EMERGENCIES, EMERGENCY, 0)
        service = (service * slower).astype(np.int64)
        started = one_station(reported, service, servers, traits if noticed else 0)
        wait = ((started - reported) / MEAN_MS)[n // 5 :]
        urgent = traits[n // 5 :] > 0
        rows.append((wait[urgent].mean(), wait[~urgent].mean()))
    return np.array(rows)


@pytest.mark.parametrize(("servers", "utilisation"), [(1, 0.7), (5, 0.85)])
def test_emergencies_and_the_rest_wait_as_long_as_theory_has_it(servers, utilisation):
    expected = cobham(servers, utilisation)
    assert worst(waits_by_priority(servers, utilisation), expected) < 4
    assert expected[0] < 0.4 * expected[1]


@pytest.mark.parametrize("planted", [{"slower": 1.03}, {"noticed": False}])
def test_waits_by_priority_that_are_not_theory_s_are_noticed(planted):
    assert worst(waits_by_priority(5, 0.85, **planted), cobham(5, 0.85)) > 4


def test_who_waits_changes_not_how_many_wait():
    # Without ends in sight the next to begin may be anyone: what is in the station stays.
    random = np.random.default_rng(1)
    reported, _ = poisson_and_exponential(random, 20_000, 5, 0.95)
    service = np.full(20_000, int(MEAN_MS))
    traits = np.where(random.random(20_000) < EMERGENCIES, EMERGENCY, 0)
    with_them, without = (one_station(reported, service, 5, kind) for kind in (traits, 0))
    np.testing.assert_array_equal(np.sort(with_them), np.sort(without))
    assert (with_them != without).any()
