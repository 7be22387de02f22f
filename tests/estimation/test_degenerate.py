"""Audits with next to nothing in them: every estimator has a number, or NaN and its reason.

All combinations of what is registered, through `estimate` and through the loop
of a study, which must say the same.
"""

import math
import warnings

import numpy as np
import pytest

from underrecording.audit import REASONS, Audit, Audits, Totals
from underrecording.estimation import (
    INTERVALS,
    MODELS,
    POINTS,
    VARIANCES,
    EstimatorSpec,
    checked,
    estimate,
)
from underrecording.estimation.check import alone
from underrecording.estimation.many import repeat

COMBINATIONS = [
    EstimatorSpec(point, variance, interval)
    for point in POINTS
    for variance in VARIANCES
    for interval in INTERVALS
]
ALL = COMBINATIONS + [EstimatorSpec.parse(name) for name in MODELS]


def with_cell(audit, f, h, frame, sampled, due, recorded):
    """The audit with one stratum of one force changed."""
    values = {"frame": frame, "sampled": sampled, "due": due, "recorded": recorded}
    tables = {name: getattr(audit, name).copy() for name in (*values, "over_recorded")}
    for name, value in values.items():
        tables[name][f, h] = value
    tables["over_recorded"][f, h] = 0
    return audit._replace(**tables)


def one_force(audit, take_forces):
    return take_forces(audit, [3])


def one_certain_force(audit, take_forces):
    return take_forces(audit, [0])


def two_forces_of_one_stratum(audit, take_forces):
    return take_forces(audit, [3, 4])


def one_force_from_each_stratum(audit, take_forces):
    joint = np.outer(np.diag(audit.p_joint), np.diag(audit.p_joint))
    apart = audit._replace(force_stratum=np.array([0, 1, 2, 3, 4, 5]), p_joint=joint)
    return take_forces(apart, [2, 3, 4, 5])


def no_force(audit, take_forces):
    return take_forces(audit, [])


def one_stratum_of_records(audit, take_forces):
    tables = ("frame", "sampled", "due", "recorded", "over_recorded", "recorded_volume")
    return audit._replace(**{t: np.ascontiguousarray(getattr(audit, t)[:, :1]) for t in tables})


def one_stratum_of_forces_each(audit, take_forces):
    return audit._replace(force_stratum=np.arange(6), p_inclusion=np.ones(6))


def nothing_due(audit, take_forces):
    none = np.zeros_like(audit.due)
    return audit._replace(due=none, recorded=none)


def nothing_due_in_one_force(audit, take_forces):
    due, recorded = audit.due.copy(), audit.recorded.copy()
    due[3], recorded[3] = 0, 0
    return audit._replace(due=due, recorded=recorded)


def nothing_recorded(audit, take_forces):
    return audit._replace(recorded=np.zeros_like(audit.recorded))


def nothing_recorded_in_one_force(audit, take_forces):
    recorded = audit.recorded.copy()
    recorded[3] = 0
    return audit._replace(recorded=recorded)


def all_recorded(audit, take_forces):
    return audit._replace(recorded=audit.due.copy())


def all_records_read(audit, take_forces):
    return audit._replace(frame=audit.sampled.copy())


def census(audit, take_forces):
    return all_records_read(audit, take_forces)._replace(
        force=np.arange(6),
        p_inclusion=np.ones(6),
        recorded_volume=audit.recorded.astype(float),
        post_stratum=audit.post_stratum[:6],
        p_joint=np.ones((6, 6)),
    )


def census_all_recorded(audit, take_forces):
    return all_recorded(census(audit, take_forces), take_forces)


def empty_stratum(audit, take_forces):
    return with_cell(audit, 3, 1, 0, 0, 0, 0)


def stratum_empty_everywhere(audit, take_forces):
    for f in range(6):
        audit = with_cell(audit, f, 1, 0, 0, 0, 0)
    return audit


