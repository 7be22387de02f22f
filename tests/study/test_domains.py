"""Strata by route, estimates by route and by force, and what lies off the frame."""

import math
from typing import get_args

import numpy as np
import pytest

from underrecording.audit import NOT_INSPECTED, OK
from underrecording.errors import UserError
from underrecording.estimation.many import only_force, repeat
from underrecording.inspection.audits import read_review, select_forces
from underrecording.inspection.options import Records
from underrecording.inspection.questions import QUESTIONS, strand_of
from underrecording.inspection.review import WHOLE
from underrecording.ledger import ROUTES
from underrecording.study import plan_study
from underrecording.study.block import run_block
from underrecording.study.outlook import outlook, refuse_idle_settings
from underrecording.study.plan import Block
from underrecording.study.split import split_variance
from underrecording.totals import add_up, room_for_totals

BY_ROUTE = "inspection.records.strata=group_route"
LINEARISED = "estimators=[combined_ratio/linearised/t]"
NO_SWEEP = "study.sweep={}"
DOMAINS = ("national", "violence", "crime_bureau", "control_room", "Essex", "City of London")
ASKED = f"study.estimands=[{', '.join(f'under_recording_rate/{name}' for name in DOMAINS)}]"


def rows_of(plan, replicates=400):
    """Truth (T, R), answers (T, E, R, 4) and reasons of the first replicates.

    An answer is an estimate, its standard error, low and high.
    """
    rows = run_block(plan, Block(0, 0, replicates)).rows
    answers = np.stack([rows.estimate, rows.se, rows.low, rows.high], axis=-1)
    return rows.truth[0], answers[0], rows.reason[0]


@pytest.mark.parametrize("strata", ["group", "group_route"])
def test_a_census_gives_the_truth_of_every_domain(loaded, strata):
    domains = [name for name in DOMAINS if strata == "group_route" or name not in ROUTES]
    plan = plan_study(
        loaded(
            f"inspection.records={{allocation: census, strata: {strata}}}", NO_SWEEP, LINEARISED,
            "inspection.forces={design: srs, count: 43}",
            f"study.estimands=[{', '.join(f'under_recording_rate/{name}' for name in domains)}]",
            "world.pathway={routes: {crime_bureau_share: 0.3, crime_bureau_effect: 0.8}}",
        )
    )  # fmt: skip
    truth, answers, reasons = rows_of(plan, 20)
    np.testing.assert_allclose(answers[:, 0, :, 0], truth, rtol=1e-12)
    np.testing.assert_allclose(answers[:, 0, :, 1] ** 2, 0.0, atol=1e-15)
    assert (reasons == OK).all()
    assert len(np.unique(truth[:, 0])) == len(domains)


def step_by_step(plan, replicates):
    """Audits of the first replicates by the plain functions."""
    cell, seed = plan.cells[0], plan.scenario.seed
    review, ledger = cell.inspection.review("reports"), cell.world.fresh(seed, 0, replicates)
    chosen = select_forces(cell.inspection, ledger, seed, 0, 0, replicates)
    strand = strand_of("reports", ledger, review, volumes=True)
    return read_review(cell.inspection, review, strand, chosen, seed, 0, 0), ledger


