"""Exact random counts: quantiles against exact arithmetic and SciPy, BTRS against its law."""

import math
from fractions import Fraction
from itertools import accumulate

import numba
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats

from underrecording.rng import DUE, RECORDED
from underrecording.variates import binomial, binomial_quantile, hypergeometric_quantile

LIKELY = 1e-4
ROUNDING = 1e-13
"""How far in u a quantile may be off: the sums have some hundred terms of 1e-16."""

uniform = st.one_of(
    st.floats(2.0**-53, 1.0 - 2.0**-53),
    st.sampled_from([2.0**-53, 1e-15, 1e-12, 1e-6, 0.5, 1 - 1e-6, 1 - 1e-12, 1 - 2.0**-53]),
)


def hypergeometric_weights(population, successes, drawn):
    """Number of samples with 0, 1, ... successes, in whole numbers."""
    failures = population - successes
    return [math.comb(successes, x) * math.comb(failures, drawn - x) for x in range(drawn + 1)]


def binomial_weights(n, p):
    """Chances of 0 to n for the very float p, times a common factor, in whole numbers."""
    yes, all_ = p.as_integer_ratio()
    return [math.comb(n, x) * yes**x * (all_ - yes) ** (n - x) for x in range(n + 1)]


def is_quantile(x, u, weights):
    """Whether x is the smallest with P(X <= x) >= u, give or take the rounding of u."""
    below = [0, *accumulate(weights)]
    total = below[-1]
    return (
        0 <= x < len(weights)
        and weights[x] > 0
        and below[x] < Fraction(u + ROUNDING) * total
        and below[x + 1] >= Fraction(max(0.0, u - ROUNDING)) * total
    )


@st.composite
def draws(draw, largest=300):
    """Population, successes and drawn, the ends likely."""
    population = draw(st.integers(0, largest))
    part = st.one_of(st.integers(0, population), st.sampled_from([0, population]))
    return population, draw(part), draw(part)


@settings(deadline=None, max_examples=400)
@given(uniform, draws())
def test_hypergeometric_quantile_equals_exact_arithmetic(u, numbers):
    x = hypergeometric_quantile(u, *numbers)
    assert is_quantile(x, u, hypergeometric_weights(*numbers))


@settings(deadline=None, max_examples=400)
@given(
    uniform,
    st.integers(0, 200),
    st.one_of(
        st.integers(0, 2**40).map(lambda part: part / 2**40),
        st.sampled_from([0.0, 2.0**-60, 2.0**-30, 0.5, 1 - 2.0**-30, 1 - 2.0**-53, 1.0]),
    ),
)
def test_binomial_quantile_equals_exact_arithmetic(u, n, p):
    assert is_quantile(binomial_quantile(u, n, p), u, binomial_weights(n, p))


def test_the_comparison_with_exact_arithmetic_catches_a_count_that_is_one_off():
    weights = hypergeometric_weights(50, 20, 10)
    x = hypergeometric_quantile(0.5, 50, 20, 10)
    assert is_quantile(x, 0.5, weights)
    assert not is_quantile(x + 1, 0.5, weights)
    assert not is_quantile(x - 1, 0.5, weights)


GRID = (1e-6, 0.01, 0.2, 0.437, 0.5001, 0.77, 0.95, 1 - 1e-6)


@pytest.mark.parametrize(
    ("population", "successes", "drawn"),
    [
        (50, 20, 10),
        (1_000, 860, 160),
        (115_000, 99_000, 139),
        (800_000, 690_000, 5_000),
        (5_000_000, 4_300_000, 40_000),
        (5_000_000, 7, 1_000_000),
    ],
)
def test_hypergeometric_quantile_equals_scipy(population, successes, drawn):
    law = stats.hypergeom(population, successes, drawn)
    mine = [hypergeometric_quantile(u, population, successes, drawn) for u in GRID]
    assert mine == [int(x) for x in law.ppf(GRID)]