def missing_cell(audit, take_forces):
    return with_cell(audit, 3, 1, 400, 0, 0, 0)


def one_record_read(audit, take_forces):
    return with_cell(audit, 3, 1, 400, 1, 1, 1)


def one_record_read_everywhere(audit, take_forces):
    for f, h in np.ndindex(audit.due.shape):
        audit = with_cell(audit, f, h, 50, 1, 1, (f + h) % 2)
    return audit


def frame_unknown(audit, take_forces):
    return audit._replace(frame=np.zeros_like(audit.frame))


def no_volume(audit, take_forces):
    return audit._replace(recorded_volume=np.zeros_like(audit.recorded_volume))


def one_force_with_all_the_volume(audit, take_forces):
    volume = np.zeros_like(audit.recorded_volume)
    volume[3] = 500.0
    return audit._replace(recorded_volume=volume)


def drawn_with_replacement(audit, take_forces):
    twice = take_forces(audit, [0, 0, 2, 4])
    return twice._replace(
        p_inclusion=np.array([1.2, 1.2, 0.4, 0.2]),
        force_stratum=np.zeros(4, np.int64),
        p_joint=np.zeros((0, 0)),
    )


def readers_by_chance(audit, take_forces):
    return audit._replace(readers=np.full((4, 2), 0.5))


def nothing_held_of_readers(audit, take_forces):
    rates = np.full((4, 2), 0.01)
    rates[:, 0] = 0.8
    return audit._replace(readers=rates)


CASES = [
    one_force, one_certain_force, two_forces_of_one_stratum, one_force_from_each_stratum, no_force,
    one_stratum_of_records, one_stratum_of_forces_each, nothing_due, nothing_due_in_one_force,
    nothing_recorded, nothing_recorded_in_one_force, all_recorded, all_records_read, census,
    census_all_recorded, empty_stratum, stratum_empty_everywhere, missing_cell, one_record_read,
    one_record_read_everywhere, frame_unknown, no_volume, one_force_with_all_the_volume,
    drawn_with_replacement, readers_by_chance, nothing_held_of_readers,
]  # fmt: skip
cases = pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)


def problem(answer):
    """What is wrong with an answer, or None: a number in its interval, or NaN with its reason."""
    if answer.reason not in REASONS.values():
        return "no known reason"
    numbers = answer.value, answer.variance, answer.low, answer.high
    if answer.reason == "ok":
        if not all(map(math.isfinite, numbers)):
            return "a number is missing though all is said to be well"
        if not 0.0 <= answer.value <= 1.0:
            return "not a share"
        if answer.variance < 0.0:
            return "a negative variance"
        return None if answer.low <= answer.value <= answer.high else "outside its own interval"
    if not (math.isnan(answer.low) and math.isnan(answer.high)):
        return "an interval without a variance"
    known = [not math.isnan(number) for number in numbers[:2]]
    return "a variance of nothing" if known == [False, True] else None


@cases
def test_every_combination_has_a_number_or_a_reason(case, calm_audit, take_forces):
    audit = case(calm_audit, take_forces)
    with warnings.catch_warnings(), np.errstate(all="raise"):
        warnings.simplefilter("error")
        problems = {
            str(spec): (wrong, answer)
            for spec in ALL
            if (wrong := problem(answer := estimate(audit, spec)))
        }
    assert problems == {}


