"""A study from scenario to measures: what must hold whatever the numbers are."""

from pathlib import Path

import numpy as np
import pytest

from underrecording.errors import UserError
from underrecording.scenario import load_scenario
from underrecording.study import block as block_module
from underrecording.study import plan_study
from underrecording.study.block import run_block
from underrecording.study.plan import Block

CENSUS = (
    "inspection.forces.count=43",
    "inspection.records={allocation: census}",
    "study.sweep={}",
    "study.replicates=20",
)


def measures_csv(results):
    return results.measures.to_csv(index=False, lineterminator="\n").encode()


def value(results, estimator, measure, cell=0, domain="national"):
    table = results.measures
    row = table[
        (table["estimator"] == estimator)
        & (table["measure"] == measure)
        & (table["cell"] == cell)
        & (table["domain"] == domain)
    ]
    return float(row["value"].iloc[0])


def assert_same(first, second):
    for name, a, b in zip(first._fields, first, second, strict=True):
        np.testing.assert_array_equal(a, b, err_msg=name)


def test_a_census_with_perfect_auditors_returns_the_truth_with_no_error(run):
    results, _ = run(*CENSUS)
    for estimator in ("pooled/binomial/wald", "combined_ratio/linearised/t"):
        assert value(results, estimator, "rmse") < 1e-14
    design_based = "combined_ratio/linearised/t"
    assert value(results, design_based, "model_se") == 0.0
    assert value(results, design_based, "coverage") == 1.0
    assert value(results, design_based, "mean_width") < 1e-14


def test_a_census_by_auditors_who_err_does_not_return_the_truth(run):
    results, _ = run(*CENSUS, "inspection.auditors.recorded.sensitivity=0.95")
    assert value(results, "combined_ratio/linearised/t", "bias") > 0.03


@pytest.mark.parametrize("draw", ["fresh", "fixed"])
def test_the_number_of_workers_changes_no_byte(run, draw):
    one, _ = run(f"world.draw={draw}", folder="one")
    three, _ = run(f"world.draw={draw}", jobs=3, folder="three")
    assert measures_csv(one) == measures_csv(three)


def test_another_seed_changes_the_numbers(run):
    one, _ = run(folder="one")
    other, _ = run("seed=8", folder="other")
    assert measures_csv(one) != measures_csv(other)


@pytest.mark.parametrize("chunk", [1, 7, 1000])
def test_replicates_in_memory_at_once_change_no_digit(loaded, monkeypatch, chunk):
    plan = plan_study(loaded())
    expected = run_block(plan, Block(0, 0, 50))
    monkeypatch.setattr(block_module, "CHUNK", chunk)
    again = run_block(plan, Block(0, 0, 50))
    assert_same(again.moments, expected.moments)
    assert_same(again.rows, expected.rows)


def test_another_cell_changes_nothing_in_the_reference_cell(loaded):
    alone = run_block(plan_study(loaded("study.sweep={}")), Block(0, 0, 50))
    swept = run_block(plan_study(loaded()), Block(0, 0, 50))
    assert_same(swept.moments.at(0), alone.moments.at(0))


def test_another_estimator_changes_nothing_in_the_first(loaded):
    # Compared with itself, as it is where it stands alone.
    reference = "study.reference=combined_ratio/linearised/t"
    both = run_block(plan_study(loaded(reference)), Block(0, 0, 50))
    one = run_block(plan_study(loaded("estimators=[combined_ratio/linearised/t]")), Block(0, 0, 50))
    assert_same(both.moments.at(0, 0, 1), one.moments.at(0, 0, 0))


def test_no_two_replicates_are_alike(loaded):
    rows = run_block(plan_study(loaded()), Block(0, 0, 50)).rows
    assert len(np.unique(rows.estimate[0, 0, 1])) == 50
    assert len(np.unique(rows.truth[0, 0])) == 50


def test_a_fixed_world_has_one_truth_and_many_estimates(loaded):
    rows = run_block(plan_study(loaded("world.draw=fixed")), Block(0, 0, 50)).rows
    assert len(np.unique(rows.truth[0, 0])) == 1
    assert len(np.unique(rows.estimate[0, 0, 1])) == 50


