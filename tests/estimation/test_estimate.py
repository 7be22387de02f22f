"""Estimators as users name them, and `estimate` from end to end."""

import dataclasses
import math
import os
import subprocess
import sys

import numpy as np
import pytest
from scipy import stats

from underrecording.audit import Audit
from underrecording.errors import UserError
from underrecording.estimation.check import checked
from underrecording.estimation.estimate import estimate, mirror, quantile
from underrecording.estimation.registries import INTERVALS, MODELS, POINTS, VARIANCES
from underrecording.estimation.spec import EstimatorSpec

DEFAULT = EstimatorSpec("combined_ratio", "linearised", "t")
ALL = [EstimatorSpec(p, v, i) for p in POINTS for v in VARIANCES for i in INTERVALS] + [
    EstimatorSpec.parse(name) for name in MODELS
]
intervals = pytest.mark.parametrize("interval", list(INTERVALS))


def test_spec_reads_back_what_it_writes():
    assert len(set(map(str, ALL))) == len(ALL) >= 8 * 6 * 10 + 1
    for spec in ALL:
        assert EstimatorSpec.parse(str(spec)) == spec
        assert spec.is_model == (str(spec) in MODELS)


def test_spec_reports_all_unknown_names_with_the_nearest():
    with pytest.raises(UserError) as caught:
        EstimatorSpec.parse("combined_ration/linearized/tt")
    assert len(caught.value.problems) == 3
    assert "did you mean 'combined_ratio'" in caught.value.problems[0]
    assert "did you mean 'linearised'" in caught.value.problems[1]


@pytest.mark.parametrize("text", ["", "pooled", "pooled/binomial", "pooled/binomial/wald/extra"])
def test_spec_says_what_form_it_expects(text):
    with pytest.raises(UserError, match="expected point/variance/interval"):
        EstimatorSpec.parse(text)


def test_spec_of_a_model_is_given_whole():
    name = next(iter(MODELS))
    point, variance, interval = name.split("/")
    for text in (
        f"{point}/linearised/t",
        f"{point}/{variance}/t",
        f"{point}/linearised/{interval}",
    ):
        with pytest.raises(UserError, match=f"{point} comes whole; give .*{name}"):
            EstimatorSpec.parse(text)
    with pytest.raises(UserError, match="unknown variance"):
        EstimatorSpec.parse(f"pooled/{variance}/{interval}")


def test_spec_is_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        DEFAULT.point = "pooled"


def test_the_2014_way_is_the_textbook_wald_interval(two_forces):
    answer = estimate(two_forces, EstimatorSpec.parse("pooled/binomial/wald"))
    p = 77 / 90
    half = 1.959963984540054 * math.sqrt(p * (1 - p) / 90)
    assert answer.value == pytest.approx(p)
    assert (answer.low, answer.high) == (pytest.approx(p - half), pytest.approx(p + half))
    assert (answer.df, answer.level, answer.reason) == (math.inf, 0.95, "ok")


def test_wilson_of_one_heap_is_wilson_of_its_records():
    heap = Audit([0], [[900]], [[60]], [[50]], [[7]], [1.0], [0], [[100.0]])
    answer = estimate(heap, EstimatorSpec.parse("pooled/binomial/wilson"))
    assert f"{answer.low:.4f} {answer.high:.4f}" == "0.0695 0.2619"


def test_t_uses_forces_less_strata(random_audit):
    answer = estimate(random_audit(1), DEFAULT, level=0.9)
    half = stats.t.ppf(0.95, 3) * math.sqrt(answer.variance)
    assert answer.df == 3
    assert answer.high - answer.value == pytest.approx(half)


@pytest.mark.parametrize("level", [0.5, 0.9, 0.95])
def test_quantile_is_the_registered_one(level):
    for name, plug_in in INTERVALS.items():
        spec = EstimatorSpec("pooled", "binomial", name)
        law = stats.norm if plug_in.quantile == "normal" else stats.t(7)
        assert quantile(spec, level=level, df=7.0) == pytest.approx(law.ppf(0.5 + level / 2))


FEW = [EstimatorSpec.parse(f"combined_ratio/{name}/t") for name in ("linearised", "binomial")]


@pytest.mark.parametrize("specs", [FEW, pytest.param(ALL, marks=pytest.mark.slow)])
def test_mirror_turns_accuracy_into_under_recording_and_back(calm_audit, specs):
    for spec in specs:
        answer = estimate(calm_audit, spec)
        assert answer.reason == "ok", spec
        rate = mirror(answer)
        assert rate.value == 1 - answer.value
        assert rate.low <= rate.value <= rate.high
        assert mirror(rate) == pytest.approx(answer[:4] + answer[4:6] + (answer.reason,))


