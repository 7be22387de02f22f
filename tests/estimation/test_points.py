"""Point estimators: hand-worked values, NumPy twins, derivatives, degenerate audits.

What every point estimator promises, whoever adds it, is in test_contracts.py;
here are those of the design-based kind, one by one.
"""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from underrecording.audit import NO_VOLUME, NOTHING_DUE, NOTHING_RECORDED, OK, Audit
from underrecording.estimation.compile import compiled_point
from underrecording.estimation.estimate import empty_influence
from underrecording.estimation.totals import sum_variance

seeds = st.integers(0, 10**6)


def twin(name, audit, force_weight=1.0, due=None, recorded=None):
    """The estimators once more, in array language, for weights and counts of any kind."""
    return _twin(name, audit, force_weight, due, recorded)[0]


def residual_ratio(name, audit):
    """What a record's residual is taken from, by stratum: y less this times x, (m, H)."""
    return np.broadcast_to(_twin(name, audit)[1], audit.due.shape)


def _twin(name, audit, force_weight=1.0, due=None, recorded=None):
    due = audit.due if due is None else due
    recorded = audit.recorded if recorded is None else recorded
    t = force_weight * np.ones(len(audit.force))
    w = audit.frame / audit.sampled
    X, Y = (w * due).sum(1), (w * recorded).sum(1)
    weight = t / audit.p_inclusion
    V_f, V_k = audit.recorded_volume[audit.force].sum(1), audit.recorded_volume.sum(0)
    A_f, A_k = Y / X, (weight @ (w * recorded)) / (weight @ (w * due))
    if name == "pooled":
        A = (t @ recorded.sum(1)) / (t @ due.sum(1))
        return A, A
    if name == "combined_ratio":
        A = (weight @ Y) / (weight @ X)
        return A, A
    if name == "mean_of_forces":
        return (t @ A_f) / t.sum(), A_f[:, None]
    if name == "volume_weighted":
        return (weight @ V_f) / (weight @ (V_f / A_f)), A_f[:, None]
    return V_k.sum() / (V_k / A_k).sum(), A_k


HAND_WORKED = {
    "pooled": 77 / 90,
    "mean_of_forces": 0.85,
    "combined_ratio": (320 + 90) / (400 + 100),
    "volume_weighted": 490 / (400 / 0.8 + 90 / 0.9),
    "by_group": 0.82,
}
names = pytest.mark.parametrize("name", list(HAND_WORKED))


@names
def test_accuracy_is_the_hand_worked_one(name, two_forces, point):
    accuracy, reason, _ = point(name, two_forces)
    assert reason == OK
    assert accuracy == pytest.approx(HAND_WORKED[name], abs=1e-15)


def test_by_group_weighs_groups_by_national_volume(point):
    audit = Audit(
        np.array([1]),
        np.array([[50, 100]]),
        np.array([[10, 10]]),
        np.array([[10, 8]]),
        np.array([[5, 6]]),
        np.array([0.5]),
        np.array([0]),
        np.array([[20.0, 70.0], [30.0, 80.0]]),
    )
    accuracy, _, _ = point("by_group", audit)
    assert accuracy == pytest.approx(200 / (50 / 0.5 + 150 / 0.75), abs=1e-15)


@names
@given(seed=seeds)
def test_numpy_twin_agrees(name, random_audit, seed, point):
    audit = random_audit(seed)
    assert point(name, audit)[0] == pytest.approx(twin(name, audit), rel=1e-12, abs=0)


RATIOS = ["pooled", "mean_of_forces", "combined_ratio", "volume_weighted"]

STEP = 1e-30j  # complex step: derivatives without cancellation


@names
@given(seed=seeds)
def test_contribution_is_the_derivative_by_the_weight_of_a_force(name, random_audit, seed, point):
    audit = random_audit(seed)
    _, _, influence = point(name, audit)
    m = len(audit.force)
    slope = [twin(name, audit, np.ones(m) + STEP * unit).imag / STEP.imag for unit in np.eye(m)]
    np.testing.assert_allclose(influence.contribution, slope, rtol=0, atol=1e-12)


@names
@given(seed=seeds)
def test_slope_times_residual_is_the_derivative_by_the_weight_of_a_record(
    name, random_audit, point, seed
):
    audit = random_audit(seed)
    _, _, influence = point(name, audit)
    ratio = residual_ratio(name, audit)
    for f, h in np.ndindex(audit.due.shape):
        for x, y in ((1, 1), (1, 0), (0, 0)):
            expected = slopes(influence)[f, h] * (y - ratio[f, h] * x)
            assert record_derivative(name, audit, f, h, x, y) == pytest.approx(expected, abs=1e-12)


