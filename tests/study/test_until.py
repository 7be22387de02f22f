"""Studies that stop once they are exact enough: where, by the scenario and its seed alone."""

import json

import numpy as np
import pytest

from underrecording.errors import UserError
from underrecording.study import read_results
from underrecording.study.manifest import is_complete
from underrecording.study.plan import plan_study
from underrecording.study.recall import recall
from underrecording.study.store import Store
from underrecording.study.until import Merged, Stand, stand_after
from underrecording.study.verify import faults_of_parts

LARGE = ("study.replicates=1000", "study.block_size=50", "study.trajectories=0")
GOAL = ("study.until.coverage_mcse=0.03", "study.until.bias_mcse=0.004")


def tables(results):
    """All tables of a run, as they are written."""
    names = ("measures", "differences", "failures")
    return [getattr(results, name).to_csv() for name in names]


def replicates(results):
    return results.plan.scenario.study.replicates


def errors_at(n, run):
    """Largest MCSE of coverage and of bias after *n* replicates, read off measures.csv."""
    plain, _ = run(*LARGE[1:], f"study.replicates={n}", folder=f"plain-{n}")
    table = plain.measures.query("cell == 0").groupby("measure")["mcse"].max()
    return table["coverage"], table["bias"]


def test_it_stops_with_the_first_block_that_is_exact_enough(run):
    results, listener = run(*LARGE, *GOAL)
    n = replicates(results)
    assert 50 < n < 1000
    assert n % 50 == 0
    coverage, bias = errors_at(n, run)
    assert coverage <= 0.03
    assert bias <= 0.004
    coverage, bias = errors_at(n - 50, run)
    assert coverage > 0.03 or bias > 0.004
    assert listener.stands[-1].reached
    assert not listener.stands[0].reached
    assert listener.stands[0].cap == 1000


def test_what_it_says_is_what_a_run_of_as_many_replicates_says(run):
    results, _ = run(*LARGE, *GOAL)
    n = replicates(results)
    plain, _ = run(*LARGE[1:], f"study.replicates={n}", folder="plain")
    assert tables(results) == tables(plain)
    longer, _ = run(*LARGE[1:], f"study.replicates={n + 50}", folder="longer")
    assert tables(results) != tables(longer)


@pytest.mark.parametrize("jobs", [pytest.param(2, marks=pytest.mark.slow), 7])
def test_threads_do_not_move_where_it_stops(run, jobs):
    one, _ = run(*LARGE, *GOAL)
    many, _ = run(*LARGE, *GOAL, jobs=jobs, folder="many")
    assert tables(one) == tables(many)


SLOW = [pytest.param(n, marks=pytest.mark.slow) for n in (2, 3)]


@pytest.mark.parametrize("seed", [1, *SLOW])
def test_the_order_in_which_blocks_come_in_does_not_move_it(run, shuffled, seed):
    one, _ = run(*LARGE, *GOAL)
    # Five at a time: the last of them beyond the end, come in before those that end it.
    other, _ = run(*LARGE, *GOAL, executor=shuffled(seed, 5), folder=f"shuffled-{seed}")
    assert tables(one) == tables(other)


