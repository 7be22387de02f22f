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
from underrecording.estimation import EstimatorSpec, degrees_of_freedom, empty_influence, quantile
from underrecording.estimation.compile import (
    INFLUENCE_TYPE,
    INTERVAL_FT,
    POINT_FT,
    VARIANCE_FT,
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
    df = degrees_of_freedom(audit_at(audits, 0), spec)
    _loop()(
        compiled_point(spec.point),
        compiled_variance(spec.variance),
        compiled_interval(spec.interval),
        audits,
        empty_influence(*audits.due.shape[1:]),
        quantile(level=level, df=df),
        answers,
        reasons,
    )
    return answers, reasons


def audit_at(audits: Audits, b: int) -> Audit:
    """One audit of many."""
    world = b if len(audits.recorded_volume) > 1 else 0
    return Audit._make((*(field[b] for field in audits[:-1]), audits.recorded_volume[world]))


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


@cache
def _loop() -> Any:
    _answer = compiled(answer)

    def loop(
        point: Any, variance: Any, interval: Any, audits: Any, influence: Any, quantile: Any,
        answers: Any, reasons: Any,
    ) -> None:  # fmt: skip
        for b in range(audits.force.shape[0]):
            w = b if audits.recorded_volume.shape[0] > 1 else 0
            audit = Audit(
                audits.force[b], audits.frame[b], audits.sampled[b], audits.due[b],
                audits.recorded[b], audits.p_inclusion[b], audits.force_stratum[b],
                audits.recorded_volume[w],
            )  # fmt: skip
            value, spread, low, high, reason = _answer(
                point, variance, interval, audit, influence, quantile
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
            POINT_FT, VARIANCE_FT, INTERVAL_FT, _AUDITS_TYPE, INFLUENCE_TYPE, types.float64,
            _FLOATS_2, types.Array(types.int64, 1, "C"),
        ),
    )  # fmt: skip
