"""The shared loop: one estimator over many audits."""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import numpy as np
from numba import types
from numpy.typing import NDArray

from underrecording.audit import OK, Audit
from underrecording.compiling import compiled
from underrecording.estimation import INTERVALS, EstimatorSpec, empty_influence, quantile
from underrecording.estimation.compile import (
    DF_FT,
    INFLUENCE_TYPE,
    INTERVAL_FT,
    POINT_FT,
    VARIANCE_FT,
    compiled_df,
    compiled_interval,
    compiled_point,
    compiled_variance,
)
from underrecording.estimation.estimate import answer
from underrecording.inspection.inspect import Audits

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

_INTS_2, _INTS_3 = types.Array(types.int64, 2, "C"), types.Array(types.int64, 3, "C")
_FLOATS_2, _FLOATS_3 = types.Array(types.float64, 2, "C"), types.Array(types.float64, 3, "C")
_AUDITS_TYPE = types.NamedTuple(
    (_INTS_2, _INTS_3, _INTS_3, _INTS_3, _INTS_3, _FLOATS_2, _INTS_2, _FLOATS_3), Audits
)


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
    _loop()(
        compiled_point(spec.point),
        compiled_variance(spec.variance),
        compiled_interval(spec.interval),
        audits,
        empty_influence(*audits.due.shape[1:]),
        _quantiles(spec, audits, level),
        answers,
        reasons,
    )
    return answers, reasons


def _quantiles(spec: EstimatorSpec, audits: Audits, level: float) -> Floats:
    """Quantile of each audit's interval, (B,): its degrees of freedom may differ."""
    df = np.full(len(audits.force), math.inf)
    if INTERVALS[spec.interval].quantile == "t":
        _df_loop()(compiled_df(spec.variance), audits, df)
    distinct, which = np.unique(df, return_inverse=True)
    table = np.array([quantile(level=level, df=float(value)) for value in distinct])
    quantiles: Floats = table[which]
    return quantiles


def only_stratum(audits: Audits, h: int) -> Audits:
    """The audits as if stratum *h* alone existed: estimates for one offence group."""

    def cut(table: Any) -> Any:
        return np.ascontiguousarray(table[:, :, h : h + 1])

    return audits._replace(
        frame=cut(audits.frame),
        sampled=cut(audits.sampled),
        due=cut(audits.due),
        recorded=cut(audits.recorded),
        recorded_volume=cut(audits.recorded_volume),
    )


@compiled
def _audit(audits: Any, b: Any) -> Any:
    """One audit of many."""
    w = b if audits.recorded_volume.shape[0] > 1 else 0
    return Audit(
        audits.force[b], audits.frame[b], audits.sampled[b], audits.due[b], audits.recorded[b],
        audits.p_inclusion[b], audits.force_stratum[b], audits.recorded_volume[w],
    )  # fmt: skip


@cache
def _df_loop() -> Any:
    def loop(df: Any, audits: Any, found: Any) -> None:
        for b in range(audits.force.shape[0]):
            found[b] = df(_audit(audits, b))

    return compiled(
        loop, signature=types.void(DF_FT, _AUDITS_TYPE, types.Array(types.float64, 1, "C"))
    )


@cache
def _loop() -> Any:
    _answer = compiled(answer)

    def loop(
        point: Any, variance: Any, interval: Any, audits: Any, influence: Any, quantiles: Any,
        answers: Any, reasons: Any,
    ) -> None:  # fmt: skip
        for b in range(audits.force.shape[0]):
            audit = _audit(audits, b)
            value, spread, low, high, reason = _answer(
                point, variance, interval, audit, influence, quantiles[b]
            )
            reasons[b] = reason
            if reason == OK:
                answers[b, 0] = 1.0 - value
                answers[b, 1] = spread
                answers[b, 2] = 1.0 - high
                answers[b, 3] = 1.0 - low
            else:
                answers[b] = math.nan

    return compiled(
        loop,
        signature=types.void(
            POINT_FT, VARIANCE_FT, INTERVAL_FT, _AUDITS_TYPE, INFLUENCE_TYPE,
            types.Array(types.float64, 1, "C"),
            _FLOATS_2, types.Array(types.int64, 1, "C"),
        ),
    )  # fmt: skip
