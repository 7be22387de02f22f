"""Estimators over a batch of audits, one plug-in after the other.

Each plug-in goes over the whole batch before the next one does, so nothing is
compiled for a combination of them (see `underrecording.dispatch`).
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numba import types

from underrecording.audit import AT_BOUNDARY, OK, Audit, Influence, Totals
from underrecording.compiling import compiled, uncounted
from underrecording.dispatch import KINDS, Kind, call, function_at, through
from underrecording.estimation.compile import AUDITS_TYPE, POINT_FT, inlined
from underrecording.estimation.precision import Precision
from underrecording.estimation.registries import INTERVALS, MODELS, POINTS, VARIANCES
from underrecording.estimation.totals import effective_sample_size, records_read
from underrecording.special import t_quantile


class Influences(NamedTuple):
    """`Influence` with a leading axis."""

    contribution: Any
    spread: Any
    numerator: Any
    denominator: Any
    readers: Any


class Batch(NamedTuple):
    """What is known of each of B audits on the way to an answer, each (B,) but the influences.

    Attributes
    ----------
    influences : Influences
    value, variance, df, quantile : float arrays
    reason : int array
    """

    influences: Influences
    value: Any
    variance: Any
    df: Any
    quantile: Any
    reason: Any


_FLOATS_1, _FLOATS_2 = (types.Array(types.float64, n, "C") for n in (1, 2))
_INTS_1 = types.Array(types.int64, 1, "C")
BATCH_TYPE = types.NamedTuple(
    (
        types.NamedUniTuple(_FLOATS_2, len(Influences._fields), Influences),
        _FLOATS_1, _FLOATS_1, _FLOATS_1, _FLOATS_1, _INTS_1,
    ),
    Batch,
)  # fmt: skip


@compiled
def room_for(count: Any, n_forces: Any) -> Any:
    """Room for a batch of *count* audits of *n_forces*."""
    influences = Influences(
        np.empty((count, n_forces)), np.empty((count, n_forces)), np.empty((count, n_forces)),
        np.empty((count, n_forces)), np.empty((count, 1)),
    )  # fmt: skip
    return Batch(
        influences, np.empty(count), np.empty(count), np.empty(count), np.empty(count),
        np.empty(count, np.int64),
    )  # fmt: skip


@inlined
def audit_of(audits: Any, b: Any) -> Any:
    """One audit of many."""
    w = b if audits.recorded_volume.shape[0] > 1 else 0
    r = b if audits.readers.shape[0] > 1 else 0
    return Audit(
        audits.force[b], audits.frame[b], audits.sampled[b], audits.due[b], audits.recorded[b],
        audits.p_inclusion[b], audits.force_stratum[b], audits.recorded_volume[w],
        audits.over_recorded[b], audits.post_stratum, audits.p_joint, audits.readers[r],
        audits.seed[b], Totals(audits.totals.force[b], audits.totals.nation[b]),
    )  # fmt: skip


@inlined
def _influence_of(influences: Any, b: Any) -> Any:
    return Influence(
        influences.contribution[b], influences.spread[b], influences.numerator[b],
        influences.denominator[b], influences.readers[b],
    )  # fmt: skip


def point_loop(plug_in: Any, audits: Any, batch: Any) -> None:
    """Value, influence and reason of each audit."""
    audits, batch = uncounted(audits), uncounted(batch)
    for b in range(audits.force.shape[0]):
        batch.influences.readers[b, 0] = 0.0
        batch.value[b], batch.reason[b] = call(
            plug_in, audit_of(audits, b), _influence_of(batch.influences, b)
        )


def variance_loop(plug_in: Any, audits: Any, batch: Any, point: Any) -> None:
    """Variance of each audit that has a value."""
    audits, batch = uncounted(audits), uncounted(batch)
    for b in range(audits.force.shape[0]):
        batch.variance[b] = math.nan
        if batch.reason[b] == OK:
            influence = _influence_of(batch.influences, b)
            batch.variance[b], batch.reason[b] = call(
                plug_in, audit_of(audits, b), batch.value[b], influence, point
            )
            batch.variance[b] += influence.readers[0]


def df_loop(plug_in: Any, audits: Any, batch: Any, level: Any, normal: Any, known: Any) -> None:
    """Degrees of freedom of each audit, and the quantile: normal, or Student's t on them.

    *known* holds the last of both: audits of one design mostly have the same, and
    a quantile takes a while.
    """
    audits, batch = uncounted(audits), uncounted(batch)
    for b in range(audits.force.shape[0]):
        df = call(plug_in, audit_of(audits, b))
        if df != known[0]:
            known[0], known[1] = df, t_quantile(0.5 + level / 2.0, math.inf if normal else df)
        batch.df[b], batch.quantile[b] = df, known[1]


def interval_loop(
    plug_in: Any, audits: Any, batch: Any, level: Any, answers: Any, reasons: Any
) -> None:
    """Value, variance, low and high of each audit, NaN from where the reason bites."""
    audits, batch = uncounted(audits), uncounted(batch)
    for b in range(audits.force.shape[0]):
        audit, value, variance = audit_of(audits, b), batch.value[b], batch.variance[b]
        low, high, reason = math.nan, math.nan, batch.reason[b]
        if reason == OK:
            # An interval that looks at neither has them compiled away.
            n_eff = effective_sample_size(audit, value, variance)
            n_due = float(records_read(audit)[0])
            low, high = call(
                plug_in,
                Precision(value, variance, level, batch.df[b], batch.quantile[b], n_eff, n_due),
            )
            if math.isnan(low) or math.isnan(high):
                low, high, reason = math.nan, math.nan, AT_BOUNDARY
        answers[b, 0], answers[b, 1], answers[b, 2], answers[b, 3] = value, variance, low, high
        reasons[b] = reason


def model_loop(plug_in: Any, audits: Any, level: Any, answers: Any, reasons: Any) -> None:
    """Value, variance, low, high and reason of each audit."""
    audits = uncounted(audits)
    for b in range(audits.force.shape[0]):
        answers[b, 0], answers[b, 1], answers[b, 2], answers[b, 3], reasons[b] = call(
            plug_in, audit_of(audits, b), level
        )


_ANSWERS = (_FLOATS_2, _INTS_1)
_POINT = (AUDITS_TYPE, BATCH_TYPE)
_VARIANCE = (AUDITS_TYPE, BATCH_TYPE, POINT_FT)
_DF = (AUDITS_TYPE, BATCH_TYPE, types.float64, types.boolean, _FLOATS_1)
_INTERVAL = (AUDITS_TYPE, BATCH_TYPE, types.float64, *_ANSWERS)
_MODEL = (AUDITS_TYPE, types.float64, *_ANSWERS)

KINDS["point"] = Kind(lambda name: POINTS[name].function, point_loop, _POINT)
KINDS["variance"] = Kind(lambda name: VARIANCES[name].function, variance_loop, _VARIANCE)
KINDS["df"] = Kind(lambda name: VARIANCES[name].degrees_of_freedom, df_loop, _DF)
KINDS["interval"] = Kind(lambda name: INTERVALS[name].function, interval_loop, _INTERVAL)
KINDS["model"] = Kind(lambda name: MODELS[name].function, model_loop, _MODEL)

_call_point, _call_variance, _call_df = through(*_POINT), through(*_VARIANCE), through(*_DF)
_call_interval, _call_model = through(*_INTERVAL), through(*_MODEL)
_point_at = function_at(POINT_FT)


class Estimator(NamedTuple):
    """An estimator as compiled code takes it: addresses of its plug-ins.

    Attributes
    ----------
    is_model, normal : bool
        Whether it comes whole; whether its interval takes the normal quantile.
    point, variance, df, interval : int
        Addresses of loops; *point* is the model's where it comes whole.
    one_point : int
        Address of the point estimator of one audit, for variances that estimate anew.
    """

    is_model: bool
    normal: bool
    point: int
    variance: int
    df: int
    interval: int
    one_point: int


@compiled
def estimate_audits(
    estimator: Any, audits: Any, batch: Any, known: Any, level: Any, answers: Any, reasons: Any
) -> None:
    """Accuracy of each audit: value, variance, low and high into *answers*, (B, 4).

    *batch* has room for B audits (`room_for`), *known* for two numbers that the
    estimator keeps from batch to batch, NaN at first.
    """
    if estimator.is_model:
        _call_model(estimator.point, (audits, level, answers, reasons))
        return
    _call_point(estimator.point, (audits, batch))
    _call_variance(estimator.variance, (audits, batch, _point_at(estimator.one_point)))
    _call_df(estimator.df, (audits, batch, level, estimator.normal, known))
    _call_interval(estimator.interval, (audits, batch, level, answers, reasons))
