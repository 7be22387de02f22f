"""Variances against complete enumeration: every sample that a design can draw, with its chance."""

import math
from typing import NamedTuple

import numpy as np
import pytest

from underrecording.audit import NO_JOINT, OK, WITH_REPLACEMENT, Influence
from underrecording.estimation.compile import compiled_point, compiled_variance


def residual_spread(audit, ratio):
    """Variance of the sum of y - ratio x over the records read of every stratum, (m, H)."""
    n, x, y = audit.sampled, audit.due, audit.recorded
    mean = (y - ratio * x) / n
    squares = y * (1 - ratio - mean) ** 2 + (x - y) * (ratio + mean) ** 2 + (n - x) * mean**2
    return n * (1 - n / audit.frame) * squares / (n - 1)


def known_residuals(population, audit):
    """Influence of the linear estimator whose ratio and total are the population's own."""
    weight = audit.frame / audit.sampled / (audit.p_inclusion[:, None] * population.due.sum())
    residual = audit.recorded - population.accuracy * audit.due
    nothing = np.full(len(audit.force), np.nan)
    spread = (weight**2 * residual_spread(audit, population.accuracy)).sum(1)
    contribution = (weight * residual).sum(1)
    return Influence(contribution, audit.p_inclusion * spread, nothing, nothing, np.zeros(1))


def as_is(audit, influence):
    return audit, influence


def forget_records(audit, influence):
    return audit, influence._replace(spread=influence.spread * 0)


def forget_record_correction(audit, influence):
    unread = 1 - audit.sampled.sum(1) / audit.frame.sum(1)
    return audit, influence._replace(spread=influence.spread / np.where(unread > 0, unread, 1))


def forget_force_correction(audit, influence):
    pi = np.where(audit.p_inclusion < 1.0, 1e-9, 1.0)
    return audit._replace(p_inclusion=pi), influence


def joint_off_by_two_per_cent(audit, influence):
    off_diagonal = ~np.eye(len(audit.p_joint), dtype=bool)
    joint = np.where(off_diagonal & (audit.p_joint < 1.0), 0.98, 1.0) * audit.p_joint
    return audit._replace(p_joint=joint), influence


def mean_model_variance_over_true(population, name="linearised", change=as_is):
    """E(variance estimator) over the exact variance of the linear estimator: 1 if unbiased."""
    function, anyone = compiled_variance(name), compiled_point("combined_ratio")
    rows = []
    for probability, audit in population.audits():
        influence = known_residuals(population, audit)
        value = influence.contribution.sum()
        audit, influence = change(audit, influence)
        estimated, reason = function(audit, population.accuracy, influence, anyone)
        assert reason == OK
        rows.append((probability, value, estimated))
    p, value, variance = np.array(rows).T
    assert p.sum() == pytest.approx(1.0, abs=1e-12)
    assert p @ value == pytest.approx(0.0, abs=1e-14)  # Horvitz-Thompson is unbiased
    return (p @ variance) / (p @ value**2)


@pytest.fixture(params=["srs_population", "stratified_population"])
def population(request):
    return request.getfixturevalue(request.param)


@pytest.mark.parametrize("name", ["linearised", "sen_yates_grundy"])
def test_variance_is_unbiased_over_all_samples_when_residuals_are_known(population, name):
    assert mean_model_variance_over_true(population, name) == pytest.approx(1.0, rel=1e-12)


@pytest.mark.parametrize(
    "fault", [forget_records, forget_record_correction, forget_force_correction]
)
def test_enumeration_notices_a_planted_fault(population, fault):
    assert abs(mean_model_variance_over_true(population, change=fault) - 1.0) > 0.01


def test_joint_probabilities_of_a_fixed_size_add_up(pps_population, stratified_population):
    """sum over g of pi_fg = m pi_f, by which the enumeration itself is checked."""
    for population, m in ((pps_population, 3), (stratified_population, 4)):
        np.testing.assert_allclose(np.diag(population.p_joint), population.p_inclusion)
        np.testing.assert_allclose(population.p_joint.sum(1), m * population.p_inclusion)


def test_sen_yates_grundy_is_unbiased_over_all_samples_of_unequal_probabilities(pps_population):
    assert np.ptp(pps_population.p_inclusion) > 0.3
    ratio = mean_model_variance_over_true(pps_population, "sen_yates_grundy")
    assert ratio == pytest.approx(1.0, rel=1e-12)


@pytest.mark.parametrize(
    "fault", [joint_off_by_two_per_cent, forget_records, forget_record_correction]
)
def test_enumeration_of_unequal_probabilities_notices_a_planted_fault(pps_population, fault):
    ratio = mean_model_variance_over_true(pps_population, "sen_yates_grundy", fault)
    assert abs(ratio - 1.0) > 0.01


def test_hajek_is_close_over_all_samples_of_unequal_probabilities(
    pps_population, large_pps_population
):
    # An approximation: off by some per cent for few forces, to either side.
    assert mean_model_variance_over_true(pps_population) == pytest.approx(1.0, abs=0.08)
    assert mean_model_variance_over_true(large_pps_population) == pytest.approx(1.0, abs=0.04)
    for fault in (forget_records, forget_force_correction):
        ratio = mean_model_variance_over_true(pps_population, change=fault)
        assert abs(ratio - 1.0) > 0.08