@cases
def test_the_loop_of_a_study_says_the_same(case, calm_audit, take_forces):
    """One of three audits in the loop: the others must not leave a trace."""
    audit = checked(case(calm_audit, take_forces))
    audits = in_a_row([audit, audit._replace(recorded=audit.recorded // 2, seed=8), audit])
    for spec in specs_for_the_loop():
        answers, reasons = repeat(spec, audits, level=0.9)
        alone = estimate(audit, spec, level=0.9)
        expected = [1 - alone.value, alone.variance, 1 - alone.high, 1 - alone.low]
        if alone.reason != "ok":
            expected = [math.nan] * 4
        for b in (0, 2):
            assert REASONS[reasons[b]] == alone.reason, spec
            np.testing.assert_array_equal(answers[b], expected, err_msg=str(spec))


def specs_for_the_loop():
    """Every plug-in of every kind, each with the defaults of the other kinds; and the models."""
    names = [f"{point}/linearised/t" for point in POINTS]
    names += [f"combined_ratio/{variance}/t" for variance in VARIANCES]
    names += [f"by_group/{variance}/t" for variance in VARIANCES]
    names += [f"combined_ratio/linearised/{interval}" for interval in INTERVALS]
    return [EstimatorSpec.parse(name) for name in [*names, *MODELS]]


def in_a_row(audits: list[Audit]) -> Audits:
    """Several audits of one shape as a study holds them."""
    singles = [alone(checked(audit)) for audit in audits]
    own = [name for name in Audits._fields if name not in ("post_stratum", "p_joint", "totals")]
    stacked = {name: np.concatenate([getattr(a, name) for a in singles]) for name in own}
    totals = Totals(*map(np.concatenate, zip(*(a.totals for a in singles), strict=True)))
    return singles[0]._replace(**stacked, totals=totals)


def test_the_loop_says_the_same_of_every_combination(calm_audit):
    audits = in_a_row([calm_audit])
    for spec in ALL:
        (answer,), (reason,) = repeat(spec, audits, level=0.95)
        alone = estimate(calm_audit, spec)
        assert REASONS[reason] == alone.reason == "ok"
        expected = [1 - alone.value, alone.variance, 1 - alone.high, 1 - alone.low]
        np.testing.assert_array_equal(answer, expected, err_msg=str(spec))


@pytest.mark.parametrize(
    "fault",
    [{"low": 0.9}, {"high": math.nan}, {"variance": -1.0}, {"reason": "nothing"}, {"value": 1.2}],
)
def test_a_wrong_answer_would_be_noticed(calm_audit, fault):
    answer = estimate(calm_audit, COMBINATIONS[0])
    assert problem(answer) is None
    assert problem(answer._replace(**fault))
    assert problem(answer._replace(reason="nothing due"))


@pytest.mark.parametrize(
    ("case", "spec", "reason"),
    [
        (one_force, "combined_ratio/linearised/t", "one force inspected in a stratum of several"),
        (nothing_due, "pooled/binomial/wald", "nothing due"),
        (nothing_recorded, "by_group/jackknife/t", "nothing recorded where divided by"),
        (one_record_read, "combined_ratio/linearised/t", "one record read in a stratum of several"),
        (one_record_read, "combined_ratio/jackknife/t", "ok"),
        (all_recorded, "combined_ratio/linearised/logit",
         "estimate of 0 or 1, where the interval is undefined"),
        (no_volume, "volume_weighted/linearised/t", "no public volume to weight by"),
        (no_volume, "combined_ratio/linearised/t", "ok"),
        (drawn_with_replacement, "combined_ratio/linearised/t", "forces drawn with replacement"),
        (drawn_with_replacement, "combined_ratio/sen_yates_grundy/t",
         "no joint inclusion probabilities stated"),
        (drawn_with_replacement, "combined_ratio/ultimate_cluster/t", "ok"),
        (readers_by_chance, "confusion_corrected/linearised/t", "readers who tell nothing apart"),
        (one_force, "regression/linearised/t", "calibration without a solution"),
        (missing_cell, "combined_ratio/linearised/t", "ok"),
        (empty_stratum, "combined_ratio/linearised/t", "ok"),
    ],
)  # fmt: skip
def test_the_reason_is_the_real_one(case, spec, reason, calm_audit, take_forces):
    answer = estimate(case(calm_audit, take_forces), EstimatorSpec.parse(spec))
    assert answer.reason == reason
