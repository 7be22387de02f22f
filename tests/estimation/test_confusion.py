"""The ratio corrected for reading error: by hand, by matrix, by differences, and in a study."""

import math

import numpy as np
import pytest

from underrecording.audit import BLIND_READERS, FAULTLESS, NOTHING_DUE, OK, Audit, Influence
from underrecording.estimation import EstimatorSpec, empty_influence, estimate
from underrecording.estimation.check import with_totals
from underrecording.estimation.compile import compiled_point
from underrecording.estimation.many import repeat
from underrecording.inspection.audits import read_reports, select_forces
from underrecording.inspection.forces.srs import SimpleRandom
from underrecording.inspection.inspect import plan_inspection
from underrecording.inspection.options import (
    Auditors,
    InspectionOptions,
    Reading,
    Records,
    SecondReading,
)
from underrecording.inspection.strands import reports_strand
from underrecording.ledger import under_recording_rate
from underrecording.world.build import build_world
from underrecording.world.options import WorldOptions

RATES = np.array([0.93, 0.88, 0.95, 0.9])


def with_readers(audit, rates, variances=(0.0, 0.0, 0.0, 0.0)):
    return audit._replace(readers=np.column_stack([rates, variances]))


@pytest.fixture
def audit(random_audit):
    """Four forces, three strata, some reports recorded though read as not due."""
    made = random_audit(8)
    return with_readers(made._replace(over_recorded=(made.sampled - made.due) // 2), RATES)


def one_stratum(recorded, due, over_recorded, sampled, rates):
    """A census of one force with one stratum."""

    def cell(count):
        return np.array([[count]])

    audit = Audit(
        np.array([0]), cell(sampled), cell(sampled), cell(due), cell(recorded), np.ones(1),
        np.array([0]), np.zeros((1, 1)), cell(over_recorded), np.array([0]),
    )  # fmt: skip
    return with_readers(audit, rates)


def corrected(audit):
    """Accuracy, reason and influence of the corrected ratio."""
    influence = empty_influence(len(audit.force))
    value, reason = compiled_point("confusion_corrected")(with_totals(audit), influence)
    return value, reason, influence


def true_cells(audit):
    """Corrected cell shares of each stratum, by the inverse of the 4 x 4 matrix, (m, H, 4)."""
    s_d, c_d, s_r, c_r = audit.readers[:, 0]
    matrix = np.kron([[s_d, 1 - s_d], [1 - c_d, c_d]], [[s_r, 1 - s_r], [1 - c_r, c_r]])
    return observed(audit) @ np.linalg.inv(matrix)


def observed(audit):
    counts = [
        audit.recorded,
        audit.due - audit.recorded,
        audit.over_recorded,
        audit.sampled - audit.due - audit.over_recorded,
    ]
    return np.stack(counts, axis=-1) / audit.sampled[..., None]


def test_a_stratum_by_hand():
    """100 records: 66 due and recorded, 24 due, 2 recorded, 8 neither; rates of 0.9 and 0.8."""
    value, reason, influence = corrected(one_stratum(66, 90, 2, 100, [0.9, 0.8, 1.0, 1.0]))
    # Due: (90 * 0.8 - 10 * 0.2) / 0.7 = 100; recorded of them: (66 * 0.8 - 2 * 0.2) / 0.7.
    assert reason == OK
    assert influence.denominator[0] == pytest.approx(100.0)
    assert value == pytest.approx((66 * 0.8 - 2 * 0.2) / 0.7 / 100)


def test_value_is_the_inverse_confusion_matrix_on_the_cell_shares(audit):
    cells = true_cells(audit) * (audit.frame / audit.p_inclusion[:, None])[..., None]
    due, recorded = cells[..., :2].sum(), cells[..., 0].sum()
    value, reason, influence = corrected(audit)
    assert reason == OK
    assert value == pytest.approx(recorded / due, rel=1e-12)
    assert influence.denominator.sum() == pytest.approx(due, rel=1e-12)
    assert influence.numerator.sum() == pytest.approx(recorded, rel=1e-12)
    # Sensitivity and specificity in each other's place would be another answer.
    swapped = with_readers(audit, RATES[[1, 0, 3, 2]])
    assert abs(corrected(swapped)[0] - value) > 1e-3


def test_influence_is_that_of_records_read_one_by_one(audit):
    value, _, influence = corrected(audit)
    assert influence.contribution.sum() == pytest.approx(0.0, abs=1e-12)
    inverse_due = np.linalg.inv([[0.93, 0.07], [0.12, 0.88]])[:, 0]
    inverse_recorded = np.linalg.inv([[0.95, 0.05], [0.1, 0.9]])[:, 0]
    residual = np.kron(inverse_due, inverse_recorded - value)
    total = (influence.denominator).sum()
    for f in range(4):
        sums, variance, share = 0.0, 0.0, 1.0 / (audit.p_inclusion[f] * total)
        for h in range(3):
            weight = audit.frame[f, h] / audit.sampled[f, h]
            counts = np.rint(observed(audit)[f, h] * audit.sampled[f, h]).astype(int)
            records = np.repeat(residual, counts)
            by_chance = len(records) * (1 - len(records) / audit.frame[f, h])
            variance += weight**2 * by_chance * records.var(ddof=1)
            sums += share * weight * records.sum()
        expected = audit.p_inclusion[f] * share**2 * variance
        assert influence.spread[f] == pytest.approx(expected, rel=1e-10)
        assert influence.contribution[f] == pytest.approx(sums, rel=1e-9, abs=1e-12)


def test_contribution_is_the_slope_in_the_weight_of_a_force(audit):
    _, _, influence = corrected(audit)
    for f in range(4):
        step = 1e-6
        moved = []
        for sign in (1, -1):
            p = audit.p_inclusion.copy()
            p[f] /= 1 + sign * step
            moved.append(corrected(audit._replace(p_inclusion=p))[0])
        slope = (moved[0] - moved[1]) / (2 * step)
        assert influence.contribution[f] == pytest.approx(slope, rel=1e-5, abs=1e-9)


def test_variance_from_the_readers_is_the_squared_slope_in_each_rate(audit):
    for rate in range(4):
        step = np.zeros(4)
        step[rate] = 1e-6
        up, down = (corrected(with_readers(audit, RATES + s * step))[0] for s in (1, -1))
        slope = (up - down) / 2e-6
        variance = np.zeros(4)
        variance[rate] = 0.0004
        influence = corrected(with_readers(audit, RATES, variance))[2]
        assert influence.readers[0] == pytest.approx(0.0004 * slope**2, rel=1e-6)
    both = corrected(with_readers(audit, RATES, [0.0001, 0.0002, 0.0, 0.0]))[2].readers[0]
    one, other = (
        corrected(with_readers(audit, RATES, v))[2].readers[0]
        for v in ([0.0001, 0.0, 0.0, 0.0], [0.0, 0.0002, 0.0, 0.0])
    )
    assert both == pytest.approx(one + other)


def test_variance_from_the_readers_reaches_the_estimate(audit):
    spec = EstimatorSpec.parse("confusion_corrected/linearised/wald")
    sure = estimate(audit, spec)
    unsure = estimate(with_readers(audit, RATES, [0.001] * 4), spec)
    added = corrected(with_readers(audit, RATES, [0.001] * 4))[2].readers[0]
    assert unsure.variance - sure.variance == pytest.approx(added)
    assert added > 0.0


@pytest.mark.parametrize("seed", range(5))
def test_with_faultless_readers_it_is_the_combined_ratio(seed, random_audit):
    audit = random_audit(seed)._replace(readers=FAULTLESS)
    value, reason, influence = corrected(audit)
    plain = empty_influence(len(audit.force))
    assert reason == OK
    assert value == pytest.approx(
        compiled_point("combined_ratio")(with_totals(audit), plain)[0], rel=1e-14
    )
    for name in Influence._fields:
        one, other = getattr(influence, name), getattr(plain, name)
        np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-14, err_msg=name)


@pytest.mark.parametrize(
    "rates", [(0.5, 0.5, 0.9, 0.9), (0.9, 0.9, 0.4, 0.5), (math.nan, 0.9, 0.9, 0.9)]
)
def test_readers_who_tell_nothing_apart_leave_no_answer(rates, audit):
    value, reason, _ = corrected(with_readers(audit, rates))
    assert math.isnan(value)
    assert reason == BLIND_READERS


def test_fewer_due_than_errors_alone_would_make_leave_no_answer():
    value, reason, _ = corrected(one_stratum(2, 5, 0, 100, RATES))
    assert math.isnan(value)
    assert reason == NOTHING_DUE


def test_an_answer_beyond_the_border_is_clipped_and_its_influence_is_not():
    audit = one_stratum(60, 60, 30, 100, RATES)
    value, reason, influence = corrected(audit)
    assert (value, reason) == (1.0, OK)
    assert influence.numerator.sum() > influence.denominator.sum()
    assert influence.contribution.sum() == pytest.approx(0.0, abs=1e-12)
    sampled = audit._replace(frame=np.array([[1000]]))
    answer = estimate(sampled, EstimatorSpec.parse("confusion_corrected/linearised/wilson"))
    assert 0.0 < answer.low < answer.high == answer.value == 1.0


ERRING = {
    "due": Reading(sensitivity=0.93, specificity=0.88),
    "recorded": Reading(sensitivity=0.95, specificity=0.9),
}
REPLICATES = 1500


@pytest.fixture(scope="module")
def study():
    """A function: forces and auditors to errors e, covered, model SE of the corrected ratio."""
    nation = build_world(WorldOptions())
    ledger = nation.fresh(3, 0, REPLICATES)
    truth = under_recording_rate(ledger, "national", nation.frame.groups)

    def run(count, point, **auditors):
        options = InspectionOptions(
            forces=SimpleRandom(design="srs", count=count),
            records=Records(allocation="hmic_2014", per_force=160.0),
            auditors=Auditors(**{**ERRING, **auditors}),
        )
        plan = plan_inspection(
            options, nation.frame, nation.law.reports, nation.expected_no_crimes()
        )
        chosen = select_forces(plan, ledger, 3, 0, 0, REPLICATES)
        audits = read_reports(plan, reports_strand(ledger), chosen, 3, 0, 0)
        spec = EstimatorSpec.parse(f"{point}/linearised/t")
        answers, reasons = repeat(spec, audits, level=0.95)
        assert (reasons == OK).all()
        covered = (answers[:, 2] <= truth) & (truth <= answers[:, 3])
        return answers[:, 0] - truth, covered.mean(), math.sqrt(answers[:, 1].mean())

    return run


def mcse(e):
    return e.std(ddof=1) / math.sqrt(len(e))


SECOND = {
    "once": {},
    "a fifth twice": {"second_reading": SecondReading(share=0.2)},
    "all twice": {"second_reading": SecondReading(share=1.0)},
}


@pytest.mark.parametrize("readings", ["once", pytest.param("all twice", marks=pytest.mark.slow)])
def test_correction_at_known_rates_removes_the_bias_of_reading_error(readings, study):
    e, covered, model_se = study(43, "confusion_corrected", **SECOND[readings])
    assert abs(e.mean()) <= 4 * mcse(e)
    # A spread over 1,500 replicates is known to 1 / sqrt(3000).
    assert abs(model_se / e.std(ddof=1) - 1) < 4 / math.sqrt(2 * REPLICATES)
    assert abs(covered - 0.95) < 4 * math.sqrt(0.95 * 0.05 / REPLICATES)
    biased, missed, _ = study(43, "combined_ratio", **SECOND[readings])
    assert biased.mean() > 4 * mcse(biased)
    if readings == "once":
        assert biased.mean() > 0.03
        assert missed < 0.05


@pytest.mark.slow
def test_a_registrar_for_some_leaves_a_tenth_of_a_point(study):
    """Final readings of two questions are taken as independent: stated in `final_rates`."""
    e, covered, _ = study(43, "confusion_corrected", **SECOND["a fifth twice"])
    assert abs(e.mean()) <= 0.001 + 4 * mcse(e)
    assert covered > 0.93
    biased, _, _ = study(43, "combined_ratio", **SECOND["a fifth twice"])
    assert biased.mean() > 0.02


@pytest.mark.slow
def test_what_is_held_wrongly_is_not_corrected(study):
    """The twin: readers held to be faultless leave the whole bias."""
    held = {"held": "faultless", **SECOND["a fifth twice"]}
    e, _, _ = study(43, "confusion_corrected", **held)
    plain, _, _ = study(43, "combined_ratio", **held)
    np.testing.assert_allclose(e, plain, rtol=0, atol=1e-12)
    assert e.mean() > 4 * mcse(e)


@pytest.mark.slow
@pytest.mark.parametrize("adjudicate", [True, False])
def test_correction_at_estimated_rates_removes_the_bias_too(adjudicate, study):
    second = SecondReading(share=0.5, adjudicate=adjudicate)
    e, covered, model_se = study(43, "confusion_corrected", held="estimated", second_reading=second)
    # A tenth of a point for small samples and, see `final_rates`, for settling; 4 MCSE.
    assert abs(e.mean()) <= 0.001 + 4 * mcse(e)
    biased, _, _ = study(43, "combined_ratio", held="estimated", second_reading=second)
    assert biased.mean() > 0.015
    assert covered > 0.92
    # Covariances of the rates are left out, which makes the SE too small, by less than a tenth.
    assert 0.9 < model_se / e.std(ddof=1) < 1.05


@pytest.mark.slow
def test_rates_found_from_few_second_readings_widen_the_interval(study):
    few = {"held": "estimated", "second_reading": SecondReading(share=0.1, adjudicate=False)}
    known = {"held": "known", "second_reading": SecondReading(share=0.1, adjudicate=False)}
    wide, covered, wide_se = study(43, "confusion_corrected", **few)
    narrow, _, narrow_se = study(43, "confusion_corrected", **known)
    assert wide.std() > 1.5 * narrow.std()
    assert wide_se > 1.5 * narrow_se
    assert covered > 0.9


@pytest.mark.slow
def test_thirteen_forces_are_covered_as_well_as_with_faultless_readers(study):
    _, covered, _ = study(13, "confusion_corrected")
    _, faultless, _ = study(13, "combined_ratio", due=Reading(), recorded=Reading())
    _, missed, _ = study(13, "combined_ratio")
    assert abs(covered - faultless) <= 4 * math.sqrt(2 * 0.88 * 0.12 / REPLICATES)
    assert missed < faultless - 0.2