@pytest.mark.parametrize(
    ("n", "p"), [(20, 0.3), (139, 0.8), (5_000, 0.02), (100_000, 0.863), (10**7, 1e-6)]
)
def test_binomial_quantile_equals_scipy(n, p):
    mine = [binomial_quantile(u, n, p) for u in GRID]
    assert mine == [int(x) for x in stats.binom(n, p).ppf(GRID)]


@settings(deadline=None)
@given(uniform, draws(100_000))
def test_a_census_finds_every_success_and_an_empty_draw_none(u, numbers):
    population, successes, drawn = numbers
    assert hypergeometric_quantile(u, population, successes, population) == successes
    assert hypergeometric_quantile(u, population, population, drawn) == drawn
    assert hypergeometric_quantile(u, population, 0, drawn) == 0
    assert hypergeometric_quantile(u, population, successes, 0) == 0


def test_at_an_exact_tie_the_smallest_count_is_given():
    """P(X <= 0) = u exactly, in powers of two."""
    assert [binomial_quantile(u, 1, 0.5) for u in (0.5, 0.5000001)] == [0, 1]
    assert [binomial_quantile(u, 2, 0.5) for u in (0.25, 0.75, 0.7500001)] == [0, 1, 2]
    assert [hypergeometric_quantile(u, 2, 1, 1) for u in (0.5, 0.5000001)] == [0, 1]


@settings(deadline=None)
@given(uniform, st.integers(0, 10**6), st.floats(0, 1))
def test_no_trial_gives_no_success_and_a_certain_one_always(u, n, p):
    assert binomial_quantile(u, 0, p) == 0
    assert binomial_quantile(u, n, 0.0) == 0
    assert binomial_quantile(u, n, 1.0) == n


@settings(deadline=None, max_examples=300)
@given(uniform, uniform, draws(20_000))
def test_a_larger_uniform_never_gives_a_smaller_hypergeometric_count(u, v, numbers):
    low, high = (hypergeometric_quantile(w, *numbers) for w in sorted((u, v)))
    assert low <= high


@settings(deadline=None, max_examples=300)
@given(uniform, uniform, st.integers(0, 20_000), st.floats(0, 1))
def test_a_larger_uniform_never_gives_a_smaller_binomial_count(u, v, n, p):
    low, high = (binomial_quantile(w, n, p) for w in sorted((u, v)))
    assert low <= high


inner = st.floats(1e-6, 1 - 1e-6)


@settings(deadline=None, max_examples=300)
@given(inner, draws(20_000))
def test_more_successes_or_a_larger_draw_never_give_a_smaller_count(u, numbers):
    population, successes, drawn = numbers
    # At an exact tie of two laws the last digit may speak; it is below 1e-12 in u.
    later = u + 1e-12
    x = hypergeometric_quantile(u, population, successes, drawn)
    if successes < population:
        assert x <= hypergeometric_quantile(later, population, successes + 1, drawn)
    if drawn < population:
        more = hypergeometric_quantile(later, population, successes, drawn + 1)
        assert x <= more
        assert hypergeometric_quantile(u, population, successes, drawn + 1) <= (
            hypergeometric_quantile(later, population, successes, drawn) + 1
        )


@settings(deadline=None, max_examples=300)
@given(inner, st.integers(0, 20_000), st.floats(0, 1), st.floats(0, 1))
def test_a_larger_chance_or_more_trials_never_give_a_smaller_count(u, n, p, q):
    low, high = sorted((p, q))
    assume(low < high)
    assert binomial_quantile(u, n, low) <= binomial_quantile(u + 1e-12, n, high)
    assert binomial_quantile(u, n, p) <= binomial_quantile(u + 1e-12, n + 1, p)


@numba.njit
def _fill(n, p, seed, out):
    for replicate in range(out.size):
        out[replicate] = binomial(n, p, seed, 0, replicate, DUE, 3, 1)


def counts(n, p, size, seed=5):
    out = np.empty(size, np.int64)
    _fill(n, p, np.uint64(seed), out)
    return out


