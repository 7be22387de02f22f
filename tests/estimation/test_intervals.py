"""Intervals: published values, SciPy's own answers, mirror symmetry, edges."""

import math
import sys

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy import optimize, special, stats

from underrecording.estimation.compile import compiled_interval
from underrecording.estimation.precision import Precision
from underrecording.estimation.registries import INTERVALS

names = pytest.mark.parametrize("name", list(INTERVALS))
bounded = pytest.mark.parametrize("name", sorted(set(INTERVALS) - {"wald", "t"}))
shares = st.floats(0.001, 0.999)
sizes = st.floats(2.0, 1e6)
levels = st.floats(0.5, 0.999)
dfs = st.one_of(st.integers(1, 60).map(float), st.just(math.inf))


def made(name, value, n_eff, *, level=0.95, df=math.inf, n_due=2000.0):
    """The precision of a share with the variance of n_eff records, quantile as registered."""
    normal = INTERVALS[name].quantile == "normal"
    quantile = stats.norm.ppf(0.5 + level / 2) if normal else stats.t.ppf(0.5 + level / 2, df)
    variance = 0.0 if value in (0.0, 1.0) else value * (1 - value) / n_eff
    return Precision(value, variance, level, float(df), float(quantile), float(n_eff), n_due)


def interval(name, value, n_eff, **known):
    return compiled_interval(name)(made(name, value, n_eff, **known))


# --- published values ---

# Newcombe (1998), Statist. Med. 17:857, table I: methods 1, 3, 5 and 7.
NEWCOMBE = {
    ("wald", 81, 263): (0.2522, 0.3638),
    ("wald", 15, 148): (0.0527, 0.1500),
    ("wilson", 81, 263): (0.2553, 0.3662),
    ("wilson", 15, 148): (0.0624, 0.1605),
    ("wilson", 0, 20): (0.0000, 0.1611),
    ("wilson", 1, 29): (0.0061, 0.1718),
    ("clopper_pearson", 81, 263): (0.2527, 0.3676),
    ("clopper_pearson", 15, 148): (0.0578, 0.1617),
    ("clopper_pearson", 0, 20): (0.0000, 0.1684),
    ("clopper_pearson", 1, 29): (0.0009, 0.1776),
    ("likelihood", 81, 263): (0.2542, 0.3655),
    ("likelihood", 15, 148): (0.0596, 0.1567),
    ("likelihood", 0, 20): (0.0000, 0.0916),
    ("likelihood", 1, 29): (0.0020, 0.1432),
}


@pytest.mark.parametrize(("name", "k", "n"), list(NEWCOMBE))
def test_published_intervals_are_met_to_the_last_digit(name, k, n):
    low, high = interval(name, k / n, n)
    assert (round(low, 4), round(high, 4)) == NEWCOMBE[name, k, n]


def test_clopper_pearson_and_wilson_of_7_in_50_are_the_textbook_ones():
    texts = {"clopper_pearson": "0.0582 0.2674", "wilson": "0.0695 0.2619"}
    for name, text in texts.items():
        low, high = interval(name, 7 / 50, 50)
        assert f"{low:.4f} {high:.4f}" == text


# --- the same another way ---


@given(n=st.integers(1, 400), data=st.data(), level=levels)
@pytest.mark.parametrize(("name", "method"), [("clopper_pearson", "exact"), ("wilson", "wilson")])
def test_whole_numbers_of_records_give_scipys_interval(name, method, n, data, level):
    k = data.draw(st.integers(0, n))
    scipys = stats.binomtest(k, n).proportion_ci(level, method=method)
    assert interval(name, k / n, n, level=level) == pytest.approx(tuple(scipys), abs=1e-11)


@given(value=shares, n=sizes, level=levels, df=dfs)
def test_wald_and_t_are_standard_errors_each_way_and_not_clipped(value, n, level, df):
    se = math.sqrt(value * (1 - value) / n)
    normal = stats.norm.interval(level, value, se)
    assert interval("wald", value, n, level=level, df=df) == pytest.approx(normal, rel=1e-11)
    student = stats.t.interval(level, df, value, se)
    assert interval("t", value, n, level=level, df=df) == pytest.approx(student, rel=1e-10)


def test_wald_and_t_may_leave_the_unit_interval():
    for name in ("wald", "t"):
        assert interval(name, 0.02, 20)[0] < 0.0
        assert interval(name, 0.98, 20)[1] > 1.0