def test_a_judge_of_whatever_came_in_first_would_stop_elsewhere(run, loaded):
    """The planted fault: errors looked at without those blocks that are still to come."""
    results, _ = run(*LARGE, *GOAL)
    plan = plan_study(loaded(*LARGE, *GOAL))
    last = plan.blocks()[replicates(results) // 50 - 1]
    early = Merged(plan)
    early.add(last, results.moments[0])
    assert early.stand is None
    assert stand_after(plan, results.moments[0], last.stop).reached


def test_a_resumed_run_that_is_exact_enough_computes_nothing(run):
    first, _ = run(*LARGE, *GOAL)
    again, listener = run(*LARGE, *GOAL)
    assert tables(first) == tables(again)
    assert listener.advanced == 0
    assert listener.done == listener.total == replicates(first)


def test_another_goal_carries_on_or_reads_less(run):
    middle, _ = run(*LARGE, *GOAL)
    tight = ("study.until.coverage_mcse=0.02",)
    more, listener = run(*LARGE, *tight)
    assert replicates(more) > replicates(middle)
    assert listener.advanced <= replicates(more) - replicates(middle) + 50
    less, listener = run(*LARGE, "study.until.coverage_mcse=0.06")
    assert replicates(less) < replicates(middle)
    assert listener.advanced == 0
    fresh, _ = run(*LARGE, *tight, folder="fresh")
    assert tables(fresh) == tables(more)


def test_the_cap_ends_what_is_never_exact_enough(run):
    results, _ = run("study.until.bias_mcse=0.000001")
    assert replicates(results) == 120
    assert not results.plan.stand.reached
    assert results.plan.stand.errors["bias"][0] > 0.000001


def test_without_a_goal_nothing_is_judged(run):
    results, listener = run()
    assert results.plan.stand is None
    assert listener.stands == []


def test_the_goal_is_no_part_of_what_a_study_is(loaded):
    assert loaded(*GOAL).scenario.digest() == loaded().scenario.digest()


def test_the_manifest_tells_where_it_stopped_and_recalls_it(run, tmp_path):
    results, _ = run(*LARGE, *GOAL)
    manifest = json.loads((tmp_path / "run" / "manifest.json").read_text())
    assert manifest["replicates"] == replicates(results)
    assert manifest["until"]["reached"]
    assert manifest["until"]["cap"] == 1000
    assert manifest["until"]["errors"]["bias"]["mcse"] <= 0.004
    plan, store, faults = recall(tmp_path / "run")
    assert faults == []
    assert faults_of_parts(plan, store) == []
    assert tables(read_results(plan, store)) == tables(results)


def test_a_manifest_of_another_goal_is_not_taken_for_this_one(run, loaded, tmp_path):
    results, _ = run(*LARGE, *GOAL)
    store = Store(tmp_path / "run", results.plan.scenario.digest(), {})
    assert is_complete(results.plan, store)
    stand = results.plan.stand
    other = stand._replace(errors={**stand.errors, "bias": (stand.errors["bias"][0], 0.005)})
    plan = plan_study(loaded(*LARGE, *GOAL)).ended_at(other)
    assert not is_complete(plan, store)


def test_undefined_errors_are_not_small():
    assert not Stand(50, 100, {"coverage": (float("nan"), 0.1)}).reached
    assert Stand(50, 100, {"coverage": (float("nan"), 0.1)}).likely == 100


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("study.until={}", "says nothing; give coverage_mcse, bias_mcse or both"),
        ("study.until.coverage_mcse=0", "is not more than 0"),
        ("study.until.bias=1", "did you mean 'bias_mcse'"),
    ],
)
def test_a_goal_that_says_nothing_is_refused(loaded, given, message):
    with pytest.raises(UserError, match=message):
        loaded(given)


def test_several_fixed_worlds_have_no_such_goal(loaded):
    with pytest.raises(UserError, match="errors over 3 fixed worlds"):
        loaded(*GOAL, "world.draw=fixed", "world.worlds=3")
    loaded(*GOAL, "world.draw=fixed")


def stopped_shares(share, goal, block, runs=4_000):
    """Shares found by runs that stop at the first block whose own MCSE reaches *goal*."""
    blocks = int(2 * share * (1 - share) / goal**2 / block) + 2
    hits = np.random.default_rng(5).binomial(block, share, (runs, blocks)).cumsum(axis=1)
    n = block * np.arange(1, blocks + 1)
    found = hits / n
    enough = np.sqrt(found * (1 - found) / n) <= goal
    assert enough[:, -1].all()
    return found[np.arange(runs), enough.argmax(axis=1)]


def test_to_stop_by_the_error_hardly_moves_the_estimate():
    """Runs whose coverage came out high stop earlier: by a small part of an MCSE."""
    goal, share = 0.002, 0.95
    found = stopped_shares(share, goal, 1_000)
    bias, mcse = found.mean() - share, found.std() / np.sqrt(len(found))
    assert bias + 4 * mcse > 0
    assert abs(bias) < 0.1 * goal + 4 * mcse
    # To stop by the estimate itself, at the first share above what is hoped for, does move it.
    hits = np.random.default_rng(5).binomial(1_000, share, (4_000, 12)).cumsum(axis=1)
    shares = hits / (1_000 * np.arange(1, 13))
    hoped = np.where((shares > share).any(axis=1), (shares > share).argmax(axis=1), 11)
    assert shares[np.arange(4_000), hoped].mean() - share > 0.5 * goal