def slopes(influence):
    """What a record of each stratum adds to the estimate, per unit of its residual."""
    return influence.share[:, None] * influence.weight


def record_derivative(name, audit, f, h, x, y):
    """What a record of stratum h in force f, due if x and recorded if y, adds to the estimate."""
    more = np.zeros(audit.due.shape, complex)
    more[f, h] = STEP
    value = twin(name, audit, 1.0, audit.due + x * more, audit.recorded + y * more)
    return complex(value).imag / STEP.imag


@names
@given(seed=seeds)
def test_spread_is_the_variance_of_the_weighted_sum_of_the_residuals(
    name, random_audit, records_variance, point, seed
):
    audit = random_audit(seed)
    _, _, influence = point(name, audit)
    ratio = residual_ratio(name, audit)
    for f, h in np.ndindex(audit.due.shape):
        counts = audit.sampled[f, h], audit.due[f, h], audit.recorded[f, h]
        by_chance = counts[0] * (1 - counts[0] / audit.frame[f, h])
        unweighted = by_chance * records_variance(*counts, ratio[f, h])
        expected = influence.weight[f, h] ** 2 * unweighted
        # Ours takes the square of a sum from a sum of squares, which rounds as these are large.
        squares = influence.weight[f, h] ** 2 * by_chance * (1 + ratio[f, h] ** 2)
        rounding = 32 * np.finfo(float).eps * squares
        assert influence.spread[f, h] == pytest.approx(expected, rel=1e-12, abs=rounding)


@names
def test_a_slope_or_ratio_off_by_one_per_cent_would_be_noticed(name, random_audit, point):
    audit = random_audit(1)
    _, _, influence = point(name, audit)
    ratio = residual_ratio(name, audit)[0, 0]
    derivative = record_derivative(name, audit, 0, 0, 1, 0)
    slope = slopes(influence)[0, 0]
    assert derivative == pytest.approx(-slope * ratio, abs=1e-12)
    assert abs(derivative + 1.01 * slope * ratio) > 1e-6
    counts = (table[0, 0] for table in (audit.frame, audit.sampled, audit.due, audit.recorded))
    planted = influence.weight[0, 0] ** 2 * sum_variance(*counts, 1.01 * ratio)
    assert abs(influence.spread[0, 0] / planted - 1) > 1e-6


@pytest.mark.parametrize("name", RATIOS)
@given(seed=seeds)
def test_terms_of_a_ratio_are_the_twins(name, random_audit, point, seed):
    audit = random_audit(seed)
    _, _, influence = point(name, audit)
    w = audit.frame / audit.sampled
    X, Y = (w * audit.due).sum(1), (w * audit.recorded).sum(1)
    V = audit.recorded_volume[audit.force].sum(1)
    numerator, denominator = {
        "pooled": (audit.recorded.sum(1), audit.due.sum(1)),
        "mean_of_forces": (Y / X, np.ones(4)),
        "combined_ratio": (Y / audit.p_inclusion, X / audit.p_inclusion),
        "volume_weighted": (V / audit.p_inclusion, V * X / Y / audit.p_inclusion),
    }[name]
    np.testing.assert_allclose(influence.numerator, numerator, rtol=1e-13)
    np.testing.assert_allclose(influence.denominator, denominator, rtol=1e-13)


def test_by_group_is_no_ratio_of_sums_over_forces(random_audit, point):
    _, _, influence = point("by_group", random_audit(1))
    assert np.isnan(influence.numerator).all()
    assert np.isnan(influence.denominator).all()


@names
@given(seed=seeds)
def test_accuracy_is_exactly_1_where_all_due_reports_are_recorded(name, random_audit, seed, point):
    audit = random_audit(seed)
    accuracy, _, influence = point(name, audit._replace(recorded=audit.due.copy()))
    assert accuracy == 1.0
    assert not influence.contribution.any()


@names
@given(seed=seeds, order=st.permutations(range(4)))
def test_order_of_forces_changes_nothing(name, random_audit, seed, order, point, take_forces):
    audit = random_audit(seed)
    accuracy, _, influence = point(name, audit)
    other, _, other_influence = point(name, take_forces(audit, order))
    assert other == pytest.approx(accuracy, rel=1e-12)
    expected = influence.contribution[list(order)]
    np.testing.assert_allclose(other_influence.contribution, expected, atol=1e-12)