@given(value=shares, n=sizes, level=levels, df=dfs)
def test_logit_is_a_t_interval_of_the_log_odds(value, n, level, df):
    # By the delta method the log odds have the variance 1 / (n p (1 - p)).
    se = 1 / math.sqrt(n * value * (1 - value))
    ends = stats.t.interval(level, df, special.logit(value), se)
    expected = tuple(special.expit(ends))
    assert interval("logit", value, n, level=level, df=df) == pytest.approx(expected, rel=1e-9)


@given(value=shares, n=sizes, level=levels, df=dfs)
def test_arcsine_is_a_t_interval_where_the_variance_is_constant(value, n, level, df):
    half = stats.t.ppf(0.5 + level / 2, df) / (2 * math.sqrt(n))
    angle = math.asin(math.sqrt(value))
    for bound, end, beyond in zip(
        interval("arcsine", value, n, level=level, df=df),
        (angle - half, angle + half),
        (angle - half < 0.0, angle + half > math.pi / 2),
        strict=True,
    ):
        # Where the scale ends the interval does; elsewhere it is half a cosine.
        at_end = 0.0 if end < 0.5 else 1.0
        expected = at_end if beyond else (1 - math.cos(2 * end)) / 2
        assert bound == pytest.approx(expected, abs=1e-14)


@given(value=shares, n=sizes, level=levels, df=dfs)
def test_wilson_solves_the_score_equation(value, n, level, df):
    t = stats.t.ppf(0.5 + level / 2, df)
    for bound in interval("wilson", value, n, level=level, df=df):
        deviation = abs(value - bound)
        assert deviation == pytest.approx(t * math.sqrt(bound * (1 - bound) / n), rel=1e-6)


@given(value=shares, n=sizes, level=levels, df=dfs)
def test_agresti_coull_is_wald_after_adding_records(value, n, level, df):
    t = stats.t.ppf(0.5 + level / 2, df)
    recorded, unrecorded = n * value + t**2 / 2, n * (1 - value) + t**2 / 2
    total = recorded + unrecorded
    half = t * math.sqrt(recorded * unrecorded / total**3)
    low, high = interval("agresti_coull", value, n, level=level, df=df)
    assert low == pytest.approx(max(0.0, recorded / total - half), abs=1e-12)
    assert high == pytest.approx(min(1.0, recorded / total + half), abs=1e-12)


@given(value=shares, n=sizes, level=levels, df=dfs)
def test_agresti_coull_shares_the_centre_of_wilson_and_is_never_shorter(value, n, level, df):
    low, high = interval("agresti_coull", value, n, level=level, df=df)
    score_low, score_high = interval("wilson", value, n, level=level, df=df)
    assert low <= score_low + 1e-12
    assert high >= score_high - 1e-12
    if low > 0.0 and high < 1.0:
        assert low + high == pytest.approx(score_low + score_high, abs=1e-12)


@given(value=shares, n=sizes, level=levels)
def test_jeffreys_leaves_equal_tails_of_the_posterior(value, n, level):
    y = value * n
    low, high = interval("jeffreys", value, n, level=level)
    scipys = stats.beta.interval(level, y + 0.5, n - y + 0.5)
    # The end that would leave the estimate out is the estimate itself.
    expected = min(value, scipys[0]), max(value, scipys[1])
    assert (low, high) == pytest.approx(expected, rel=1e-9)


@given(share=st.floats(0, 1), n=sizes, level=levels)
def test_clopper_pearson_leaves_equal_tails_of_the_binomial(share, n, level):
    """A tail of the binomial is a beta integral, at fractional numbers of records too."""
    y, tail = 0.5 + share * (n - 1), (1 - level) / 2
    low, high = interval("clopper_pearson", y / n, n, level=level)
    # An end next to 1 is known to a rounding of 1, and its tail to that over the distance.
    for end, of_end in (
        (low, special.betainc(y, n - y + 1, low)),
        (high, special.betaincc(y + 1, n - y, high)),
    ):
        assert of_end == pytest.approx(tail, rel=1e-7 + sys.float_info.epsilon / (1 - end))


