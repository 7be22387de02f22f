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
    ("factor", "station", "more"),
    [
        ({"officers": 0.5}, OFFICERS, 0.5),
        ({"call_takers": 2.0}, CALL_TAKERS, 2.0),
        ({"supervisors": 3.0}, SUPERVISORS, None),
        ({"clerks": 0.5}, CLERKS, 0.5),
        ({"more": {"clerks": 40}}, CLERKS, None),
    ],
)
def test_an_intervention_acts_from_its_date_until_its_end_in_its_forces(
    schedule, factor, station, more
):
    change = {"date": "2012-11-11", "until": "2012-11-21", **factor}
    usual = schedule().capacity[:, station]

    def with_it(**where):
        pathway = PERIOD.model_copy(update={"interventions": (Intervention(**change, **where),)})
        return schedule(pathway=pathway).capacity[:, station]

    begin, end = (14 + 10) * 24, (14 + 20) * 24
    for where in ({}, {"forces": ("City of London", "Essex")}):
        changed = with_it(**where)
        np.testing.assert_array_equal(changed[:begin], usual[:begin])
        np.testing.assert_array_equal(changed[end:], usual[end:])
        assert changed[begin:end].sum() != usual[begin:end].sum()
        if more:
            ratio = changed[begin:end].sum() / usual[begin:end].sum()
            assert ratio == pytest.approx(more, rel=0.15)
    np.testing.assert_array_equal(with_it(forces=("Essex",)), usual)


def test_the_last_level_named_holds_and_relative_changes_multiply(schedule):
    changes = (
        Intervention(date="2012-11-11", review_share=0.9, officers=0.5),
        Intervention(date="2012-11-21", review_share=0.4, officers=0.5),
    )
    made = schedule(pathway=PERIOD.model_copy(update={"interventions": changes}))
    share = made.review_share[[0, (14 + 11) * 24, (14 + 21) * 24]]
    np.testing.assert_allclose(share, [0.2, 0.9, 0.4])
    on_duty = made.on_duty.reshape(-1, 24).sum(axis=1)
    assert on_duty[14 + 25] / on_duty[0] == pytest.approx(0.25, rel=0.02)


def test_the_rules_of_2015_limit_lateness_to_a_day(schedule):
    before = schedule().time_limit_hours
    assert set(before) == {72.0}
    across = schedule(
        pathway=Pathway(start="2015-03-20", days=30, warm_up_days=0, follow_up_days=10)
    )
    np.testing.assert_array_equal(across.time_limit_hours[: 12 * 24], 72.0)
    np.testing.assert_array_equal(across.time_limit_hours[12 * 24 :], 24.0)


@pytest.mark.parametrize(("rate", "z"), [(0.5, 0.0), (4.0, 1.0), (0.0, -1.0)])
def test_knowledge_solves_its_differential_equation(rate, z):
    training = Training()
    rates = np.where(np.arange(400) < 100, 0.5, rate)
    know, trained = knowledge_by_day(training, rates, z)
    own = np.exp(training.spread * z)
    loss = training.forgetting_per_year + training.leavers_per_year
    now, solved = know[0], []
    for r in own * rates:
        solved.append(now)
        step = solve_ivp(
            lambda _, k, r=r: (r * (1 - k) - loss * k) / DAYS_PER_YEAR,
            (0, 1), [now], rtol=1e-10, atol=1e-12,
        )  # fmt: skip
        now = step.y[0, -1]
    np.testing.assert_allclose(know, solved, atol=1e-8)
    np.testing.assert_allclose(trained, own * rates * (1 - know) / DAYS_PER_YEAR)


def test_rosters_have_the_staff_they_are_given_on_average(stream_of):
    force, _ = stream_of(WorldOptions(fidelity="events"))
    strength = 743.91 * 0.2
    weeks = force.schedule.on_duty[: 7 * 24 * 52]
    assert weeks.mean() == pytest.approx(strength, rel=0.01)
    assert (force.schedule.capacity[:, [CALL_TAKERS, OFFICERS]] >= 1).all()
    night = np.arange(len(weeks)) % 24 < 7
    assert (force.schedule.capacity[: len(weeks), CLERKS][night] == 0).all()


def chi_square(counts, expected):
    return ((counts - expected) ** 2 / expected).sum()


@pytest.mark.parametrize(("unit", "hours"), [("hour", 24), ("weekday", 7)])
def test_arrivals_recover_their_profile(unit, hours):
    pathway = Pathway(arrivals=Arrivals(), warm_up_days=0)
    rate = hourly_rate(pathway)
    reported = arrival_times(rate, 200_000, generator(3, 1))
    assert (np.diff(reported) >= 0).all()
    hour = np.arange(len(rate))
    index = hour % 24 if unit == "hour" else hour // 24 % 7
    cells = index[reported // HOUR_MS]
    expected = np.bincount(index, weights=rate) / rate.sum() * 200_000
    counts = np.bincount(cells, minlength=hours)
    # 99.999 per cent of chi-square with 23 degrees of freedom lies below 67.
    assert chi_square(counts, expected) < 67
    flat = np.bincount(index) / len(rate) * 200_000
    assert chi_square(counts, flat) > 67


def test_a_season_is_recovered():
    pathway = Pathway(arrivals=Arrivals(season_amplitude=0.3), warm_up_days=0)
    rate = hourly_rate(pathway)
    month = arrival_times(rate, 200_000, generator(3, 2)) // (30 * 24 * HOUR_MS)
    counts = np.bincount(month)[:12]
    expected = np.add.reduceat(rate, np.arange(0, 12 * 720, 720))[:12]
    expected = expected / rate.sum() * 200_000
    assert chi_square(counts[:11], expected[:11]) < 67
    assert counts[8] > 1.5 * counts[2]


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


def test_a_force_without_crimes_of_a_group_has_none(stream_of):
    force, _ = stream_of(options())
    force = force._replace(reports=np.where(np.arange(6) == 2, 0, force.reports))
    draws = draw_stream(force, 3, 0, 0)
    assert (draws.group != 2).all()
    assert (draws.classified_as != 2).all()
    empty = force._replace(reports=np.zeros(6, np.int64))
    draws = draw_stream(empty, 3, 0, 0)
    assert len(draws.group) == 0
    assert (run_stream(empty, draws).started != NEVER).any()


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


def same(first, second, *fields):
    return [np.array_equal(getattr(first, name), getattr(second, name)) for name in fields]


def test_a_change_of_one_option_leaves_all_other_luck_as_it_was(stream_of):
    _, usual = stream_of(options())
    slower = Durations(review=Duration(mean_hours=9, cv=0.1))
    _, other = stream_of(options(pathway=PERIOD.model_copy(update={"durations": slower})))
    assert all(
        same(usual, other, "reported", "traits", "group", "variate", "review_draw", "fate",
             "classified_as")
    )  # fmt: skip
    changed = usual.service != other.service
    assert changed[usual.layout.of(3)].any()
    changed[usual.layout.of(3)] = False
    assert not changed.any()
    _, busier = stream_of(options(workload=Workload(relative=2)))
    n = len(usual.group)
    assert np.array_equal(usual.reported[:n], busier.reported[:n])
    assert len(busier.reported) > 1.5 * len(usual.reported)
    assert all(same(usual, busier, "group", "variate", "review_draw", "fate"))
