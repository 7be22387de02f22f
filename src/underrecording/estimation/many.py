"""One estimator over many audits: what a study repeats, and what one audit is estimated by."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from underrecording.audit import OK, Audits
from underrecording.compiling import compiled
from underrecording.dispatch import address_of, loop_address
from underrecording.estimation.compile import POINT_SIGNATURE, compiled_point
from underrecording.estimation.loops import (
    Estimator,
    estimate_audits,
    room_for,
    uncounted_audits,
)
from underrecording.estimation.registries import INTERVALS
from underrecording.estimation.spec import EstimatorSpec

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

BATCH = 32
"""Audits that go through an estimator together: few enough to stay in the nearest cache."""


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
    return mirrored(answers, reasons), reasons


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
        one_point=address_of(compiled_point(spec.point), POINT_SIGNATURE),
    )


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


def mirrored(answers: Floats, reasons: Ints) -> Floats:
    """What is said of accuracy, (B, 4), as what it says of under-recording; NaN if not answered."""
    turned = np.column_stack([1.0 - answers[:, 0], answers[:, 1], 1.0 - answers[:, [3, 2]]])
    turned[reasons != OK] = np.nan
    return turned


@compiled
def in_batches(
    estimator: Any, audits: Any, level: Any, size: Any, answers: Any, reasons: Any
) -> None:
    """`estimate_audits` over any number of audits, *size* at a time."""
    audits = uncounted_audits(audits)
    count, n_forces, n_strata = audits.due.shape
    batch, known = room_for(min(size, count), n_forces, n_strata), np.full(2, np.nan)
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
    )  # fmt: skip
