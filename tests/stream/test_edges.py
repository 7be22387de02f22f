"""Odd input is right or refused; a force that cannot cope says so and comes to an end."""

import re
import warnings

import numpy as np
import pytest
from pydantic import ValidationError

from underrecording.errors import UserError
from underrecording.stream import OverloadWarning, draw_stream, engine, outcome, run_stream
from underrecording.stream.draws import ATTENDED, BUREAU, DETECTED, DUE, has
from underrecording.stream.schedule import (
    CALL_TAKERS,
    CLERKS,
    HOUR_MS,
    OFFICERS,
    SUPERVISORS,
)
from underrecording.stream.stations import visits, warn_of_overload
from underrecording.stream.times import ACCEPTED, NEVER, REFUSED, REVIEWED
from underrecording.world.options import (
    Effects,
    Staff,
    Supervision,
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


def pathway(**more):
    return PERIOD.model_copy(update=more)


def routed(**more):
    return options(pathway=pathway(routes=Routes(**more)))


def options(**more):
    return WorldOptions(fidelity="events", pathway=more.pop("pathway", PERIOD), **more)


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        (lambda: Duration(mean_hours=0), "greater than 0"),
        (lambda: Duration(mean_hours=float("inf")), "finite"),
        (lambda: Duration(mean_hours=float("nan")), "finite"),
        (lambda: Duration(mean_hours=501), "less than or equal to 500"),
        (lambda: Duration(mean_hours=1, cv=-0.1), "greater than or equal to 0"),
        (lambda: Roster(by_hour=(0.0,) * 24), "nobody would ever be on duty"),
        (lambda: Arrivals(by_hour=(0.0,) * 24), "nothing would ever be reported"),
        (lambda: Arrivals(by_weekday=(0.0,) * 7), "nothing would ever be reported"),
        (lambda: Arrivals(by_hour=(1.0,) * 23), "at least 24 items"),
        (lambda: Stations(call_takers_per_100_officers=0), "greater than 0"),
        (lambda: Stations(clerks_per_100_officers=0), "greater than 0"),
        (lambda: Stations(response_share=0), "greater than 0"),
        (lambda: Staff(officers=0), "greater than 0"),
        (lambda: Staff(call_takers=0), "greater than 0"),
        (lambda: Staff(clerks=0), "greater than 0"),
        (lambda: Routes(emergency_share=0.5, attended_logs=0.4), "which are all attended"),
        (lambda: Intervention(date="2012-11-05"), "changes nothing"),
        (lambda: Intervention(date="2012-11-05", clerks=0), "greater than 0"),
        (lambda: Intervention(date="2012-11-05", until="2012-11-05", clerks=2), "is not after"),
        (lambda: Pathway(days=6), "greater than or equal to 7"),
        (lambda: beginning("2013-11-01"), "2013-11-01 lies outside the period"),
        (lambda: beginning("2012-10-31"), "2012-10-31 lies outside the period"),
    ],
)
def test_what_makes_no_sense_is_refused(broken, words):
    with pytest.raises(ValidationError, match=words):
        broken()


def beginning(date):
    return Pathway(interventions=(Intervention(date=date, clerks=2.0),))


def test_a_date_outside_the_period_is_pointed_at():
    with pytest.raises(ValidationError) as caught:
        beginning("2013-11-01")
    (mistake,) = caught.value.errors()
    assert mistake["ctx"]["path"] == ("interventions", 0, "date")


def test_reviews_without_supervisors_are_refused(year, stream_of):
    nobody = pathway(stations=Stations(supervisors_per_100_officers=0))
    message = r"supervisors_per_100_officers: .*City of London has no"
    with pytest.raises(UserError, match=message):
        stream_of(options(pathway=nobody))
    with pytest.raises(UserError, match=message):
        stream_of(options(staff=Staff(supervisors=0)))
    later = Intervention(date="2012-12-01", review_share=0.5)
    unsupervised = options(
        supervision=Supervision(review_share=0),
        pathway=nobody.model_copy(update={"interventions": (later,)}),
    )
    with pytest.raises(UserError, match=message):
        stream_of(unsupervised)
    without = year(options(supervision=Supervision(review_share=0), pathway=nobody))
    assert 0.5 < np.nanmean(without["accuracy"]) < 1
    assert (without["decision"] != REVIEWED).all()


def counted(found):
    """Incidents, reports among them, bureau reports, and visits to each station."""
    bureau = has(found["traits"], BUREAU).sum()
    came = [len(at_station.joined) for at_station in found["visits"]]
    return len(found["traits"]), len(found["group"]), bureau, came


def test_where_all_reports_go_to_the_bureau_only_other_incidents_call(year):
    n, reports, bureau, came = counted(year(routed(crime_bureau_share=1.0)))
    assert bureau == reports
    assert came[CALL_TAKERS] == n - reports


def test_without_a_bureau_every_incident_calls(year):
    n, _, bureau, came = counted(year(routed(crime_bureau_share=0.0)))
    assert bureau == 0
    assert came[CALL_TAKERS] == n


def test_where_nobody_attends_the_desk_has_all_reports(year):
    found = year(routed(emergency_share=0, attended_reports=0, attended_logs=0))
    _, reports, _, came = counted(found)
    recordings = ((found["decision"] == ACCEPTED).sum(), reports)
    assert came[OFFICERS] == 0
    assert reports + recordings[0] <= came[CLERKS] <= reports + recordings[1]
    assert 0.5 < np.nanmean(found["accuracy"]) < 1


