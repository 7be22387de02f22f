"""One estimator over many audits: what a study repeats, and what one audit is estimated by."""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from underrecording.audit import (
    BATCH,
    NOT_INSPECTED,
    NOTHING_DUE,
    OK,
    Audit,
    Audits,
    Influence,
    Totals,
)
from underrecording.compiling import compiled, uncounted
from underrecording.dispatch import address_of, loop_address
from underrecording.estimation.compile import POINT_SIGNATURE, compile_as, compiled_point
from underrecording.estimation.loops import (
    Estimator,
    estimate_audits,
    room_for,
)
from underrecording.estimation.registries import INTERVALS, VARIANCES, PointFunction
from underrecording.estimation.spec import EstimatorSpec
from underrecording.totals import add_up, room_for_totals

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


def repeat(spec: EstimatorSpec, audits: Audits, *, level: float) -> tuple[Floats, Ints]:
    """Under-recording rate of each of B audits by one estimator.

    Parameters
    ----------
    spec : EstimatorSpec
    audits : Audits
        B audits of the same shape and design.
    level : float
        Nominal coverage.

    Returns
    -------
    answers : float array (B, 4)
        Estimate, variance, low, high; 1 minus what is said of accuracy.
    reasons : int array (B,)
        Codes of `REASONS`.
    """
    answers, reasons = accuracies(spec, audits, level=level)
    mirror_answers(answers, reasons)
    return answers, reasons


def accuracies(spec: EstimatorSpec, audits: Audits, *, level: float) -> tuple[Floats, Ints]:
    """Recording accuracy of each of B audits: `repeat` before it is turned round.

    Value and variance are given as far as they are known, whatever the reason.
    """
    count = len(audits.force)
    answers, reasons = np.empty((count, 4)), np.empty(count, np.int64)
    in_batches(compiled_estimator(spec), audits, level, BATCH, answers, reasons)
    return answers, reasons


@cache
def compiled_estimator(spec: EstimatorSpec) -> Estimator:
    """Compile the plug-ins of *spec*, or fetch what an earlier process compiled."""
    if spec.is_model:
        return Estimator(True, False, loop_address("model", str(spec)), 0, 0, 0, 0)
    return Estimator(
        is_model=False,
        normal=INTERVALS[spec.interval].quantile == "normal",
        point=loop_address("point", spec.point),
        variance=loop_address("variance", spec.variance),
        df=loop_address("df", spec.variance),
        interval=loop_address("interval", spec.interval),
        one_point=_address_of_point(spec),
    )


def _address_of_point(spec: EstimatorSpec) -> int:
    """Address of the point estimator that the variance of *spec* may call."""
    called = VARIANCES[spec.variance].reestimates
    return address_of(compiled_point(spec.point) if called else no_point(), POINT_SIGNATURE)


@cache
def no_point() -> PointFunction:
    """Point estimator without an answer, for variances that never ask for one."""
    return compile_as(POINT_SIGNATURE, _no_answer)


def _no_answer(audit: Audit, influence: Influence) -> tuple[float, int]:
    return math.nan, NOTHING_DUE


@compiled
def only_stratum(audits: Any, h: Any) -> Any:
    """The audits as if stratum *h* alone existed: estimates for one offence group."""
    return only_strata(audits, h, 1, 1)


@compiled
def only_strata(audits: Any, h: Any, step: Any, count: Any) -> Any:
    """The audits as if strata *h*, *h* + *step*, ..., *count* of them, alone existed."""
    some = Audits(
        audits.force, _columns(audits.frame, h, step, count),
        _columns(audits.sampled, h, step, count), _columns(audits.due, h, step, count),
        _columns(audits.recorded, h, step, count), audits.p_inclusion,
        audits.force_stratum, _columns(audits.recorded_volume, h, step, count),
        _columns(audits.over_recorded, h, step, count), audits.post_stratum, audits.p_joint,
        audits.readers, audits.seed, room_for_totals(*audits.force.shape),
    )  # fmt: skip
    add_up(some)
    return some


