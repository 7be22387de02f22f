"""Two engines, one model: every number of every incident is the same."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from underrecording.stream import Outcome, Schedule, outcome, reference, run_stream
from underrecording.stream.compiled import run_compiled
from underrecording.stream.draws import ATTENDED, BUREAU, DETECTED, DUE, EMERGENCY, Draws, has
from underrecording.stream.force import Rule
from underrecording.stream.reference import run_reference
from underrecording.stream.schedule import HOUR_MS
from underrecording.stream.stations import Visits, visits
from underrecording.stream.times import CALL, NEVER, REFUSED, REVIEWED, Layout, Times
from underrecording.world.options import Supervision, Training, Workload, WorldOptions
from underrecording.world.pathway import (
    Arrivals,
    Duration,
    Durations,
    Intervention,
    MoreStaff,
    Pathway,
    Roster,
    Routes,
    Stations,
)

MINUTE_MS = 60_000


def both(force, draws):
    return run_stream(force, draws), run_stream(force, draws, "reference")


def assert_equal(ours, theirs, kind=Times):
    for name in kind._fields:
        np.testing.assert_array_equal(getattr(ours, name), getattr(theirs, name), err_msg=name)


def assert_same_year(force, draws):
    """Times, and all that is read off them."""
    ours, theirs = both(force, draws)
    assert_equal(ours, theirs)
    assert_equal(*(outcome(force, draws, times) for times in (ours, theirs)), Outcome)
    stations = (visits(force, draws, times) for times in (ours, theirs))
    for pair in zip(*stations, strict=True):
        assert_equal(*pair, Visits)


hours = st.lists(st.sampled_from([0.0, 0.3, 1.0, 3.0]), min_size=24, max_size=24).filter(any)
rosters = st.builds(Roster, by_hour=hours.map(tuple), weekend=st.sampled_from([0.0, 0.5, 1.0]))
durations = st.builds(
    Duration,
    mean_hours=st.sampled_from([0.02, 0.25, 2.0, 9.0]),
    cv=st.sampled_from([0.0, 0.5, 2.0]),
)
staff = st.sampled_from([0.05, 0.2, 0.6])


@st.composite
def interventions(draw):
    first = draw(st.integers(1, 6))
    factors = draw(
        st.dictionaries(
            st.sampled_from(["officers", "call_takers", "clerks", "supervisors", "demand"]),
            st.sampled_from([0.2, 0.5, 2.0]),
            min_size=1,
            max_size=3,
        )
    )
    levels = draw(
        st.fixed_dictionaries(
            {},
            optional={
                "training_rate_per_year": st.sampled_from([0.0, 50.0]),
                "review_share": st.sampled_from([0.0, 0.9]),
                "pressure_level": st.sampled_from([0.0, 1.0]),
                "time_limit_hours": st.just(24.0),
            },
        )
    )
    more = draw(
        st.dictionaries(
            st.sampled_from(["officers", "call_takers", "clerks", "supervisors"]),
            st.integers(1, 5),
            max_size=2,
        )
    )
    until = draw(st.sampled_from([None, f"2012-11-{first + 1:02}", "2012-12-24"]))
    forces = draw(st.sampled_from([(), ("City of London",), ("Essex",)]))
    return Intervention(
        date=f"2012-11-{first:02}", until=until, forces=forces, more=MoreStaff(**more),
        **factors, **levels,
    )  # fmt: skip


@st.composite
def configurations(draw):
    emergency = draw(st.sampled_from([0.0, 0.12, 0.5]))
    attended = st.sampled_from([emergency, max(emergency, 0.6), 1.0])
    pathway = Pathway(
        days=draw(st.sampled_from([7, 10])),
        warm_up_days=draw(st.sampled_from([0, 2])),
        follow_up_days=draw(st.sampled_from([0, 5])),
        arrivals=Arrivals(by_hour=draw(hours.map(tuple))),
        routes=Routes(
            crime_bureau_share=draw(st.sampled_from([0.0, 0.4, 1.0])),
            emergency_share=emergency,
            attended_reports=draw(attended),
            attended_logs=draw(attended),
        ),
        durations=Durations(
            call=draw(durations), attendance=draw(durations), desk=draw(durations),
            enquiries=draw(durations), review=draw(durations), recording=draw(durations),
        ),
        stations=Stations(
            call_takers_per_100_officers=draw(staff),
            response_share=draw(st.sampled_from([0.01, 0.1, 0.5])),
            supervisors_per_100_officers=draw(staff),
            clerks_per_100_officers=draw(staff),
            call_takers_roster=draw(rosters), officers_roster=draw(rosters),
            supervisors_roster=draw(rosters), clerks_roster=draw(rosters),
        ),
        interventions=tuple(draw(st.lists(interventions(), max_size=2))),
    )  # fmt: skip
    return WorldOptions(
        fidelity="events",
        pathway=pathway,
        training=Training(course_days=draw(st.sampled_from([0.0, 2.0, 100.0]))),
        supervision=Supervision(review_share=draw(st.sampled_from([0.0, 0.2, 1.0]))),
        workload=Workload(relative=draw(st.sampled_from([0.3, 1.0, 2.5]))),
    )


lucks = st.tuples(*[st.sampled_from([-2.0, 0.0, 2.0])] * 4)


@settings(max_examples=60, suppress_health_check=list(HealthCheck))
@given(configurations(), lucks, st.sampled_from([1, 1_000, MINUTE_MS, 30 * MINUTE_MS]))
def test_engines_agree_on_every_number_of_any_force(stream_of, options, luck, coarse_ms):
    assert_same_year(*stream_of(options, luck, coarse_ms=coarse_ms))


def test_engines_agree_on_a_small_force_s_year(stream_of):
    force, draws = stream_of(WorldOptions(fidelity="events"))
    assert len(draws.reported) > 20_000
    assert_same_year(force, draws)


LEVELS = [0.0, 0.3, 0.9]


def crowd(random, *, incidents, hours, unit_ms):
    """A few incidents of every kind, few servers, all times whole units: ties everywhere."""
    n, horizon = incidents, hours * HOUR_MS
    reports = int(random.integers(0, n + 1))
    layout = Layout(n, reports)
    arrived = random.integers(0, horizon // unit_ms + 1, n) * unit_ms
    traits = random.integers(0, 64, n).astype(np.uint8)
    # No other incident comes to the bureau, and nobody attends what does.
    traits[reports:] &= ~np.uint8(BUREAU)
    traits[has(traits, BUREAU)] &= ~np.uint8(ATTENDED)
    draws = Draws(
        reported=np.concatenate((np.sort(arrived[:reports]), np.sort(arrived[reports:]))),
        traits=traits,
        service=(random.integers(1, 5, layout.size) * unit_ms).astype(np.int32),
        group=random.integers(0, 6, reports).astype(np.uint8),
        variate=random.logistic(size=reports).astype(np.float32),
        review_draw=random.random(reports).astype(np.float32),
        fate=np.zeros(reports, np.uint8),
        classified_as=np.zeros(reports, np.uint8),
    )
    schedule = Schedule(
        capacity=random.integers(0, 4, (hours, 4)),
        on_duty=random.integers(1, 5, hours),
        knowledge=random.choice(LEVELS, hours),
        review_share=random.choice(LEVELS, hours),
        pressure=random.choice(LEVELS, hours),
        time_limit_hours=np.full(hours, 72.0),
    )
    rule = Rule(
        intercept=random.normal(0, 1, 6), effect=0.1, kappa=1.5, know_0=0.5, omega=0.5,
        load_0=0.5, psi=np.array([0.0, 1.0] * 3),
    )  # fmt: skip
    return draws, schedule, rule


def both_of(draws, schedule, rule):
    made = []
    for run in (run_compiled, run_reference):
        made.append(Times.empty(draws.layout))
        run(draws, schedule, rule, made[-1])
    return made


units = st.sampled_from([MINUTE_MS, 30 * MINUTE_MS, HOUR_MS])


@settings(max_examples=300, suppress_health_check=list(HealthCheck))
@given(st.integers(0, 2**32), st.integers(0, 40), st.integers(1, 30), units)
def test_engines_agree_on_any_crowd_at_one_instant(seed, incidents, hours, unit_ms):
    random = np.random.default_rng(seed)
    assert_equal(*both_of(*crowd(random, incidents=incidents, hours=hours, unit_ms=unit_ms)))


def test_crowds_hold_all_that_the_engines_could_differ_about():
    ties = waits = open_at_end = on_the_hour = 0
    decisions = set()
    for seed in range(50):
        draws, schedule, rule = crowd(
            np.random.default_rng(seed), incidents=40, hours=30, unit_ms=30 * MINUTE_MS
        )
        times, _ = both_of(draws, schedule, rule)
        began = times.started != NEVER
        done = (times.started + draws.service)[began]
        ties += len(done) - len(np.unique(done))
        on_the_hour += (done % HOUR_MS == 0).sum()
        call = times.started[draws.layout.of(CALL)]
        waits += (call > draws.reported).sum()
        open_at_end += (done >= len(schedule.on_duty) * HOUR_MS).sum()
        decisions |= set(times.decision.tolist())
    assert min(ties, waits, on_the_hour) > 500
    assert open_at_end > 20
    assert decisions == {NEVER, 0, 1, 2}


def test_by_hand_two_wait_while_nobody_comes_on_and_nothing_is_broken_off():
    """Five calls of 100 minutes and a roster of 2, 0, 0, 1, 1, ... call takers."""
    took = 100 * MINUTE_MS
    calls = 5
    draws = Draws(
        reported=np.array([0, 0, 1, 2, 3]) * MINUTE_MS,
        # The fourth is an emergency, attended by nobody.
        traits=np.array([0, 0, 0, EMERGENCY, 0], np.uint8),
        service=np.full(2 * calls, took, np.int32),
        group=np.zeros(0, np.uint8), variate=np.zeros(0, np.float32),
        review_draw=np.zeros(0, np.float32), fate=np.zeros(0, np.uint8),
        classified_as=np.zeros(0, np.uint8),
    )  # fmt: skip
    hours = 10
    capacity = np.zeros((hours, 4), np.int64)
    capacity[:, 0] = [2, 0, 0] + [1] * (hours - 3)
    level = np.zeros(hours)
    schedule = Schedule(capacity, np.ones(hours, np.int64), level, level, level, level)
    for times in both_of(draws, schedule, Rule(np.zeros(6), 0, 0, 0, 0, 0, np.zeros(6))):
        began = times.started[draws.layout.of(CALL)] // MINUTE_MS
        # Both of the first end after 100 minutes, with nobody on duty; from 180 on, one by one.
        np.testing.assert_array_equal(began, [0, 0, 280, 180, 380])


def test_by_hand_a_report_goes_from_the_call_to_the_record():
    """Three reports alone, minute by minute: recorded; refused, found and recorded; refused."""
    minutes = {"call": 10, "handling": 60, "enquiries": 120, "review": 30, "recording": 20}
    took = np.array(list(minutes.values())) * MINUTE_MS
    draws = Draws(
        reported=np.array([0, 5, 7]) * MINUTE_MS,
        traits=np.array([DUE | ATTENDED, DUE | DETECTED | BUREAU, DUE | BUREAU], np.uint8),
        service=np.repeat(took, 3).astype(np.int32),
        group=np.zeros(3, np.uint8),
        variate=np.array([-1, 1, 2], np.float32),  # Recorded where at most the predictor, 0.
        review_draw=np.array([0.0, 0.4, 0.6], np.float32),
        fate=np.zeros(3, np.uint8),
        classified_as=np.zeros(3, np.uint8),
    )
    hours = 12
    level = np.zeros(hours)
    schedule = Schedule(
        np.ones((hours, 4), np.int64), np.full(hours, 2), level, level + 0.5, level, level + 72
    )
    rule = Rule(np.zeros(6), 0, 0, 0, 0, 0, np.zeros(6))
    for times in both_of(draws, schedule, rule):
        started = times.started.reshape(5, 3)
        started = np.where(started == NEVER, NEVER, started // MINUTE_MS)
        # One clerk: the desk is busy with the second report from 5 on, the third from 65 on;
        # the first, attended from 10 to 70, is decided at 190; the second at 185, reviewed
        # until 215, and waits for no one; the third is refused at 245.
        expected = [
            [0, NEVER, NEVER],
            [10, 5, 65],
            [70, 65, 125],
            [NEVER, 185, NEVER],
            [190, 215, NEVER],
        ]
        np.testing.assert_array_equal(started, expected)
        np.testing.assert_array_equal(times.decision, [2, REVIEWED, REFUSED])
        # The second is decided before the first, the third after both have been recorded.
        np.testing.assert_array_equal(times.open_incidents, [2, 2, 0])
        np.testing.assert_array_equal(times.on_duty, [2, 2, 2])


CROWDED = WorldOptions(
    fidelity="events",
    workload=Workload(relative=2.0),
    pathway=Pathway(
        days=14,
        warm_up_days=0,
        follow_up_days=5,
        stations=Stations(
            call_takers_per_100_officers=0.2,
            response_share=0.05,
            clerks_per_100_officers=0.2,
        ),
    ),
)


def swapped(**order):
    """The reference with another order of what happens at one instant."""

    def run(monkeypatch):
        for name, value in order.items():
            monkeypatch.setattr(reference, name, value)

    return run


def last_incident_first(monkeypatch):
    after = reference.Reference.after

    def reversed_after(self, milliseconds, order):
        if reference._COMPLETION <= order < reference._ROSTER:
            order = reference._ROSTER - 1 - order
        return after(self, milliseconds, order)

    monkeypatch.setattr(reference.Reference, "after", reversed_after)


@pytest.mark.parametrize(
    "change",
    [
        swapped(_COMPLETION=2**42),
        swapped(_ARRIVAL=2**39),
        swapped(_ROSTER=1),
        last_incident_first,
    ],
    ids=["arrivals first", "arrivals before the roster", "roster first", "last incident first"],
)
def test_another_order_at_one_instant_is_noticed(stream_of, change, monkeypatch):
    # The roster changes on the hour: times coarse enough to fall on it.
    force, draws = stream_of(CROWDED, coarse_ms=30 * MINUTE_MS)
    assert_equal(*both(force, draws))
    change(monkeypatch)
    ours, theirs = both(force, draws)
    assert any((getattr(ours, n) != getattr(theirs, n)).any() for n in Times._fields)


def test_emergencies_last_is_noticed(stream_of, monkeypatch):
    force, draws = stream_of(CROWDED)

    def served(self, station, step, i):
        with self.stations[station].request(priority=1) as turn:
            yield turn
            yield self.completion(step, i)

    monkeypatch.setattr(reference.Reference, "served", served)
    ours, theirs = both(force, draws)
    assert (ours.started != theirs.started).any()


def test_both_engines_call_one_rule(stream_of, monkeypatch):
    force, draws = stream_of(CROWDED)
    monkeypatch.setattr(reference, "logistic", lambda *_: -100.0)
    ours, theirs = both(force, draws)
    assert (ours.decision != theirs.decision).any()