@given(seed=seeds)
def test_self_weighting_audit_makes_pooled_the_combined_ratio(random_audit, seed, point):
    audit = random_audit(seed)
    audit = audit._replace(frame=audit.sampled * 7, p_inclusion=np.full(4, 0.4))
    assert point("pooled", audit)[0] == pytest.approx(point("combined_ratio", audit)[0], rel=1e-12)


@pytest.mark.parametrize("name", ["pooled", "combined_ratio"])
@given(seed=seeds)
def test_census_gives_the_truth(name, random_audit, seed, point):
    audit = random_audit(seed)
    census = audit._replace(frame=audit.sampled.copy(), p_inclusion=np.ones(4))
    assert point(name, census)[0] == audit.recorded.sum() / audit.due.sum()


@pytest.mark.parametrize("name", ["volume_weighted", "by_group"])
@given(seed=seeds)
def test_census_gives_the_truth_where_volumes_are_the_recorded_reports(
    name, random_audit, seed, point
):
    audit = random_audit(seed)
    census = audit._replace(
        force=np.arange(4),
        frame=audit.sampled.copy(),
        p_inclusion=np.ones(4),
        recorded_volume=audit.recorded.astype(float),
    )
    truth = audit.recorded.sum() / audit.due.sum()
    assert point(name, census)[0] == pytest.approx(truth, rel=1e-14)


@names
def test_nothing_due_is_nan_with_its_reason(name, two_forces, point):
    empty = two_forces._replace(due=two_forces.due * 0, recorded=two_forces.recorded * 0)
    accuracy, reason, _ = point(name, empty)
    assert math.isnan(accuracy)
    assert reason == NOTHING_DUE


@names
def test_nothing_recorded_is_0_or_nan_with_its_reason(name, two_forces, point):
    accuracy, reason, _ = point(name, two_forces._replace(recorded=two_forces.recorded * 0))
    if name in ("volume_weighted", "by_group"):
        assert math.isnan(accuracy)
        assert reason == NOTHING_RECORDED
    else:
        assert (accuracy, reason) == (0.0, OK)


@names
def test_one_force_with_nothing_due_matters_only_where_divided_by(name, two_forces, point):
    counts = np.array([[40], [0]])
    accuracy, reason, influence = point(name, two_forces._replace(due=counts, recorded=counts))
    if name in ("mean_of_forces", "volume_weighted"):
        assert math.isnan(accuracy)
        assert reason == NOTHING_DUE
    else:
        assert (accuracy, reason) == (1.0, OK)
        assert not influence.contribution.any()


@names
def test_audit_of_no_force_is_nan(name, two_forces, point, take_forces):
    accuracy, reason, _ = point(name, take_forces(two_forces, []))
    assert math.isnan(accuracy)
    assert reason in (NOTHING_DUE, NOTHING_RECORDED, NO_VOLUME)


@names
def test_stratum_nobody_read_is_left_out_and_clears_the_buffer(name, random_audit):
    audit = random_audit(3)
    unread = audit._replace(
        sampled=audit.sampled.copy(), due=audit.due.copy(), recorded=audit.recorded.copy()
    )
    for counts in (unread.sampled, unread.due, unread.recorded):
        counts[1, 2] = 0
    influence = empty_influence(*audit.due.shape)
    for array in influence:
        array[:] = 99.0
    accuracy, reason = compiled_point(name)(unread, influence)
    assert reason == OK
    assert 0.0 < accuracy < 1.0
    assert influence.contribution.sum() == pytest.approx(0.0, abs=1e-14)
    slope = slopes(influence)
    assert abs(slope).max() < 1.0
    assert slope[1, 2] == 0.0 or name == "pooled"


def test_force_or_group_without_published_crimes_is_left_out(two_forces, point):
    volume = two_forces.recorded_volume.copy()
    volume[2] = 0.0
    silent = two_forces._replace(recorded_volume=volume, recorded=np.array([[32], [0]]))
    accuracy, reason, influence = point("volume_weighted", silent)
    assert (accuracy, reason) == (pytest.approx(0.8), OK)
    assert slopes(influence)[1, 0] == 0.0
    assert point("by_group", silent._replace(recorded_volume=volume * 0))[1] == NO_VOLUME
    assert point("volume_weighted", silent._replace(recorded_volume=volume * 0))[1] == NO_VOLUME