def test_where_all_are_attended_officers_have_all_but_the_bureau_s(year):
    n, _, bureau, came = counted(year(routed(attended_reports=1.0, attended_logs=1.0)))
    assert came[OFFICERS] == n - bureau


def test_without_spread_all_work_is_the_same(year):
    made = year(
        options(pathway=pathway(durations=Durations(attendance=Duration(mean_hours=5.5, cv=0))))
    )
    assert len(np.unique(made["visits"][OFFICERS].work)) == 1


@pytest.mark.filterwarnings("ignore::underrecording.stream.OverloadWarning")
def test_clerks_of_one_hour_a_weekday_begin_in_it(year):
    nine = Roster(by_hour=(0.0,) * 9 + (1.0,) + (0.0,) * 14, weekend=0)
    found = year(options(pathway=pathway(stations=Stations(clerks_roster=nine))))
    visited = found["visits"][CLERKS]
    begun = visited.started[visited.started != NEVER]
    assert len(begun) > 500
    assert (begun // HOUR_MS % 24 == 9).all()
    # The warm-up begins on a Thursday.
    assert not np.isin(begun // HOUR_MS // 24 % 7, (2, 3)).any()
    assert np.nanmean(found["late"]) > 2 * np.nanmean(year(options())["late"])


def test_a_force_without_other_incidents_has_reports_alone(year):
    n, reports, _, came = counted(year(options(workload=Workload(relative=0))))
    assert n == reports
    assert min(came) > 0


def test_when_all_refusals_are_reviewed_and_all_errors_found_every_due_report_is_recorded(year):
    perfect = {"effects": Effects(review_detection=1.0), "staff": Staff(supervisors=30)}
    found = year(options(supervision=Supervision(review_share=1.0), **perfect))
    assert np.nanmean(found["accuracy"]) == 1.0
    assert (found["decision"] != REFUSED).all()
    never = year(options(supervision=Supervision(review_share=0.0), **perfect))
    assert np.nanmean(never["accuracy"]) < 0.95
    assert (never["decision"] != REVIEWED).all()


@pytest.mark.parametrize("more", [{"warm_up_days": 0}, {"follow_up_days": 0}, {"days": 7}])
def test_a_period_may_lack_what_surrounds_it(year, more):
    found = year(options(pathway=pathway(**more)))
    assert 0.3 < np.nanmean(found["accuracy"]) < 1
    open_still = (found["decision"] == NEVER).sum()
    assert (open_still > 0) == (more == {"follow_up_days": 0})


def test_an_empty_force_has_a_year_all_the_same(stream_of):
    force, _ = stream_of(options(workload=Workload(relative=0)))
    force = force._replace(reports=np.zeros(6, np.int64))
    draws = draw_stream(force, 3, 0, 0)
    assert len(draws.reported) == 0
    for name in ("compiled", "reference"):
        times = run_stream(force, draws, name)
        assert [len(part) for part in times] == [0, 0, 0, 0]
        assert [len(part) for part in outcome(force, draws, times)] == [0, 0, 0, 0]
        warn_of_overload(force, draws, times)


def asked(draws, times, begin):
    """Milliseconds of work that incidents reported from *begin* on ask of each station."""
    n, layout = len(draws.group), draws.layout
    call, handling, _, review, recording = (
        np.where(draws.reported[: len(took)] >= begin, took.astype(float), 0.0)
        for took in (draws.service[layout.of(step)] for step in range(5))
    )
    found = (times.decision == REVIEWED) & has(draws.traits[:n], DUE | DETECTED)
    at_desk = ~has(draws.traits[:n], ATTENDED)
    return (
        call[~has(draws.traits, BUREAU)].sum(),
        handling[has(draws.traits, ATTENDED)].sum(),
        review[times.decision == REVIEWED].sum(),
        handling[:n][at_desk].sum() + recording[(times.decision == ACCEPTED) | found].sum(),
    )


SLOW = Duration(mean_hours=200, cv=0.1)
TOLD = r"^City of London: (.+) were asked for (.+) times the work they can do; their queue grew "


@pytest.mark.parametrize(
    ("name", "station", "made"),
    [
        ("call takers", CALL_TAKERS, {"durations": Durations(call=SLOW)}),
        ("officers", OFFICERS, {"durations": Durations(attendance=SLOW)}),
        ("supervisors", SUPERVISORS, {"durations": Durations(review=SLOW)}),
        ("clerks", CLERKS, {"durations": Durations(recording=SLOW)}),
    ],
)
def test_overload_is_told_with_force_station_and_load_and_the_run_ends(
    stream_of, name, station, made
):
    force, draws = stream_of(options(pathway=pathway(**made)))
    times = run_stream(force, draws)
    assert (outcome(force, draws, times).closed == NEVER).any()
    with pytest.warns(OverloadWarning, match=TOLD) as caught:
        warn_of_overload(force, draws, times)
    (told,) = (str(warning.message) for warning in caught)
    found = re.match(TOLD + r"from ([\d,]+) to ([\d,]+) incidents$", told)
    begin, end = (days * 24 * HOUR_MS for days in (14, 70))
    able = force.schedule.capacity[14 * 24 : 70 * 24, station].sum() * HOUR_MS
    assert found[1] == name
    assert found[2] == f"{asked(draws, times, begin)[station] / able:.2f}"
    assert float(found[2]) > 1.2
    visited = visits(force, draws, times)[station]
    waiting = [
        ((visited.joined < at) & ((visited.started == NEVER) | (visited.started >= at))).sum()
        for at in (begin, end)
    ]
    assert [int(number.replace(",", "")) for number in found.groups()[2:]] == waiting


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
