"""The shared loop: one estimator over many audits."""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import numpy as np
from numba import types
from numpy.typing import NDArray

from underrecording.audit import OK, Audit, Influence
from underrecording.compiling import compiled, uncounted
from underrecording.estimation import INTERVALS, EstimatorSpec, empty_influence
from underrecording.estimation.compile import (
    DF_FT,
    INFLUENCE_TYPE,
    INTERVAL_FT,
    MODEL_FT,
    POINT_FT,
    VARIANCE_FT,
    compiled_df,
    compiled_interval,
    compiled_model,
    compiled_point,
    compiled_variance,
)
from underrecording.estimation.estimate import answer
from underrecording.inspection.inspect import Audits
from underrecording.special import t_quantile

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

_INTS_2, _INTS_3 = types.Array(types.int64, 2, "C"), types.Array(types.int64, 3, "C")
_FLOATS_2, _FLOATS_3 = types.Array(types.float64, 2, "C"), types.Array(types.float64, 3, "C")
_INTS_1 = types.Array(types.int64, 1, "C")
_AUDITS_TYPE = types.NamedTuple(
    (
        _INTS_2, _INTS_3, _INTS_3, _INTS_3, _INTS_3, _FLOATS_2, _INTS_2, _FLOATS_3,
        _INTS_3, _INTS_1, _FLOATS_2, _FLOATS_3, _INTS_1,
    ),
    Audits,
)  # fmt: skip


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
    count = len(audits.force)
    answers, reasons = np.empty((count, 4)), np.empty(count, np.int64)
    if spec.is_model:
        _model_loop()(compiled_model(str(spec)), audits, level, answers, reasons)
        return answers, reasons
    _loop()(
        compiled_point(spec.point),
        compiled_variance(spec.variance),
        compiled_df(spec.variance),
        compiled_interval(spec.interval),
        INTERVALS[spec.interval].quantile == "normal",
        audits,
        empty_influence(*audits.due.shape[1:]),
        level,
        answers,
        reasons,
    )
    return answers, reasons


def only_stratum(audits: Audits, h: int) -> Audits:
    """The audits as if stratum *h* alone existed: estimates for one offence group."""

    def cut(table: Any) -> Any:
        return np.ascontiguousarray(table[:, :, h : h + 1])

    return audits._replace(
        frame=cut(audits.frame),
        sampled=cut(audits.sampled),
        due=cut(audits.due),
        recorded=cut(audits.recorded),
        over_recorded=cut(audits.over_recorded),
        recorded_volume=cut(audits.recorded_volume),
    )


@compiled
def _uncounted(audits: Any) -> Any:
    return Audits(
        uncounted(audits.force), uncounted(audits.frame), uncounted(audits.sampled),
        uncounted(audits.due), uncounted(audits.recorded), uncounted(audits.p_inclusion),
        uncounted(audits.force_stratum), uncounted(audits.recorded_volume),
        uncounted(audits.over_recorded), uncounted(audits.post_stratum),
        uncounted(audits.p_joint), uncounted(audits.readers), uncounted(audits.seed),
    )  # fmt: skip


@compiled
def _uncounted_influence(influence: Any) -> Any:
    return Influence(
        uncounted(influence.contribution), uncounted(influence.slope), uncounted(influence.spread),
        uncounted(influence.numerator), uncounted(influence.denominator),
        uncounted(influence.readers),
    )  # fmt: skip


@compiled
def _audit(audits: Any, b: Any) -> Any:
    """One audit of many."""
    w = b if audits.recorded_volume.shape[0] > 1 else 0
    r = b if audits.readers.shape[0] > 1 else 0
    return Audit(
        audits.force[b], audits.frame[b], audits.sampled[b], audits.due[b], audits.recorded[b],
        audits.p_inclusion[b], audits.force_stratum[b], audits.recorded_volume[w],
        audits.over_recorded[b], audits.post_stratum, audits.p_joint, audits.readers[r],
        audits.seed[b],
    )  # fmt: skip


@compiled
def _write(
    answers: Any, reasons: Any, b: Any, value: Any, spread: Any, low: Any, high: Any, reason: Any
) -> None:
    """Write down what is said of accuracy as what it says of under-recording."""
    reasons[b] = reason
    if reason == OK:
        answers[b, 0] = 1.0 - value
        answers[b, 1] = spread
        answers[b, 2] = 1.0 - high
        answers[b, 3] = 1.0 - low
    else:
        answers[b] = math.nan


@cache
def _loop() -> Any:
    _answer = compiled(answer)

    def loop(
        point: Any, variance: Any, degrees_of_freedom: Any, interval: Any, normal: Any,
        audits: Any, influence: Any, level: Any, answers: Any, reasons: Any,
    ) -> None:  # fmt: skip
        audits, influence = _uncounted(audits), _uncounted_influence(influence)
        known, quantile = math.nan, math.nan
        for b in range(audits.force.shape[0]):
            audit = _audit(audits, b)
            df = degrees_of_freedom(audit)
            # Audits of one design mostly have the same, and a quantile takes a while.
            if df != known:
                known = df
                quantile = t_quantile(0.5 + level / 2.0, math.inf if normal else df)
            value, spread, low, high, reason = _answer(
                point, variance, interval, audit, influence, level, df, quantile
            )
            _write(answers, reasons, b, value, spread, low, high, reason)

    return compiled(
        loop,
        signature=types.void(
            POINT_FT, VARIANCE_FT, DF_FT, INTERVAL_FT, types.boolean, _AUDITS_TYPE,
            INFLUENCE_TYPE, types.float64, _FLOATS_2, _INTS_1,
        ),
    )  # fmt: skip


@cache
def _model_loop() -> Any:
    def loop(model: Any, audits: Any, level: Any, answers: Any, reasons: Any) -> None:
        audits = _uncounted(audits)
        for b in range(audits.force.shape[0]):
            value, spread, low, high, reason = model(_audit(audits, b), level)
            _write(answers, reasons, b, value, spread, low, high, reason)

    return compiled(
        loop, signature=types.void(MODEL_FT, _AUDITS_TYPE, types.float64, _FLOATS_2, _INTS_1)
    )
