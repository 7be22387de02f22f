"""Studies over streams: `fidelity: events` in the same rooms as the rule alone."""

import numpy as np
import pandas as pd
import pytest

from underrecording.stream import world as stream_world
from underrecording.study import plan_study

SCENARIO = """\
title: A small study of streams
aim: To be run by tests
seed: 7
world:
  fidelity: events
  draw: fixed
  worlds: 2
  pathway: {days: 7, warm_up_days: 3, follow_up_days: 30}
inspection:
  forces: {design: srs, count: 5}
  records: {allocation: proportional, per_force: 40}
estimators: [pooled/binomial/wald, combined_ratio/linearised/t]
study:
  replicates: 60
  block_size: 30
  trajectories: 3
  sweep: {one_at_a_time: {inspection.forces.count: [13]}}
"""
LEVER = "world.pathway.interventions=[{date: 2012-11-02, review_share: 0.9, supervisors: 9}]"


@pytest.fixture
def counted(monkeypatch):
    """Count the streams that are drawn, worlds known so far being forgotten."""
    stream_world._ledger.cache_clear()
    calls = []
    draw = stream_world.draw_stream

    def counting(force, *address):
        calls.append((force.name, *address))
        return draw(force, *address)

    monkeypatch.setattr(stream_world, "draw_stream", counting)
    return calls


def test_fixed_worlds_are_streamed_once_whatever_the_blocks_and_cells(run, counted):
    results, _ = run(text=SCENARIO)
    # Calibration has a world number of its own.
    of_study = [call for call in counted if call[2] != stream_world.PILOT_WORLD]
    assert len(of_study) == len(set(of_study)) == 2 * 43
    assert np.isfinite(results.measures["value"]).mean() > 0.9


def test_fresh_worlds_are_streamed_anew_for_each_replicate(run, counted):
    run("world.draw=fresh", "world.worlds=1", "study.replicates=4", text=SCENARIO)
    worlds = {call[1:] for call in counted if call[2] != stream_world.PILOT_WORLD}
    assert {(7, 0, replicate) for replicate in range(4)} == worlds


def test_threads_change_no_measure_of_streams(run):
    alone, _ = run(text=SCENARIO, folder="alone")
    stream_world._ledger.cache_clear()
    shared, _ = run(text=SCENARIO, folder="shared", jobs=3)
    pd.testing.assert_frame_equal(alone.measures, shared.measures)


def test_an_intervention_moves_the_truth_and_nothing_that_inspectors_plan(loaded):
    before, after = (plan_study(loaded(*overrides, text=SCENARIO)) for overrides in ((), (LEVER,)))
    plain, moved = before.cells[0], after.cells[0]
    np.testing.assert_array_equal(plain.world.law.reports, moved.world.law.reports)
    np.testing.assert_array_equal(plain.inspection.records, moved.inspection.records)
    ledgers = [cell.world.fixed(7, 0) for cell in (plain, moved)]
    np.testing.assert_array_equal(ledgers[0].due, ledgers[1].due)
    assert (ledgers[1].recorded >= ledgers[0].recorded).all()
    assert ledgers[1].recorded.sum() > 1.02 * ledgers[0].recorded.sum()


def test_a_sweep_over_interventions_shares_the_luck_of_worlds(run):
    results, _ = run(
        "study.sweep={one_at_a_time: {world.pathway.interventions: "
        "[[{date: 2012-11-02, review_share: 0.9, supervisors: 9}]]}}",
        text=SCENARIO,
    )
    truth = results.select("mean_truth", cell=0), results.select("mean_truth", cell=1)
    assert (truth[1]["value"].to_numpy() < truth[0]["value"].to_numpy()).all()


def test_interventions_under_rates_are_a_mistake(loaded):
    with pytest.raises(Exception, match=r"pathway\.interventions: need fidelity: events"):
        loaded("world.fidelity=rates", LEVER, text=SCENARIO)


@pytest.mark.parametrize(
    ("day", "words"),
    [
        ("2012-11-08", "lies outside the period from 2012-11-01 to 2012-11-07"),
        ("2012-10-31", "lies outside the period"),
        ("2012-13-01", "expected a date like 2013-04-01"),
    ],
)
def test_a_date_outside_the_period_is_a_mistake(loaded, day, words):
    with pytest.raises(Exception, match=words) as caught:
        loaded(f"world.pathway.interventions=[{{date: {day}, clerks: 2}}]", text=SCENARIO)
    assert "world.pathway.interventions" in str(caught.value)
