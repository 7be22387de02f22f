"""Variances: hand-worked, against textbook formulas, and against all possible samples."""

import math
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from underrecording.audit import (
    NOTHING_DUE,
    OK,
    ONE_FORCE,
    ONE_RECORD,
    Influence,
)
from underrecording.estimation.compile import compiled_df, compiled_point, compiled_variance
from underrecording.estimation.estimate import empty_influence
from underrecording.estimation.registries import POINTS
from underrecording.estimation.variances import residual_variance

seeds = st.integers(0, 10**6)


def point_and_variance(point, variance, audit):
    influence = empty_influence(*audit.due.shape)
    accuracy, reason = compiled_point(point)(audit, influence)
    assert reason == OK
    return accuracy, *compiled_variance(variance)(audit, accuracy, influence)


def records_variance(n, due, recorded, ratio):
    """s^2 of y - ratio x from the records themselves."""
    x, y = np.repeat([1, 1, 0], [recorded, due - recorded, n - due]), np.arange(n) < recorded
    return np.var(y - ratio * x, ddof=1)


def textbook_srs(audit, n_frame):
    """MODEL section 7, as printed: SRS of forces, combined ratio."""
    m, F = len(audit.force), n_frame
    w = audit.frame / audit.sampled
    X_f, Y_f = (w * audit.due).sum(1), (w * audit.recorded).sum(1)
    A, X = Y_f.sum() / X_f.sum(), F / m * X_f.sum()
    V2 = 0.0
    for f, h in np.ndindex(w.shape):
        N, n = audit.frame[f, h], audit.sampled[f, h]
        s2 = records_variance(n, audit.due[f, h], audit.recorded[f, h], A)
        V2 += N**2 * (1 - n / N) * s2 / n
    e = Y_f - A * X_f
    return (F**2 * (1 - m / F) * e.var(ddof=1) / m + F / m * V2) / X**2


def test_binomial_is_the_textbook_one(two_forces):
    accuracy, variance, reason = point_and_variance("pooled", "binomial", two_forces)
    assert reason == OK
    assert variance == pytest.approx(accuracy * (1 - accuracy) / 90, rel=1e-15)


def test_linearised_is_the_hand_worked_one(two_forces):
    # e = -8, 8; s^2(e) = 128; V2 = 400^2 0.9 (6.4/39)/40 and 100^2 0.5 (4.5/49)/50; X = 750.
    between = 9 * (1 / 3) * 128 / 2
    within = 1.5 * (400**2 * 0.9 * (6.4 / 39) / 40 + 100**2 * 0.5 * (4.5 / 49) / 50)
    _, variance, _ = point_and_variance("combined_ratio", "linearised", two_forces)
    assert variance == pytest.approx((between + within) / 750**2, rel=1e-13)


@given(seed=seeds)
def test_linearised_is_the_textbook_formula_for_simple_random_forces(random_audit, seed):
    audit = random_audit(seed)._replace(p_inclusion=np.full(4, 4 / 9))
    _, variance, _ = point_and_variance("combined_ratio", "linearised", audit)
    assert variance == pytest.approx(textbook_srs(audit, 9), rel=1e-12)


@given(seed=seeds)
def test_linearised_adds_up_over_strata_of_forces(random_audit, seed):
    audit = random_audit(seed)._replace(
        p_inclusion=np.array([0.4, 0.7, 0.4, 0.7]), force_stratum=np.array([3, 0, 3, 0])
    )
    influence = empty_influence(4, 3)
    accuracy, _ = compiled_point("combined_ratio")(audit, influence)
    variance, _ = compiled_variance("linearised")(audit, accuracy, influence)
    c, pi = influence.contribution, audit.p_inclusion
    expected = sum(
        (1 - pi[part[0]]) * 2 * c[part].var(ddof=1) for part in (np.array([0, 2]), np.array([1, 3]))
    )
    for f, h in np.ndindex(4, 3):
        N, n = audit.frame[f, h], audit.sampled[f, h]
        s2 = records_variance(n, audit.due[f, h], audit.recorded[f, h], influence.ratio[f, h])
        expected += pi[f] * n * (1 - n / N) * influence.slope[f, h] ** 2 * s2
    assert variance == pytest.approx(expected, rel=1e-12)