def test_answers_by_route_group_and_force_are_those_of_audits_cut_by_hand(loaded):
    plan = plan_study(loaded(BY_ROUTE, NO_SWEEP, ASKED, "inspection.forces.count=20"))
    audits, _ = step_by_step(plan, 60)
    _, answers, reasons = rows_of(plan, 60)
    assert audits.due.shape[2] == 12
    strata = {
        "national": range(12), "violence": (0, 1), "crime_bureau": range(1, 12, 2),
        "control_room": range(0, 12, 2),
    }  # fmt: skip
    for name, columns in strata.items():
        cut = audits._replace(
            **{
                field: np.ascontiguousarray(getattr(audits, field)[:, :, list(columns)])
                for field in (
                    "frame", "sampled", "due", "recorded", "over_recorded", "recorded_volume",
                )
            },
            totals=room_for_totals(*audits.force.shape),
        )  # fmt: skip
        add_up(cut)
        for e, spec in enumerate(plan.estimators):
            expected, why = repeat(spec, cut, level=0.95)
            expected[:, 1] **= 0.5
            np.testing.assert_array_equal(answers[DOMAINS.index(name), e], expected)
            np.testing.assert_array_equal(reasons[DOMAINS.index(name), e], why)
    essex = plan.cells[0].world.frame.forces.index("Essex")
    t, inspected = DOMAINS.index("Essex"), (audits.force == essex).any(axis=1)
    assert 0 < inspected.sum() < 60
    np.testing.assert_array_equal(reasons[t, :, ~inspected], NOT_INSPECTED)
    assert np.isnan(answers[t, :, ~inspected]).all()
    for b in np.flatnonzero(inspected):
        i = int(np.flatnonzero(audits.force[b] == essex)[0])
        n, big_n = audits.sampled[b, i], audits.frame[b, i]
        x, y = (audits.due[b, i] * big_n / n).sum(), (audits.recorded[b, i] * big_n / n).sum()
        assert answers[t, 1, b, 0] == pytest.approx(1 - y / x, rel=1e-12)
        assert answers[t, 0, b, 0] == pytest.approx(
            1 - audits.recorded[b, i].sum() / audits.due[b, i].sum(), rel=1e-12
        )


def test_a_force_drawn_twice_is_known_from_its_first_reading(loaded):
    plan = plan_study(
        loaded(
            "inspection.forces={design: pps_wr, count: 30}", NO_SWEEP,
            "estimators=[combined_ratio/binomial/wald]",
            "study.estimands=[under_recording_rate/Metropolitan]",
        )
    )  # fmt: skip
    audits, _ = step_by_step(plan, 30)
    met = plan.cells[0].world.frame.forces.index("Metropolitan")
    alone = only_force(audits, met)
    assert ((audits.force == met).sum(axis=1) > 1).any()
    for b in range(30):
        first = int(np.flatnonzero(audits.force[b] == met)[0])
        np.testing.assert_array_equal(alone.due[b, 0], audits.due[b, first])
        np.testing.assert_array_equal(alone.recorded[b, 0], audits.recorded[b, first])


def test_a_force_that_was_not_inspected_is_a_counted_reason(run):
    results, _ = run(NO_SWEEP, ASKED, BY_ROUTE, LINEARISED)
    failures = results.failures.set_index("domain")
    left_out = failures.loc["Essex", "the force was not inspected"]
    # 5 of 43 in 120 replicates: each but for 1 in 1,000 within 84 to 119 times.
    assert 84 <= left_out <= 119
    assert failures.loc["Essex", "answered"] == 120 - left_out
    assert failures.loc["national", "the force was not inspected"] == 0


def worst_gap(plan, shift=0.0, replicates=1_000):
    """Largest mean error over the targets, in Monte Carlo errors; *shift* added to the truth."""
    truth, answers, reasons = rows_of(plan, replicates)
    gaps = []
    for t in range(len(truth)):
        answered = reasons[t, 0] == OK
        error = answers[t, 0, answered, 0] - truth[t, answered] - shift
        gaps.append(abs(error.mean()) / (error.std(ddof=1) / math.sqrt(answered.sum())))
    return gaps


def test_estimates_by_route_and_force_are_unbiased_where_all_forces_are_inspected(loaded):
    plan = plan_study(
        loaded(
            BY_ROUTE, NO_SWEEP, LINEARISED, ASKED, "inspection.forces.count=43",
            "inspection.records.per_force=400", "study.replicates=1000", "study.block_size=1000",
            "study.trajectories=0", "world.pathway={routes: {crime_bureau_effect: 1.0}}",
        )
    )  # fmt: skip
    assert max(worst_gap(plan)) < 4
    assert min(worst_gap(plan, shift=0.02)) > 4


def test_the_variance_of_an_estimate_by_route_is_split_like_any_other(loaded):
    asked = "study.estimands=[under_recording_rate/crime_bureau, under_recording_rate/violence]"
    plan = plan_study(loaded(BY_ROUTE, NO_SWEEP, LINEARISED, asked, "inspection.forces.count=20"))
    for one in split_variance(plan, units=300):
        assert abs(one.difference.value) < 4 * one.difference.mcse
        gain = one.gain
        # What is known given the forces agrees with what the nested draws show.
        records, known = one.sources["records"], gain.records
        assert abs(records.value - known.value) < 4 * math.hypot(records.mcse, known.mcse)
        assert gain.integrated_bias.mcse < gain.bias.mcse


