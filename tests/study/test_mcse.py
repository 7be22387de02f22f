"""Every Monte Carlo standard error against the jackknife and against repeated studies.

The jackknife of a mean is its standard error exactly, and of a share but for R - 1 in place
of R: there any wrong factor shows. Of other measures it agrees but for terms of order 1 / R.
Over repeated studies, S of them, (S - 1) times the variance of a measure over the mean of its
stated variances follows chi-square with S - 1 degrees of freedom: the bounds below let a right
error fail once in ten thousand measures and catch one that is wrong by a factor of sqrt 2.
"""

import math

import numpy as np
import pytest
from scipy import stats

from underrecording.audit import OK
from underrecording.study import plan_study
from underrecording.study.block import run_block
from underrecording.study.differences import DIFFERENCES, paired_differences
from underrecording.study.measures import MEASURES, Measure, measures
from underrecording.study.moments import Moments, accumulate
from underrecording.study.pairs import accumulate_pairs
from underrecording.study.plan import Block

LEVEL = 0.9
MEANS = ("bias", "mse", "mean_width", "winkler")
SHARES = ("coverage", "miss_low", "miss_high", "within_one_point")
ALL = (*MEASURES, *(f"difference in {name}" for name in DIFFERENCES))


def replicates(*shape, seed=0):
    """Two skewed estimators of a truth that differs by replicate, (2, 4, *shape), and the truth.

    Their errors have a part in common; their variances are tied to their errors.
    """
    rng = np.random.default_rng(seed)
    truth = rng.normal(0.2, 0.02, shape)
    common = 0.01 * (rng.gamma(4.0, 1.0, shape) - 4.0)
    found = []
    for shift, noise in ((0.002, 0.006), (-0.001, 0.008)):
        error = shift + common + noise * (rng.gamma(4.0, 1.0, shape) - 4.0) / 2.0
        variance = 0.02**2 * np.exp(0.4 * rng.normal(size=shape) + 8.0 * error)
        half = 1.5 * np.sqrt(variance)
        estimate = truth + error
        found.append([estimate, variance, estimate - half, estimate + half])
    return np.array(found), truth


def all_measures(answers, truth):
    """Measures of the first estimator, and its differences from the second, by name."""
    moments, reasons = Moments.empty(), np.full(truth.size, OK)
    first, second = (np.ascontiguousarray(one.T) for one in answers)
    accumulate(moments, first, reasons, truth, 1.0 - LEVEL)
    accumulate_pairs(moments, first, reasons, second, reasons, truth, 1.0 - LEVEL)
    return together(moments)


def together(moments):
    compared = paired_differences(moments)
    return measures(moments) | {f"difference in {name}": compared[name] for name in compared}


def by_definition(answers, truth):
    """The same values from the rows themselves, along the last axis, but for what needs bins."""
    each = [_of_one(one, truth) for one in answers]
    found = dict(each[0])
    for name in DIFFERENCES:
        if name == "relative_precision":
            ratio = each[1]["empirical_se"] / each[0]["empirical_se"]
            found["difference in relative_precision"] = 100 * (ratio**2 - 1)
        else:
            found[f"difference in {name}"] = each[0][name] - each[1][name]
    return found


def _of_one(answers, truth):
    estimate, variance, low, high = answers
    e = estimate - truth
    miss = np.maximum(0, truth - high) + np.maximum(0, low - truth)
    empirical_se = e.std(axis=-1, ddof=1)
    found = {
        "bias": e, "mse": e**2, "coverage": (low <= truth) & (truth <= high),
        "miss_low": high < truth, "miss_high": low > truth, "within_one_point": abs(e) <= 0.01,
        "mean_width": high - low, "winkler": high - low + 2 / (1 - LEVEL) * miss,
        "mean_estimate": estimate, "mean_truth": truth,
    }  # fmt: skip
    found = {name: rows.mean(axis=-1) for name, rows in found.items()}
    model_se = np.sqrt(variance.mean(axis=-1))
    return found | {
        "relative_bias": found["bias"] / found["mean_truth"],
        "empirical_se": empirical_se,
        "rmse": np.sqrt(found["mse"]),
        "model_se": model_se,
        "relative_error_model_se": 100 * (model_se / empirical_se - 1),
    }


def jackknife(answers, truth):
    """Standard error of each measure from its values with one replicate left out."""
    n = truth.size
    others = np.array([np.delete(np.arange(n), i) for i in range(n)])
    left_out = by_definition(answers[:, :, others], truth[others])
    return {
        name: math.sqrt((n - 1) / n * np.sum((values - values.mean()) ** 2))
        for name, values in left_out.items()
    }


@pytest.fixture(scope="module")
def held():
    """Stated errors beside jackknifed ones, with 400 and with 1,600 replicates."""
    found = {}
    for n in (400, 1600):
        rows = replicates(n, seed=3)
        found[n] = all_measures(*rows), jackknife(*rows)
    return found


EXACT = [
    *MEANS, "mean_estimate", "mean_truth", *(f"difference in {name}" for name in MEANS)
]  # fmt: skip
OF_SHARES = [*SHARES, "difference in coverage"]
ASYMPTOTIC = [name for name in ALL if name not in (*EXACT, *OF_SHARES, "bias_eliminated_coverage")]


def test_the_measures_are_those_of_the_rows():
    rows = replicates(400, seed=3)
    found = all_measures(*rows)
    for name, value in by_definition(*rows).items():
        assert found[name].value == pytest.approx(value, rel=1e-9, abs=1e-14), name