@given(value=shares, n=sizes, level=levels, df=dfs, n_due=st.integers(2, 9000).map(float))
def test_korn_graubard_is_the_published_form_in_quantiles_of_f(value, n, level, df, n_due):
    tail = (1 - level) / 2
    cut = n * (stats.t.ppf(tail, n_due - 1) / stats.t.ppf(tail, df)) ** 2
    y = value * cut
    f_low = stats.f.ppf(tail, 2 * y, 2 * (cut - y + 1))
    f_high = stats.f.ppf(1 - tail, 2 * (y + 1), 2 * (cut - y))
    low = y * f_low / (cut - y + 1 + y * f_low)
    high = (y + 1) * f_high / (cut - y + (y + 1) * f_high)
    given_both = interval("korn_graubard", value, n, level=level, df=df, n_due=n_due)
    assert given_both == (pytest.approx(low, rel=1e-6), pytest.approx(high, rel=1e-6))


def deviance(p, value, n):
    """Twice the binomial log likelihood that p falls short of *value* by."""
    return 2 * n * (special.rel_entr(value, p) + special.rel_entr(1 - value, 1 - p))


@given(value=shares, n=sizes, level=levels, df=dfs)
def test_likelihood_ends_where_the_deviance_is_the_quantile_squared(value, n, level, df):
    allowed = stats.t.ppf(0.5 + level / 2, df) ** 2

    def excess(p):
        return deviance(p, value, n) - allowed

    low, high = interval("likelihood", value, n, level=level, df=df)
    tiny = 1e-300
    expected_low = optimize.brentq(excess, tiny, value, xtol=1e-15) if excess(tiny) > 0 else 0.0
    near_1 = 1.0 - 1e-16
    expected_high = optimize.brentq(excess, value, near_1) if excess(near_1) > 0 else 1.0
    assert low == pytest.approx(expected_low, abs=1e-12)
    assert high == pytest.approx(expected_high, abs=1e-11)


# --- what all have in common ---


@names
@given(value=shares, n=sizes, level=levels, df=dfs)
def test_interval_mirrors_when_recorded_becomes_unrecorded(name, value, n, level, df):
    low, high = interval(name, value, n, level=level, df=df)
    mirror_low, mirror_high = interval(name, 1 - value, n, level=level, df=df)
    assert low == pytest.approx(1 - mirror_high, abs=1e-9)
    assert high == pytest.approx(1 - mirror_low, abs=1e-9)


@names
@given(value=shares, n=sizes, level=levels, df=dfs, more=st.floats(0.01, 0.9))
@example(value=0.001, n=2.0, level=0.5, df=math.inf, more=0.1)
def test_interval_holds_the_estimate_and_grows_with_the_level(name, value, n, level, df, more):
    low, high = interval(name, value, n, level=level, df=df)
    wider = level + more * (1 - level)
    wider_low, wider_high = interval(name, value, n, level=wider, df=df)
    assert wider_low <= low + 1e-12
    assert low <= value <= high
    assert high <= wider_high + 1e-12


@names
@given(value=shares, n=sizes, level=levels, df=dfs)
def test_interval_shrinks_with_more_records(name, value, n, level, df):
    low, high = interval(name, value, n, level=level, df=df)
    closer_low, closer_high = interval(name, value, 2 * n, level=level, df=df)
    assert closer_high - closer_low <= high - low + 1e-12


@pytest.mark.parametrize("name", [n for n, plug_in in INTERVALS.items() if plug_in.quantile == "t"])
@given(value=shares, n=sizes, level=levels, df=st.integers(1, 60).map(float))
def test_interval_with_a_t_quantile_shrinks_with_more_forces(name, value, n, level, df):
    low, high = interval(name, value, n, level=level, df=df)
    closer_low, closer_high = interval(name, value, n, level=level, df=df + 1)
    assert low <= closer_low + 1e-12
    assert closer_high <= high + 1e-12


@pytest.mark.parametrize(
    "name", [n for n, plug_in in INTERVALS.items() if plug_in.quantile == "normal"]
)
def test_interval_with_a_normal_quantile_knows_nothing_of_few_forces(name):
    assert interval(name, 0.8, 400, df=3) == interval(name, 0.8, 400, df=300)


@bounded
@given(
    value=st.one_of(shares, st.sampled_from([0.0, 1.0, 1e-9, 1 - 1e-9])),
    n=st.one_of(sizes, st.floats(1e-3, 2.0)),
    level=levels,
    df=dfs,
)
def test_interval_stays_between_0_and_1(name, value, n, level, df):
    low, high = interval(name, value, n, level=level, df=df)
    if not math.isnan(low):
        assert 0.0 <= low <= value <= high <= 1.0
    else:
        assert name == "logit"
        assert value in (0.0, 1.0)


