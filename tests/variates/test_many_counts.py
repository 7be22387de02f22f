"""Counts drawn several at a time are those drawn one by one."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from underrecording.variates import (
    binomial,
    binomials,
    hypergeometric_quantile,
    hypergeometric_quantiles,
    hypergeometric_thresholds,
    room_for_hypergeometrics,
)
from underrecording.variates.counts import log_factorial, log_weight_nearly

SMALLEST, LARGEST = 2.0**-53, 1.0 - 2.0**-53


def quantiles(u, *numbers):
    counts = np.empty(len(u), np.int64)
    hypergeometric_quantiles(u, *numbers, room_for_hypergeometrics(len(u)), counts)
    return counts


def one_by_one(u, *numbers):
    return [hypergeometric_quantile(*each) for each in zip(u, *numbers, strict=True)]


@pytest.mark.parametrize("most", [1, 5, 30, 1_000, 100_000, 2_000_000])
def test_hypergeometric_quantiles_are_those_found_one_by_one(most):
    rng = np.random.default_rng(most)
    for _ in range(60):
        size = rng.integers(1, 90)
        population = rng.integers(0, most + 1, size)
        successes = rng.binomial(population, rng.choice([0.0, 0.01, 0.5, 0.86, 0.99, 1.0], size))
        drawn = rng.binomial(population, rng.choice([0.0, 1e-3, 0.01, 0.3, 0.9, 1.0], size))
        drawn = np.minimum(drawn, rng.choice([30, 3_000], size))
        u = rng.choice([rng.random(), SMALLEST, LARGEST, 1e-12, 1 - 1e-12], size)
        u = np.where(rng.random(size) < 0.5, rng.random(size), u)
        found = quantiles(u, population, successes, drawn)
        assert found.tolist() == one_by_one(u, population, successes, drawn)


def test_the_comparison_catches_a_quantile_one_step_off():
    numbers = np.array([50, 500]), np.array([20, 430]), np.array([10, 27])
    u = np.array([0.3, 0.6])
    wrong = quantiles(u, *numbers) + np.array([0, 1])
    assert wrong.tolist() != one_by_one(u, *numbers)


@settings(deadline=None)
@given(st.integers(1, 400), st.floats(0, 1), st.floats(0, 1))
def test_thresholds_are_what_quantiles_compare_with(population, part, share):
    successes, drawn = int(part * population), int(share * population)
    reached = np.zeros(drawn + 1)
    low, count, total = hypergeometric_thresholds(population, successes, drawn, reached)
    assert (np.diff(reached[:count]) >= 0).all()
    for i in range(count - 1):
        u = reached[i] / total
        if u * (1 - 1e-12) > SMALLEST and u * (1 + 1e-12) < LARGEST:
            below = hypergeometric_quantile(u * (1 - 1e-12), population, successes, drawn)
            above = hypergeometric_quantile(u * (1 + 1e-12), population, successes, drawn)
            assert below <= low + i < above or reached[i + 1] - reached[i] < 1e-10


SEED = np.uint64(2**60 + 3)


@pytest.mark.parametrize("share", [0.0, 0.002, 0.03, 0.3, 0.5, 0.7, 0.863, 0.999, 1.0])
def test_binomials_are_those_drawn_one_by_one(share):
    rng = np.random.default_rng(int(1000 * share))
    n = (10 ** rng.uniform(0, 6, (43, 6))).astype(np.int64)
    n[0, :2] = 0, 1
    p = np.clip(share + rng.normal(0, 0.01, n.shape), 0, 1) if 0 < share < 1 else n * 0 + share
    counts = np.empty((40, *n.shape), np.int64)
    binomials(np.broadcast_to(n, counts.shape), p, 2**60 + 3, 2, 9, 33, counts)
    for b, f, k in np.ndindex(*counts.shape):
        assert counts[b, f, k] == binomial(n[f, k], p[f, k], SEED, 2, 9 + b, 33, f, k)


def exact_log_factorial(n):
    return math.fsum(math.log(i) for i in range(2, n + 1))


@pytest.mark.parametrize("n", [0, 1, 2, 31, 32, 33, 100, 5_000])
def test_log_factorials(n):
    assert log_factorial(n) == pytest.approx(exact_log_factorial(n), rel=1e-14, abs=1e-14)


def gaps(n, p):
    """For y = 1, 2, ...: how far log P(k) / P(mode) is from what it is near to, and the bound."""
    variance, mode, odds = n * p * (1 - p), math.floor((n + 1) * p), p / (1 - p)
    for sign in (1, -1):
        terms = []
        for y in range(1, min(3_000, math.ceil(0.5 * variance - 1))):
            k = mode + sign * y
            if not 0 <= k <= n:
                break
            ratio = (n - k + 1) / k * odds if sign == 1 else (k + 1) / (n - k) / odds
            terms.append(math.log(ratio))
            if y % 7 == 0 or y < 30:
                weight, margin = log_weight_nearly(float(k), mode, n * p, p, 1.0 / variance)
                yield abs(math.fsum(terms) - weight), margin


@pytest.mark.parametrize("p", [0.001, 0.02, 0.1, 0.25, 0.4, 0.5])
@pytest.mark.parametrize("n", [20, 30, 55, 200, 530, 3_000, 100_000, 2_000_000])
def test_bounds_of_binomial_weights_hold(n, p):
    """Against sums of logarithms of exact ratios, step by step from the mode."""
    assert all(gap <= margin + 1e-11 for gap, margin in gaps(n, p) if n * p >= 10)


def test_narrower_bounds_would_not_hold():
    assert any(gap > 0.7 * margin for gap, margin in gaps(2_000_000, 0.001))
