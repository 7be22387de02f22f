"""Strata of unknown size: records of equal weight, and no finite population to correct for."""

import numpy as np
import pytest

from underrecording.audit import OK
from underrecording.estimation.check import with_totals
from underrecording.estimation.compile import compiled_model
from underrecording.estimation.estimate import estimate
from underrecording.estimation.registries import INTERVALS, MODELS, POINTS, VARIANCES
from underrecording.estimation.spec import EstimatorSpec
from underrecording.estimation.totals import effective_sample_size, is_census
from underrecording.totals import left_to_chance, record_weight

points = pytest.mark.parametrize("name", list(POINTS))


def unknown(audit):
    return audit._replace(frame=np.zeros_like(audit.frame))


def of(audit, h):
    """Frame and records of stratum *h* of the third force."""
    return audit.frame[2, h], audit.sampled[2, h]


def endless(audit):
    """The frame so large that a record read is as good as none."""
    return audit._replace(frame=audit.sampled * 10**9)


@points
def test_point_is_that_of_an_endless_frame(name, calm_audit, point):
    accuracy, reason, influence = point(name, unknown(calm_audit))
    limit, _, of_endless = point(name, endless(calm_audit))
    assert (accuracy, reason) == (pytest.approx(limit, rel=1e-12), OK)
    np.testing.assert_allclose(influence.contribution, of_endless.contribution, atol=1e-12)
    np.testing.assert_allclose(influence.spread, of_endless.spread, rtol=1e-6)
    # The frame as it is has other weights, and so another answer, where weights count.
    as_it_is, _, _ = point(name, calm_audit)
    assert name == "pooled" or accuracy != pytest.approx(as_it_is, rel=1e-6)


@points
@pytest.mark.parametrize("variance", list(VARIANCES))
def test_variance_is_that_of_an_endless_frame(variance, name, calm_audit, variance_of):
    value, reason = variance_of(variance, name, unknown(calm_audit))
    expected, _ = variance_of(variance, name, endless(calm_audit))
    assert (value, reason) == (pytest.approx(expected, rel=1e-6), OK)


@points
@pytest.mark.parametrize("variance", ["linearised", "sen_yates_grundy"])
def test_no_finite_correction_is_made(variance, name, calm_audit, variance_of):
    """Half of each stratum read, in weights equal too: half of the records' variance is gone."""
    certain = calm_audit._replace(p_inclusion=np.ones(6), p_joint=np.ones((9, 9)))
    half = certain._replace(frame=2 * certain.sampled)
    value, _ = variance_of(variance, name, unknown(certain))
    corrected, _ = variance_of(variance, name, half)
    assert corrected == pytest.approx(value / 2, rel=1e-11)


@pytest.mark.parametrize("interval", list(INTERVALS))
def test_interval_is_that_of_an_endless_frame(interval, calm_audit):
    spec = EstimatorSpec("combined_ratio", "linearised", interval)
    answer = estimate(unknown(calm_audit), spec)
    assert answer.reason == "ok"
    assert answer[:4] == pytest.approx(estimate(endless(calm_audit), spec)[:4], rel=1e-6)


@pytest.mark.parametrize("name", list(MODELS))
def test_model_is_that_of_an_endless_frame(name, calm_audit):
    answer = compiled_model(name)(with_totals(unknown(calm_audit)), 0.95)
    assert answer == pytest.approx(
        compiled_model(name)(with_totals(endless(calm_audit)), 0.95), rel=1e-6
    )


def test_unknown_frame_is_no_census_though_all_forces_are_certain(calm_audit):
    certain = calm_audit._replace(p_inclusion=np.ones(6))
    read_whole = certain._replace(frame=certain.sampled.copy())
    assert is_census(read_whole)
    assert not is_census(unknown(certain))
    assert np.isinf(effective_sample_size(read_whole, 1.0, 0.0))
    assert effective_sample_size(unknown(certain), 1.0, 0.0) == certain.due.sum()


def test_one_stratum_of_unknown_size_is_enough(calm_audit):
    frame = calm_audit.sampled.copy()
    frame[2, 1] = 0
    audit = calm_audit._replace(frame=frame, p_inclusion=np.ones(6))
    assert not is_census(audit)
    assert (record_weight(*of(audit, 1)), left_to_chance(*of(audit, 1))) == (1.0, 1.0)
    assert (record_weight(*of(audit, 2)), left_to_chance(*of(audit, 2))) == (1.0, 0.0)


def test_stratum_without_records_on_the_frame_is_of_known_size(calm_audit):
    """Nothing on the frame and nothing read is an empty stratum, which a census has read."""
    audit = calm_audit._replace(
        frame=calm_audit.sampled.copy(), sampled=calm_audit.sampled.copy(), p_inclusion=np.ones(6)
    )
    audit.frame[2, 1] = audit.sampled[2, 1] = 0
    assert is_census(audit)
    assert record_weight(*of(audit, 1)) == 0.0