@given(
    counts=st.integers(2, 40).flatmap(
        lambda n: st.tuples(st.just(n), st.integers(0, n)).flatmap(
            lambda nx: st.tuples(st.just(nx[0]), st.just(nx[1]), st.integers(0, nx[1]))
        )
    ),
    ratio=st.floats(0, 1),
)
def test_residual_variance_of_counts_is_that_of_the_records(counts, ratio):
    n, due, recorded = counts
    value = residual_variance(n, due, recorded, ratio)
    assert value == pytest.approx(records_variance(n, due, recorded, ratio), abs=1e-14)
    assert value >= 0.0


# --- complete enumeration ---


def known_residuals(population, audit):
    """Influence of the linear estimator whose ratio and total are the population's own."""
    weight = 1 / (audit.p_inclusion[:, None] * population.due.sum())
    slope = weight * audit.frame / audit.sampled
    ratio = np.full(slope.shape, population.accuracy)
    contribution = (slope * (audit.recorded - ratio * audit.due)).sum(1)
    return Influence(contribution, np.ascontiguousarray(slope), ratio)


def as_is(audit, influence):
    return audit, influence


def forget_records(audit, influence):
    return audit, influence._replace(slope=influence.slope * 0)


def forget_record_correction(audit, influence):
    return audit._replace(frame=audit.frame * 1000), influence


def forget_force_correction(audit, influence):
    pi = np.where(audit.p_inclusion < 1.0, 1e-9, 1.0)
    return audit._replace(p_inclusion=pi), influence


def mean_model_variance_over_true(population, change=as_is):
    """E(variance estimator) over the exact variance of the linear estimator: 1 if unbiased."""
    p, value, variance = [], [], []
    for probability, audit in population.audits():
        influence = known_residuals(population, audit)
        p.append(probability)
        value.append(influence.contribution.sum())
        audit, influence = change(audit, influence)
        estimated, reason = compiled_variance("linearised")(audit, population.accuracy, influence)
        assert reason == OK
        variance.append(estimated)
    p, value, variance = np.array(p), np.array(value), np.array(variance)
    assert p.sum() == pytest.approx(1.0, abs=1e-12)
    assert p @ value == pytest.approx(0.0, abs=1e-14)  # Horvitz-Thompson is unbiased
    return (p @ variance) / (p @ value**2)


@pytest.fixture(params=["srs_population", "stratified_population"])
def population(request):
    return request.getfixturevalue(request.param)


def test_linearised_is_unbiased_over_all_samples_when_residuals_are_known(population):
    assert mean_model_variance_over_true(population) == pytest.approx(1.0, rel=1e-12)


@pytest.mark.parametrize(
    "fault", [forget_records, forget_record_correction, forget_force_correction]
)
def test_enumeration_notices_a_planted_fault(population, fault):
    assert abs(mean_model_variance_over_true(population, fault) - 1.0) > 0.01


def test_hajek_is_close_over_all_samples_of_unequal_probabilities(
    pps_population, large_pps_population
):
    # An approximation: off by some per cent for few forces, to either side.
    assert np.ptp(pps_population.p_inclusion) > 0.3
    assert mean_model_variance_over_true(pps_population) == pytest.approx(1.0, abs=0.08)
    assert mean_model_variance_over_true(large_pps_population) == pytest.approx(1.0, abs=0.04)
    for fault in (forget_records, forget_force_correction):
        assert abs(mean_model_variance_over_true(pps_population, fault) - 1.0) > 0.08


class Moments(NamedTuple):
    """Exact behaviour of an estimator over all samples of a population."""

    bias: float
    se: float
    model_variance: float
    hartley_ross_bias: float  # -cov(A, X) / E(X), Hartley & Ross (1954)
    cv_due: float


def moments(population, point):
    rows = []
    for probability, audit in population.audits():
        accuracy, variance, reason = point_and_variance(point, "linearised", audit)
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


def test_bias_of_the_combined_ratio_is_what_hartley_and_ross_say(population):
    exact = moments(population, "combined_ratio")
    assert exact.bias == pytest.approx(exact.hartley_ross_bias, abs=1e-14)
    assert abs(exact.bias) < exact.cv_due * exact.se
    assert abs(exact.bias) < 0.1 * exact.se


