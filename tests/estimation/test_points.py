"""Point estimators: hand-worked values, NumPy twins, derivatives, degenerate audits."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from underrecording.audit import NO_VOLUME, NOTHING_DUE, NOTHING_RECORDED, OK, Audit
from underrecording.estimation.compile import compiled_point
from underrecording.estimation.estimate import empty_influence
from underrecording.estimation.registries import POINTS

seeds = st.integers(0, 10**6)
names = pytest.mark.parametrize("name", list(POINTS))


def point(name, audit):
    """Accuracy, reason and influence by the compiled estimator."""
    influence = empty_influence(*audit.due.shape)
    accuracy, reason = compiled_point(name)(audit, influence)
    return accuracy, reason, influence


def twin(name, audit, force_weight=1.0, due=None, recorded=None):
    """The estimators once more, in array language, for weights and counts of any kind."""
    due = audit.due if due is None else due
    recorded = audit.recorded if recorded is None else recorded
    t = force_weight * np.ones(len(audit.force))
    w = audit.frame / audit.sampled
    X, Y = (w * due).sum(1), (w * recorded).sum(1)
    weight = t / audit.p_inclusion
    V_f, V_k = audit.recorded_volume[audit.force].sum(1), audit.recorded_volume.sum(0)
    A_k = (weight @ (w * recorded)) / (weight @ (w * due))
    return {
        "pooled": lambda: (t @ recorded.sum(1)) / (t @ due.sum(1)),
        "mean_of_forces": lambda: (t @ (Y / X)) / t.sum(),
        "combined_ratio": lambda: (weight @ Y) / (weight @ X),
        "volume_weighted": lambda: (weight @ V_f) / (weight @ (V_f * X / Y)),
        "by_group": lambda: V_k.sum() / (V_k / A_k).sum(),
    }[name]()


HAND_WORKED = {
    "pooled": 77 / 90,
    "mean_of_forces": 0.85,
    "combined_ratio": (320 + 90) / (400 + 100),
    "volume_weighted": 490 / (400 / 0.8 + 90 / 0.9),
    "by_group": 0.82,
}


@names
def test_accuracy_is_the_hand_worked_one(name, two_forces):
    accuracy, reason, _ = point(name, two_forces)
    assert reason == OK
    assert accuracy == pytest.approx(HAND_WORKED[name], abs=1e-15)


def test_by_group_weighs_groups_by_national_volume():
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
def test_numpy_twin_agrees(name, random_audit, seed):
    audit = random_audit(seed)
    assert point(name, audit)[0] == pytest.approx(twin(name, audit), rel=1e-12, abs=0)


STEP = 1e-30j  # complex step: derivatives without cancellation


@names
@given(seed=seeds)
def test_contribution_is_the_derivative_by_the_weight_of_a_force(name, random_audit, seed):
    audit = random_audit(seed)
    _, _, influence = point(name, audit)
    m = len(audit.force)
    slope = [twin(name, audit, np.ones(m) + STEP * unit).imag / STEP.imag for unit in np.eye(m)]
    np.testing.assert_allclose(influence.contribution, slope, rtol=0, atol=1e-12)


@names
@given(seed=seeds)
def test_slope_and_ratio_give_the_derivative_by_the_weight_of_a_record(name, random_audit, seed):
    audit = random_audit(seed)
    _, _, influence = point(name, audit)
    for f, h in np.ndindex(audit.due.shape):
        more = np.zeros(audit.due.shape, complex)
        more[f, h] = STEP
        for x, y in ((1, 1), (1, 0), (0, 0)):
            value = twin(name, audit, 1.0, audit.due + x * more, audit.recorded + y * more)
            expected = influence.slope[f, h] * (y - influence.ratio[f, h] * x)
            assert complex(value).imag / STEP.imag == pytest.approx(expected, abs=1e-12)


@names
def test_a_slope_off_by_one_per_cent_would_be_noticed(name, random_audit):
    audit = random_audit(1)
    _, _, influence = point(name, audit)
    more = np.zeros(audit.due.shape, complex)
    more[0, 0] = STEP
    derivative = twin(name, audit, 1.0, audit.due + more, audit.recorded).imag / STEP.imag
    planted = -1.01 * influence.slope[0, 0] * influence.ratio[0, 0]
    assert abs(derivative - planted) > 1e-6


@names
@given(seed=seeds)
def test_contributions_sum_to_nothing(name, random_audit, seed):
    _, _, influence = point(name, random_audit(seed))
    assert influence.contribution.sum() == pytest.approx(0.0, abs=1e-14)


@names
@given(seed=seeds)
def test_accuracy_is_a_share(name, random_audit, seed):
    accuracy, reason, _ = point(name, random_audit(seed))
    assert reason == OK
    assert 0.0 <= accuracy <= 1.0


@names
@given(seed=seeds)
def test_accuracy_is_exactly_1_where_all_due_reports_are_recorded(name, random_audit, seed):
    audit = random_audit(seed)
    accuracy, _, influence = point(name, audit._replace(recorded=audit.due.copy()))
    assert accuracy == 1.0
    assert not influence.contribution.any()


@names
@given(seed=seeds, order=st.permutations(range(4)))
def test_order_of_forces_changes_nothing(name, random_audit, seed, order):
    audit = random_audit(seed)
    moved = Audit(*(field[list(order)] for field in audit[:-1]), audit.recorded_volume)
    accuracy, _, influence = point(name, audit)
    other, _, other_influence = point(name, moved)
    assert other == pytest.approx(accuracy, rel=1e-12)
    expected = influence.contribution[list(order)]
    np.testing.assert_allclose(other_influence.contribution, expected, atol=1e-12)


@given(seed=seeds)
def test_self_weighting_audit_makes_pooled_the_combined_ratio(random_audit, seed):
    audit = random_audit(seed)
    audit = audit._replace(frame=audit.sampled * 7, p_inclusion=np.full(4, 0.4))
    assert point("pooled", audit)[0] == pytest.approx(point("combined_ratio", audit)[0], rel=1e-12)


@pytest.mark.parametrize("name", ["pooled", "combined_ratio"])
@given(seed=seeds)
def test_census_gives_the_truth(name, random_audit, seed):
    audit = random_audit(seed)
    census = audit._replace(frame=audit.sampled.copy(), p_inclusion=np.ones(4))
    assert point(name, census)[0] == audit.recorded.sum() / audit.due.sum()


@pytest.mark.parametrize("name", ["volume_weighted", "by_group"])
@given(seed=seeds)
def test_census_gives_the_truth_where_volumes_are_the_recorded_reports(name, random_audit, seed):
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
def test_nothing_due_is_nan_with_its_reason(name, two_forces):
    empty = two_forces._replace(due=two_forces.due * 0, recorded=two_forces.recorded * 0)
    accuracy, reason, _ = point(name, empty)
    assert math.isnan(accuracy)
    assert reason == NOTHING_DUE


@names
def test_nothing_recorded_is_0_or_nan_with_its_reason(name, two_forces):
    accuracy, reason, _ = point(name, two_forces._replace(recorded=two_forces.recorded * 0))
    if name in ("volume_weighted", "by_group"):
        assert math.isnan(accuracy)
        assert reason == NOTHING_RECORDED
    else:
        assert (accuracy, reason) == (0.0, OK)


@names
def test_one_force_with_nothing_due_matters_only_where_divided_by(name, two_forces):
    counts = np.array([[40], [0]])
    accuracy, reason, influence = point(name, two_forces._replace(due=counts, recorded=counts))
    if name in ("mean_of_forces", "volume_weighted"):
        assert math.isnan(accuracy)
        assert reason == NOTHING_DUE
    else:
        assert (accuracy, reason) == (1.0, OK)
        assert not influence.contribution.any()


@names
def test_audit_of_no_force_is_nan(name, two_forces):
    nobody = Audit(*(field[:0] for field in two_forces[:-1]), two_forces.recorded_volume)
    accuracy, reason, _ = point(name, nobody)
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
    assert abs(influence.slope).max() < 1.0
    assert influence.slope[1, 2] == 0.0 or name == "pooled"


def test_force_or_group_without_published_crimes_is_left_out(two_forces):
    volume = two_forces.recorded_volume.copy()
    volume[2] = 0.0
    silent = two_forces._replace(recorded_volume=volume, recorded=np.array([[32], [0]]))
    accuracy, reason, influence = point("volume_weighted", silent)
    assert (accuracy, reason) == (pytest.approx(0.8), OK)
    assert influence.slope[1, 0] == 0.0
    assert point("by_group", silent._replace(recorded_volume=volume * 0))[1] == NO_VOLUME
    assert point("volume_weighted", silent._replace(recorded_volume=volume * 0))[1] == NO_VOLUME
