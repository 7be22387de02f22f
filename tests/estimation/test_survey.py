"""Ours against R's survey package, on frozen audits: see tests/golden/survey/README.md."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from underrecording.audit import Audit
from underrecording.estimation.check import checked
from underrecording.estimation.estimate import estimate
from underrecording.estimation.intervals.korn_graubard import korn_graubard
from underrecording.estimation.intervals.likelihood import likelihood
from underrecording.estimation.precision import precision
from underrecording.estimation.registries import VARIANCES
from underrecording.estimation.spec import EstimatorSpec
from underrecording.estimation.stages import between_forces, within_forces
from underrecording.estimation.totals import records_read
from underrecording.estimation.variances.sen_yates_grundy import between_pairs

GOLDEN = Path(__file__).parents[1] / "golden" / "survey" / "fixtures.json"
SAID = json.loads(GOLDEN.read_text(encoding="utf-8"))
FIXTURES = {fixture["name"]: fixture for fixture in SAID["fixtures"]}
LEVEL = SAID["level"]
CLOSE = 1e-9
"""Both are sums of some thousand numbers in double precision."""

REFITTED = 1e-7
"""R's logit and likelihood methods fit the share anew by iteration, which stops near it."""


def listed(kind):
    """Every entry of a kind with its fixture, for parametrize."""
    return [
        pytest.param(name, entry, id=f"{name}-{i}-{entry.get('estimator', entry.get('part'))}")
        for name, fixture in FIXTURES.items()
        for i, entry in enumerate(fixture[kind])
    ]


def audit_of(name) -> Audit:
    """The audit of a fixture; joint probabilities, if not stated, of simple random forces."""
    audit = checked(Audit(**FIXTURES[name]["audit"]))
    repeated = np.unique(audit.force).size < audit.force.size
    return audit if repeated or audit.p_joint.size else audit._replace(p_joint=simple_joint(audit))


def simple_joint(audit):
    """Joint probabilities where forces are simple random in each stratum."""
    n_rows, p, stratum = len(audit.recorded_volume), audit.p_inclusion, audit.force_stratum
    inspected = np.bincount(stratum)[stratum]
    of_all = inspected / p
    pair = p * (inspected - 1) / np.maximum(of_all - 1, 1)
    joint = np.zeros((n_rows, n_rows))
    together = np.where(stratum[:, None] == stratum, pair, np.outer(p, p))
    np.fill_diagonal(together, p)
    joint[np.ix_(audit.force, audit.force)] = together
    return joint


def ours(name, estimator, audit=None):
    """The estimate as R words it."""
    audit = audit_of(name) if audit is None else audit
    made = estimate(audit, EstimatorSpec.parse(estimator), level=LEVEL)
    se = math.sqrt(made.variance)
    return {"value": made.value, "se": se, "df": made.df, "low": made.low, "high": made.high}


def same(answer, expected):
    """Whether all that R states, it states alike; the likelihood's ends have tests of their own."""
    refitted = any(f'method = "{name}"' in expected["call"] for name in ("logit", "likelihood"))
    within = REFITTED if refitted else CLOSE
    ends = [] if "profile_error" in expected else ["low", "high"]
    return all(
        math.isclose(answer[key], expected[key], rel_tol=within)
        for key in ["value", "se", "df", *ends]
        if key in expected
    )


@pytest.mark.parametrize(("name", "expected"), listed("answers"))
def test_estimates_are_those_of_r(name, expected):
    answer = ours(name, expected["estimator"])
    assert same(answer, expected), (answer, expected)


@pytest.mark.parametrize("name", [name for name in FIXTURES if FIXTURES[name]["answers"]])
def test_one_report_read_otherwise_would_be_noticed(name):
    audit = audit_of(name)
    f, h = np.argwhere(audit.recorded > 0)[0]
    recorded = audit.recorded.copy()
    recorded[f, h] -= 1
    other = audit._replace(recorded=recorded)
    for expected in FIXTURES[name]["answers"]:
        assert not same(ours(name, expected["estimator"], other), expected)


