"""A force's period on the full pathway: nothing is lost, nobody is hurried, Little's law."""

import math

import numpy as np
import pytest

from underrecording.stream import Times, draw_stream, make_world, outcome, run_stream
from underrecording.stream.draws import ATTENDED, BUREAU, DETECTED, DUE, has
from underrecording.stream.reference import Reference
from underrecording.stream.schedule import HOUR_MS
from underrecording.stream.stations import busy_ms, present, visits
from underrecording.stream.times import (
    ACCEPTED,
    CALL,
    ENQUIRIES,
    HANDLING,
    NEVER,
    RECORDING,
    REFUSED,
    REVIEW,
    REVIEWED,
)
from underrecording.world.options import WorldOptions
from underrecording.world.pathway import STATIONS, Pathway


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


WATCHED_MS = 300_000
_LAST = 2**42  # After all that happens at one instant.


class Watched(Reference):
    """SimPy's engine with an observer who counts heads at every station, every 5 minutes."""

    def __init__(self, *given):
        super().__init__(*given)
        self.seen = []
        self.env.process(self.watch())

    def watch(self):
        while True:
            yield self.after(WATCHED_MS, _LAST)
            self.seen.append([len(s.queue) + s.count for s in self.stations])


@pytest.fixture(scope="module")
def watched(streamed):
    """Heads at each station, as SimPy has them, and the instants; (instants, 4)."""
    force, draws, _ = streamed
    made = Watched(draws, force.schedule, force.rule, Times.empty(draws.layout))
    made.run()
    seen = np.array(made.seen)
    return seen, WATCHED_MS * np.arange(1, len(seen) + 1)


def test_present_is_what_simpy_has_in_queue_and_in_service(streamed, watched):
    force, draws, times = streamed
    heads, instants = watched
    for station, visited in enumerate(visits(force, draws, times)):
        np.testing.assert_array_equal(
            present(visited.joined, visited.left, instants), heads[:, station]
        )
        assert heads[:, station].max() > 3


def little_z(force, draws, times, watched, station, longer=1.0):
    """Distance of heads counted by SimPy from arrivals times sojourn, in errors of sampling."""
    n, traits, reviewed = len(draws.group), draws.traits, times.decision == REVIEWED
    recorded = (times.started[draws.layout.of(RECORDING)] != NEVER).sum()
    arrivals = (
        (~has(traits, BUREAU)).sum(),
        has(traits, ATTENDED).sum(),
        reviewed.sum(),
        (~has(traits[:n], ATTENDED)).sum() + recorded,
    )[station]
    visited = visits(force, draws, times)[station]
    sojourn = longer * (visited.left - visited.joined).mean()
    heads, instants = watched
    # A visit is seen a whole number of times; the part that is left over has variance 1/6.
    error = WATCHED_MS * math.sqrt(arrivals / 6) / instants[-1]
    return abs(heads[:, station].mean() - arrivals * sojourn / instants[-1]) / error


@pytest.mark.parametrize("station", range(4), ids=STATIONS)
def test_little_s_law_holds_at_every_station(streamed, watched, station):
    # From an empty beginning to an empty end, so that nobody is cut off.
    heads, _ = watched
    assert heads[-1].sum() == 0
    assert little_z(*streamed, watched, station) < 4
    assert little_z(*streamed, watched, station, longer=1.05) > 4


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


@pytest.fixture(scope="module")
def cut_off():
    """A week that ends with the period: much is open."""
    options = WorldOptions(
        fidelity="events", pathway=Pathway(days=7, warm_up_days=0, follow_up_days=0)
    )
    world = make_world(options)
    force = world.force(world.frame.forces.index("City of London"), 5, 0, 0)
    draws = draw_stream(force, 5, 0, 0)
    return force, draws, run_stream(force, draws)


@pytest.fixture(params=["streamed", "cut_off"])
def either(request):
    return request.getfixturevalue(request.param)


def test_every_incident_ends_in_one_state_or_is_open(either):
    force, draws, times = either
    ended = outcome(force, draws, times)
    n, horizon = len(draws.group), len(force.schedule.on_duty) * HOUR_MS
    due_and_found = has(draws.traits[:n], DUE | DETECTED)
    reviewed = _done(times, draws, REVIEW, horizon)
    states = np.array(
        [
            times.decision == REFUSED,
            reviewed & ~due_and_found,
            _done(times, draws, RECORDING, horizon),
            ended.closed[:n] == NEVER,
        ]
    )
    np.testing.assert_array_equal(states.sum(axis=0), 1)
    assert (states[:3].sum(axis=1) > 5).all()
    logs, attended = ended.closed[n:], has(draws.traits[n:], ATTENDED)
    at_the_end = np.where(
        attended,
        _done(times, draws, HANDLING, horizon)[n:],
        _done(times, draws, CALL, horizon)[n:],
    )
    np.testing.assert_array_equal(logs != NEVER, at_the_end)
    assert (ended.closed < horizon).all()
    assert (ended.closed > draws.reported)[ended.closed != NEVER].all()
    # Whoever is not on the list of any step has not begun.
    began = [times.started[draws.layout.of(step)] != NEVER for step in (CALL, HANDLING)]
    waits = has(draws.traits, BUREAU) | began[0]
    assert ((ended.closed == NEVER) | waits).all()


