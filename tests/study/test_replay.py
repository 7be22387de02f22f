"""A replicate computed alone says what it says in the run."""

import math

import numpy as np
import pytest

from underrecording.audit import REASONS
from underrecording.errors import UserError
from underrecording.study import plan_study
from underrecording.study.block import run_block
from underrecording.study.plan import Block
from underrecording.study.replay import replay

STRANDS = """\
title: All strands
aim: To be replayed
seed: 11
world: {WORLD}
inspection:
  forces: {design: pps, count: 6}
  records: {allocation: proportional, per_force: 40}
  no_crimes: {per_force: 15}
  recorded_crimes: {per_force: 20}
  disposals: {per_force: 15}
  other_systems: {per_force: 15}
  auditors: {due: {sensitivity: 0.95}, recorded: {specificity: 0.97}, late: {sensitivity: 0.9}}
estimators: [pooled/binomial/wald, combined_ratio/linearised/t]
study:
  replicates: 3
  block_size: 3
  keep: rows
  estimands:
    - under_recording_rate/national
    - under_recording_rate/violence
    - wrong_no_crime_share/national
    - late_share/sexual
    - misclassified_share/national
    - wrong_disposal_share/national
    - under_recording_rate/other_systems
    - net_under_recording_rate/national
    - unrecorded_per_recorded/national
  sweep: {one_at_a_time: {inspection.forces.count: [3]}}
"""


@pytest.mark.parametrize("world", ["draw: fresh", "{draw: fixed, worlds: 2}"])
def test_a_replay_gives_the_rows_and_sums_of_every_strand(loaded, world):
    text = STRANDS.replace("{WORLD}", world if world.startswith("{") else f"{{{world}}}")
    plan = plan_study(loaded(text=text))
    for number in range(plan.worlds):
        result = run_block(plan, Block(number, 0, 3))
        for cell in range(len(plan.cells)):
            replays = [replay(plan, r, world=number, cell=cell) for r in range(3)]
            assert [len(one.forces) for one in replays] == [6 if cell == 0 else 3] * 3
            for t in range(len(plan.targets)):
                for e in range(len(plan.estimators)):
                    alone = [one.answers[t * len(plan.estimators) + e] for one in replays]
                    counts = result.moments.at(cell, t, e)
                    assert counts.reasons[0] == sum(one.reason == "ok" for one in alone)
                    assert counts.counts[0] == sum(bool(one.covered) for one in alone)
                    rows, at = result.rows, (cell, t, e)
                    for name in ("estimate", "se", "low", "high"):
                        numbers = [getattr(one, name) for one in alone]
                        np.testing.assert_array_equal(getattr(rows, name)[at], numbers)
                    truths = [one.truth for one in alone]
                    np.testing.assert_array_equal(rows.truth[cell, t], truths)
                    reasons = [REASONS[code] for code in rows.reason[at]]
                    assert reasons == [one.reason for one in alone]


def test_a_replay_by_force_and_route_says_what_the_run_says(loaded):
    """One force that some replicates leave out, one route, strata by both."""
    plan = plan_study(
        loaded(
            "inspection.records.strata=group_route",
            "inspection.records.per_force=200",
            "inspection.forces={design: srs, count: 22}",
            "estimators=[pooled/binomial/wald]",
            "study={replicates: 6, estimands: [under_recording_rate/Essex, "
            "under_recording_rate/control_room, under_recording_rate/violence]}",
        )
    )
    rows = run_block(plan, Block(0, 0, 6)).rows
    reasons = set()
    for r in range(6):
        found = replay(plan, r)
        assert any("crime_bureau" in name for names in found.read[0].strata for name in names)
        for t, one in enumerate(found.answers):
            for name in ("estimate", "se", "low", "high"):
                np.testing.assert_array_equal(getattr(one, name), getattr(rows, name)[0, t, 0, r])
            assert one.reason == REASONS[int(rows.reason[0, t, 0, r])]
            reasons.add(one.reason)
            assert (one.reason == "ok") == (one.domain != "Essex" or "Essex" in found.forces)
    assert len(reasons) == 2


@pytest.mark.parametrize("changes", [(), ("world.draw=fixed",)])
def test_a_replay_equals_the_stored_rows_of_a_run(run, loaded, changes):
    results, _ = run(*changes)
    plan = plan_study(loaded(*changes))
    for number in (0, 49, 50, 119):
        rows = results.rows[results.rows["replicate"] == number]
        if number >= 50:
            assert rows.empty
        for row, answer in zip(rows.itertuples(), replay(plan, number).answers, strict=False):
            for name in ("estimate", "se", "low", "high", "truth", "reason", "estimator"):
                assert getattr(answer, name) == getattr(row, name)
    # Another replicate says something else, so that equal is not what all are.
    assert replay(plan, 0).answers[0].estimate != replay(plan, 1).answers[0].estimate


def test_what_was_read_adds_up_to_the_pooled_estimate(loaded):
    found = replay(plan_study(loaded()), 5)
    (read,) = found.read
    pooled = found.answers[0]
    assert pooled.estimator == "pooled/binomial/wald"
    assert pooled.estimate == pytest.approx(1 - read.recorded.sum() / read.due.sum(), rel=1e-12)
    assert (read.sampled <= read.frame).all()
    assert found.p_inclusion.tolist() == pytest.approx([5 / 43] * 5)


def test_no_answer_has_its_reason(loaded):
    found = replay(plan_study(loaded("inspection.forces.count=1")), 0)
    linearised = found.answers[1]
    assert linearised.reason == "one force inspected in a stratum of several"
    assert math.isnan(linearised.estimate)
    assert linearised.covered is None


def test_what_the_run_does_not_have_is_told_at_once(loaded):
    with pytest.raises(UserError) as caught:
        replay(plan_study(loaded()), 120, world=1, cell=2)
    assert caught.value.problems == (
        "--replicate 120: the run has 120 replicates; give 0 to 119",
        "--cell 2: the run has 2 cells; give 0 to 1",
        "--world 1: each replicate has a fresh world; leave --world out",
    )
