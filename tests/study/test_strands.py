"""The other strands of an inspection in a study: truth meets estimate, and nobody else notices."""

import math

import numpy as np
import pytest

from underrecording.errors import UserError
from underrecording.inspection.questions import QUESTIONS
from underrecording.study import plan_study
from underrecording.study.block import run_block
from underrecording.study.moments import E1, E2, ESTIMATE, TRUTH
from underrecording.study.plan import Block

CONTROL, DESIGN_BASED = 0, 1
REPORTS = ("under_recording_rate/national", "net_under_recording_rate/national")
FAULTS = (
    "late_share/national",
    "late_share/violence",
    "misclassified_share/national",
    "misclassified_share/other",
    "wrong_disposal_share/national",
)
OTHERS = "under_recording_rate/other_systems"
SECTIONS = (
    "inspection.recorded_crimes={}",
    "inspection.disposals={}",
    "inspection.other_systems={}",
    "inspection.no_crimes={}",
)
ALL_FORCES = ("study.sweep={}", "inspection.forces.count=43", "study.trajectories=0")
READ_WHOLE = (
    *ALL_FORCES,
    "inspection.records={allocation: census}",
    "inspection.recorded_crimes.per_force=1000000",
    "inspection.disposals.per_force=1000000",
    "inspection.other_systems.per_force=1000000",
)


@pytest.fixture
def ran(loaded):
    """Run replicates of the small study with other estimands: what is kept of them."""

    def run_it(*overrides, estimands, replicates=100):
        asked = f"study.estimands=[{', '.join(estimands)}]"
        plan = plan_study(loaded(*SECTIONS, *overrides, asked))
        result = run_block(plan, Block(0, 0, replicates))
        return result.moments.at(0)

    return run_it


def bias_in_mcses(moments, target, estimator=DESIGN_BASED):
    sums, n = moments.sums[target, estimator], int(moments.reasons[target, estimator, 0])
    mean = sums[E1] / n
    return mean / math.sqrt((sums[E2] / n - mean**2) / (n - 1))


def rmse(moments, target, estimator=DESIGN_BASED):
    n = moments.reasons[target, estimator, 0]
    return math.sqrt(moments.sums[target, estimator, E2] / n)


def test_where_all_is_read_every_strand_returns_the_truth_with_no_error(ran):
    asked = (*FAULTS, OTHERS)
    moments = ran(*READ_WHOLE, estimands=asked, replicates=20)
    for target, estimand in enumerate(asked):
        assert moments.reasons[target, DESIGN_BASED, 0] == 20
        assert rmse(moments, target) < 1e-14, estimand
        assert moments.sums[target, DESIGN_BASED, TRUTH] > 0.02 * 20


def test_a_census_by_readers_who_err_does_not_return_the_truth(ran):
    moments = ran(
        *READ_WHOLE, "inspection.auditors.late.sensitivity=0.9",
        estimands=("late_share/national", "misclassified_share/national"), replicates=20,
    )  # fmt: skip
    sums = moments.sums[0, DESIGN_BASED]
    assert sums[ESTIMATE] / sums[TRUTH] == pytest.approx(0.9, abs=0.001)
    assert rmse(moments, 1) < 1e-14


def test_a_census_leaves_out_what_cancellations_take_away(ran, loaded):
    """The national estimate misses just the wrongly cancelled crimes, per due crime."""
    moments = ran(*READ_WHOLE, estimands=REPORTS, replicates=20)
    assert rmse(moments, 0) < 1e-14
    world = plan_study(loaded()).cells[0].world
    ledger = world.fresh(7, 0, 20)
    lost = ledger.wrongly_no_crimed.sum(axis=(1, 2)) / ledger.due.sum(axis=(1, 2))
    assert moments.sums[1, DESIGN_BASED, E1] == pytest.approx(-lost.sum(), rel=1e-10)
    assert lost.mean() > 0.003


def test_unrecorded_crimes_per_recorded_one_are_the_odds_of_the_rate(ran):
    asked = ("unrecorded_per_recorded/national", "under_recording_rate/national")
    odds, rate = ran(*READ_WHOLE, estimands=asked, replicates=1).sums[:, DESIGN_BASED, ESTIMATE]
    assert odds == pytest.approx(rate / (1 - rate), rel=1e-12)
    # What is published is net of cancellations and holds what should not be there.
    zero = "{violence: 0, sexual: 0, robbery: 0, burglary: 0, damage: 0, other: 0}"
    plain = ran(
        *READ_WHOLE, f"world.no_crimes.rate={zero}", "world.frame.over_recording_rate=0",
        estimands=asked, replicates=20,
    )  # fmt: skip
    assert rmse(plain, 0) < 1e-14
    assert rmse(ran(*READ_WHOLE, estimands=asked, replicates=20), 0) > 0.004