def test_an_open_incident_is_one_that_the_follow_up_leaves(streamed, cut_off):
    assert (outcome(*streamed).closed != NEVER).all()
    still_open = outcome(*cut_off).closed == NEVER
    assert 0 < still_open.sum() < len(still_open) / 2


def test_no_step_is_taken_before_the_one_it_follows_is_over(either):
    force, draws, times = either
    n, horizon = len(draws.group), len(force.schedule.on_duty) * HOUR_MS
    layout, reports = draws.layout, slice(0, len(draws.group))
    started = [times.started[layout.of(step)] for step in range(5)]
    over = [
        np.where(begun == NEVER, NEVER, begun + draws.service[layout.of(step)])
        for step, begun in enumerate(started)
    ]

    def follows(later, which, earlier):
        """Begun only where *earlier* is over, and where it is over at an instant or after it."""
        begun = later != NEVER
        assert (which & (earlier != NEVER) | ~begun).all()
        assert (later >= earlier)[begun].all()
        assert (earlier[begun] < horizon).all()

    bureau, attended = has(draws.traits, BUREAU), has(draws.traits, ATTENDED)
    follows(started[CALL], ~bureau, draws.reported)
    is_report = np.arange(len(bureau)) < n
    follows(started[HANDLING], attended | is_report, np.where(bureau, draws.reported, over[CALL]))
    follows(started[ENQUIRIES], True, over[HANDLING][reports])
    # Enquiries wait for nobody.
    np.testing.assert_array_equal(
        started[ENQUIRIES],
        np.where(over[HANDLING][reports] < horizon, over[HANDLING][reports], NEVER),
    )
    decided = (over[ENQUIRIES] != NEVER) & (over[ENQUIRIES] < horizon)
    np.testing.assert_array_equal(times.decision != NEVER, decided)
    np.testing.assert_array_equal(times.open_incidents >= 0, decided)
    np.testing.assert_array_equal(times.on_duty > 0, decided)
    follows(started[REVIEW], times.decision == REVIEWED, over[ENQUIRIES])
    accepted = times.decision == ACCEPTED
    found = (times.decision == REVIEWED) & has(draws.traits[:n], DUE | DETECTED)
    follows(started[RECORDING], accepted | found, np.where(accepted, over[ENQUIRIES], over[REVIEW]))


def test_nobody_leaves_a_station_who_has_not_come(either):
    force, draws, times = either
    horizon = len(force.schedule.on_duty) * HOUR_MS
    for visited in visits(force, draws, times):
        begun, gone = visited.started != NEVER, visited.left != NEVER
        assert (visited.joined >= 0).all()
        assert (visited.started >= visited.joined)[begun].all()
        assert (begun | ~gone).all()
        np.testing.assert_array_equal(visited.left[gone], (visited.started + visited.work)[gone])
        assert (visited.started + visited.work >= horizon)[begun & ~gone].all()


def test_no_report_joins_more_or_fewer_stations_than_its_way_has(streamed):
    force, draws, times = streamed
    n = len(draws.group)
    came = sum(len(visited.joined) for visited in visits(force, draws, times))
    steps = (
        (~has(draws.traits, BUREAU)).sum()
        + has(draws.traits, ATTENDED).sum()
        + (~has(draws.traits[:n], ATTENDED)).sum()
        + (times.decision == REVIEWED).sum()
        + (outcome(force, draws, times).recorded != NEVER).sum()
    )
    assert came == steps


def test_decisions_meet_as_many_open_incidents_as_tables_have(either):
    force, draws, times = either
    ended = outcome(force, draws, times)
    decided = times.decision != NEVER
    at = ended.decided[decided]
    # Where others come, end or are decided upon at the same instant, an order decides.
    busy = np.concatenate((draws.reported, ended.closed, at))
    instants, times_met = np.unique(busy, return_counts=True)
    alone = times_met[np.searchsorted(instants, at)] == 1
    assert alone.mean() > 0.4
    expected = present(draws.reported, ended.closed, at[alone]) - 1
    np.testing.assert_array_equal(times.open_incidents[decided][alone], expected)
    np.testing.assert_array_equal(
        times.on_duty[decided][alone], force.schedule.on_duty[at[alone] // HOUR_MS]
    )


def test_what_is_open_when_the_follow_up_ends_is_open_in_every_count(cut_off):
    force, draws, times = cut_off
    ended = outcome(force, draws, times)
    n_reports = len(draws.group)
    open_now = ended.closed == NEVER
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