def test_every_allocation_reads_what_can_be_read_and_no_more(loaded):
    """Losses are read under every allocation, so none leaves `unreachable` idle."""
    for allocation in get_args(Records.model_fields["allocation"].annotation):
        given = f"inspection.records={{allocation: {allocation}, unreachable: %s}}"
        whole, lossy = (
            step_by_step(plan_study(loaded(given % loss, NO_SWEEP)), 20)[0]
            for loss in ("{}", "{recorded: 0.2, unrecorded: 0.2, not_due: 0.2}")
        )
        kept = lossy.sampled.sum() / whole.sampled.sum()
        mcse = math.sqrt(0.2 * 0.8 / whole.sampled.sum())
        assert abs(kept - 0.8) < 4 * mcse, allocation
        loss = loaded(given % "{recorded: 0.2}", NO_SWEEP)
        refuse_idle_settings(loss, plan_study(loss))


def test_routes_too_small_are_left_together_and_counted(loaded):
    settings = (BY_ROUTE, NO_SWEEP, "world.pathway={routes: {crime_bureau_share: 0.005}}")
    cell = plan_study(loaded(*settings)).cells[0]
    strata, reports = cell.inspection.strata, cell.world.law.reports
    expected = np.rint(0.005 * reports)
    assert strata.collapsed == (expected < 2).sum() > 0
    small = expected < 2
    np.testing.assert_array_equal(strata.reports[:, 0::2][small], reports[small])
    assert (strata.reports[:, 1::2][small] == 0).all()
    assert (cell.inspection.records[:, 1::2][~small] >= 2).all()
    said = f"left together in {strata.collapsed} of 258 groups of a force"
    assert said in cell.strata()
    # A minimum that a route cannot give leaves it with its group too.
    more = plan_study(loaded(*settings, "inspection.records.minimum=3")).cells[0]
    assert more.inspection.strata.collapsed == (expected < 3).sum() > strata.collapsed
    # What is collapsed is still in the frame, and counts once.
    audits, ledger = step_by_step(plan_study(loaded(*settings)), 10)
    for b in range(10):
        np.testing.assert_array_equal(
            audits.frame[b].sum(axis=1), ledger.reports[b, audits.force[b]].sum(axis=1)
        )


def test_a_stratum_may_hold_less_than_was_to_be_read_and_is_then_read_whole(loaded):
    plan = plan_study(loaded(BY_ROUTE, "world.pathway={routes: {crime_bureau_share: 0.02}}"))
    audits, _ = step_by_step(plan, 60)
    assert (audits.sampled <= audits.frame).all()
    inspection = plan.cells[0].inspection
    assert (audits.sampled < inspection.records[audits.force]).any()
    # Strata to be read whole are, though they hold more or less than expected.
    planned = inspection.review("reports").records[audits.force]
    np.testing.assert_array_equal(audits.sampled, np.minimum(planned, audits.frame))
    assert ((planned == WHOLE) & (audits.sampled > 0)).any()


def test_the_outlook_says_what_was_too_small(loaded):
    plan = plan_study(loaded(BY_ROUTE, "world.pathway={routes: {crime_bureau_share: 0.005}}"))
    line = next(line for line in outlook(plan).splitlines() if line.startswith("  strata"))
    assert "12 in each of 43 forces" in line
    assert "left together in" in line
    plain = outlook(plan_study(loaded()))
    assert "offence groups: 6 in each of 43 forces; 0 of fewer than 2 reports" in plain
    large = plan_study(
        loaded("inspection.records={allocation: equal, minimum: 60, per_force: 900}")
    )
    assert large.cells[0].inspection.short > 0
    assert f"; {large.cells[0].inspection.short} of fewer than 60 reports" in outlook(large)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (("study.estimands=[under_recording_rate/crime_bureau]",), "no audit tells routes apart"),
        ((BY_ROUTE, "estimators=[by_group/linearised/t]"), "none is published by route"),
        (
            (
                "study.estimands=[under_recording_rate/Essex]",
                "estimators=[combined_ratio/jackknife/t, combined_ratio/linearised/t]",
            ),
            "of a single force combined_ratio/jackknife/t sees nothing",
        ),
        (("study.estimands=[under_recording_rate/Exsex]",), "Exsex"),
    ],
)  # fmt: skip
def test_what_has_no_meaning_is_refused(loaded, settings, message):
    with pytest.raises(UserError, match=message):
        plan_study(loaded(*settings))