def test_sampled_records_have_no_bias_where_every_force_is_inspected(ran):
    asked = (*FAULTS, OTHERS)
    moments = ran(*ALL_FORCES, estimands=asked, replicates=1500)
    for target, estimand in enumerate(asked):
        assert abs(bias_in_mcses(moments, target)) < 4, estimand


def test_the_test_of_bias_catches_readers_who_miss_one_fault_in_twenty(ran):
    """So that none of these studies could hide such a fault."""
    err = [
        f"inspection.auditors.{question}.sensitivity=0.95"
        for question in ("late", "misclassified", "wrong_disposal")
    ]
    moments = ran(
        *ALL_FORCES, *err, "inspection.auditors.recorded.sensitivity=0.95",
        estimands=(*FAULTS, OTHERS), replicates=1500,
    )  # fmt: skip
    assert all(bias_in_mcses(moments, target) < -4 for target in range(len(FAULTS)))
    assert bias_in_mcses(moments, len(FAULTS)) > 4


def test_intervals_hold_the_truth_as_often_as_they_say_where_every_force_is_inspected(ran):
    moments = ran(
        *ALL_FORCES, estimands=("late_share/national", "wrong_disposal_share/national"),
        replicates=1500,
    )  # fmt: skip
    covered, mcse = moments.counts[:, :, 0] / 1500, math.sqrt(0.95 * 0.05 / 1500)
    assert (abs(covered[:, DESIGN_BASED] - 0.95) < 4 * mcse).all()
    # Forces are unequally late, which an estimator that weights none of them overlooks.
    assert covered[0, CONTROL] < 0.95 - 4 * mcse


def test_more_questions_change_nothing_in_the_answers_to_others(ran):
    alone = ran(estimands=("under_recording_rate/national",))
    among = ran(estimands=(*FAULTS, OTHERS, *REPORTS, "wrong_no_crime_share/national"))
    for name, a, b in zip(alone._fields, alone, among, strict=True):
        np.testing.assert_array_equal(a[0], b[len(FAULTS) + 1], err_msg=name)
    for estimand in (*FAULTS, OTHERS):
        target = (*FAULTS, OTHERS).index(estimand)
        np.testing.assert_array_equal(ran(estimands=(estimand,)).sums[0], among.sums[target])


@pytest.mark.parametrize(
    ("estimand", "message"),
    [
        (
            "late_share/national",
            r"needs recorded crimes to be reviewed; add inspection\.recorded_crimes: \{\}",
        ),
        ("misclassified_share/robbery", r"add inspection\.recorded_crimes: \{\}"),
        ("wrong_disposal_share/national", r"add inspection\.disposals: \{\}"),
        ("under_recording_rate/other_systems", r"add inspection\.other_systems: \{\}"),
        ("wrong_no_crime_share/national", r"needs no-crimes to be reviewed"),
    ],
)
def test_an_estimand_of_records_that_nobody_reads_is_refused(loaded, estimand, message):
    with pytest.raises(UserError, match=message):
        loaded(f"study.estimands=[{estimand}]")


def test_a_group_that_is_not_reviewed_cannot_be_asked_about(loaded):
    few = "inspection.recorded_crimes={groups: [violence, robbery]}"
    with pytest.raises(UserError, match=r"add other to inspection\.recorded_crimes\.groups"):
        loaded(few, "study.estimands=[late_share/other]")
    loaded(few, "study.estimands=[late_share/robbery, late_share/national]")


def test_the_group_that_is_asked_about_is_the_one_that_is_read(ran):
    """Its place among the groups reviewed is not its place among all groups."""
    some = "inspection.recorded_crimes={groups: [other, robbery], per_force: 1000000}"
    moments = ran(*ALL_FORCES, some, estimands=("late_share/robbery",), replicates=20)
    assert rmse(moments, 0) < 1e-14


def test_every_estimand_is_answered(ran):
    by_route = "inspection.records.strata=group_route"
    moments = ran(*ALL_FORCES, by_route, estimands=tuple(QUESTIONS), replicates=5)
    assert (moments.reasons[:, DESIGN_BASED, 0] == 5).all()