# --- with replacement ---


def with_finite_correction(audit, influence):
    shrunk = influence.contribution * np.sqrt(np.maximum(0.0, 1.0 - audit.p_inclusion / 2))
    return audit, influence._replace(contribution=shrunk)


def no_second_set_of_records(audit, influence):
    """A force drawn twice is read once, its records counted twice."""
    again = np.diff(audit.force, prepend=-1) == 0
    contribution = np.where(again, np.roll(influence.contribution, 1), influence.contribution)
    return audit, influence._replace(contribution=contribution)


def test_ultimate_cluster_is_unbiased_over_all_ordered_draws_with_replacement(pps_wr_population):
    assert pps_wr_population.with_replacement
    assert pps_wr_population.p_inclusion.max() > 1.0
    ratio = mean_model_variance_over_true(pps_wr_population, "ultimate_cluster")
    assert ratio == pytest.approx(1.0, rel=1e-12)


@pytest.mark.parametrize("fault", [with_finite_correction, no_second_set_of_records])
def test_enumeration_with_replacement_notices_a_planted_fault(pps_wr_population, fault):
    ratio = mean_model_variance_over_true(pps_wr_population, "ultimate_cluster", fault)
    assert abs(ratio - 1.0) > 0.01


def test_ultimate_cluster_is_too_large_without_replacement(srs_population):
    ratio = mean_model_variance_over_true(srs_population, "ultimate_cluster")
    assert 1.1 < ratio < 1.0 / (1.0 - 3 / 5)


def test_draws_with_replacement_have_no_other_design_based_variance(pps_wr_population):
    """At least where a force expected more than once is among them."""
    anyone, reasons = compiled_point("combined_ratio"), {"linearised": set(), "both": set()}
    for _, audit in pps_wr_population.audits():
        influence = known_residuals(pps_wr_population, audit)
        arguments = (audit, pps_wr_population.accuracy, influence, anyone)
        if audit.p_inclusion.max() > 1.0:
            reasons["linearised"].add(compiled_variance("linearised")(*arguments)[1])
        reasons["both"].add(compiled_variance("sen_yates_grundy")(*arguments)[1])
    assert reasons == {"linearised": {WITH_REPLACEMENT}, "both": {NO_JOINT}}


# --- estimated ratios ---


class Moments(NamedTuple):
    """Exact behaviour of an estimator over all samples of a population."""

    bias: float
    se: float
    model_variance: float
    hartley_ross_bias: float  # -cov(A, X) / E(X), Hartley & Ross (1954)
    cv_due: float


@pytest.fixture(scope="module")
def moments(point):
    def of(population, name):
        rows = []
        for probability, audit in population.audits():
            accuracy, _, influence = point(name, audit)
            function = compiled_variance("linearised")
            variance, reason = function(audit, accuracy, influence, compiled_point(name))
            assert reason == OK
            weight = audit.frame / audit.sampled / audit.p_inclusion[:, None]
            rows.append((probability, accuracy, variance, (weight * audit.due).sum()))
        p, accuracy, variance, due = np.array(rows).T
        mean, mean_due = p @ accuracy, p @ due
        return Moments(
            bias=mean - population.accuracy,
            se=math.sqrt(p @ (accuracy - mean) ** 2),
            model_variance=p @ variance,
            hartley_ross_bias=-(p @ ((accuracy - mean) * (due - mean_due))) / mean_due,
            cv_due=math.sqrt(p @ (due - mean_due) ** 2) / mean_due,
        )

    return of


def test_bias_of_the_combined_ratio_is_what_hartley_and_ross_say(population, moments):
    exact = moments(population, "combined_ratio")
    assert exact.bias == pytest.approx(exact.hartley_ross_bias, abs=1e-14)
    assert abs(exact.bias) < exact.cv_due * exact.se
    assert abs(exact.bias) < 0.1 * exact.se
    # To first order only, the model variance is of the right size.
    assert 0.95 < exact.model_variance / exact.se**2 < 1.02


def test_hartley_and_ross_do_not_excuse_the_unweighted_control(population, moments):
    exact = moments(population, "pooled")
    assert abs(exact.bias - exact.hartley_ross_bias) > 0.001


def test_mean_of_forces_is_unbiased_with_its_variance_when_all_records_are_read(
    srs_population, point, variance_of
):
    # One stage only: the estimator is then a plain sample mean of F fixed numbers.
    whole = type(srs_population)(
        srs_population.reports,
        srs_population.frame,
        srs_population.draws,
        srs_population.force_stratum,
    )
    name, rows = "mean_of_forces", []
    for p, audit in whole.audits():
        variances = [variance_of(v, name, audit)[0] for v in ("linearised", "sen_yates_grundy")]
        rows.append((p, point(name, audit)[0], *variances))
    p, accuracy, linearised, sen_yates_grundy = np.array(rows).T
    truth = (whole.recorded.sum(1) / whole.due.sum(1)).mean()
    assert p @ accuracy == pytest.approx(truth, abs=1e-14)
    assert p @ linearised == pytest.approx(p @ (accuracy - truth) ** 2, rel=1e-12)
    np.testing.assert_allclose(sen_yates_grundy, linearised, rtol=1e-12)
