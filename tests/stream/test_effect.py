"""What a scenario changes: nothing before it begins, the right way after, and no more than that."""

import math
from datetime import date

import numpy as np
import pytest
from scipy.special import expit

from underrecording.errors import UserError
from underrecording.stream import draw_stream, make_world, run_stream
from underrecording.stream.counterfactual import addresses, forces_named, unchanged
from underrecording.stream.daily import DAY_MS, daily
from underrecording.stream.draws import DUE, has
from underrecording.stream.effect import (
    AFTER,
    BEFORE,
    PERIOD,
    POOLED,
    effect_rows,
    measure,
    simulate_effect,
    weekly,
)
from underrecording.stream.outcome import found_by_review, outcome
from underrecording.stream.schedule import HOUR_MS
from underrecording.stream.summary import summarise
from underrecording.stream.times import ACCEPTED, NEVER
from underrecording.stream.weeks import weekly as weeks_of
from underrecording.world.options import Effects, Staff, WorldOptions
from underrecording.world.pathway import Intervention, Pathway

FEW = forces_named(["Warwickshire", "Gwent", "City of London"])
ONE = forces_named(["Warwickshire"])
LARGE = forces_named(["Essex", "Kent", "Sussex"])
DAY = date(2012, 11, 15)


def options(*interventions, **more):
    pathway = Pathway(
        days=30, warm_up_days=7, follow_up_days=30, interventions=tuple(interventions)
    )
    return WorldOptions(fidelity="events", pathway=pathway, draw="fixed", **more)


def change(**what):
    return Intervention(**{"date": DAY} | what)


def effect(what, forces=ONE, worlds=2, **how):
    return simulate_effect(what, seed=1, worlds=worlds, forces=forces, **how)


def differences(found, part=AFTER, domain=None):
    """Difference of each measure over all offence groups."""
    domain = domain or next(iter(found.pairs))
    return {
        row.measure: row.difference
        for row in effect_rows(found)
        if (row.domain, row.part, row.group) == (domain, part, "all")
    }


def test_nothing_differs_before_the_first_intervention():
    found = effect(options(change(officers=0.5, demand=1.0, training_rate_per_year=9.0)))
    assert found.split == 14
    for without, changed in found.pairs["Warwickshire"]:
        for name in ("due", "load", "open", "officers", "busy", "able"):
            ours, theirs = getattr(without, name), getattr(changed, name)
            np.testing.assert_array_equal(ours[:14], theirs[:14], err_msg=name)
            if name != "due":
                assert (ours[14:] != theirs[14:]).any(), name


def test_a_change_to_what_is_already_so_makes_no_difference():
    found = effect(options(change(review_share=0.2, training_rate_per_year=0.5)), FEW)
    for row in effect_rows(found):
        assert row.difference == 0 or math.isnan(row.difference), row


@pytest.mark.parametrize(
    ("what", "measured", "sign"),
    [
        ({"training_rate_per_year": 20.0}, "recording_accuracy", 1),
        ({"training_rate_per_year": 20.0}, "officers_on_duty", -1),
        ({"review_share": 0.9, "supervisors": 9.0}, "recording_accuracy", 1),
        ({"review_share": 0.9}, "utilisation_supervisors", 1),
        ({"pressure_level": 1.0}, "recording_accuracy", -1),
        ({"demand": 1.4}, "open_incidents", 1),
        ({"demand": 1.4}, "load_at_decision", 1),
        ({"clerks": 0.3}, "late_share", 1),
        ({"clerks": 0.3}, "utilisation_clerks", 1),
        ({"officers": 0.6}, "load_at_decision", 1),
        ({"more": {"officers": 20}}, "utilisation_officers", -1),
        ({"time_limit_hours": 24.0}, "late_share", 1),
    ],
)
def test_each_lever_moves_what_it_should_the_way_it_should(what, measured, sign):
    found = effect(options(change(**what)), worlds=3)
    days = found.parts()[AFTER]
    for without, changed in found.pairs["Warwickshire"]:
        assert sign * (measure(changed, days)[measured] - measure(without, days)[measured]) > 0