@pytest.mark.parametrize("name", [*EXACT, *OF_SHARES])
def test_the_error_of_a_mean_is_the_jackknife_exactly(held, name):
    stated, jackknifed = (found[name] for found in held[400])
    wanted = jackknifed * (math.sqrt(399 / 400) if name in OF_SHARES else 1.0)
    if name == "mean_estimate":
        # Truth and error are summed apart; what is lost is rounding.
        assert stated.mcse == pytest.approx(wanted, rel=1e-7)
    else:
        assert stated.mcse == pytest.approx(wanted, rel=1e-9)
    # R for R - 1 would show.
    assert stated.mcse * math.sqrt(399 / 400) != pytest.approx(wanted, rel=1e-4)


@pytest.mark.parametrize("name", ASYMPTOTIC)
def test_other_errors_are_the_jackknife_but_for_terms_of_order_1_over_r(held, name):
    gaps = {n: stated[name].mcse / jackknifed[name] - 1 for n, (stated, jackknifed) in held.items()}
    for n, gap in gaps.items():
        assert abs(gap) < 12 / n, gaps
    # A wrong factor of sqrt 2 would show, and so would 5 per cent.
    assert 12 / 400 < 0.05


def chi_square(values):
    """(S - 1) Var(values) / mean stated variance, by name, of S studies."""
    return {
        name: (len(values) - 1)
        * np.var([study[name].value for study in values], ddof=1)
        / np.mean([study[name].mcse ** 2 for study in values])
        for name in values[0]
        if not math.isnan(values[0][name].value)
    }


def outside(values, likely=1e-4):
    """Measures whose stated errors the spread over studies contradicts."""
    low, high = stats.chi2.ppf([likely / 2, 1 - likely / 2], len(values) - 1)
    return {name: x for name, x in chi_square(values).items() if not low < x < high}


def scaled(values, factor):
    return [
        {name: Measure(one.value, factor * one.mcse) for name, one in study.items()}
        for study in values
    ]


def studies(count, n, seed):
    answers, truth = replicates(count, n, seed=seed)
    return [all_measures(answers[:, :, i], truth[i]) for i in range(count)]


@pytest.fixture(scope="module")
def two_hundred():
    return studies(200, 500, seed=11)


def test_errors_are_the_spread_over_200_repeated_studies(two_hundred):
    assert set(chi_square(two_hundred)) == set(ALL)
    assert outside(two_hundred) == {}


@pytest.mark.parametrize("factor", [math.sqrt(2), math.sqrt(0.5)])
def test_an_error_wrong_by_a_factor_of_sqrt_2_is_caught_in_every_measure(two_hundred, factor):
    assert set(outside(scaled(two_hundred, factor))) == set(ALL)


def test_the_error_of_unpaired_differences_would_be_caught(two_hundred):
    """As if the two estimators had not seen the same audits: variances added."""
    answers, truth = replicates(500, seed=12)
    own = all_measures(answers, truth)
    other = all_measures(answers[::-1], truth)
    for name in ("bias", "rmse", "winkler", "coverage"):
        unpaired = math.hypot(own[name].mcse, other[name].mcse)
        wrong = [
            {name: Measure(study[f"difference in {name}"].value, unpaired)} for study in two_hundred
        ]
        assert outside(wrong), name


def test_an_error_without_its_covariance_would_be_caught(held):
    """Of the estimated variance with the squared error, which here go together."""
    answers, truth = replicates(1600, seed=3)
    moments, reasons = Moments.empty(), np.full(truth.size, OK)
    accumulate(moments, np.ascontiguousarray(answers[0].T), reasons, truth, 1.0 - LEVEL)
    as_if_normal = measures(moments, normal=True)
    jackknifed = held[1600][1]
    for name in ("empirical_se", "relative_error_model_se"):
        assert abs(as_if_normal[name].mcse / jackknifed[name] - 1) > 0.05


ENGINE = ("study.sweep={}", "estimators=[pooled/binomial/wald, combined_ratio/linearised/t]")


def repeated(loaded, count, n):
    """Measures of the second estimator in *count* blocks of the simulator's own replicates."""
    plan = plan_study(loaded(*ENGINE, f"study.block_size={n}", f"study.replicates={count * n}"))
    assert len(plan.blocks()) == count
    return [
        together(run_block(plan, Block(0, i * n, (i + 1) * n)).moments.at(0, 0, 1))
        for i in range(count)
    ]


def test_errors_are_the_spread_over_200_studies_of_the_simulator(loaded):
    found = repeated(loaded, 200, 250)
    assert outside(found) == {}
    assert set(outside(scaled(found, math.sqrt(2)))) == set(ALL)


@pytest.mark.slow
def test_errors_are_the_spread_over_200_long_studies_of_the_simulator(loaded):
    found = repeated(loaded, 200, 10_000)
    assert outside(found) == {}


@pytest.mark.slow
def test_errors_are_the_spread_over_5000_repeated_studies():
    """Bounds of 8 per cent on the variance, 4 on the error: sharp enough for what is left out.

    The error of bias-eliminated coverage takes the bias as known. Where errors are skewed,
    as here, it is too small, by 6 per cent.
    """
    found = studies(5_000, 1_000, seed=13)
    assert set(outside(found)) == {"bias_eliminated_coverage"}
    ratio = math.sqrt(chi_square(found)["bias_eliminated_coverage"] / 4_999)
    assert 1.02 < ratio < 1.10
    assert set(outside(scaled(found, 1.06))) == set(ALL) - {"bias_eliminated_coverage"}
