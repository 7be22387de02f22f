"""How well inspected forces are ranked: by hand, by SciPy, and by an inspection taken apart."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from underrecording.inspection.audits import read_reports, select_forces
from underrecording.inspection.strands import reports_strand
from underrecording.study import plan_study
from underrecording.study.drawn import Drawn
from underrecording.study.needs import needs_of
from underrecording.study.rank_measures import (
    LIMITS,
    RANKING,
    kendall_tau,
    outside_funnel,
    worst_named,
)
from underrecording.study.ranking import RankSums, merged, rank_replicates, ranking_measures

ASKED = "study.ranking=true"
DRAWS = pytest.mark.parametrize("draw", ["fresh", "fixed"])


@st.composite
def tables(draw):
    """Accuracies found and true, with ties, and records read."""
    n = draw(st.integers(2, 12))
    shares = st.lists(st.sampled_from([0.0, 0.5, 0.7, 0.8, 0.81, 0.9, 1.0]), min_size=n, max_size=n)
    records = st.lists(st.integers(1, 400), min_size=n, max_size=n)
    return np.array(draw(shares)), np.array(draw(shares)), np.array(draw(records), float)


@given(tables())
def test_tau_is_that_of_scipy(table):
    found, true, _ = table
    expected = stats.kendalltau(found, true).statistic
    assert kendall_tau(found, true) == pytest.approx(expected, abs=1e-12, nan_ok=True)


@given(tables())
def test_the_worst_is_named_with_the_chance_of_a_lot_among_those_tied(table):
    found, true, _ = table
    named = np.flatnonzero(found == found.min())
    expected = np.mean([true[i] == true.min() for i in named])
    assert worst_named(found, true) == pytest.approx(expected)


@given(tables(), st.sampled_from(LIMITS))
def test_the_funnel_is_that_of_plain_numpy(table, limit):
    found, true, records = table

    def outside(values):
        centre = np.average(values, weights=records)
        return np.abs(values - centre) > limit * np.sqrt(centre * (1 - centre) / records) + 1e-12

    shown, is_so = outside(found), outside(true)
    expected = shown.sum(), (shown & ~is_so).sum(), (is_so & ~shown).sum()
    assert outside_funnel(found, true, records, limit) == tuple(expected)


def test_limits_are_those_of_95_and_99_8_per_cent():
    assert pytest.approx(LIMITS, abs=1e-12) == tuple(stats.norm.ppf([0.975, 0.999]))


def by_hand(plan, ledger, count):
    """The first *count* replicates of the reference cell ranked by pandas, one by one."""
    inspection, seed = plan.cells[0].inspection, plan.scenario.seed
    chosen = select_forces(inspection, ledger, seed, 0, 0, count)
    audits = read_reports(inspection, reports_strand(ledger), chosen, seed, 0, 0)
    weights = np.divide(
        audits.frame, audits.sampled, out=np.zeros(audits.frame.shape), where=audits.sampled > 0
    )
    due, recorded = (weights * audits.due).sum(-1), (weights * audits.recorded).sum(-1)
    true = ledger.recorded.sum(-1) / ledger.due.sum(-1)
    rows = []
    for b in range(count):
        w = b % len(true)
        found, truth = recorded[b] / due[b], true[w, chosen[b]]
        table = pd.DataFrame({"found": found, "true": truth})
        records = audits.due[b].sum(-1).astype(float)
        row = [
            float(table["true"][table["found"].idxmin()] == table["true"].min()),
            table["found"].corr(table["true"], method="kendall"),
        ]
        for limit in LIMITS:
            row += outside_funnel(found, truth, records, limit)
        rows.append(row)
    return np.array(rows)


@DRAWS
def test_a_study_ranks_what_its_replicates_hold(run, draw):
    settings = (ASKED, f"world.draw={draw}", "inspection.records.per_force=400")
    results, _ = run(*settings)
    world = results.plan.cells[0].world
    ledger = world.fresh(7, 0, 120) if draw == "fresh" else world.fixed(7, 0)
    expected = by_hand(results.plan, ledger, 120)
    table = results.ranking
    own = table[table["cell"] == 0]
    assert own["measure"].tolist() == list(RANKING)
    np.testing.assert_allclose(own["value"], expected.mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(own["mcse"], stats.sem(expected), rtol=1e-9)
    assert (own["replicates"] == 120).all()


def test_the_comparison_would_catch_forces_ranked_by_another_world(run):
    results, _ = run(ASKED)
    ledger = results.plan.cells[0].world.fresh(8, 0, 120)
    expected = by_hand(results.plan, ledger, 120)
    assert abs(results.ranking["value"][1] - expected[:, 1].mean()) > 1e-6


def test_a_census_ranks_forces_as_they_are(run):
    everything = (ASKED, "inspection.forces.count=43", "inspection.records.per_force=1000000")
    results, _ = run(*everything, "study.replicates=4", "study.sweep={}")
    value = results.ranking.set_index("measure")["value"]
    assert (value["worst_named"], value["kendall_tau"]) == (1.0, 1.0)
    assert value["falsely_outside_95"] == value["missed_outside_95"] == 0.0


def test_one_force_is_no_ranking(run):
    results, _ = run(ASKED, "inspection.forces.count=1", "study.sweep={}", "study.replicates=20")
    assert results.ranking["value"].isna().all()
    assert (results.ranking["replicates"] == 0).all()


def sums_of(plan, needs, draw, first, count):
    sums = RankSums.empty()
    if draw == "fixed":
        drawn = Drawn.fixed(plan, needs, 0)
    else:
        drawn = Drawn.fresh(plan, needs, first, count)
    rank_replicates(
        plan.cells[0].inspection, drawn.reading(0, "reports"), drawn.accuracy(0), sums,
        seed=7, world=0, first=first, count=count,
    )  # fmt: skip
    return sums


@DRAWS
def test_errors_are_those_of_repeated_studies(loaded, draw):
    """Var(measure) over 200 studies against the mean MCSE squared: chi-squared on 199."""
    settings = (ASKED, f"world.draw={draw}", "inspection.forces.count=13", "study.sweep={}")
    plan = plan_study(loaded(*settings))
    needs = needs_of(plan)
    found = [ranking_measures(sums_of(plan, needs, draw, 100 * s, 100)) for s in range(200)]
    low, high = stats.chi2.ppf([1e-4, 1 - 1e-4], 199) / 199
    for name in RANKING:
        values = np.array([one[name].value for one in found])
        ratio = values.var(ddof=1) / np.mean([one[name].mcse ** 2 for one in found])
        assert low < ratio < high, name
        # An error that is too small by the root of 2 would be noticed.
        assert not low < 2.0 * ratio < high, name


def test_sums_of_parts_are_those_of_the_whole(loaded):
    plan = plan_study(loaded(ASKED, "world.draw=fixed"))
    needs = needs_of(plan)
    parts = merged(sums_of(plan, needs, "fixed", first, 150) for first in (0, 150))
    whole = sums_of(plan, needs, "fixed", 0, 300)
    np.testing.assert_array_equal(parts.answered, whole.answered)
    np.testing.assert_allclose(parts.total, whole.total, rtol=1e-12)


def test_ranking_changes_no_other_result_and_may_be_asked_for_later(run):
    without, _ = run()
    assert without.ranking.empty
    later, listener = run(ASKED)
    assert "120 of the replicates that are there" in "".join(listener.told)
    assert later.plan.scenario.digest() == without.plan.scenario.digest()
    pd.testing.assert_frame_equal(without.measures, later.measures, check_exact=True)
    again, listener = run(ASKED)
    assert listener.advanced == 0
    pd.testing.assert_frame_equal(again.ranking, later.ranking, check_exact=True)


def test_over_several_worlds_the_error_is_their_spread(run):
    worlds = ("world.draw=fixed", "world.worlds=3", "study.sweep={}")
    results, _ = run(ASKED, *worlds)
    each = [ranking_measures(sums.at(0)) for sums in results.ranks]
    tau = results.ranking.set_index("measure").loc["kendall_tau"]
    values = [one["kendall_tau"].value for one in each]
    assert tau["value"] == pytest.approx(np.mean(values))
    assert tau["mcse"] == pytest.approx(stats.sem(values))
    assert tau["replicates"] == 360
