"""What the clock of a force says: staff, knowledge, levels and limits, hour by hour."""

from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import solve_ivp
from scipy.special import expit, logit

from underrecording.published import load_published
from underrecording.stream.schedule import (
    CALL_TAKERS,
    CLERKS,
    DAYS_PER_YEAR,
    OFFICERS,
    SUPERVISORS,
    Luck,
    knowledge_by_day,
    make_schedule,
)
from underrecording.world.options import (
    Pressure,
    Staff,
    Supervision,
    Training,
    Workload,
    WorldOptions,
)
from underrecording.world.pathway import STATIONS, Intervention, Pathway, Roster, Stations

PERIOD = Pathway(days=56, warm_up_days=14, follow_up_days=60)
BEGIN, END = (14 + 10) * 24, (14 + 20) * 24
"""Hours of the interventions from 11 to 20 November."""
DATES = {"date": "2012-11-11", "until": "2012-11-21"}
ALWAYS = Roster(by_hour=(1.0,) * 24)
FLAT = Stations(**{f"{name}_roster": ALWAYS for name in STATIONS})


def officers_on_duty():
    """Of the fixture's force, before any is away on a course."""
    forces = load_published().forces
    return forces.officers_fte[forces.name.index("City of London")] * 0.2


def changed(*interventions, **more):
    return PERIOD.model_copy(update={"interventions": interventions, **more})


@pytest.fixture(scope="session")
def force(stream_of):
    """Return the force under other options."""
    return lambda pathway=PERIOD, **more: stream_of(
        WorldOptions(fidelity="events", pathway=pathway, **more)
    )[0]


@pytest.fixture(scope="session")
def schedule(force):
    """Return the schedule of the force under other options."""
    return lambda *given, **more: force(*given, **more).schedule