def test_drivers_of_today_count_from_the_first_day_on():
    found = effect(options(staff=Staff(officers_year=2010)))
    assert found.split == 0
    assert list(found.parts()) == [PERIOD]
    assert differences(found, PERIOD)["officers_on_duty"] > 0


def knowledge_effect(worlds, shift=0.0):
    """Measured and expected change of accuracy, and its MCSE, where knowledge alone acts."""
    effects = Effects(workload=0, pressure=0, review_detection=0)
    what = options(change(date=date(2012, 11, 1), training_rate_per_year=20.0), effects=effects)
    world, before = make_world(what), make_world(unchanged(what))
    found = effect(what, LARGE, worlds=worlds)
    measured = np.mean([
        measure(pair[1], slice(0, 30))["recording_accuracy"]
        - measure(pair[0], slice(0, 30))["recording_accuracy"]
        for pair in found.pairs[POOLED]
    ])  # fmt: skip
    gains = []
    for address in addresses(what, 1, worlds):
        rows = []
        for number in LARGE:
            sides = [side.force(number, *address) for side in (before, world)]
            draws = draw_stream(sides[1], *address)
            decided = outcome(sides[1], draws, run_stream(sides[1], draws)).decided
            begin = 7 * DAY_MS
            in_period = (decided >= begin) & (decided < begin + 30 * DAY_MS)
            due = in_period & has(draws.traits[: len(draws.group)], DUE)
            hour, group = decided[due] // HOUR_MS, draws.group[due]
            chance = [
                expit(
                    side.rule.intercept[group] + side.rule.effect
                    + side.rule.kappa * (side.schedule.knowledge[hour] - side.rule.know_0)
                )
                for side in sides
            ]  # fmt: skip
            rows.append(chance[1] - chance[0] + shift)
        gains.append(np.concatenate(rows))
    expected = np.mean([gain.mean() for gain in gains])
    # With the same draws, a decision changes or it does not: Bernoulli of the gain.
    variance = np.mean([np.mean(gain * (1 - gain)) / len(gain) for gain in gains]) / worlds
    return measured, expected, math.sqrt(variance)


def test_the_effect_of_training_is_what_the_rule_expects():
    measured, expected, mcse = knowledge_effect(worlds=6)
    assert expected > 0.01
    assert abs(measured - expected) < 4 * mcse


def test_the_test_of_the_effect_catches_half_a_point():
    measured, expected, mcse = knowledge_effect(worlds=6, shift=0.005)
    assert abs(measured - expected) > 4 * mcse


@pytest.fixture(scope="module")
def stream():
    world = make_world(options())
    force = world.force(FEW[1], 3, 0, 0)
    draws = draw_stream(force, 3, 0, 0)
    return force, draws, run_stream(force, draws)


def test_daily_sums_agree_with_those_of_the_period(stream):
    days, summary = daily(*stream), summarise(*stream)
    assert days.open.mean() == pytest.approx(summary.open_incidents)
    assert days.crimes.sum() == summary.recorded
    assert days.late.sum() == summary.late
    busy = days.busy.sum(axis=0) / days.able.sum(axis=0)
    np.testing.assert_allclose(busy, list(summary.utilisation.values()), rtol=1e-12)


def test_daily_sums_agree_with_those_by_week(stream):
    days, weeks = daily(*stream), weeks_of(*stream)
    begins = [0, 7, 14, 21]
    np.testing.assert_array_equal(np.add.reduceat(days.due.sum(axis=1), begins), weeks["decisions"])
    np.testing.assert_allclose(
        np.add.reduceat(days.open, begins) / weeks["days"], weeks["open_incidents"]
    )


