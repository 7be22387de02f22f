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
from underrecording.estimation.check import with_totals
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
def test_spread_is_the_variance_of_derivatives_by_the_weights_of_records(
    name, random_audit, point, seed
):
    audit = random_audit(seed)
    _, _, influence = point(name, audit)
    for f in range(len(audit.force)):
        variance = 0.0
        for h in range(audit.due.shape[1]):
            n, x, y = (table[f, h] for table in (audit.sampled, audit.due, audit.recorded))
            kinds = [record_derivative(name, audit, f, h, *kind) for kind in RECORDS]
            adds = np.repeat(kinds, [y, x - y, n - x])
            unread = 1 - n / audit.frame[f, h]
            variance += n * unread * np.var(adds, ddof=1) if unread > 0 else 0.0
        expected = audit.p_inclusion[f] * variance
        assert influence.spread[f] == pytest.approx(expected, rel=1e-9, abs=1e-20)


RECORDS = ((1, 1), (1, 0), (0, 0))
"""Due or not, recorded or not."""


def record_derivative(name, audit, f, h, x, y):
    """What a record of stratum h in force f, due if x and recorded if y, adds to the estimate."""
    more = np.zeros(audit.due.shape, complex)
    more[f, h] = STEP
    value = twin(name, audit, 1.0, audit.due + x * more, audit.recorded + y * more)
    return complex(value).imag / STEP.imag


@names
def test_a_ratio_off_by_one_per_cent_would_be_noticed(name, random_audit, point):
    """Of one force: what it adds to the variance, had the ratio been another."""
    audit = random_audit(1)
    _, _, influence = point(name, audit)
    ratio = residual_ratio(name, audit)[0]
    slope = record_derivative(name, audit, 0, 0, 1, 0) / -ratio[0]
    slopes = [record_derivative(name, audit, 0, h, 1, 1) / (1 - ratio[h]) for h in range(3)]
    assert slopes[0] == pytest.approx(slope, rel=1e-9)
    tables = audit.frame, audit.sampled, audit.due, audit.recorded

    def added(factor):
        variances = [sum_variance(*(t[0, h] for t in tables), factor * ratio[h]) for h in range(3)]
        return audit.p_inclusion[0] * (np.square(slopes) * variances).sum()

    assert influence.spread[0] == pytest.approx(added(1.0), rel=1e-9)
    assert abs(influence.spread[0] / added(1.01) - 1) > 1e-6


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
    influence = empty_influence(len(audit.force))
    for array in influence:
        array[:] = 99.0
    accuracy, reason = compiled_point(name)(with_totals(unread), influence)
    assert reason == OK
    assert 0.0 < accuracy < 1.0
    assert influence.contribution.sum() == pytest.approx(0.0, abs=1e-14)
    assert (influence.spread > 0.0).all()
    assert (influence.spread < 1e-2).all()


def test_force_or_group_without_published_crimes_is_left_out(two_forces, point):
    volume = two_forces.recorded_volume.copy()
    volume[2] = 0.0
    silent = two_forces._replace(recorded_volume=volume, recorded=np.array([[32], [0]]))
    accuracy, reason, influence = point("volume_weighted", silent)
    assert (accuracy, reason) == (pytest.approx(0.8), OK)
    assert influence.spread[1] == 0.0
    assert point("by_group", silent._replace(recorded_volume=volume * 0))[1] == NO_VOLUME
    assert point("volume_weighted", silent._replace(recorded_volume=volume * 0))[1] == NO_VOLUME
