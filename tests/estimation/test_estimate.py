"""Estimators as users name them, and `estimate` from end to end."""

import dataclasses
import math
import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import stdtrit

from underrecording.audit import Audit
from underrecording.errors import UserError
from underrecording.estimation.check import checked
from underrecording.estimation.estimate import EstimatorSpec, estimate, mirror, quantile
from underrecording.estimation.registries import INTERVALS, POINTS, VARIANCES

DEFAULT = EstimatorSpec("combined_ratio", "linearised", "t")
ALL = [EstimatorSpec(p, v, i) for p in POINTS for v in VARIANCES for i in INTERVALS]
intervals = pytest.mark.parametrize("interval", list(INTERVALS))


@pytest.mark.parametrize("spec", ALL, ids=str)
def test_spec_reads_back_what_it_writes(spec):
    assert EstimatorSpec.parse(str(spec)) == spec


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
    half = stdtrit(3, 0.95) * math.sqrt(answer.variance)
    assert answer.df == 3
    assert answer.high - answer.value == pytest.approx(half)


@pytest.mark.parametrize("spec", ALL, ids=str)
def test_mirror_turns_accuracy_into_under_recording_and_back(spec, random_audit):
    answer = estimate(random_audit(2), spec)
    rate = mirror(answer)
    assert rate.value == 1 - answer.value
    assert rate.low <= rate.value <= rate.high
    assert mirror(rate) == pytest.approx(answer[:4] + answer[4:6] + (answer.reason,))


@pytest.mark.parametrize("spec", ALL, ids=str)
@given(seed=st.integers(0, 10**6), order=st.permutations(range(4)))
def test_order_of_forces_changes_no_estimate(spec, random_audit, seed, order):
    audit = random_audit(seed)
    moved = Audit(*(field[list(order)] for field in audit[:-1]), audit.recorded_volume)
    np.testing.assert_allclose(
        estimate(moved, spec)[:6], estimate(audit, spec)[:6], rtol=1e-11, atol=1e-12
    )


@intervals
def test_census_has_width_0(interval, random_audit):
    audit = random_audit(4)
    census = audit._replace(frame=audit.sampled, p_inclusion=np.ones(4))
    for recorded in (audit.recorded, audit.due, audit.due * 0):
        answer = estimate(
            census._replace(recorded=recorded),
            EstimatorSpec("combined_ratio", "linearised", interval),
        )
        assert answer.value == recorded.sum() / audit.due.sum()
        assert (answer.variance, answer.low, answer.high) == (0.0, answer.value, answer.value)
        assert answer.reason == "ok"


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
    n, t = audit.due.sum(), quantile(level=0.95, df=3)
    assert answers["wilson"].low == pytest.approx(n / (n + t**2))
    assert answers["wilson"].high == 1.0
    assert (answers["t"].low, answers["t"].high) == (1.0, 1.0)
    assert (answers["wald"].low, answers["wald"].high) == (1.0, 1.0)
    assert math.isnan(answers["logit"].low)
    assert (answers["logit"].value, answers["logit"].variance) == (1.0, 0.0)
    assert answers["logit"].reason == "estimate of 0 or 1, where the interval is undefined"


def test_failure_keeps_what_is_known(two_forces):
    one = Audit(*(field[:1] for field in two_forces[:-1]), two_forces.recorded_volume)
    answer = estimate(one, DEFAULT)
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
    ],
)
def test_impossible_audit_is_refused_before_compiled_code_reads_it(
    field, value, message, two_forces
):
    with pytest.raises(ValueError, match=message):
        checked(two_forces._replace(**{field: value}))


def test_checked_takes_any_memory_layout(random_audit):
    audit = random_audit(6)
    other = Audit(*(np.asfortranarray(field) for field in audit))._replace(
        due=audit.due.astype(np.int32), p_inclusion=audit.p_inclusion.tolist()
    )
    assert estimate(other, DEFAULT) == estimate(audit, DEFAULT)


# --- compilation ---

LOAD_AND_ESTIMATE = """
from underrecording.audit import Audit
import underrecording.estimation.compile as compile
from underrecording.estimation.estimate import EstimatorSpec, compiled_answer, estimate
for function in (compile.compiled_point, compile.compiled_variance, compile.compiled_interval):
    assert function.cache_info().currsize == 0, "compiled at import"
audit = Audit([0, 2], [[400], [100]], [[40], [50]], [[40], [50]], [[32], [45]],
              [2 / 3, 2 / 3], [0, 0], [[320], [200], [90]])
answer = estimate(audit, EstimatorSpec.parse("combined_ratio/linearised/wilson"))
used = (compiled_answer(), compile.compiled_point("combined_ratio"),
        compile.compiled_variance("linearised"), compile.compiled_interval("wilson"))
print(sum(sum(f.stats.cache_misses.values()) for f in used), answer)
"""


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
    assert [misses for misses, _ in outputs] == ["4", "0"]
    assert outputs[0][1] == outputs[1][1]