def p_binomial(x, n, p):
    """Chi-square p-value of counts against Binomial(n, p), cells of at least 20 expected."""
    law = stats.binom(n, p)
    edges = np.unique(law.ppf(np.linspace(0.0, 1.0, 41)[1:-1]))
    cdf = np.concatenate([[0.0], law.cdf(edges), [1.0]])
    expected = np.diff(cdf) * len(x)
    observed = np.bincount(np.searchsorted(edges, x), minlength=len(expected))
    keep = expected > 20
    pooled_o = [*observed[keep], observed[~keep].sum()]
    pooled_e = [*expected[keep], expected[~keep].sum()]
    if pooled_e[-1] < 20:
        pooled_o[-2:], pooled_e[-2:] = [sum(pooled_o[-2:])], [sum(pooled_e[-2:])]
    return stats.chisquare(pooled_o, pooled_e).pvalue


LAWS = {
    "inverse": (30, 0.2),
    "just below 10": (100, 0.0999),
    "at 10": (100, 0.1),
    "just above 10": (100, 0.1001),
    "at 10, mirrored": (100, 0.9),
    "at 10, half": (20, 0.5),
    "rare": (10**6, 1.1e-5),
    "due": (1_000, 0.863),
    "recorded": (5_000, 0.8),
    "large": (300_000, 0.67),
    "half": (10_000, 0.5),
}


@pytest.mark.parametrize("name", LAWS)
def test_binomial_counts_have_the_binomial_law(name):
    n, p = LAWS[name]
    x = counts(n, p, 1_000_000)
    assert 0 <= x.min() <= x.max() <= n
    assert p_binomial(x, n, p) > LIKELY
    mean, sd = n * p, math.sqrt(n * p * (1 - p))
    assert abs(x.mean() - mean) < 4 * sd / math.sqrt(len(x))
    spread = (x - mean) ** 2
    assert abs(spread.mean() - sd**2) < 4 * spread.std() / math.sqrt(len(x))


@pytest.mark.parametrize("name", LAWS)
def test_the_law_test_catches_a_chance_that_is_off_by_a_twentieth_of_a_deviation(name):
    n, p = LAWS[name]
    wrong = p + 0.05 * math.sqrt(p * (1 - p) / n)
    assert p_binomial(counts(n, wrong, 100_000), n, p) < LIKELY


def test_a_chance_too_small_to_matter_gives_no_success():
    assert [binomial_quantile(u, 200, 1e-300) for u in (1e-15, 0.5, 1 - 2.0**-53)] == [0, 0, 0]


def test_binomial_counts_reach_their_ends():
    assert counts(0, 0.5, 5).tolist() == [0] * 5
    assert counts(9, 0.0, 5).tolist() == [0] * 5
    assert counts(9, 1.0, 5).tolist() == [9] * 5
    assert counts(10**6, 1.0, 5).tolist() == [10**6] * 5


@numba.njit
def _grid(purpose, out):
    for replicate in range(out.shape[0]):
        for force in range(out.shape[1]):
            for group in range(out.shape[2]):
                out[replicate, force, group] = binomial(
                    1_000, 0.8, np.uint64(11), 0, replicate, purpose, force, group
                )


def grid(purpose):
    out = np.empty((2_000, 8, 6), np.int64)
    _grid(purpose, out)
    return (out - 800) / math.sqrt(160)


def z_correlation(a, b):
    product = (a * b).ravel()
    return product.mean() / (product.std() / math.sqrt(product.size))


def test_counts_of_neighbouring_addresses_are_independent():
    z = grid(DUE)
    assert abs(z_correlation(z[1:], z[:-1])) < 4
    assert abs(z_correlation(z[:, 1:], z[:, :-1])) < 4
    assert abs(z_correlation(z[..., 1:], z[..., :-1])) < 4
    assert abs(z_correlation(z, grid(RECORDED))) < 4


def test_the_independence_test_catches_a_twentieth_of_a_neighbour():
    z = grid(DUE)
    assert abs(z_correlation(z[1:] + 0.05 * z[:-1], z[:-1])) > 4


def test_the_same_address_gives_the_same_count():
    assert np.array_equal(grid(DUE), grid(DUE))