def test_hartley_and_ross_do_not_excuse_the_unweighted_control(population):
    exact = moments(population, "pooled")
    assert abs(exact.bias - exact.hartley_ross_bias) > 0.001


def test_model_variance_of_the_ratio_is_of_the_right_size(population):
    # To first order only.
    exact = moments(population, "combined_ratio")
    assert 0.95 < exact.model_variance / exact.se**2 < 1.02


def test_mean_of_forces_is_unbiased_with_its_variance_when_all_records_are_read(srs_population):
    # One stage only: the estimator is then a plain sample mean of F fixed numbers.
    whole = type(srs_population)(
        srs_population.reports,
        srs_population.frame,
        srs_population.draws,
        srs_population.force_stratum,
    )
    rows = [(p, *point_and_variance("mean_of_forces", "linearised", a)) for p, a in whole.audits()]
    p, accuracy, variance, _ = np.array(rows).T
    truth = (whole.recorded.sum(1) / whole.due.sum(1)).mean()
    assert p @ accuracy == pytest.approx(truth, abs=1e-14)
    assert p @ variance == pytest.approx(p @ (accuracy - truth) ** 2, rel=1e-12)


# --- limits ---


@pytest.mark.parametrize("point", list(POINTS))
def test_census_leaves_nothing_to_chance(point, random_audit):
    audit = random_audit(5)
    census = audit._replace(frame=audit.sampled.copy(), p_inclusion=np.ones(4))
    assert point_and_variance(point, "linearised", census)[1:] == (0.0, OK)


@given(seed=seeds)
def test_with_all_forces_certain_only_records_count(random_audit, seed):
    audit = random_audit(seed)._replace(p_inclusion=np.ones(4), force_stratum=np.arange(4))
    influence = empty_influence(4, 3)
    accuracy, _ = compiled_point("combined_ratio")(audit, influence)
    variance, _ = compiled_variance("linearised")(audit, accuracy, influence)
    influence.contribution[:] = 123.0
    assert compiled_variance("linearised")(audit, accuracy, influence)[0] == variance


@pytest.mark.parametrize("point", list(POINTS))
def test_one_force_of_several_has_no_variance(point, random_audit):
    audit = random_audit(5)._replace(force_stratum=np.array([0, 0, 1, 0]))
    variance, reason = point_and_variance(point, "linearised", audit)[1:]
    assert math.isnan(variance)
    assert reason == ONE_FORCE


@pytest.mark.parametrize("point", list(POINTS))
def test_one_record_of_several_has_no_variance(point, random_audit):
    audit = random_audit(5)
    for counts in (audit.sampled, audit.due, audit.recorded):
        counts[2, 1] = 1
    audit.frame[2, 1] = 40
    variance, reason = point_and_variance(point, "linearised", audit)[1:]
    assert math.isnan(variance)
    assert reason == ONE_RECORD
    audit.frame[2, 1] = 1
    assert point_and_variance(point, "linearised", audit)[2] == OK


def test_one_record_does_not_matter_where_its_volume_is_nothing(random_audit):
    audit = random_audit(5)
    for counts in (audit.sampled, audit.due, audit.recorded):
        counts[2, 1] = 1
    audit.recorded_volume[:, 1] = 0.0
    assert point_and_variance("by_group", "linearised", audit)[2] == OK


def test_binomial_has_no_answer_where_nothing_was_read_as_due(two_forces):
    empty = two_forces._replace(due=two_forces.due * 0, recorded=two_forces.recorded * 0)
    variance, reason = compiled_variance("binomial")(empty, math.nan, empty_influence(2, 1))
    assert math.isnan(variance)
    assert reason == NOTHING_DUE


def test_degrees_of_freedom_are_forces_less_strata(random_audit):
    audit = random_audit(5)
    df = compiled_df("linearised")
    assert df(audit) == 3
    assert df(audit._replace(force_stratum=np.array([0, 5, 5, 0]))) == 2
    assert df(audit._replace(force_stratum=np.arange(4))) == 0
    certain = audit._replace(force_stratum=np.arange(4), p_inclusion=np.ones(4))
    assert df(certain) == audit.sampled.sum() - 12
    assert df(certain._replace(force_stratum=np.zeros(4, np.int64))) == 3
    assert compiled_df("binomial")(audit) == math.inf