def test_replicates_do_not_depend_on_the_block_they_are_in(loaded):
    plan = plan_study(loaded())
    whole = run_block(plan, Block(0, 50, 100)).moments
    split = [run_block(plan, Block(0, a, b)).moments for a, b in ((50, 80), (80, 100))]
    np.testing.assert_array_equal(whole.counts, split[0].counts + split[1].counts)
    np.testing.assert_allclose(whole.sums, split[0].sums + split[1].sums, rtol=1e-12)


def test_a_trajectory_ends_at_the_sample_of_all_forces_and_passes_the_reference_cell(loaded):
    result = run_block(plan_study(loaded()), Block(0, 0, 50))
    pooled = result.trajectory.estimate[0]
    np.testing.assert_array_equal(pooled[:, 4], result.rows.estimate[0, 0, 0, :3])
    assert pooled.shape == (3, 43)
    np.testing.assert_array_equal(result.trajectory.truth, result.rows.truth[0, 0, :3])


def test_moments_agree_with_the_rows_that_are_kept(run):
    results, _ = run("study.replicates=60", "study.block_size=60")
    rows = results.rows[results.rows["estimator"] == "combined_ratio/linearised/t"]
    error = rows["estimate"] - rows["truth"]
    assert value(results, "combined_ratio/linearised/t", "bias") == pytest.approx(error.mean())
    covered = (rows["low"] <= rows["truth"]) & (rows["truth"] <= rows["high"])
    assert value(results, "combined_ratio/linearised/t", "coverage") == covered.mean()


def test_one_force_gives_a_counted_failure_not_a_number(run):
    results, _ = run("inspection.forces.count=1", "study.sweep={}")
    failures = results.failures.set_index("estimator")
    assert failures.loc["combined_ratio/linearised/t", "answered"] == 0
    assert (
        failures.loc["combined_ratio/linearised/t", "one force inspected in a stratum of several"]
        == 120
    )
    assert failures.loc["combined_ratio/linearised/t", "coverage_failures_as_misses"] == 0.0
    assert np.isnan(value(results, "combined_ratio/linearised/t", "bias"))
    assert failures.loc["pooled/binomial/wald", "answered"] == 120


def test_domains_and_no_crimes_have_their_own_truth(run):
    results, _ = run(
        "inspection.no_crimes={}",
        "study.estimands=[under_recording_rate/national, under_recording_rate/all_routes, "
        "under_recording_rate/violence, wrong_no_crime_share/national]",
        "study.sweep={}",
        "inspection.forces.count=43",
    )
    pooled = "pooled/binomial/wald"
    rows = results.rows[(results.rows["estimator"] == pooled) & (results.rows["replicate"] == 0)]
    truth = rows.set_index(["estimand", "domain"])["truth"]
    assert truth["under_recording_rate", "all_routes"] > truth["under_recording_rate", "national"]
    assert truth["under_recording_rate", "violence"] > truth["under_recording_rate", "national"]
    assert truth["wrong_no_crime_share", "national"] == pytest.approx(664 / 3246, abs=0.01)
    # Nobody audits the other systems, so the headline falls short of the truth for all routes.
    assert value(results, pooled, "bias", domain="all_routes") < -0.005


def test_several_fixed_worlds_take_their_error_from_the_spread_over_worlds(run):
    results, _ = run("world.draw=fixed", "world.worlds=4", "study.sweep={}")
    bias = results.worlds.query("measure == 'bias' and estimator == 'combined_ratio/linearised/t'")[
        "value"
    ]
    assert len(bias) == 4
    row = results.measures.query(
        "measure == 'bias' and estimator == 'combined_ratio/linearised/t'"
    ).iloc[0]
    assert row["value"] == pytest.approx(bias.mean())
    assert row["mcse"] == pytest.approx(bias.std(ddof=1) / 2)
    assert (results.world_quantiles["q05"] <= results.world_quantiles["q95"]).all()
    assert row["replicates"] == 480


