"""Two engines, one model: every number of every incident is the same."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from underrecording.stream import reference, run_stream
from underrecording.stream.times import Times
from underrecording.world.options import Supervision, Training, Workload, WorldOptions
from underrecording.world.pathway import (
    Arrivals,
    Duration,
    Durations,
    Intervention,
    Pathway,
    Roster,
    Routes,
    Stations,
)

MINUTE_MS = 60_000


def both(force, draws):
    return run_stream(force, draws), run_stream(force, draws, "reference")


def assert_equal(ours, theirs):
    for name in Times._fields:
        np.testing.assert_array_equal(getattr(ours, name), getattr(theirs, name), err_msg=name)


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
    until = draw(st.sampled_from([None, f"2012-11-{first + 1:02}"]))
    return Intervention(date=f"2012-11-{first:02}", until=until, **factors, **levels)


@st.composite
def configurations(draw):
    emergency = draw(st.sampled_from([0.0, 0.12, 0.5]))
    attended = st.sampled_from([emergency, max(emergency, 0.6), 1.0])
    pathway = Pathway(
        days=7,
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
    assert_equal(*both(*stream_of(options, luck, coarse_ms=coarse_ms)))


def test_engines_agree_on_a_small_force_s_year(stream_of):
    force, draws = stream_of(WorldOptions(fidelity="events"))
    assert len(draws.reported) > 20_000
    assert_equal(*both(force, draws))


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