@pytest.mark.parametrize(("name", "expected"), listed("stages"))
def test_each_stage_of_a_variance_is_that_of_r(name, expected, point):
    parts = {"between": between_forces, "within": within_forces, "pairs": between_pairs}
    audit = audit_of(name)
    _, _, influence = point("combined_ratio", audit)
    given = (influence,) if expected["part"] == "within" else (audit, influence)
    variance, reason = parts[expected["part"]](*given)
    assert reason == 0
    assert variance == pytest.approx(expected["variance"], rel=CLOSE)


def test_both_stages_add_up_for_forces_in_proportion_to_size():
    stages = FIXTURES["sampford_two_stage"]["stages"]
    se = ours("sampford_two_stage", "combined_ratio/sen_yates_grundy/t")["se"]
    assert se**2 == pytest.approx(sum(stage["variance"] for stage in stages), rel=CLOSE)


def test_every_variance_of_the_design_is_compared():
    compared = {entry["estimator"] for f in SAID["fixtures"] for entry in f["answers"]}
    assert {name.split("/")[1] for name in compared} | {"bootstrap"} == set(VARIANCES)


WITH_LIKELIHOOD = [
    pytest.param(name, entry, id=name)
    for name, fixture in FIXTURES.items()
    for entry in fixture["answers"]
    if "profile_error" in entry
]


@pytest.mark.parametrize(("name", "expected"), WITH_LIKELIHOOD)
def test_likelihood_is_that_of_r_but_for_its_profile_and_one_record(name, expected):
    answer, n = ours(name, expected["estimator"]), records_read(audit_of(name))[0]
    # R estimates the dispersion of a share, which is 1, by n / (n - 1).
    one_record = (answer["high"] - answer["low"]) / n
    for end in ("low", "high"):
        assert abs(answer[end] - expected[end]) <= one_record + expected["profile_error"]


@pytest.mark.parametrize(("name", "expected"), WITH_LIKELIHOOD)
def test_likelihood_with_rs_dispersion_is_what_rs_profile_aims_at(name, expected):
    answer, n = ours(name, expected["estimator"]), records_read(audit_of(name))[0]
    dispersed = answer["se"] ** 2 * n / (n - 1)
    low, high = likelihood(precision(answer["value"], dispersed, level=LEVEL, df=answer["df"]))
    assert low == pytest.approx(expected["exact_low"], rel=CLOSE)
    assert high == pytest.approx(expected["exact_high"], rel=CLOSE)
    assert expected["profile_error"] < 1e-4


def reference(name, beginning):
    """What R says of something that is not quite ours."""
    (found,) = (r for r in FIXTURES[name]["reference"] if r["what"].startswith(beginning))
    return found


@pytest.mark.parametrize("name", ["thirteen", "five", "two", "accurate", "strata"])
def test_jackknife_is_about_the_estimate_and_not_about_the_mean_of_replicates(name):
    se = ours(name, "combined_ratio/jackknife/t")["se"]
    assert se > reference(name, "jackknife about the mean")["se"] * (1 + 1e-6)


@pytest.mark.parametrize("name", ["thirteen", "five", "two", "accurate"])
def test_jackknife_of_r_with_forces_corrected_is_ours_times_the_share_left_out(name):
    p = audit_of(name).p_inclusion[0]
    se = ours(name, "combined_ratio/jackknife/t")["se"] * math.sqrt(1 - p)
    assert se == pytest.approx(reference(name, "jackknife, forces corrected")["se"], rel=CLOSE)


@pytest.mark.parametrize("name", ["adjusted_two_stage", "adjusted_strata"])
def test_post_strata_count_forces_and_not_records(name):
    answer, by_records = ours(name, "post_stratified/linearised/t"), reference(name, "postStratify")
    assert answer["value"] == pytest.approx(by_records["value"], rel=CLOSE)
    assert answer["se"] != pytest.approx(by_records["se"], rel=0.01)


@pytest.mark.parametrize("name", ["sampford", "maximum_entropy", "sampford_two_stage"])
def test_hajeks_approximation_is_near_the_exact_variance_but_is_not_it(name):
    exact = ours(name, "combined_ratio/sen_yates_grundy/t")["se"]
    near = ours(name, "combined_ratio/linearised/t")["se"]
    assert 1e-4 < abs(near / exact - 1) < 0.05


@pytest.mark.parametrize("name", ["sampford", "maximum_entropy"])
def test_the_form_of_yates_and_grundy_is_not_that_of_horvitz_and_thompson(name):
    se = ours(name, "combined_ratio/sen_yates_grundy/t")["se"]
    assert se != pytest.approx(reference(name, "Horvitz")["se"], rel=0.01)


