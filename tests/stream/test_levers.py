"""Each lever moves what it should, and costs what it should; odd input is right or refused."""

import warnings
from itertools import pairwise

import numpy as np
import pytest
from pydantic import ValidationError
from scipy.integrate import solve_ivp

from underrecording.errors import UserError
from underrecording.rng import generator
from underrecording.stream import OverloadWarning, draw_stream, engine, outcome, run_stream
from underrecording.stream.draws import DUE, arrival_times, has
from underrecording.stream.force import hourly_rate
from underrecording.stream.schedule import (
    CALL_TAKERS,
    CLERKS,
    DAYS_PER_YEAR,
    HOUR_MS,
    OFFICERS,
    SUPERVISORS,
    knowledge_by_day,
)
from underrecording.stream.stations import busy_ms, visits, warn_of_overload
from underrecording.stream.times import NEVER
from underrecording.world.options import (
    Effects,
    Pressure,
    Staff,
    Supervision,
    Training,
    Workload,
    WorldOptions,
)
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

PERIOD = Pathway(days=56, warm_up_days=14, follow_up_days=60)


@pytest.fixture(scope="session")
def year(stream_of):
    """Return what a lever is judged by: shares, load and utilisation of one small force."""

    def judged(options, **more):
        force, draws = stream_of(options, **more)
        times = run_stream(force, draws)
        ended = outcome(force, draws, times)
        n = len(draws.group)
        reported, due = draws.reported[:n], has(draws.traits[:n], DUE) & ended.period[:n]
        recorded = ended.recorded != NEVER
        late = (ended.recorded - reported)[recorded] > 72 * HOUR_MS
        in_group = [due & (draws.group == k) for k in range(6)]
        by_group = [recorded[which].mean() if which.any() else np.nan for which in in_group]
        able = np.maximum(1, force.schedule.capacity.sum(axis=0)) * HOUR_MS
        whole = np.array([0, len(force.schedule.on_duty) * HOUR_MS], np.int64)
        busy = [busy_ms(visited, whole)[0] for visited in visits(force, draws, times)] / able
        decided = times.decision != NEVER
        return {
            "accuracy": recorded[due].mean(),
            "by_group": np.array(by_group),
            "late": late.mean(),
            "load": (times.open_incidents / times.on_duty)[decided].mean(),
            "busy": busy,
            "on_duty": force.schedule.on_duty.sum(),
            "recorded": recorded,
            "due": due,
        }

    return judged


@pytest.fixture(scope="session")
def schedule(stream_of):
    """Return the schedule of the force under other options."""
    return lambda **more: stream_of(options(**more))[0].schedule


def options(**more):
    return WorldOptions(fidelity="events", pathway=more.pop("pathway", PERIOD), **more)


@pytest.fixture(scope="session")
def grid(year):
    """Return what a lever is judged by at each of its settings, with five times the reports."""
    return lambda settings: [year(made, reports=5) for made in settings]


def rises(rows, key):
    """Whether a share rises over a grid, each step beyond chance: reports are the same."""
    for before, after in pairwise(rows):
        change = after["recorded"][after["due"]].astype(int) - before["recorded"][before["due"]]
        error = change.std(ddof=1) / np.sqrt(len(change))
        if not after[key] - before[key] > 4 * error:
            return False
    return True


def test_training_raises_accuracy_and_takes_officers_off_duty(grid):
    rows = grid(
        options(training=Training(rate_per_year=rate, course_days=60)) for rate in (0.1, 0.5, 3.0)
    )
    assert rises(rows, "accuracy")
    assert rows[0]["on_duty"] > rows[1]["on_duty"] > rows[2]["on_duty"]


def test_review_raises_accuracy_and_keeps_supervisors_busy(grid):
    rows = grid(
        options(supervision=Supervision(review_share=share), staff=Staff(supervisors=30))
        for share in (0.0, 0.3, 0.9)
    )
    assert rises(rows, "accuracy")
    busy = [row["busy"][SUPERVISORS] for row in rows]
    assert busy[0] == 0.0 < busy[1] < busy[2]


def test_pressure_lowers_the_accuracy_of_the_groups_it_acts_on_alone(grid):
    rows = grid(
        options(pressure=Pressure(level=level), effects=Effects(pressure=2.0))
        for level in (0.9, 0.5, 0.1)
    )
    assert rises(rows, "accuracy")
    acted_on = np.array([True, False, True, True, False, False])
    assert (rows[0]["by_group"][acted_on] < rows[2]["by_group"][acted_on]).all()
    # The others meet the same variates; only the desk's queue differs a little.
    same = rows[0]["by_group"][~acted_on] - rows[2]["by_group"][~acted_on]
    assert np.abs(same).max() < 0.005


def test_fewer_officers_raise_the_load_and_lower_accuracy(grid):
    rows = grid(
        options(staff=Staff(officers=level), effects=Effects(workload=1.0))
        for level in (0.3, 0.6, 2.0)
    )
    assert rises(rows, "accuracy")
    assert rows[0]["load"] > rows[1]["load"] > rows[2]["load"]
    assert rows[0]["busy"][OFFICERS] > rows[1]["busy"][OFFICERS] > rows[2]["busy"][OFFICERS]


