"""Each measure against its definition; what sums and failures do. Errors: see test_mcse."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from underrecording.audit import OK, ONE_FORCE
from underrecording.study.measures import MEASURES, SHARES, measures, over_worlds, proportion
from underrecording.study.moments import (
    ERROR_BIN,
    N_ERROR_BINS,
    Moments,
    accumulate,
    bin_of,
    merge,
)

LEVEL = 0.9


def summarise(estimate, variance, low, high, truth, reasons=None):
    """Moments of arrays of replicates."""
    moments = Moments.empty()
    answers = np.column_stack([estimate, variance, low, high])
    codes = np.full(len(estimate), OK) if reasons is None else np.asarray(reasons)
    accumulate(moments, answers, codes, np.asarray(truth, float), 1.0 - LEVEL)
    return moments


def replicates(n, seed=0, *, shift=0.002):
    """Skewed estimates of a truth that differs by replicate, variances tied to the errors."""
    rng = np.random.default_rng(seed)
    truth = rng.normal(0.2, 0.02, n)
    error = shift + 0.02 * (rng.gamma(4.0, 1.0, n) - 4.0) / 2.0
    variance = 0.02**2 * np.exp(0.4 * rng.normal(size=n) + 8.0 * error)
    half = 1.645 * np.sqrt(variance)
    estimate = truth + error
    return estimate, variance, estimate - half, estimate + half, truth


def by_definition(estimate, variance, low, high, truth):
    """The measures from the rows themselves."""
    e = estimate - truth
    empirical_se = e.std(ddof=1)
    model_se = math.sqrt(variance.mean())
    miss = np.maximum(0, truth - high) + np.maximum(0, low - truth)
    return {
        "bias": e.mean(),
        "relative_bias": e.mean() / truth.mean(),
        "empirical_se": empirical_se,
        "rmse": math.sqrt((e**2).mean()),
        "mse": (e**2).mean(),
        "model_se": model_se,
        "relative_error_model_se": 100 * (model_se / empirical_se - 1),
        "coverage": ((low <= truth) & (truth <= high)).mean(),
        "miss_low": (high < truth).mean(),
        "miss_high": (low > truth).mean(),
        "within_one_point": (np.abs(e) <= 0.01).mean(),
        "mean_width": (high - low).mean(),
        "winkler": (high - low + 2 / (1 - LEVEL) * miss).mean(),
        "mean_estimate": estimate.mean(),
        "mean_truth": truth.mean(),
    }


def bias_eliminated(estimate, variance, low, high, truth):
    """Bias-eliminated coverage from the rows themselves."""
    aim = truth + (estimate - truth).mean()
    return ((low <= aim) & (aim <= high)).mean()


def test_measures_equal_their_definitions():
    rows = replicates(4_000)
    found = measures(summarise(*rows))
    for name, value in by_definition(*rows).items():
        assert found[name].value == pytest.approx(value, rel=1e-9, abs=1e-14), name


def test_bias_eliminated_coverage_is_exact_to_the_replicates_of_one_bin():
    rows = replicates(4_000, shift=0.01)
    found = measures(summarise(*rows))["bias_eliminated_coverage"].value
    low, high, truth = rows[2], rows[3], rows[4]
    bias = (rows[0] - truth).mean()
    in_bin = sum(int((np.abs(edge - truth - bias) < ERROR_BIN).sum()) for edge in (low, high))
    assert abs(found - bias_eliminated(*rows)) <= in_bin / 4_000
    assert abs(found - measures(summarise(*rows))["coverage"].value) > 0.005


def test_bias_eliminated_coverage_is_undefined_where_the_bias_lies_outside_the_bins():
    assert math.isnan(
        measures(summarise(*replicates(400, shift=0.25)))["bias_eliminated_coverage"].value
    )
    assert not math.isnan(
        measures(summarise(*replicates(400, shift=0.15)))["bias_eliminated_coverage"].value
    )


@given(st.integers(1, 399))
def test_merging_two_runs_is_one_run(cut):
    rows = replicates(400)
    whole = summarise(*rows)
    parts = merge(
        summarise(*(column[:cut] for column in rows)), summarise(*(column[cut:] for column in rows))
    )
    np.testing.assert_allclose(parts.sums, whole.sums, rtol=1e-12)
    for name in set(Moments._fields) - {"sums", "pair_sums"}:
        np.testing.assert_array_equal(getattr(parts, name), getattr(whole, name))


def test_failures_are_counted_by_reason_and_left_out():
    rows = replicates(100)
    reasons = np.full(100, OK)
    reasons[:7] = ONE_FORCE
    for column in rows[:4]:
        column[:7] = np.nan
    moments = summarise(*rows, reasons=reasons)
    assert moments.reasons[OK] == 93
    assert moments.reasons[ONE_FORCE] == 7
    answered = by_definition(*(column[7:] for column in rows))
    assert measures(moments)["bias"].value == pytest.approx(answered["bias"])


@pytest.mark.parametrize("answered", [0, 1])
def test_measures_of_fewer_than_two_answers_are_undefined(answered):
    rows = replicates(3)
    reasons = np.full(3, ONE_FORCE)
    reasons[:answered] = OK
    found = measures(summarise(*rows, reasons=reasons))
    assert set(found) == set(MEASURES)
    assert all(math.isnan(measure.value) for measure in found.values())


def test_a_perfect_estimator_has_no_error_and_covers_with_width_zero():
    truth = np.full(50, 0.19)
    found = measures(summarise(truth, np.zeros(50), truth, truth, truth))
    assert found["bias"] == (0.0, 0.0)
    assert found["rmse"] == (0.0, 0.0)
    assert found["coverage"].value == 1.0
    assert found["coverage"].mcse > 0.0
    assert found["mean_width"] == (0.0, 0.0)


def test_one_truth_serves_all_replicates_of_a_fixed_world():
    rows = replicates(200)
    fixed = summarise(*rows[:4], truth=[0.2])
    spelled_out = summarise(*rows[:4], truth=np.full(200, 0.2))
    np.testing.assert_array_equal(fixed.sums, spelled_out.sums)
    assert measures(fixed)["mean_truth"].mcse == pytest.approx(0.0, abs=1e-9)


def test_proportion_at_the_boundary_still_has_an_error():
    assert proportion(0, 400).mcse == proportion(400, 400).mcse == pytest.approx(1 / 401)


@pytest.mark.parametrize("name", SHARES)
@pytest.mark.parametrize("share", [0.0, 1.0])
def test_a_share_of_0_or_1_in_every_world_still_has_an_error(name, share):
    assert over_worlds(name, [share] * 9) == (share, pytest.approx(1 / 10))


def test_the_error_over_worlds_is_their_spread_elsewhere():
    assert over_worlds("coverage", [1.0, 0.0]) == (0.5, pytest.approx(0.5))
    # A bias of 0 in every world, as at a census, is exact.
    assert over_worlds("bias", [0.0, 0.0]) == (0.0, 0.0)
    assert math.isnan(over_worlds("coverage", [1.0, math.nan]).mcse)


@given(st.floats(-1, 1))
def test_every_value_falls_into_one_bin(value):
    assert 0 <= bin_of(value, -0.2, ERROR_BIN, N_ERROR_BINS) < N_ERROR_BINS