@pytest.mark.parametrize("name", ["all_recorded", "none_recorded"])
def test_at_the_ends_of_the_scale_only_the_t_interval_is_rs(name):
    answer = ours(name, "combined_ratio/linearised/t")
    in_r = reference(name, "mean")
    assert [answer[k] for k in ("value", "se", "low", "high")] == [
        in_r[k] for k in ("value", "se", "low", "high")
    ]
    for method in ("xlogit", "asin", "beta"):
        assert reference(name, method)["low"] is None
    assert "error" in reference(name, "likelihood")


@pytest.mark.parametrize("name", ["all_recorded", "none_recorded"])
def test_at_the_ends_of_the_scale_ours_count_records_as_independent(name):
    audit = audit_of(name)
    n, df, tail = records_read(audit)[0], len(audit.force) - 1, (1 - LEVEL) / 2
    t = stats.t.isf(tail, df)
    cut = n * (stats.t.isf(tail, n - 1) / t) ** 2
    reach = {
        "arcsine": math.sin(t / (2 * math.sqrt(n))) ** 2,
        "korn_graubard": 1 - tail ** (1 / cut),
        "likelihood": 1 - math.exp(-(t**2) / (2 * n)),
    }
    for interval, width in reach.items():
        answer = ours(name, f"combined_ratio/linearised/{interval}")
        expected = (1 - width, 1.0) if name == "all_recorded" else (0.0, width)
        assert (answer["low"], answer["high"]) == pytest.approx(expected, rel=CLOSE, abs=1e-15)


@pytest.mark.parametrize("name", ["all_recorded", "none_recorded"])
def test_at_the_ends_of_the_scale_the_logit_says_that_it_has_no_answer(name):
    made = estimate(audit_of(name), EstimatorSpec.parse("combined_ratio/linearised/logit"))
    assert math.isnan(made.low)
    assert made.reason == "estimate of 0 or 1, where the interval is undefined"


def test_few_forces_break_two_methods_of_r_and_not_ours():
    # One degree of freedom: the t quantile is 12.7, more than R's way to it through the normal
    # law can hold.
    assert reference("two", "logit")["high"] is None
    answer = ours("two", "combined_ratio/linearised/logit")
    assert 0.0 < answer["low"] < answer["value"] < answer["high"] < 1.0


def test_beta_of_r_counts_degrees_of_freedom_over_records_due_alone():
    said, answer = reference("one_each", "beta"), ours("one_each", "combined_ratio/linearised/t")
    n_due = records_read(audit_of("one_each"))[0]
    made = precision(answer["value"], answer["se"] ** 2, level=LEVEL, df=said["df"], n_due=n_due)
    assert said["df"] < answer["df"]
    assert korn_graubard(made) == pytest.approx((said["low"], said["high"]), rel=CLOSE)


def test_asin_of_r_turns_back_past_the_end_of_the_scale_and_ours_stops_there():
    said, answer = reference("two", "asin"), ours("two", "combined_ratio/linearised/arcsine")
    assert answer["low"] == pytest.approx(said["low"], rel=CLOSE)
    assert said["high"] < answer["high"] == 1.0


SEEDS = range(40)


def bootstrap_variances(name):
    """Ours, one for each seed."""
    audit, spec = audit_of(name), EstimatorSpec.parse("combined_ratio/bootstrap/t")
    return np.array([estimate(audit._replace(seed=seed), spec).variance for seed in SEEDS])


@pytest.mark.slow
@pytest.mark.parametrize("expected", SAID["bootstrap"], ids=lambda entry: entry["fixture"])
def test_bootstrap_is_that_of_r_within_monte_carlo_error(expected):
    variances = bootstrap_variances(expected["fixture"])
    mcse = math.hypot(variances.std(ddof=1) / math.sqrt(len(SEEDS)), expected["mcse"])
    assert abs(variances.mean() - expected["variance"]) <= 4 * mcse
    # m of m forces drawn and not m - 1, weights not rescaled, would be noticed.
    m = np.bincount(audit_of(expected["fixture"]).force_stratum).max()
    assert abs(variances.mean() * (m - 1) / m - expected["variance"]) > 4 * mcse