def test_due_reports_are_counted_by_day_group_and_final_outcome(stream):
    force, draws, times = stream
    ended, days = outcome(force, draws, times), daily(force, draws, times)
    kept = (times.decision == ACCEPTED) | found_by_review(draws, times)
    for day in (0, 13, 29):
        begin = (7 + day) * DAY_MS
        rows = has(draws.traits[: len(draws.group)], DUE) & (ended.decided >= begin)
        rows &= ended.decided < begin + DAY_MS
        due = np.bincount(draws.group[rows], minlength=6)
        recorded = np.bincount(draws.group[rows & kept & (ended.recorded != NEVER)], minlength=6)
        np.testing.assert_array_equal(days.due[day], due)
        np.testing.assert_array_equal(days.recorded[day], recorded)


def test_all_forces_together_are_the_sum_of_each():
    found = effect(options(change(demand=1.2)), FEW)
    assert set(found.pairs) == {POOLED, "Warwickshire", "Gwent", "City of London"}
    parts = [found.pairs[name][1][1] for name in found.pairs if name != POOLED]
    whole = found.pairs[POOLED][1][1]
    np.testing.assert_allclose(sum(part.due for part in parts), whole.due)
    np.testing.assert_allclose(sum(part.open for part in parts), whole.open)


def test_an_intervention_elsewhere_is_no_effect_here():
    elsewhere = options(change(demand=1.2, forces=("Gwent",)))
    with pytest.raises(UserError, match="concerns Warwickshire"):
        effect(elsewhere)
    found = simulate_effect(elsewhere, seed=1, worlds=1)
    assert list(found.pairs) == ["Gwent"]


@pytest.mark.parametrize("what", [options(), options(force_effects={"Gwent": 1.0})])
def test_a_scenario_that_changes_nothing_is_refused(what):
    with pytest.raises(UserError, match="no effect to show"):
        effect(what)


def test_rates_have_no_incidents_to_compare():
    with pytest.raises(UserError, match="fidelity"):
        effect(WorldOptions(staff=Staff(officers=0.9)))


def test_dates_are_marked_once_and_ends_too():
    first = change(name="more", demand=1.2, until=date(2012, 11, 20))
    second = change(name="other", date=date(2012, 11, 10), clerks=0.8, forces=("Gwent",))
    found = effect(options(first, second), worlds=1)
    marks = [(mark.day.day, mark.name) for mark in found.marks]
    assert marks == [(15, "more"), (20, "end of more")]
    assert list(found.parts()) == [BEFORE, AFTER, PERIOD]


def test_the_last_week_takes_what_is_left():
    found = effect(options(change(demand=1.2)), worlds=2)
    values = weekly(found, "Warwickshire", "recording_accuracy")
    assert values.shape == (2, 2, 4)
    pair = found.pairs["Warwickshire"][1]
    assert values[1, 1, 3] == measure(pair[1], slice(21, 30))["recording_accuracy"]


def test_the_error_of_a_difference_is_that_over_worlds():
    found = effect(options(change(demand=1.2)), worlds=3)
    values = np.array([
        [measure(side, slice(14, 30))["open_incidents"] for side in pair]
        for pair in found.pairs["Warwickshire"]
    ])  # fmt: skip
    gap = values[:, 1] - values[:, 0]
    row = next(
        row for row in effect_rows(found)
        if (row.part, row.measure) == (AFTER, "open_incidents")
    )  # fmt: skip
    assert row.difference == pytest.approx(gap.mean())
    assert row.mcse == pytest.approx(np.sqrt(((gap - gap.mean()) ** 2).sum() / 2 / 3))
    assert math.isnan(effect_rows(effect(options(change(demand=1.2)), worlds=1))[0].mcse)


def test_threads_change_nothing_and_each_pair_is_told():
    told = []
    one = effect(options(change(demand=1.2)), FEW, threads=1, advance=told.append)
    three = effect(options(change(demand=1.2)), FEW, threads=3)
    for domain, pairs in one.pairs.items():
        for ours, theirs in zip(pairs, three.pairs[domain], strict=True):
            for mine, its in zip((*ours[0], *ours[1]), (*theirs[0], *theirs[1]), strict=True):
                np.testing.assert_array_equal(mine, its)
    assert told == [1] * 6


def test_a_force_that_is_unknown_gets_the_nearest_name():
    with pytest.raises(UserError, match="did you mean 'Essex'"):
        forces_named(["Esex"])
