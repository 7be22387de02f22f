"""Functions in plain arithmetic against the C library's."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from underrecording.elementary import cosine_and_sine, exp, expit, log

SHARES = st.floats(0, 1, exclude_min=True, exclude_max=True, allow_subnormal=False)


def units(found, expected):
    """Difference in units in the last place of what is expected."""
    return abs(found - expected) / math.ulp(expected)


@settings(deadline=None, max_examples=2_000)
@given(st.floats(-708, 708))
def test_exp(x):
    assert units(exp(x), math.exp(x)) <= 2


@settings(deadline=None, max_examples=2_000)
@given(st.one_of(SHARES, st.floats(1e-300, 1e300), SHARES.map(lambda u: 1 - u / 1e6)))
def test_log(x):
    assert units(log(x), math.log(x)) <= 2


@settings(deadline=None, max_examples=2_000)
@given(st.one_of(SHARES, st.integers(0, 16).map(lambda n: n / 16)))
def test_cosine_and_sine(turns):
    """Absolute: the C library is given an angle that is rounded, by up to 2.2e-16."""
    found = cosine_and_sine(turns)
    angle = 2 * math.pi * (turns - round(turns))
    assert found[0] == pytest.approx(math.cos(angle), abs=6e-16)
    assert found[1] == pytest.approx(math.sin(angle), abs=6e-16)


@pytest.mark.parametrize("quarter", [0, 1, 2, 3, 4])
def test_whole_quarters_of_a_turn_are_exact(quarter):
    assert cosine_and_sine(quarter / 4) == [(1, 0), (0, 1), (-1, 0), (0, -1), (1, 0)][quarter]


def test_limits_of_the_exponential():
    assert exp(-math.inf) == exp(-708.0) > 0
    assert exp(math.inf) == exp(708.0) < math.inf
    assert expit(-math.inf) < 1e-300
    assert expit(math.inf) == 1


def test_the_comparison_catches_a_series_cut_short():
    """Of the logarithm to z^17, where z is largest."""
    m = math.sqrt(2)
    z = (m - 1) / (m + 1)
    short = 2 * sum(z**n / n for n in range(1, 16, 2))
    assert units(short, math.log(m)) > 2
    assert units(float(np.sum([2 * z**n / n for n in range(1, 22, 2)])), math.log(m)) <= 4
