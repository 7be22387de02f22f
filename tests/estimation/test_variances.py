"""Variances of both stages: hand-worked, against textbook formulas, and at their limits."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from underrecording.audit import (
    NEGATIVE,
    NO_JOINT,
    NOTHING_DUE,
    OK,
    ONE_FORCE,
    ONE_RECORD,
    WITH_REPLACEMENT,
)
from underrecording.estimation.compile import compiled_df, compiled_point, compiled_variance
from underrecording.estimation.estimate import empty_influence
from underrecording.estimation.registries import POINTS
from underrecording.estimation.totals import sum_variance

seeds = st.integers(0, 10**6)
points = pytest.mark.parametrize("name", list(POINTS))
both_stages = pytest.mark.parametrize("variance", ["linearised", "sen_yates_grundy"])


def simple_random_joint(n_frame, m):
    """Joint inclusion probabilities of m of F forces, simple random."""
    joint = np.full((n_frame, n_frame), m * (m - 1) / (n_frame * (n_frame - 1)))
    np.fill_diagonal(joint, m / n_frame)
    return joint


def simple_random(audit, n_frame=9):
    """The same audit, its forces drawn simple random from all."""
    m = len(audit.force)
    p_joint = simple_random_joint(n_frame, m)
    return audit._replace(p_inclusion=np.full(m, m / n_frame), p_joint=p_joint)


def textbook_srs(audit, n_frame, records_variance):
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


def test_binomial_is_the_textbook_one(two_forces, variance_of):
    variance, reason = variance_of("binomial", "pooled", two_forces)
    assert reason == OK
    assert variance == pytest.approx(77 / 90 * 13 / 90 / 90, rel=1e-15)


def test_linearised_is_the_hand_worked_one(two_forces, variance_of):
    # e = -8, 8; s^2(e) = 128; V2 = 400^2 0.9 (6.4/39)/40 and 100^2 0.5 (4.5/49)/50; X = 750.
    between = 9 * (1 / 3) * 128 / 2
    within = 1.5 * (400**2 * 0.9 * (6.4 / 39) / 40 + 100**2 * 0.5 * (4.5 / 49) / 50)
    variance, _ = variance_of("linearised", "combined_ratio", two_forces)
    assert variance == pytest.approx((between + within) / 750**2, rel=1e-13)


@both_stages
@given(seed=seeds)
def test_both_are_the_textbook_formula_for_simple_random_forces(
    variance, random_audit, records_variance, variance_of, seed
):
    audit = simple_random(random_audit(seed))
    value, _ = variance_of(variance, "combined_ratio", audit)
    assert value == pytest.approx(textbook_srs(audit, 9, records_variance), rel=1e-12)


def between_pairs_twin(audit, contribution):
    """Sen-Yates-Grundy between forces, in array language."""
    joint = audit.p_joint[np.ix_(audit.force, audit.force)]
    pi, c = audit.p_inclusion, contribution
    upper = np.triu_indices(len(pi), 1)
    return (((np.outer(pi, pi) - joint) / joint * np.subtract.outer(c, c) ** 2)[upper]).sum()


def within_twin(influence):
    """Between records, in array language."""
    return influence.spread.sum()


@points
@given(seed=seeds)
def test_sen_yates_grundy_is_linearised_for_simple_random_forces(
    name, random_audit, point, variance_of, seed
):
    audit = simple_random(random_audit(seed))
    if point(name, audit)[1] != OK:
        return
    variance, reason = variance_of("sen_yates_grundy", name, audit)
    assert reason == OK
    assert variance == pytest.approx(variance_of("linearised", name, audit)[0], rel=1e-12)


@points
def test_sen_yates_grundy_is_linearised_for_strata_of_simple_random_forces(
    name, calm_audit, variance_of
):
    variance, _ = variance_of("sen_yates_grundy", name, calm_audit)
    assert variance == pytest.approx(variance_of("linearised", name, calm_audit)[0], rel=1e-12)
    # Two per cent off between a single pair would be seen.
    joint = calm_audit.p_joint.copy()
    joint[3, 4] = joint[4, 3] = 0.98 * joint[3, 4]
    planted, _ = variance_of("sen_yates_grundy", name, calm_audit._replace(p_joint=joint))
    assert planted != pytest.approx(variance, rel=1e-6)


def unequal_joint(seed, p):
    """Some joint probabilities, none above p_f p_g, as pairs of fixed size mostly have."""
    rng = np.random.default_rng(seed)
    factor = rng.uniform(0.5, 0.95, (len(p), len(p)))
    joint = np.outer(p, p) * (factor + factor.T) / 2
    np.fill_diagonal(joint, p)
    return joint


@points
@given(seed=seeds)
def test_sen_yates_grundy_is_its_twin_for_any_joint_probabilities(
    name, random_audit, point, variance_of, seed
):
    audit = random_audit(seed)
    p = np.random.default_rng(seed).uniform(0.1, 0.9, 9)
    audit = audit._replace(p_inclusion=p[audit.force], p_joint=unequal_joint(seed, p))
    _, reason, influence = point(name, audit)
    if reason != OK:
        return
    expected = between_pairs_twin(audit, influence.contribution) + within_twin(influence)
    assert variance_of("sen_yates_grundy", name, audit) == (pytest.approx(expected, rel=1e-12), OK)


def test_sen_yates_grundy_needs_joint_probabilities(calm_audit, variance_of):
    unstated = calm_audit._replace(p_joint=np.zeros((0, 0)))
    never = calm_audit.p_joint.copy()
    never[3, 6] = never[6, 3] = 0.0
    for audit in (unstated, calm_audit._replace(p_joint=never)):
        variance, reason = variance_of("sen_yates_grundy", "combined_ratio", audit)
        assert math.isnan(variance)
        assert reason == NO_JOINT


def test_sen_yates_grundy_says_so_where_it_is_negative(calm_audit, variance_of):
    pi = np.outer(np.diag(calm_audit.p_joint), np.diag(calm_audit.p_joint))
    likely = np.minimum(1.0, 1.5 * pi)
    np.fill_diagonal(likely, np.diag(calm_audit.p_joint))
    read = calm_audit._replace(p_joint=likely, frame=calm_audit.sampled.copy())
    variance, reason = variance_of("sen_yates_grundy", "combined_ratio", read)
    assert math.isnan(variance)
    assert reason == NEGATIVE


@given(seed=seeds)
def test_linearised_adds_up_over_strata_of_forces(random_audit, point, variance_of, seed):
    audit = random_audit(seed)._replace(
        p_inclusion=np.array([0.4, 0.7, 0.4, 0.7]), force_stratum=np.array([3, 0, 3, 0])
    )
    _, _, influence = point("combined_ratio", audit)
    variance, _ = variance_of("linearised", "combined_ratio", audit)
    c, pi = influence.contribution, audit.p_inclusion
    expected = sum(
        (1 - pi[part[0]]) * 2 * c[part].var(ddof=1) for part in (np.array([0, 2]), np.array([1, 3]))
    )
    assert variance == pytest.approx(expected + within_twin(influence), rel=1e-12)


@given(
    counts=st.integers(2, 40).flatmap(
        lambda n: st.tuples(st.just(n), st.integers(0, n)).flatmap(
            lambda nx: st.tuples(st.just(nx[0]), st.just(nx[1]), st.integers(0, nx[1]))
        )
    ),
    ratio=st.floats(0, 1),
)
def test_variance_of_a_sum_is_that_of_the_records(counts, ratio, records_variance):
    n, due, recorded = counts
    value = sum_variance(4 * n, n, due, recorded, ratio)
    expected = 0.75 * n * records_variance(n, due, recorded, ratio)
    assert value == pytest.approx(expected, abs=1e-13)
    assert value >= 0.0


@pytest.mark.parametrize(
    ("frame", "sampled", "expected"),
    [(9, 1, math.nan), (1, 1, 0.0), (0, 1, math.nan), (9, 0, 0.0), (0, 0, 0.0), (9, 9, 0.0)],
)
def test_variance_of_a_sum_where_one_record_none_or_all_were_read(frame, sampled, expected):
    value = sum_variance(frame, sampled, sampled, sampled // 2, 0.5)
    assert value == pytest.approx(expected, nan_ok=True)


# --- limits ---


@points
@both_stages
def test_census_leaves_nothing_to_chance(variance, name, calm_audit, variance_of):
    census = calm_audit._replace(
        frame=calm_audit.sampled.copy(), p_inclusion=np.ones(6), p_joint=np.ones((9, 9))
    )
    assert variance_of(variance, name, census) == (0.0, OK)


@both_stages
@given(seed=seeds)
def test_with_all_forces_certain_only_records_count(variance, random_audit, point, seed):
    audit = random_audit(seed)._replace(
        p_inclusion=np.ones(4), force_stratum=np.arange(4), p_joint=np.ones((9, 9))
    )
    accuracy, _, influence = point("combined_ratio", audit)
    function, anyone = compiled_variance(variance), compiled_point("combined_ratio")
    value, reason = function(audit, accuracy, influence, anyone)
    assert (value, reason) == (pytest.approx(within_twin(influence), rel=1e-12), OK)
    influence.contribution[:] = 123.0
    assert function(audit, accuracy, influence, anyone)[0] == value


SPREAD = ["linearised", "sen_yates_grundy", "ultimate_cluster", "jackknife", "bootstrap"]


@points
@pytest.mark.parametrize("variance", SPREAD)
def test_one_force_of_several_has_no_variance(variance, name, calm_audit, variance_of):
    alone = calm_audit._replace(force_stratum=np.array([0, 1, 2, 2, 3, 2]))
    value, reason = variance_of(variance, name, alone)
    assert math.isnan(value)
    assert reason == ONE_FORCE


@pytest.mark.parametrize("variance", SPREAD)
def test_one_force_from_each_of_two_strata_has_no_variance(variance, two_forces, variance_of):
    """Their joint probability is the product, whose difference from itself says nothing."""
    joint = np.full((3, 3), 4 / 9)
    np.fill_diagonal(joint, 2 / 3)
    audit = two_forces._replace(force_stratum=np.array([0, 1]), p_joint=joint)
    value, reason = variance_of(variance, "combined_ratio", audit)
    assert math.isnan(value)
    assert reason == ONE_FORCE


@points
@both_stages
def test_one_record_of_several_has_no_variance(variance, name, calm_audit, variance_of):
    tables = ("frame", "sampled", "due", "recorded", "over_recorded")
    audit = calm_audit._replace(**{table: getattr(calm_audit, table).copy() for table in tables})
    for counts in (audit.sampled, audit.due, audit.recorded):
        counts[2, 1] = 1
    audit.over_recorded[2, 1] = 0
    value, reason = variance_of(variance, name, audit)
    assert math.isnan(value)
    assert reason == ONE_RECORD
    audit.frame[2, 1] = 1
    assert variance_of(variance, name, audit)[1] == OK


def test_one_record_does_not_matter_where_its_volume_is_nothing(random_audit, variance_of):
    audit = random_audit(5)
    for counts in (audit.sampled, audit.due, audit.recorded):
        counts[2, 1] = 1
    audit.recorded_volume[:, 1] = 0.0
    assert variance_of("linearised", "by_group", audit)[1] == OK


@points
def test_forces_expected_more_than_once_have_no_variance_without_replacement(
    name, calm_audit, variance_of
):
    drawn = calm_audit._replace(
        p_inclusion=np.array([1.2, 0.9, 0.5, 0.5, 0.5, 0.4]), force_stratum=np.zeros(6, np.int64)
    )
    value, reason = variance_of("linearised", name, drawn)
    assert math.isnan(value)
    assert reason == WITH_REPLACEMENT
    assert variance_of("ultimate_cluster", name, drawn)[1] == OK


def test_binomial_has_no_answer_where_nothing_was_read_as_due(two_forces):
    empty = two_forces._replace(due=two_forces.due * 0, recorded=two_forces.recorded * 0)
    variance, reason = compiled_variance("binomial")(
        empty, math.nan, empty_influence(2), compiled_point("pooled")
    )
    assert math.isnan(variance)
    assert reason == NOTHING_DUE


@pytest.mark.parametrize("variance", SPREAD)
def test_degrees_of_freedom_are_forces_less_strata(variance, random_audit):
    audit = random_audit(5)
    df = compiled_df(variance)
    assert df(audit) == 3
    assert df(audit._replace(force_stratum=np.array([0, 5, 5, 0]))) == 2
    assert df(audit._replace(force_stratum=np.arange(4))) == 0
    certain = audit._replace(force_stratum=np.arange(4), p_inclusion=np.ones(4))
    assert df(certain) == audit.sampled.sum() - 12
    assert df(certain._replace(force_stratum=np.zeros(4, np.int64))) == 3
    assert compiled_df("binomial")(audit) == math.inf