def exact(roster, average, first_weekday, days):
    """Number on duty in each hour before it is rounded, from the definition of a roster."""
    day_of_hour = (first_weekday + np.arange(days * 24) // 24) % 7
    weights = np.tile(roster.by_hour, days) * np.where(day_of_hour >= 5, roster.weekend, 1.0)
    week = np.tile(roster.by_hour, 7) * np.repeat([1.0] * 5 + [roster.weekend] * 2, 24)
    return average * weights / week.mean()


hours = st.lists(st.sampled_from([0.0, 0.1, 1.0, 3.0]), min_size=24, max_size=24).filter(any)


@given(
    hours.map(tuple),
    st.sampled_from([0.0, 0.5, 1.0, 2.0]),
    st.sampled_from([0.01, 0.1, 0.45, 3.0]),
    st.integers(1, 28),
)
def test_rosters_are_rounded_hour_by_hour_and_never_to_nobody(by_hour, weekend, per_100, day):
    pathway = Pathway(
        start=f"2013-02-{day:02}", days=14, warm_up_days=3, follow_up_days=4,
        stations=Stations(
            clerks_per_100_officers=per_100, clerks_roster=Roster(by_hour=by_hour, weekend=weekend)
        ),
    )  # fmt: skip
    made = make_schedule(
        pathway, WorldOptions(), force="Any", published=800, officers=500, luck=Luck(0, 0, 0, 0)
    ).capacity[:, CLERKS]
    weekday = (pathway.start - timedelta(days=3)).weekday()
    number = exact(pathway.stations.clerks_roster, 8 * per_100, weekday, 21)
    assert np.array_equal(made == 0, number == 0)
    rounded = np.abs(made - number) <= 0.5 + 1e-9
    assert (rounded | ((made == 1) & (number < 0.5))).all()
    # Each of a week's 168 hours is rounded by half a clerk at most, or up to one.
    assert number[:168].mean() == pytest.approx(8 * per_100)
    assert made[:168].mean() - 8 * per_100 >= -0.5
    assert made[:168].mean() - 8 * per_100 <= 0.5 + (number < 0.5).mean()


def test_stations_have_the_staff_they_are_given_on_average(schedule):
    made = schedule(pathway=Pathway(), staff=Staff(call_takers=20.0, supervisors=80.0, clerks=20.0))
    officers, training = officers_on_duty() / 0.2, Training()
    know = training.rate_per_year / (training.rate_per_year + 0.25 + 0.07)
    away = training.rate_per_year * (1 - know) * training.course_days / 220
    whole_weeks = made.capacity[: 7 * 24 * 60].mean(axis=0)
    asked = officers / 100 * np.array([0.5 * 20, 25 * 0.2 * (1 - away), 0.1 * 80, 0.45 * 20])
    np.testing.assert_allclose(whole_weeks, asked, rtol=0.01)
    assert made.on_duty[: 7 * 24 * 60].mean() == pytest.approx(
        officers * 0.2 * (1 - away), rel=0.002
    )


def test_weekends_are_saturdays_and_sundays(schedule):
    stations = Stations(clerks_roster=Roster(by_hour=(1.0,) * 24, weekend=0))
    made = schedule(changed(stations=stations)).capacity[:, CLERKS]
    first = PERIOD.start - timedelta(days=14)
    names = [f"{first + timedelta(days=day):%A}" for day in range(len(made) // 24)]
    at_weekend = [name in ("Saturday", "Sunday") for name in names]
    np.testing.assert_array_equal(made.reshape(-1, 24).max(axis=1) == 0, at_weekend)


def test_where_nobody_is_on_duty_the_smallest_shift_counts(schedule):
    stations = Stations(officers_roster=Roster(by_hour=(0.0,) * 8 + (1.0,) * 8 + (0.5,) * 8))
    made = schedule(changed(stations=stations))
    night, late = (np.arange(len(made.on_duty)) % 24 // 8 == shift for shift in (0, 2))
    assert (made.capacity[night, OFFICERS] == 0).all()
    assert (made.on_duty[night] == made.on_duty[late].min()).all()
    assert (made.on_duty[~night & ~late] > made.on_duty[late].max()).all()


def lay_out(options, pathway=PERIOD, **luck):
    """Schedule of a force of 500 officers with luck of its own."""
    own = {"effect": 0, "knowledge": 0, "review": 0, "pressure": 0} | luck
    return make_schedule(
        pathway, options, force="Any", published=50_000.0, officers=500.0, luck=Luck(**own)
    )


def test_who_usually_reviews_more_has_the_supervisors_for_it():
    options = WorldOptions(supervision=Supervision(review_share=0.2, spread=0.5))
    typical, keen = (lay_out(options, changed(stations=FLAT), review=z) for z in (0, 1))
    more = expit(logit(0.2) + 0.5) / 0.2
    assert typical.capacity[0, SUPERVISORS] == 50
    assert keen.capacity[0, SUPERVISORS] == round(50 * more)
    np.testing.assert_allclose(keen.review_share, 0.2 * more)
    np.testing.assert_array_equal(
        np.delete(keen.capacity, SUPERVISORS, 1), np.delete(typical.capacity, SUPERVISORS, 1)
    )


@pytest.mark.parametrize("z", [-1.0, 0.0, 2.0])
def test_levels_are_shifted_by_a_force_s_own_luck_and_0_and_1_are_not(z):
    for level, own in ((0.3, expit(logit(0.3) + 0.5 * z)), (0.0, 0.0), (1.0, 1.0)):
        made = lay_out(
            WorldOptions(
                supervision=Supervision(review_share=level, spread=0.5),
                pressure=Pressure(level=level, spread=0.5),
            ),
            review=z, pressure=-z,
        )  # fmt: skip
        np.testing.assert_allclose(made.review_share, own, rtol=1e-12)
        opposite = own if level in (0.0, 1.0) else expit(logit(0.3) - 0.5 * z)
        np.testing.assert_allclose(made.pressure, opposite, rtol=1e-12)


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
    change = {**DATES, **factor}
    usual = schedule().capacity[:, station]

    def with_it(**where):
        return schedule(changed(Intervention(**change, **where))).capacity[:, station]

    for where in ({}, {"forces": ("City of London", "Essex")}):
        made = with_it(**where)
        np.testing.assert_array_equal(made[:BEGIN], usual[:BEGIN])
        np.testing.assert_array_equal(made[END:], usual[END:])
        assert made[BEGIN:END].sum() != usual[BEGIN:END].sum()
        if more:
            ratio = made[BEGIN:END].sum() / usual[BEGIN:END].sum()
            assert ratio == pytest.approx(more, rel=0.15)
    np.testing.assert_array_equal(with_it(forces=("Essex",)), usual)


def test_the_last_level_named_holds_and_relative_changes_multiply(schedule):
    changes = (
        Intervention(date="2012-11-11", review_share=0.9, officers=0.5),
        Intervention(date="2012-11-21", review_share=0.4, officers=0.5),
    )
    made = schedule(changed(*changes))
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


@pytest.mark.parametrize("station", STATIONS)
def test_relative_changes_come_before_added_staff_and_both_accumulate(schedule, station):
    plenty = {
        "staff": Staff(call_takers=50.0, supervisors=100.0, clerks=50.0),
        "training": Training(course_days=0),
    }
    usual = schedule(changed(stations=FLAT), **plenty)
    number = STATIONS.index(station)
    made = schedule(
        changed(
            Intervention(**{**DATES, station: 2.0, "more": {station: 8}}),
            Intervention(**{**DATES, station: 0.5, "more": {station: 4}}),
            Intervention(**{**DATES, station: 3.0}),
            stations=FLAT,
        ),
        **plenty,
    )
    before, after = usual.capacity[BEGIN, number], made.capacity[BEGIN, number]
    # Of officers added, a quarter attends incidents; the rest is on duty.
    more = 12 * (0.25 if station == "officers" else 1)
    assert abs(after - (3 * before + more)) <= 2
    assert made.capacity[BEGIN - 1, number] == made.capacity[END, number] == before
    others = np.arange(4) != number
    np.testing.assert_array_equal(made.capacity[:, others], usual.capacity[:, others])
    if station == "officers":
        assert made.on_duty[BEGIN] == round(3 * officers_on_duty() + 12)
    else:
        np.testing.assert_array_equal(made.on_duty, usual.on_duty)


@pytest.mark.parametrize(
    ("factor", "field", "usual", "value"),
    [
        ({"review_share": 0.7}, "review_share", 0.2, 0.7),
        ({"pressure_level": 0.9}, "pressure", 0.2, 0.9),
        ({"time_limit_hours": 30.0}, "time_limit_hours", 72.0, 30.0),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_a_level_holds_from_its_date_until_its_end_in_its_forces(
    schedule, factor, field, usual, value
):
    expected = np.full(len(getattr(schedule(), field)), usual)
    np.testing.assert_allclose(getattr(schedule(), field), expected)
    for where in ({}, {"forces": ("City of London",)}):
        made = schedule(changed(Intervention(**DATES, **factor, **where)))
        expected[BEGIN:END] = value
        np.testing.assert_allclose(getattr(made, field), expected)
    elsewhere = schedule(changed(Intervention(**DATES, **factor, forces=("Essex",))))
    for name in elsewhere._fields:
        np.testing.assert_array_equal(getattr(elsewhere, name), getattr(schedule(), name))
    lasting = schedule(changed(Intervention(date=DATES["date"], **factor)))
    expected[BEGIN:] = value
    np.testing.assert_allclose(getattr(lasting, field), expected)


def test_of_two_levels_the_one_further_down_the_list_holds_whatever_its_date(schedule):
    early = Intervention(date="2012-11-05", review_share=0.9)
    late = Intervention(**DATES, review_share=0.4)
    for changes, between in (((early, late), 0.4), ((late, early), 0.9)):
        made = schedule(changed(*changes)).review_share
        np.testing.assert_allclose(
            made[[BEGIN - 1, BEGIN, END - 1, END]], [0.9, between, between, 0.9]
        )


def test_training_raises_knowledge_from_its_date_and_it_fades_after_it(schedule):
    usual, made = (
        schedule(pathway).knowledge[::24]
        for pathway in (PERIOD, changed(Intervention(**DATES, training_rate_per_year=20)))
    )
    begin, end = BEGIN // 24, END // 24
    np.testing.assert_array_equal(made[: begin + 1], usual[: begin + 1])
    assert (np.diff(made[begin : end + 1]) > 0).all()
    assert (np.diff(made[end:]) < 0).all()
    assert (made[end:] > usual[end:]).all()


def test_training_takes_officers_off_duty_while_it_lasts(schedule):
    course = Training(course_days=20)
    plenty = {"staff": Staff(officers=100), "training": course}
    usual, made = (
        schedule(pathway, **plenty)
        for pathway in (
            changed(stations=FLAT),
            changed(Intervention(**DATES, training_rate_per_year=3), stations=FLAT),
        )
    )
    trained = np.full(len(made.on_duty), 0.5)
    trained[BEGIN:END] = 3
    away = trained * (1 - made.knowledge) * course.course_days / 220
    assert 0.1 < away.max() < 1
    np.testing.assert_allclose(made.on_duty, 100 * officers_on_duty() * (1 - away), atol=0.51)
    np.testing.assert_allclose(
        made.capacity[:, OFFICERS], 25 * officers_on_duty() * (1 - away), atol=0.51
    )
    others = [CALL_TAKERS, SUPERVISORS, CLERKS]
    np.testing.assert_array_equal(made.capacity[:, others], usual.capacity[:, others])
    assert (schedule(training=Training(course_days=0)).on_duty >= schedule().on_duty).all()


def test_demand_moves_other_incidents_from_its_date_until_its_end_in_its_forces(force):
    usual = force()
    for forces, factor in (((), 1.5), (("City of London",), 1.5), (("Kent",), 1)):
        made = force(changed(Intervention(**DATES, demand=1.5, forces=forces)))
        np.testing.assert_allclose(made.log_rate[BEGIN:END], factor * usual.log_rate[BEGIN:END])
        np.testing.assert_array_equal(made.log_rate[:BEGIN], usual.log_rate[:BEGIN])
        np.testing.assert_array_equal(made.log_rate[END:], usual.log_rate[END:])
        np.testing.assert_array_equal(made.report_rate, usual.report_rate)
        np.testing.assert_array_equal(made.schedule.capacity, usual.schedule.capacity)


def test_other_incidents_are_what_the_published_ratio_leaves(force):
    year = force(pathway=Pathway(warm_up_days=0), workload=Workload(relative=2))
    total = load_published().forces.total[year.number]
    expected = 2 * 4.73 * total - year.reports.sum()
    assert year.log_rate.sum() == pytest.approx(expected, rel=1e-3)
    assert (force(workload=Workload(relative=0)).log_rate == 0).all()
