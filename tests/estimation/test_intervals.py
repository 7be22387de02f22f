"""Intervals: textbook values, mirror symmetry, edges."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit, ndtri
from scipy.special import logit as log_odds

from underrecording.estimation.compile import compiled_interval
from underrecording.estimation.registries import INTERVALS

Z = float(ndtri(0.975))
names = pytest.mark.parametrize("name", list(INTERVALS))
shares = st.floats(0.001, 0.999)
sizes = st.floats(2.0, 1e6)
quantiles = st.floats(0.5, 13.0)


def interval(name, value, n_eff, quantile):
    """The interval of a share whose variance is that of n_eff independent records."""
    variance = 0.0 if value in (0.0, 1.0) else value * (1 - value) / n_eff
    return compiled_interval(name)(value, variance, quantile, n_eff)


def test_wilson_of_7_in_50_is_the_textbook_one():
    low, high = interval("wilson", 7 / 50, 50.0, Z)
    assert f"{low:.4f} {high:.4f}" == "0.0695 0.2619"


def test_wilson_solves_the_score_equation():
    for bound in interval("wilson", 0.3, 40.0, 2.2):
        assert abs(0.3 - bound) == pytest.approx(2.2 * math.sqrt(bound * (1 - bound) / 40))


@pytest.mark.parametrize("name", ["wald", "t"])
def test_wald_and_t_are_standard_errors_each_way_and_not_clipped(name):
    low, high = compiled_interval(name)(0.05, 0.01, 2.0, 4.75)
    assert (low, high) == (pytest.approx(-0.15), pytest.approx(0.25))


def test_logit_is_a_wald_interval_of_the_log_odds():
    middle, se = log_odds(0.8), math.sqrt(0.0004) / 0.16
    low, high = compiled_interval("logit")(0.8, 0.0004, 2.0, 400.0)
    assert low == pytest.approx(expit(middle - 2 * se), rel=1e-13)
    assert high == pytest.approx(expit(middle + 2 * se), rel=1e-13)


@names
@given(value=shares, n_eff=sizes, quantile=quantiles)
def test_interval_mirrors_when_recorded_becomes_unrecorded(name, value, n_eff, quantile):
    low, high = interval(name, value, n_eff, quantile)
    mirror_low, mirror_high = interval(name, 1 - value, n_eff, quantile)
    assert low == pytest.approx(1 - mirror_high, abs=1e-9)
    assert high == pytest.approx(1 - mirror_low, abs=1e-9)


@names
@given(value=shares, n_eff=sizes, quantile=quantiles)
def test_interval_holds_the_estimate_and_grows_with_the_quantile(name, value, n_eff, quantile):
    low, high = interval(name, value, n_eff, quantile)
    wider_low, wider_high = interval(name, value, n_eff, quantile * 1.1)
    assert wider_low <= low <= value <= high <= wider_high


@pytest.mark.parametrize("name", ["logit", "wilson"])
@given(value=shares, n_eff=sizes, quantile=quantiles)
def test_logit_and_wilson_stay_between_0_and_1(name, value, n_eff, quantile):
    low, high = interval(name, value, n_eff, quantile)
    assert 0.0 <= low <= high <= 1.0


@names
@pytest.mark.parametrize("value", [0.0, 0.2, 1.0])
def test_nothing_left_to_chance_is_width_0_exactly(name, value):
    assert compiled_interval(name)(value, 0.0, math.nan, math.inf) == (value, value)


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_logit_has_no_answer_at_0_and_1(value):
    assert all(math.isnan(bound) for bound in interval("logit", value, 30.0, Z))


def test_wilson_at_0_and_1_is_the_textbook_one():
    assert interval("wilson", 0.0, 30.0, Z) == (0.0, pytest.approx(Z**2 / (30 + Z**2)))
    assert interval("wilson", 1.0, 30.0, Z) == (pytest.approx(30 / (30 + Z**2)), 1.0)


@names
@given(value=st.sampled_from([0.0, 0.1, 0.5, 0.99, 1.0]), n_eff=sizes, quantile=quantiles)
def test_plain_python_gives_what_the_compiled_form_gives(name, value, n_eff, quantile):
    variance = value * (1 - value) / n_eff
    arguments = (value, variance, quantile, n_eff)
    plain = INTERVALS[name].function(*arguments)
    assert compiled_interval(name)(*arguments) == pytest.approx(plain, abs=1e-14, nan_ok=True)
