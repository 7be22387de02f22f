"""Drawn streams: how many incidents, what they are like, and whose luck is whose."""

import math

import numpy as np
import pytest
from scipy import stats

from underrecording.stream import draw_stream
from underrecording.stream.draws import (
    ATTENDED,
    BUREAU,
    DETECTED,
    DISPOSAL,
    DUE,
    EMERGENCY,
    NO_CRIME,
    OVER_RECORDED,
    WRONG_DISPOSAL,
    WRONG_NO_CRIME,
    Draws,
    has,
)
from underrecording.stream.schedule import HOUR_MS
from underrecording.stream.times import CALL, ENQUIRIES, HANDLING, RECORDING, REVIEW
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
    Duration,
    Durations,
    Intervention,
    Pathway,
    Routes,
    Stations,
)

LIKELY = 1e-4
PERIOD = Pathway(days=56, warm_up_days=14, follow_up_days=14)


def options(**more):
    return WorldOptions(fidelity="events", **{"pathway": PERIOD, **more})


def pathway(**more):
    return options(pathway=PERIOD.model_copy(update=more))


def test_reports_of_the_period_are_the_known_numbers(stream_of):
    force, draws = stream_of(options())
    in_period = draws.reported[: len(draws.group)] >= PERIOD.warm_up_days * 24 * HOUR_MS
    np.testing.assert_array_equal(np.bincount(draws.group[in_period], minlength=6), force.reports)
    assert force.reports.sum() > 1_000
    assert 0 < (~in_period).sum() < in_period.sum()
    # Those of the warm-up come first, and either part rises.
    assert (np.diff(draws.reported[: len(draws.group)]) >= 0).all()
    assert (np.diff(draws.reported[len(draws.group) :]) >= 0).all()
    assert draws.reported.max() < (PERIOD.warm_up_days + PERIOD.days) * 24 * HOUR_MS