@given(value=shares, n=sizes, level=levels, df=st.integers(1, 60).map(float))
def test_korn_graubard_is_wider_than_clopper_pearson_for_few_forces(value, n, level, df):
    low, high = interval("korn_graubard", value, n, level=level, df=df, n_due=1000.0)
    plain_low, plain_high = interval("clopper_pearson", value, n, level=level)
    assert low <= plain_low + 1e-12
    assert high >= plain_high - 1e-12
    assert high - low > plain_high - plain_low or df > 20


def test_korn_graubard_is_clopper_pearson_with_as_many_degrees_as_records():
    n_due = 300.0
    for value in (0.0, 0.2, 0.8, 1.0):
        both = [
            interval(name, value, 120, df=n_due - 1, n_due=n_due)
            for name in ("korn_graubard", "clopper_pearson")
        ]
        assert both[0] == pytest.approx(both[1], rel=1e-12)


def test_korn_graubard_has_no_answer_without_two_records_or_any_degree_of_freedom():
    assert all(map(math.isnan, interval("korn_graubard", 0.8, 10, df=3, n_due=1.0)))
    assert all(map(math.isnan, interval("korn_graubard", 0.8, 10, df=0, n_due=50.0)))


# --- edges ---


@names
@pytest.mark.parametrize("value", [0.0, 0.2, 1.0])
def test_nothing_left_to_chance_is_width_0_exactly(name, value):
    sure = made(name, value, 50.0)._replace(variance=0.0, n_eff=math.inf, quantile=math.nan)
    assert compiled_interval(name)(sure) == (value, value)


@bounded
@pytest.mark.parametrize("value", [0.2, 0.5, 0.97])
@pytest.mark.parametrize("n", [1e9, 1e12, 1e15])
def test_next_to_nothing_left_to_chance_is_next_to_no_width(name, value, n):
    low, high = interval(name, value, n, df=12, n_due=1e4)
    half = 3.0 * math.sqrt(value * (1 - value) / n)
    assert value - half - 1e-12 <= low <= value <= high <= value + half + 1e-12


AT_0 = {
    "wald": lambda n, z, t, kg: 0.0,
    "t": lambda n, z, t, kg: 0.0,
    "wilson": lambda n, z, t, kg: t**2 / (n + t**2),
    "arcsine": lambda n, z, t, kg: math.sin(t / (2 * math.sqrt(n))) ** 2,
    "clopper_pearson": lambda n, z, t, kg: 1 - 0.025 ** (1 / n),
    "korn_graubard": lambda n, z, t, kg: 1 - 0.025 ** (1 / kg),
    "jeffreys": lambda n, z, t, kg: stats.beta.ppf(0.975, 0.5, n + 0.5),
    "likelihood": lambda n, z, t, kg: 1 - math.exp(-(t**2) / (2 * n)),
    "agresti_coull": lambda n, z, t, kg: (
        (t**2 / 2 + t * math.sqrt(t**2 / 2 * (n + t**2 / 2) / (n + t**2))) / (n + t**2)
    ),
}


@pytest.mark.parametrize("name", sorted(set(INTERVALS) - {"logit"}))
def test_interval_at_0_and_1_is_the_stated_one(name):
    n, df, n_due = 30.0, 5.0, 30.0
    z, t = stats.norm.ppf(0.975), stats.t.ppf(0.975, df)
    high = AT_0[name](n, z, t, n * (stats.t.ppf(0.975, n_due - 1) / t) ** 2)
    assert interval(name, 0.0, n, df=df, n_due=n_due) == (0.0, pytest.approx(high, rel=1e-12))
    assert interval(name, 1.0, n, df=df, n_due=n_due) == (pytest.approx(1 - high, rel=1e-12), 1.0)


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_logit_has_no_answer_at_0_and_1(value):
    assert all(math.isnan(bound) for bound in interval("logit", value, 30.0))


@names
@given(value=st.sampled_from([0.0, 0.1, 0.5, 0.99, 1.0]), n=sizes, level=levels, df=dfs)
def test_plain_python_gives_what_the_compiled_form_gives(name, value, n, level, df):
    known = made(name, value, n, level=level, df=df)
    plain = INTERVALS[name].function(known)
    assert compiled_interval(name)(known) == pytest.approx(plain, abs=1e-14, nan_ok=True)