def test_a_census_of_several_worlds_covers_them_all_and_leaves_an_error(run):
    results, _ = run(*CENSUS, "world.draw=fixed", "world.worlds=4")
    table = results.measures.query("estimator == 'combined_ratio/linearised/t'")
    coverage = table[table["measure"] == "coverage"].iloc[0]
    assert coverage["value"] == 1.0
    assert coverage["mcse"] == pytest.approx(1 / 5)


def test_levers_move_a_cell_and_share_the_calibration(run):
    results, _ = run(
        "study.sweep={one_at_a_time: {world.training.rate_per_year: [0.1, 2.0]}}",
        "inspection.forces.count=43",
    )
    truth = [value(results, "pooled/binomial/wald", "mean_truth", cell=c) for c in range(3)]
    assert truth[2] < truth[0] < truth[1]
    intercepts = [cell.world.calibration.intercept for cell in results.plan.cells]
    np.testing.assert_array_equal(intercepts[0], intercepts[1])


def test_a_grid_has_every_combination_once_and_the_reference_first(loaded):
    plan = plan_study(
        loaded(
            "study.sweep={grid: {inspection.forces.count: [5, 9], "
            "inspection.records.per_force: [20, 40, 80]}}"
        )
    )
    values = [tuple(cell.cell.values.values()) for cell in plan.cells]
    assert values[0] == (5, 40)
    assert sorted(values) == [(m, n) for m in (5, 9) for n in (20, 40, 80)]


def test_cells_that_cannot_be_built_are_all_reported_at_their_place_in_the_sweep(loaded):
    with pytest.raises(UserError) as caught:
        plan_study(
            loaded(
                text="""\
title: t
aim: a
seed: 1
inspection:
  forces: {design: srs, count: 5}
  records: {allocation: equal, per_force: 40}
estimators: [pooled/binomial/wald]
study:
  replicates: 10
  sweep:
    one_at_a_time:
      inspection.forces.count: [5, 50]
      inspection.records.per_force: [3]
"""
            )
        )
    first, second = caught.value.problems
    assert ":12:" in first
    assert "50 is more than the 43 forces" in first
    assert ":13:" in second
    assert "give at least 12" in second


def test_forces_drawn_with_replacement_refuse_variances_of_those_drawn_once(tmp_path):
    text = (Path(__file__).parents[2] / "scenarios" / "quick.yaml").read_text(encoding="utf-8")
    text = text.replace("design: srs, count: 13", "design: pps_wr, count: 13")
    path = tmp_path / "replaced.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match="pps_wr draws with replacement, for which combined_ratio"):
        plan_study(load_scenario(path))
    path.write_text(text.replace("/linearised/", "/ultimate_cluster/"), encoding="utf-8")
    assert plan_study(load_scenario(path)).cells


def test_differences_are_those_of_the_measures_where_both_answered(run):
    results, _ = run()
    table = results.differences
    assert set(table["estimator"]) == {"combined_ratio/linearised/t"}
    assert set(table["reference"]) == {"pooled/binomial/wald"}
    for cell in sorted(set(table["cell"])):
        for name in ("bias", "rmse", "mse", "coverage", "empirical_se", "mean_width", "winkler"):
            found = table[(table["measure"] == name) & (table["cell"] == cell)]
            mine, reference = (
                value(results, estimator, name, cell)
                for estimator in ("combined_ratio/linearised/t", "pooled/binomial/wald")
            )
            assert float(found["value"].iloc[0]) == pytest.approx(mine - reference, abs=1e-12), name


def test_the_reference_may_be_chosen_and_must_be_an_estimator(run, loaded):
    results, _ = run("study.reference=combined_ratio/linearised/t")
    assert set(results.differences["estimator"]) == {"pooled/binomial/wald"}
    with pytest.raises(UserError, match="'pooled/x/t' is not among the estimators"):
        loaded("study.reference=pooled/x/t")


def test_one_estimator_alone_has_no_differences(run):
    results, _ = run("estimators=[pooled/binomial/wald]", "study.sweep={}")
    assert results.differences.empty