def numbers(force, runs=300):
    """Other incidents, and reports of the warm-up, in independent worlds, (runs, 2)."""
    force = force._replace(reports=force.reports // 20, log_rate=force.log_rate / 20)
    made = [draw_stream(force, 3, 0, replicate) for replicate in range(runs)]
    known = int(force.reports.sum())
    return force, np.array([(len(m.reported) - len(m.group), len(m.group) - known) for m in made])


def poisson_z(counts, mean):
    """Distance of the mean and of the variance from a Poisson's, in standard errors."""
    n = len(counts)
    of_mean = (counts.mean(axis=0) - mean) / np.sqrt(mean / n)
    # The variance of a Poisson's sample variance is (2 mean^2 + mean / n) / n, nearly.
    of_variance = (counts.var(axis=0, ddof=1) - mean) / np.sqrt((2 * mean**2 + mean) / n)
    return np.abs(np.concatenate((of_mean, of_variance))).max()


@pytest.fixture(scope="module")
def numbered(stream_of):
    force, counts = numbers(stream_of(options())[0])
    begin = PERIOD.warm_up_days * 24
    rate = force.report_rate
    before = force.reports.sum() * rate[:begin].sum() / rate[begin:].sum()
    return counts, np.array([force.log_rate.sum(), before])


def test_other_incidents_and_the_warm_up_are_poisson(numbered):
    assert poisson_z(*numbered) < 4


def test_numbers_known_or_two_per_cent_more_are_not(numbered):
    counts, mean = numbered
    assert poisson_z(counts, mean * 1.02) > 4
    assert poisson_z(np.broadcast_to(np.rint(mean), counts.shape), mean) > 4


def share_z(hits, share):
    return abs(hits.mean() - share) / math.sqrt(share * (1 - share) / len(hits))


@pytest.fixture(scope="module")
def many(stream_of):
    made = options(effects=Effects(review_detection=0.3), workload=Workload(relative=15))
    return stream_of(made, reports=30)


def test_shares_are_those_asked_for(many):
    force, draws = many
    n, shares = len(draws.group), force.shares
    reports, others = draws.traits[:n], draws.traits[n:]
    bureau, fate = has(reports, BUREAU), draws.fate
    no_crime, disposal = has(fate, NO_CRIME), has(fate, DISPOSAL)
    for hits, share in (
        (bureau, 0.4),
        (has(reports, EMERGENCY)[~bureau], 0.12),
        (has(reports, ATTENDED)[~bureau], 0.75),
        (has(others, EMERGENCY), 0.12),
        (has(others, ATTENDED), 0.35),
        (has(reports, DUE), 0.863),
        (has(reports, OVER_RECORDED), 0.01),
        (has(reports, DETECTED), 0.3),
        (no_crime, 0.03),
        (has(fate, WRONG_NO_CRIME)[no_crime], shares.wrong_no_crime[0]),
        (disposal[~no_crime], 0.1),
        (has(fate, WRONG_DISPOSAL)[disposal], 500 / 3842),
        (draws.classified_as != draws.group, 0.0375),
    ):
        assert len(hits) > 1_000
        assert share_z(hits, share) < 4
        tenth_too_many = np.concatenate((hits, np.ones(len(hits) // 10, bool)))
        assert share_z(tenth_too_many, share) > 4


def test_traits_that_exclude_each_other_never_meet(many):
    _, draws = many
    n = len(draws.group)
    bureau, fate = has(draws.traits, BUREAU), draws.fate
    assert not (bureau & has(draws.traits, ATTENDED)).any()
    assert not (bureau & has(draws.traits, EMERGENCY)).any()
    assert (has(draws.traits, EMERGENCY) <= has(draws.traits, ATTENDED)).all()
    assert not bureau[n:].any()
    assert not has(draws.traits[n:], DUE).any()
    assert not (has(fate, NO_CRIME) & has(fate, DISPOSAL)).any()
    assert (has(fate, WRONG_NO_CRIME) <= has(fate, NO_CRIME)).all()
    assert (has(fate, WRONG_DISPOSAL) <= has(fate, DISPOSAL)).all()


def test_what_is_classified_wrongly_goes_to_other_groups_by_their_volume(many):
    force, draws = many
    for own in (0, 5):
        to = draws.classified_as[(draws.group == own) & (draws.classified_as != draws.group)]
        others = np.arange(6) != own
        expected = force.reports[others] / force.reports[others].sum() * len(to)
        counts = np.bincount(to, minlength=6)[others]
        assert stats.chisquare(counts, expected).pvalue > LIKELY
        assert stats.chisquare(counts, expected[::-1]).pvalue < LIKELY


def test_variates_are_logistic_and_choices_uniform(many):
    _, draws = many
    variate, chosen = draws.variate.astype(float), draws.review_draw.astype(float)
    assert stats.kstest(variate, "logistic").pvalue > LIKELY
    assert stats.kstest(variate + 0.05, "logistic").pvalue < LIKELY
    assert stats.kstest(chosen, "uniform").pvalue > LIKELY
    traits = has(draws.traits[: len(variate)], DUE), draws.group == 5, draws.reported[: len(chosen)]
    for other in (chosen, *traits):
        correlation = np.corrcoef(variate, other)[0, 1]
        assert abs(correlation) < 4 / math.sqrt(len(variate))


STEPS = {
    CALL: "call", HANDLING: "attendance", ENQUIRIES: "enquiries", REVIEW: "review",
    RECORDING: "recording",
}  # fmt: skip


@pytest.mark.parametrize(("step", "name"), STEPS.items(), ids=STEPS.values())
def test_durations_have_their_mean_and_their_spread(many, step, name):
    force, draws = many
    took = draws.service[draws.layout.of(step)]
    if step == HANDLING:
        took = took[has(draws.traits, ATTENDED) | (np.arange(len(took)) >= len(draws.group))]
    asked = getattr(force.pathway.durations, name)
    logs = np.log(took / HOUR_MS)
    variance = math.log1p(asked.cv**2)
    expected = math.log(asked.mean_hours) - variance / 2
    z = math.sqrt(len(logs) / variance)
    assert abs(logs.mean() - expected) * z < 4
    assert abs(logs.mean() + 0.03 - expected) * z > 4
    assert abs(logs.var() / variance - 1) < 4 * math.sqrt(2 / len(logs))


def test_reports_that_nobody_attends_take_the_desk_s_time(many):
    force, draws = many
    n = len(draws.group)
    desk = draws.service[draws.layout.of(HANDLING)][:n][~has(draws.traits[:n], ATTENDED)] / HOUR_MS
    mcse = desk.std() / math.sqrt(len(desk))
    assert abs(desk.mean() - force.pathway.durations.desk.mean_hours) < 4 * mcse


def test_a_duration_without_spread_is_always_the_same(stream_of):
    hours_of = {CALL: 0.25, ENQUIRIES: 30.0, REVIEW: 1.0, RECORDING: 0.5}
    fixed = {STEPS[step]: Duration(mean_hours=hours, cv=0) for step, hours in hours_of.items()}
    _, draws = stream_of(pathway(durations=Durations(**fixed)))
    for step, hours in hours_of.items():
        # Single precision keeps 7 digits of a number of milliseconds.
        (took,) = np.unique(draws.service[draws.layout.of(step)])
        assert took / HOUR_MS == pytest.approx(hours, rel=1e-6)


def test_no_time_is_nought_and_none_beyond_what_a_clock_holds(stream_of):
    wild = Durations(call=Duration(mean_hours=1e-9, cv=5), enquiries=Duration(mean_hours=500, cv=5))
    _, draws = stream_of(pathway(durations=wild))
    assert draws.service[draws.layout.of(CALL)].max() == 1
    enquiries = draws.service[draws.layout.of(ENQUIRIES)]
    assert enquiries.max() == 2**31 - 256
    assert enquiries.min() >= 1


def by_kind(draws):
    """What belongs to crime reports, by field, and what to other incidents."""
    n, fields = len(draws.group), set(Draws._fields) - {"service"}
    took = [draws.service[draws.layout.of(step)] for step in range(5)]
    parts = {name: getattr(draws, name)[:n] for name in fields}
    parts["service"] = np.concatenate([part[:n] for part in took])
    parts["others"] = np.concatenate(
        [part[n:] for part in (draws.reported, draws.traits, took[CALL], took[HANDLING])]
    )
    return parts


def differing(first, second):
    ours, theirs = by_kind(first), by_kind(second)
    return {name for name in ours if not np.array_equal(ours[name], theirs[name])}


CHANGES = {
    "staff": (options(staff=Staff(officers=0.5, clerks=2.0, call_takers=3.0)), set()),
    "training": (options(training=Training(rate_per_year=5)), set()),
    "supervision": (options(supervision=Supervision(review_share=0.9)), set()),
    "pressure": (options(pressure=Pressure(level=1.0)), set()),
    "effects": (options(effects=Effects(knowledge=3, workload=1, pressure=1)), set()),
    "stations": (pathway(stations=Stations(response_share=0.5)), set()),
    "follow-up": (pathway(follow_up_days=60), set()),
    "detection": (options(effects=Effects(review_detection=0.9)), {"traits"}),
    "workload": (options(workload=Workload(relative=2)), {"others"}),
    "demand": (
        pathway(interventions=(Intervention(date="2012-11-11", demand=2.0),)), {"others"},
    ),
    "bureau": (pathway(routes=Routes(crime_bureau_share=0.9)), {"traits", "service"}),
    "attended logs": (pathway(routes=Routes(attended_logs=0.9)), {"others"}),
    "review time": (
        pathway(durations=Durations(review=Duration(mean_hours=9, cv=0.1))), {"service"},
    ),
    "call time": (
        pathway(durations=Durations(call=Duration(mean_hours=1, cv=0.1))), {"service", "others"},
    ),
    "classification": (pathway(misclassified_share=0.5), {"classified_as"}),
    "disposals": (pathway(disposal_share=0.5), {"fate"}),
}  # fmt: skip


@pytest.mark.parametrize(("changed", "moves"), CHANGES.values(), ids=CHANGES)
def test_a_change_of_one_option_leaves_all_other_luck_as_it_was(stream_of, changed, moves):
    _, usual = stream_of(options())
    assert differing(usual, stream_of(changed)[1]) == moves


def test_a_slower_step_takes_longer_by_one_factor_and_others_as_long(stream_of):
    _, usual = stream_of(options())
    _, other = stream_of(
        pathway(durations=Durations(review=Duration(mean_hours=3, cv=Durations().review.cv)))
    )
    for step in range(5):
        part = usual.layout.of(step)
        if step == REVIEW:
            ratio = other.service[part] / usual.service[part]
            np.testing.assert_allclose(ratio, 3, rtol=1e-4)
        else:
            np.testing.assert_array_equal(usual.service[part], other.service[part])


def equal(first, second):
    return [np.array_equal(*pair) for pair in zip(first, second, strict=True)]


def test_the_same_address_is_the_same_luck_and_another_is_another(stream_of):
    force, usual = stream_of(options())
    assert all(equal(usual, draw_stream(force, 3, 0, 0)))
    for other in (
        draw_stream(force, 4, 0, 0),
        draw_stream(force, 3, 1, 0),
        draw_stream(force, 3, 0, 1),
        draw_stream(force._replace(number=5), 3, 0, 0),
    ):
        assert not any(equal(usual, other))
        n = min(len(usual.group), len(other.group))
        # Not the same numbers in another guise, either.
        assert len(np.intersect1d(usual.variate[:n], other.variate[:n])) < 0.05 * n
        correlation = np.corrcoef(usual.variate[:n], other.variate[:n])[0, 1]
        assert abs(correlation) < 4 / math.sqrt(n)


def test_purposes_have_luck_of_their_own(many):
    _, draws = many
    n, layout = len(draws.group), draws.layout
    of_report = [draws.variate, draws.review_draw, *(
        np.log(draws.service[layout.of(step)][:n]) for step in (CALL, ENQUIRIES, REVIEW, RECORDING)
    )]  # fmt: skip
    correlations = np.corrcoef(np.array(of_report, float))
    off = correlations[~np.eye(len(of_report), dtype=bool)]
    assert np.abs(off).max() < 4 / math.sqrt(n)


def test_a_force_without_crimes_of_a_group_has_none(stream_of):
    force, _ = stream_of(options())
    some = draw_stream(
        force._replace(reports=np.where(np.arange(6) == 2, 0, force.reports)), 3, 0, 0
    )
    assert (some.group != 2).all()
    assert (some.classified_as != 2).all()
    # With one group alone there is no other to be put under.
    alone = draw_stream(
        force._replace(reports=np.where(np.arange(6) == 2, force.reports, 0)), 3, 0, 0
    )
    assert len(alone.group) > 0
    assert (alone.classified_as == 2).all()
    none = draw_stream(force._replace(reports=np.zeros(6, np.int64)), 3, 0, 0)
    assert len(none.group) == 0
    assert len(none.reported) > 1_000
