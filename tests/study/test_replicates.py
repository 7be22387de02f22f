"""The one pass of a study gives what its steps give one by one, to the last bit."""

import numpy as np
import pytest

from underrecording.estimation.many import only_stratum, repeat
from underrecording.inspection.audits import read_review, select_forces
from underrecording.inspection.questions import STRANDS
from underrecording.study import drawn as drawn_module
from underrecording.study import plan_study
from underrecording.study.block import run_block
from underrecording.study.drawn import Drawn
from underrecording.study.needs import needs_of
from underrecording.study.plan import Block
from underrecording.study.replicates import WHOLE, Domain, replicate

REPLICATES = 70

ERRING = "{due: {sensitivity: 0.9, specificity: 0.95}, recorded: {sensitivity: 0.97}}"
CASES = {
    "plain": [],
    "stratified": ["inspection.forces={design: stratified, by: force_type, count: 8}"],
    "with replacement": [
        "inspection.forces={design: pps_wr, count: 8}",
        "estimators=[pooled/binomial/wald, combined_ratio/ultimate_cluster/t]",
    ],
    "tilted": ["inspection.forces={design: tilted, count: 6, tilt: -1}"],
    "erring": [f"inspection.auditors={ERRING}"],
    "read twice": ["inspection.auditors={due: {sensitivity: 0.9}, second_reading: {share: 0.3}}"],
    "out of reach": ["inspection.records.unreachable={unrecorded: 0.2, not_due: 0.1}"],
    "volumes": ["estimators=[volume_weighted/linearised/t, by_group/linearised/t]"],
    "models": ["estimators=[beta_binomial/posterior/credible, combined_ratio/bootstrap/logit]"],
}  # fmt: skip


def world_in_full(plan):
    world, seed = plan.cells[0].world, plan.scenario.seed
    return world.fresh(seed, 0, REPLICATES) if plan.fresh else world.fixed(seed, 0)


def step_by_step(plan, name, stratum):
    """Answers of every estimator by the plain functions, each over all replicates."""
    cell, seed = plan.cells[0], plan.scenario.seed
    review = cell.inspection.review(name)
    ledger = world_in_full(plan)
    strand = STRANDS[name](ledger, review.groups, True)
    chosen = select_forces(cell.inspection, ledger, seed, 0, 0, REPLICATES)
    audits = read_review(cell.inspection, review, strand, chosen, seed, 0, 0)
    if stratum != WHOLE:
        audits = only_stratum(audits, stratum)
    return [repeat(spec, audits, level=0.9) for spec in plan.estimators]


def drawn_of(plan):
    if plan.fresh:
        return Drawn.fresh(plan, needs_of(plan), 0, REPLICATES)
    return Drawn.fixed(plan, needs_of(plan), 0)


def one_pass(plan, drawn, name, strata):
    domains = [h if h == WHOLE else Domain(first=h, strata=1) for h in strata]
    return replicate(
        plan.cells[0].inspection, drawn.reading(0, name), drawn.accuracy(0), plan.estimators,
        domains, level=0.9, seed=plan.scenario.seed, world=0, first=0, count=REPLICATES,
    )  # fmt: skip


@pytest.mark.parametrize("draw", ["fresh", "fixed"])
@pytest.mark.parametrize("case", CASES)
def test_one_pass_equals_the_steps(loaded, case, draw):
    settings = (
        *CASES[case],
        f"world.draw={draw}",
        "study.sweep={}",
        "inspection.no_crimes={groups: [sexual, violence, robbery], per_force: 20}",
        "study.estimands=[under_recording_rate/national, wrong_no_crime_share/national]",
        "study.replicates=10000",
    )
    plan = plan_study(loaded(*settings))
    drawn = drawn_of(plan)
    tabled = draw == "fixed" and case != "read twice"
    assert bool(drawn.reading(0, "reports").tables.due_guide.size) == tabled
    for name, strata in {"reports": [WHOLE, 2, 0], "no_crimes": [WHOLE, 1]}.items():
        answers, reasons = one_pass(plan, drawn, name, strata)
        for q, stratum in enumerate(strata):
            for e, (expected, why) in enumerate(step_by_step(plan, name, stratum)):
                np.testing.assert_array_equal(answers[q, e], expected)
                np.testing.assert_array_equal(reasons[q, e], why)


def test_the_comparison_catches_a_planted_number(loaded):
    plan = plan_study(loaded("world.draw=fixed", "study.replicates=10000", "study.sweep={}"))
    drawn = Drawn.fixed(plan, needs_of(plan), 0)
    expected = step_by_step(plan, "reports", WHOLE)[1][0]
    guide = drawn.reading(0, "reports").tables.due_guide
    kept = guide.copy()
    guide[:, 100:200] += 1  # One report more read as due where luck is poor.
    assert (one_pass(plan, drawn, "reports", [WHOLE])[0][0, 1] != expected).any()
    guide[:] = kept
    assert (one_pass(plan, drawn, "reports", [WHOLE])[0][0, 1] == expected).all()


def test_a_block_is_the_same_with_and_without_tables(loaded, monkeypatch):
    plan = plan_study(loaded("world.draw=fixed"))
    drawn_module._kept.clear()
    one_by_one = run_block(plan, Block(0, 0, 50))
    monkeypatch.setattr(drawn_module, "WORTHWHILE", 1)
    drawn_module._kept.clear()
    tabled = run_block(plan, Block(0, 0, 50))
    drawn_module._kept.clear()
    assert all((a == b).all() for a, b in zip(tabled.rows[2:], one_by_one.rows[2:], strict=True))
    assert all((a == b).all() for a, b in zip(tabled.moments, one_by_one.moments, strict=True))


def test_blocks_of_one_fixed_world_share_it_and_few_worlds_are_kept(loaded):
    settings = ("world.draw=fixed", "world.worlds=9", "study.replicates=10000")
    plan, same = plan_study(loaded(*settings)), plan_study(loaded(*settings))
    first = Drawn.fixed(plan, needs_of(plan), 0)
    assert Drawn.fixed(same, needs_of(same), 0) is first
    tables = [first.reading(c, "reports").tables for c in range(len(plan.cells))]
    assert all(each is tables[0] for each in tables)  # Cells of other forces, the same records.
    for number in range(9):
        Drawn.fixed(plan, needs_of(plan), number)
    assert len(drawn_module._kept) == drawn_module.KEPT_WORLDS
    assert Drawn.fixed(plan, needs_of(plan), 0) is not first


def test_tables_that_take_too_much_memory_are_not_made(loaded, monkeypatch):
    monkeypatch.setattr(drawn_module, "MAX_TABLE_BYTES", 1_000)
    plan = plan_study(loaded("world.draw=fixed", "study.replicates=10000", "seed=99"))
    assert not Drawn.fixed(plan, needs_of(plan), 0).reading(0, "reports").tables.due_guide.size