def test_more_demand_raises_the_load(grid):
    rows = grid(options(workload=Workload(relative=level)) for level in (6.0, 8.0, 10.0))
    loads = [row["load"] for row in rows]
    assert loads[0] < loads[1] < loads[2]
    busy = [row["busy"][CALL_TAKERS] for row in rows]
    assert busy[0] < busy[1] < busy[2]


def test_fewer_clerks_record_later(grid):
    rows = grid(options(staff=Staff(clerks=level)) for level in (2.0, 0.85, 0.75))
    lateness = [row["late"] for row in rows]
    assert lateness[0] < lateness[1] < lateness[2]
    busy = [row["busy"][CLERKS] for row in rows]
    assert busy[0] < busy[1] < busy[2]


def test_without_their_effects_drivers_move_nothing(year):
    nothing = Effects(knowledge=0, workload=0, pressure=0, review_detection=0)
    first, second = (
        year(made)
        for made in (
            options(effects=nothing),
            options(
                effects=nothing, training=Training(rate_per_year=3), pressure=Pressure(level=1.0)
            ),
        )
    )
    np.testing.assert_array_equal(first["recorded"], second["recorded"])


@pytest.mark.parametrize(
    "broken",
    [
        lambda: Duration(mean_hours=0),
        lambda: Duration(mean_hours=float("inf")),
        lambda: Duration(mean_hours=float("nan")),
        lambda: Roster(by_hour=(0.0,) * 24),
        lambda: Arrivals(by_hour=(0.0,) * 24),
        lambda: Arrivals(by_hour=(1.0,) * 23),
        lambda: Stations(call_takers_per_100_officers=0),
        lambda: Stations(clerks_per_100_officers=0),
        lambda: Stations(response_share=0),
        lambda: Staff(officers=0),
        lambda: Routes(emergency_share=0.5, attended_logs=0.4),
        lambda: Intervention(date="2012-11-05"),
        lambda: Intervention(date="2012-11-05", until="2012-11-05", clerks=2),
        lambda: Pathway(interventions=(Intervention(date="2013-11-01", clerks=2.0),)),
        lambda: Pathway(interventions=(Intervention(date="2012-10-31", clerks=2.0),)),
    ],
)
def test_what_makes_no_sense_is_refused(broken):
    with pytest.raises(ValidationError):
        broken()


def test_reviews_without_supervisors_are_refused(year, schedule):
    with pytest.raises(UserError, match=r"supervisors_per_100_officers: .*City of London has no"):
        schedule(pathway=PERIOD.model_copy(
            update={"stations": Stations(supervisors_per_100_officers=0)}
        ))  # fmt: skip
    without = year(
        options(
            supervision=Supervision(review_share=0),
            pathway=PERIOD.model_copy(
                update={"stations": Stations(supervisors_per_100_officers=0)}
            ),
        )
    )
    assert 0.5 < without["accuracy"] < 1


@pytest.mark.parametrize(
    "made",
    [
        options(pathway=PERIOD.model_copy(update={"routes": Routes(crime_bureau_share=1.0)})),
        options(pathway=PERIOD.model_copy(update={"routes": Routes(crime_bureau_share=0.0)})),
        options(pathway=PERIOD.model_copy(
            update={"routes": Routes(emergency_share=0, attended_reports=0, attended_logs=0)}
        )),
        options(pathway=PERIOD.model_copy(
            update={"routes": Routes(attended_reports=1.0, attended_logs=1.0)}
        )),
        options(pathway=PERIOD.model_copy(
            update={"durations": Durations(attendance=Duration(mean_hours=5.5, cv=0))}
        )),
        options(pathway=PERIOD.model_copy(update={"stations": Stations(
            clerks_roster=Roster(by_hour=(0.0,) * 9 + (1.0,) + (0.0,) * 14, weekend=0)
        )})),
        options(workload=Workload(relative=0)),
    ],
    ids=["bureau alone", "no bureau", "nobody attends", "all attended", "one service time",
         "an hour a weekday", "reports alone"],
)  # fmt: skip
@pytest.mark.filterwarnings("ignore::underrecording.stream.OverloadWarning")
def test_extremes_come_out_right(year, made):
    found = year(made)
    assert 0.5 < found["accuracy"] < 1


def test_overload_is_told_with_force_station_and_load_and_the_run_ends(stream_of):
    force, draws = stream_of(options(staff=Staff(clerks=0.1)), reports=5)
    times = run_stream(force, draws)
    with pytest.warns(
        OverloadWarning, match=r"City of London: clerks were asked for \d+\.\d\d times the work"
    ):
        warn_of_overload(force, draws, times)
    assert (outcome(force, draws, times).closed == NEVER).any()


def test_a_force_that_copes_is_not_warned_of(stream_of):
    force, draws = stream_of(options())
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warn_of_overload(force, draws, run_stream(force, draws))


def test_more_incidents_than_can_be_numbered_are_refused(stream_of, monkeypatch):
    force, draws = stream_of(options())
    monkeypatch.setattr(engine, "MAX_INCIDENTS", 100)
    with pytest.raises(UserError, match=r"City of London: .* incidents are more than the 100"):
        run_stream(force, draws)