def test_every_force_and_route_can_be_asked_about(loaded):
    names = [name for name, one in QUESTIONS.items() if one.force or one.route]
    assert len(names) == 43 + 2
    plan = plan_study(
        loaded(BY_ROUTE, NO_SWEEP, LINEARISED, f"study.estimands=[{', '.join(names)}]")
    )
    truth, _, _ = rows_of(plan, 5)
    assert ((truth > 0) & (truth < 1)).all()
    assert len(np.unique(truth[:, 0])) == 45


# Reports that were never logged where anybody audits.

GAP = 0.08
OFF_FRAME = (
    "world.draw=fixed", NO_SWEEP, LINEARISED, "inspection.forces.count=43", "study.trajectories=0",
    "study.replicates=1000", "study.block_size=1000", "inspection.records.per_force=400",
    "study.estimands=[under_recording_rate/national, under_recording_rate/all_routes]",
)  # fmt: skip


def frame_of(gap):
    return f"world.frame={{gap_share: {gap}, other_systems_share: 0}}"


def test_a_gap_in_the_frame_is_in_the_truth_and_in_no_audit(loaded):
    without, with_gap = (
        rows_of(plan_study(loaded(*OFF_FRAME, frame_of(gap)))) for gap in (0.0, GAP)
    )
    np.testing.assert_array_equal(without[1], with_gap[1])  # The inspectors see no difference.
    np.testing.assert_array_equal(without[0][0], with_gap[0][0])
    np.testing.assert_array_equal(without[0][0], without[0][1])
    assert with_gap[0][1, 0] > with_gap[0][0, 0]


@pytest.mark.parametrize("gap", [0.02, GAP])
def test_the_bias_of_a_gap_is_the_one_worked_out(loaded, gap):
    """U of the frame less (unrecorded + gap) / (due + gap): what no sample size mends."""
    plan = plan_study(loaded(*OFF_FRAME, frame_of(gap)))
    ledger = plan.cells[0].world.fixed(plan.scenario.seed, 0)
    due, recorded = ledger.due.sum(), ledger.recorded.sum()
    never_logged = plan.cells[0].world.law.gap_due.sum()
    assert never_logged == pytest.approx(gap * plan.cells[0].world.expected_due.sum(), rel=1e-4)
    expected = (due - recorded) / due - (due - recorded + never_logged) / (due + never_logged)
    truth, answers, _ = rows_of(plan, 1_000)
    error = answers[1, 0, :, 0] - truth[1]
    mcse = error.std(ddof=1) / math.sqrt(error.size)
    assert abs(error.mean() - expected) < 4 * mcse
    # Planted: the gap left out of the truth, or counted twice.
    assert abs(error.mean()) > 4 * mcse
    assert abs(error.mean() - 2 * expected) > 4 * mcse


# Random numbers.


def test_each_strand_resamples_by_itself_and_reports_as_they_did(loaded):
    plan = plan_study(loaded("inspection.no_crimes={}", "inspection.recorded_crimes={}"))
    cell, seed = plan.cells[0], plan.scenario.seed
    ledger = cell.world.fresh(seed, 0, 4)
    chosen = select_forces(cell.inspection, ledger, seed, 0, 0, 4)
    seeds = {}
    for name in ("reports", "no_crimes", "late", "misclassified"):
        review = cell.inspection.review(name)
        strand = strand_of(name, ledger, review, volumes=True)
        seeds[name] = read_review(cell.inspection, review, strand, chosen, seed, 0, 0).seed
    assert len(np.unique(np.concatenate(list(seeds.values())))) == 16
    # As it was before strands had seeds of their own.
    assert seeds["reports"].tolist() == REPORTS_SEEDS


REPORTS_SEEDS = [
    2774708262407309150, 3622174429466507241, 2839151097921182096, 133499289995417628,
]  # fmt: skip