@compiled
def _columns(table: Any, h: Any, step: Any, count: Any) -> Any:
    return np.ascontiguousarray(table[:, :, h : h + step * (count - 1) + 1 : step])


@compiled
def only_force(audits: Any, f: Any) -> Any:
    """The audits as if the force of row *f* alone existed, inspected with certainty.

    Where it was not inspected nothing was read, which `mark_not_inspected` says. Of a
    force drawn more than once, with replacement, the first reading counts.
    """
    count, n_strata = audits.force.shape[0], audits.due.shape[2]
    shape = (count, 1, n_strata)
    alone = Audits(
        np.zeros((count, 1), np.int64), np.zeros(shape, np.int64), np.zeros(shape, np.int64),
        np.zeros(shape, np.int64), np.zeros(shape, np.int64), np.ones((count, 1)),
        np.zeros((count, 1), np.int64), np.ascontiguousarray(audits.recorded_volume[:, f : f + 1]),
        np.zeros(shape, np.int64), np.zeros(1, np.int64), np.ones((1, 1)), audits.readers,
        audits.seed, room_for_totals(count, 1),
    )  # fmt: skip
    for b in range(count):
        for i in range(audits.force.shape[1]):
            if audits.force[b, i] == f:
                # Number by number: for a row Numba compiles what it would say of its shape too.
                for h in range(n_strata):
                    alone.frame[b, 0, h] = audits.frame[b, i, h]
                    alone.sampled[b, 0, h] = audits.sampled[b, i, h]
                    alone.due[b, 0, h] = audits.due[b, i, h]
                    alone.recorded[b, 0, h] = audits.recorded[b, i, h]
                    alone.over_recorded[b, 0, h] = audits.over_recorded[b, i, h]
                break
    add_up(alone)
    return alone


@compiled
def mark_not_inspected(audits: Any, f: Any, answers: Any, reasons: Any) -> None:
    """Leave no answer, (B, 4), about the force of row *f* where it was not inspected."""
    for b in range(reasons.size):
        inspected = False
        for i in range(audits.force.shape[1]):
            inspected = inspected or audits.force[b, i] == f
        if not inspected:
            answers[b], reasons[b] = math.nan, NOT_INSPECTED


@compiled
def mirror_answers(answers: Any, reasons: Any) -> None:
    """Turn what is said of accuracy, (B, 4), into what it says of under-recording.

    NaN where there is no answer.
    """
    for b in range(reasons.size):
        if reasons[b] == OK:
            low, high = answers[b, 2], answers[b, 3]
            answers[b, 0] = 1.0 - answers[b, 0]
            answers[b, 2], answers[b, 3] = 1.0 - high, 1.0 - low
        else:
            answers[b] = math.nan


@compiled
def in_batches(
    estimator: Any, audits: Any, level: Any, size: Any, answers: Any, reasons: Any
) -> None:
    """`estimate_audits` over any number of audits, *size* at a time."""
    audits = uncounted(audits)
    count, n_forces = audits.force.shape
    batch, known = room_for(min(size, count), n_forces), np.full(2, np.nan)
    for first in range(0, count, size):
        stop = min(first + size, count)
        some = some_audits(audits, first, stop)
        estimate_audits(
            estimator, some, batch, known, level, answers[first:stop], reasons[first:stop]
        )


@compiled
def some_audits(audits: Any, first: Any, stop: Any) -> Any:
    """Audits *first* to *stop* - 1; what all share is shared still."""
    volume, readers = audits.recorded_volume, audits.readers
    if volume.shape[0] > 1:
        volume = volume[first:stop]
    if readers.shape[0] > 1:
        readers = readers[first:stop]
    return Audits(
        audits.force[first:stop], audits.frame[first:stop], audits.sampled[first:stop],
        audits.due[first:stop], audits.recorded[first:stop], audits.p_inclusion[first:stop],
        audits.force_stratum[first:stop], volume, audits.over_recorded[first:stop],
        audits.post_stratum, audits.p_joint, readers, audits.seed[first:stop],
        Totals(audits.totals.force[first:stop], audits.totals.nation[first:stop]),
    )  # fmt: skip
