"""Stations against queueing theory, and against a recursion that knows no events."""

import heapq
import math

import numpy as np
import pytest

from underrecording.stream import Schedule, Times, draw_stream, make_world, outcome, run_stream
from underrecording.stream.compiled import run_compiled
from underrecording.stream.draws import ATTENDED, BUREAU, EMERGENCY, Draws, has
from underrecording.stream.force import Rule
from underrecording.stream.schedule import HOUR_MS
from underrecording.stream.stations import busy_ms, present, visits
from underrecording.stream.times import CALL, HANDLING, NEVER, RECORDING
from underrecording.world.options import WorldOptions
from underrecording.world.pathway import Pathway

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


def test_emergencies_do_not_wait_for_the_rest():
    random = np.random.default_rng(1)
    reported, service = poisson_and_exponential(random, 20_000, 5, 0.95)
    traits = np.where(random.random(20_000) < 0.2, EMERGENCY, 0)
    waits = one_station(reported, service, 5, traits) - reported
    assert waits[traits > 0].mean() < 0.2 * waits[traits == 0].mean()
    # Who waits is another matter than how much is waited for: priorities make no work.
    plain = one_station(reported, service, 5) - reported
    assert waits.mean() == pytest.approx(plain.mean(), rel=0.05)


@pytest.fixture(scope="module")
def streamed():
    """A busy force's period on the full pathway."""
    options = WorldOptions(
        fidelity="events", pathway=Pathway(days=28, warm_up_days=14, follow_up_days=60)
    )
    world = make_world(options)
    force = world.force(world.frame.forces.index("Warwickshire"), 5, 0, 0)
    draws = draw_stream(force, 5, 0, 0)
    return force, draws, run_stream(force, draws)


def test_little_s_law_holds_at_every_station(streamed):
    force, draws, times = streamed
    # From an empty beginning to an empty end, so that nobody is cut off.
    end = len(force.schedule.on_duty) * HOUR_MS
    instants = np.arange(0, end, 60_000)
    for visited in visits(force, draws, times):
        assert len(visited.joined) > 100
        assert (visited.left != NEVER).all()
        in_station = present(visited.joined, visited.left, instants)
        spread = in_station.std() / math.sqrt(len(instants))
        rate, sojourn = len(visited.joined) / end, (visited.left - visited.joined).mean()
        assert in_station.mean() == pytest.approx(rate * sojourn, abs=4 * spread)
        assert abs(in_station.mean() - 1.05 * rate * sojourn) > 4 * spread


def test_work_done_is_work_asked_for(streamed):
    force, draws, times = streamed
    end = len(force.schedule.on_duty) * HOUR_MS
    for visited in visits(force, draws, times):
        done = busy_ms(visited, np.arange(0, end + 1, HOUR_MS, dtype=np.int64))
        assert done.sum() == pytest.approx(visited.work.sum(), rel=1e-9)


def test_never_more_are_served_than_are_on_duty_or_were_when_it_began(streamed):
    force, draws, times = streamed
    for station, visited in enumerate(visits(force, draws, times)):
        capacity = force.schedule.capacity[:, station]
        starts = np.sort(visited.started)
        serving = present(visited.started, visited.left, starts)
        at_hour = starts // HOUR_MS
        # At the instant of a start the starter found a place among those on duty.
        assert (serving[starts % HOUR_MS > 0] <= capacity[at_hour[starts % HOUR_MS > 0]]).all()
        assert serving.max() > 0.5 * capacity.max()


def test_staff_is_never_idle_while_somebody_waits(streamed):
    force, draws, times = streamed
    instants = np.arange(HOUR_MS // 2, len(force.schedule.on_duty) * HOUR_MS, HOUR_MS)
    for station, visited in enumerate(visits(force, draws, times)):
        waiting = present(visited.joined, visited.started, instants)
        serving = present(visited.started, visited.left, instants)
        assert (serving >= force.schedule.capacity[:, station])[waiting > 0].all()


def test_every_incident_ends_once_or_is_open(streamed):
    force, draws, times = streamed
    ended = outcome(force, draws, times)
    n_reports = len(draws.group)
    assert (ended.closed != NEVER).all()
    assert (ended.closed > draws.reported).all()
    assert ((ended.recorded != NEVER) <= (times.decision > 0)).all()
    assert (ended.decided != NEVER).all()
    left = sum(len(visited.left) for visited in visits(force, draws, times))
    steps = (
        (~has(draws.traits, BUREAU)).sum()
        + has(draws.traits, ATTENDED).sum()
        + (~has(draws.traits[:n_reports], ATTENDED)).sum()
        + (times.decision == 1).sum()
        + (ended.recorded != NEVER).sum()
    )
    assert left == steps


def test_what_is_open_when_the_follow_up_ends_is_open_in_every_count():
    options = WorldOptions(
        fidelity="events", pathway=Pathway(days=7, warm_up_days=0, follow_up_days=0)
    )
    world = make_world(options)
    force = world.force(world.frame.forces.index("City of London"), 5, 0, 0)
    draws = draw_stream(force, 5, 0, 0)
    times = run_stream(force, draws)
    ended = outcome(force, draws, times)
    n_reports = len(draws.group)
    open_now = ended.closed == NEVER
    assert 0 < open_now.sum() < len(open_now) / 2
    assert (ended.recorded[open_now[:n_reports]] == NEVER).all()
    end = len(force.schedule.on_duty) * HOUR_MS
    at_stations = sum(
        int(present(v.joined, v.left, np.array([end - 1]))[0]) for v in visits(force, draws, times)
    )
    enquired = (times.decision == NEVER) & (_done(times, draws, HANDLING, end)[:n_reports])
    assert open_now.sum() == at_stations + enquired.sum()


def _done(times, draws, step, end):
    started = times.started[draws.layout.of(step)]
    return (started != NEVER) & (started + draws.service[draws.layout.of(step)] < end)


def test_steps_follow_each_other(streamed):
    _, draws, times = streamed
    layout, n = draws.layout, len(draws.group)
    call, handling = (times.started[layout.of(step)] for step in (CALL, HANDLING))
    called = call != NEVER
    assert (call[called] >= draws.reported[called]).all()
    both = called & (handling != NEVER)
    took = draws.service[layout.of(CALL)]
    assert (handling[both] >= call[both] + took[both]).all()
    recorded = times.started[layout.of(RECORDING)]
    was = recorded != NEVER
    assert (recorded[was] > handling[:n][was]).all()