def test_variance_that_comes_with_the_readers_is_added(calm_audit):
    """Two estimators that differ in nothing else, the readers being known to be faultless."""
    rates = np.column_stack([np.ones(4), [0.0, 0.0, 0.0, 0.0001]])
    unsure = calm_audit._replace(readers=rates)
    for variance in VARIANCES:
        plain = estimate(unsure, EstimatorSpec("combined_ratio", variance, "t"))
        corrected = estimate(unsure, EstimatorSpec("confusion_corrected", variance, "t"))
        # One more of 100 unrecorded read as recorded moves A by 0.01 (1 - A), to first order.
        added = 0.0001 * (1 - plain.value) ** 2
        assert corrected.value == pytest.approx(plain.value, rel=1e-13)
        assert corrected.variance == pytest.approx(plain.variance + added, rel=1e-9)
        assert corrected.high > plain.high


@intervals
@pytest.mark.parametrize("variance", ["linearised", "sen_yates_grundy"])
def test_census_has_width_0(interval, variance, random_audit):
    audit = random_audit(4)
    census = audit._replace(frame=audit.sampled, p_inclusion=np.ones(4), p_joint=np.ones((9, 9)))
    for recorded in (audit.recorded, audit.due, audit.due * 0):
        answer = estimate(
            census._replace(recorded=recorded),
            EstimatorSpec("combined_ratio", variance, interval),
        )
        assert answer.value == recorded.sum() / audit.due.sum()
        assert (answer.variance, answer.low, answer.high) == (0.0, answer.value, answer.value)
        assert answer.reason == "ok"


@intervals
@pytest.mark.parametrize("variance", ["ultimate_cluster", "jackknife", "bootstrap"])
def test_forces_that_agree_but_for_rounding_leave_next_to_no_width(interval, variance):
    """Their spread is a sum of rounding errors squared, not evidence of 1e30 records."""
    due = np.array([[100], [200], [300], [700]])
    frame, p = due * 9 + [[0], [1], [2], [3]], [0.58, 0.36, 0.22, 0.21]
    audit = Audit(range(4), frame, due, due, due // 100 * 97, p, [0] * 4, np.ones((9, 1)), seed=3)
    answer = estimate(audit, EstimatorSpec("combined_ratio", variance, interval))
    assert answer.reason == "ok"
    assert answer.value == pytest.approx(0.97, rel=1e-14)
    assert 0.0 < answer.variance < 1e-28
    assert answer.high - answer.low < 1e-13


@intervals
def test_census_of_one_record_a_stratum_still_answers(interval):
    audit = Audit([0, 1], [[1]] * 2, [[1]] * 2, [[1]] * 2, [[1], [0]], [1, 1], [0, 1], [[1]] * 2)
    answer = estimate(audit, EstimatorSpec("combined_ratio", "linearised", interval))
    assert (answer.low, answer.value, answer.high) == (0.5, 0.5, 0.5)


def test_all_recorded_gives_each_interval_its_stated_answer(random_audit):
    audit = random_audit(4)
    perfect = audit._replace(recorded=audit.due)
    answers = {
        name: estimate(perfect, EstimatorSpec("combined_ratio", "linearised", name))
        for name in INTERVALS
    }
    n, t = audit.due.sum(), quantile(DEFAULT, level=0.95, df=3)
    assert answers["wilson"].low == pytest.approx(n / (n + t**2))
    assert answers["wilson"].high == 1.0
    for name in set(INTERVALS) - {"wald", "t", "logit"}:
        # Each takes records as independent there, and says so: neither 1 nor far from it.
        assert 0.9 < answers[name].low < answers[name].high == 1.0, name
    assert (answers["t"].low, answers["t"].high) == (1.0, 1.0)
    assert (answers["wald"].low, answers["wald"].high) == (1.0, 1.0)
    assert math.isnan(answers["logit"].low)
    assert (answers["logit"].value, answers["logit"].variance) == (1.0, 0.0)
    assert answers["logit"].reason == "estimate of 0 or 1, where the interval is undefined"


def test_failure_keeps_what_is_known(two_forces, take_forces):
    answer = estimate(take_forces(two_forces, [0]), DEFAULT)
    assert answer.value == pytest.approx(0.8)
    assert all(math.isnan(number) for number in answer[1:4])
    assert answer.reason == "one force inspected in a stratum of several"
    nothing = estimate(two_forces._replace(due=[[0], [0]], recorded=[[0], [0]]), DEFAULT)
    assert math.isnan(nothing.value)
    assert nothing.reason == "nothing due"


@pytest.mark.parametrize("level", [0.0, 1.0, -1.0, math.nan])
def test_impossible_level_is_refused(level, two_forces):
    with pytest.raises(ValueError, match="level"):
        estimate(two_forces, DEFAULT, level=level)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("recorded", [[41], [45]], "recorded <= due"),
        ("recorded", [[-1], [45]], "0 <= recorded"),
        ("sampled", [[400.5], [50]], "whole numbers"),
        ("frame", [400, 100], "dimensions"),
        ("due", [[40, 1], [50, 1]], "shape"),
        ("p_inclusion", [0.0, 0.5], "p_inclusion"),
        ("p_inclusion", [math.nan, 0.5], "p_inclusion"),
        ("p_inclusion", [0.5], "one value for each"),
        ("force", [0, 3], "rows of recorded_volume"),
        ("force", [-1, 1], "rows of recorded_volume"),
        ("force_stratum", [0, -1], "force_stratum"),
        ("force_stratum", [0, 10**12], "force_stratum"),
        ("recorded_volume", [[1.0], [2.0], [math.inf]], "finite"),
        ("recorded_volume", [[1.0, 1.0]] * 3, "columns"),
        ("p_inclusion", [2.5, 0.5], "p_inclusion"),
        ("over_recorded", [[1], [0]], "over_recorded: expected 0 to sampled - due"),
        ("over_recorded", [[0, 0], [0, 0]], "shape"),
        ("post_stratum", [0, 1], "3 forces of the frame"),
        ("post_stratum", [0, 1, 3], "labels 0 to 2"),
        ("p_joint", [[0.5, 0.5], [0.5, 0.5]], r"expected shape \(3, 3\) or \(0, 0\)"),
        ("p_joint", [[1.1] * 3] * 3, "p_joint: expected values of 0 to 1"),
        ("p_joint", [[math.nan] * 3] * 3, "p_joint: expected values of 0 to 1"),
        ("readers", [[1.0, 0.0]] * 3, "shape"),
        ("readers", [[1.2, 0.0]] * 4, "readers: expected sensitivities"),
        ("readers", [[0.9, -0.1]] * 4, "readers: expected variances"),
    ],
)
def test_impossible_audit_is_refused_before_compiled_code_reads_it(
    field, value, message, two_forces
):
    with pytest.raises(ValueError, match=message):
        checked(two_forces._replace(**{field: value}))


def test_all_that_is_impossible_is_said_at_once(two_forces):
    wrong = two_forces._replace(
        recorded=[[41], [45]], p_inclusion=[0.0, 0.5], post_stratum=[0, 0, 9]
    )
    with pytest.raises(ValueError, match=r"counts.*p_inclusion.*post_stratum"):
        checked(wrong)


@pytest.mark.parametrize("rows", [[0, 0, 1], [0, 1]])
def test_forces_drawn_with_replacement_may_be_expected_more_than_once(
    rows, two_forces, take_forces
):
    drawn = take_forces(two_forces._replace(p_inclusion=np.array([1.2, 0.4])), rows)
    assert checked(drawn).p_inclusion[0] == 1.2
    answer = estimate(drawn, EstimatorSpec.parse("combined_ratio/ultimate_cluster/t"))
    assert (answer.reason, answer.df) == ("ok", len(rows) - 1.0)
    assert estimate(drawn, DEFAULT).reason == "forces drawn with replacement"


def test_checked_takes_any_memory_layout(random_audit):
    audit = random_audit(6)
    fields = {n: field for n, field in audit._asdict().items() if n not in ("seed", "totals")}
    tables = {n: np.asfortranarray(field) for n, field in fields.items()}
    other = audit._replace(**tables)._replace(
        due=audit.due.astype(np.int32), p_inclusion=audit.p_inclusion.tolist()
    )
    assert estimate(other, DEFAULT) == estimate(audit, DEFAULT)


def test_what_few_audits_state_has_defaults(random_audit):
    audit = random_audit(6)
    bare = checked(Audit(*audit[:8]))
    np.testing.assert_array_equal(bare.over_recorded, np.zeros((4, 3)))
    np.testing.assert_array_equal(bare.post_stratum, np.zeros(9))
    assert bare.p_joint.shape == (0, 0)
    np.testing.assert_array_equal(bare.readers, [[1.0, 0.0]] * 4)


# --- compilation ---

LOAD_AND_ESTIMATE = """
from underrecording import dispatch
from underrecording.audit import Audit
from underrecording.estimation.spec import EstimatorSpec
from underrecording.estimation.estimate import estimate
from underrecording.estimation.many import in_batches
assert dispatch.compiled_loop.cache_info().currsize == 0, "compiled at import"
audit = Audit([0, 2], [[400], [100]], [[40], [50]], [[40], [50]], [[32], [45]],
              [2 / 3, 2 / 3], [0, 0], [[320], [200], [90]])
answer = estimate(audit, EstimatorSpec.parse("combined_ratio/linearised/wilson"))
used = in_batches, *(
    dispatch.compiled_loop(*plug_in)[0]
    for plug_in in (("point", "combined_ratio"), ("variance", "linearised"),
                    ("df", "linearised"), ("interval", "wilson"))
)
print(sum(sum(f.stats.cache_misses.values()) for f in used), answer)
"""


@pytest.mark.slow
def test_second_process_loads_the_compiled_functions_from_disk(tmp_path):
    environment = os.environ | {"UNDERRECORDING_CACHE": str(tmp_path)}
    outputs = [
        subprocess.run(
            [sys.executable, "-W", "error", "-c", LOAD_AND_ESTIMATE],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        ).stdout.split(maxsplit=1)
        for _ in range(2)
    ]
    assert [misses for misses, _ in outputs] == ["5", "0"]
    assert outputs[0][1] == outputs[1][1]
