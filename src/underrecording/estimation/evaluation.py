"""A real audit, estimated by everything that its table supports."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from underrecording.audit import FAULTLESS, Audit, Floats
from underrecording.errors import UserError
from underrecording.estimation.estimate import estimate, mirror
from underrecording.estimation.registries import INTERVALS, MODELS, POINTS, VARIANCES
from underrecording.estimation.spec import EstimatorSpec
from underrecording.estimation.tables import AuditTable

NATIONAL = "national"
UNDER_RECORDING, UNRECORDED = "under_recording_rate", "unrecorded_crimes"
DEFAULT_POINT, DEFAULT_VARIANCE = "combined_ratio", "linearised"
WITHOUT_FORCES = ("binomial", "linearised")
"""Variances that a single force has: nothing between forces is in them."""


class Row(NamedTuple):
    """One estimate of one thing.

    Attributes
    ----------
    estimator, point, variance, interval, estimand, domain : str
        Domain is national, a stratum of records or a force.
    value, se, low, high : float
        Shares; crimes a year where the estimand is unrecorded crimes.
    level, df : float
        Nominal coverage; degrees of freedom, inf for a variance taken as known.
    """

    estimator: str
    point: str
    variance: str
    interval: str
    estimand: str
    domain: str
    value: float
    se: float
    low: float
    high: float
    level: float
    df: float


@dataclass(frozen=True)
class Evaluation:
    """All that one audit table says.

    Attributes
    ----------
    table : AuditTable
    n_forces : int
        F, forces that the inspected ones stand for.
    audit : Audit
    rows : tuple of Row
        National first, then by stratum, then by force.
    notes : tuple of str
        What was taken for granted, and what could not be estimated.
    """

    table: AuditTable
    n_forces: int
    audit: Audit
    rows: tuple[Row, ...]
    notes: tuple[str, ...]

    def find(
        self, estimator: str, *, domain: str = NATIONAL, estimand: str = UNDER_RECORDING
    ) -> Row | None:
        """Row of one estimator, or None where it had no answer."""
        for row in self.rows:
            if (row.estimator, row.domain, row.estimand) == (estimator, domain, estimand):
                return row
        return None


def evaluate(
    table: AuditTable, *, n_forces: int, level: float = 0.95, readers: Floats = FAULTLESS
) -> Evaluation:
    """Estimate from a real audit by every estimator and interval that its table supports.

    Parameters
    ----------
    table : AuditTable
    n_forces : int
        F, forces of which those inspected are taken as a simple random sample,
        unless the table gives their inclusion probabilities.
    level : float
        Nominal coverage.
    readers : float array (4, 2)
        What is held of the readers; see `Audit.readers`.

    Raises
    ------
    UserError
        If the table lists more forces than there are.
    """
    if len(table.forces) > n_forces:
        raise UserError(
            f"{table.path}: {len(table.forces)} forces are more than the {n_forces} there are; "
            "give --forces a larger number"
        )
    audit = audit_of(table, n_forces)._replace(readers=readers)
    left_out: dict[str, str] = {}
    rows = [
        *_national(table, audit, level, left_out),
        *_by_stratum(table, audit, level),
        *_by_force(table, audit, level),
    ]
    refused = tuple(f"{name}: {reason}" for name, reason in left_out.items())
    return Evaluation(
        table, n_forces, audit, tuple(rows), (*_taken_for_granted(table, audit), *refused)
    )


def audit_of(table: AuditTable, n_forces: int) -> Audit:
    """The table as an audit of its inspected forces on a frame of *n_forces*."""
    inspected = np.flatnonzero(table.sampled.sum(axis=1) > 0)
    m, n_strata = len(inspected), table.sampled.shape[1]
    volume = np.zeros((n_forces, n_strata))
    volume[: len(table.forces)] = table.volume
    p_inclusion, p_joint = np.full(m, m / n_forces), np.zeros((0, 0))
    if table.p_inclusion is not None:
        p_inclusion = table.p_inclusion[inspected]
    else:
        pair = (m - 1) / (n_forces - 1) if n_forces > 1 else 1.0
        p_joint = np.full((n_forces, n_forces), m / n_forces * pair)
        np.fill_diagonal(p_joint, m / n_forces)
    return Audit(
        force=inspected,
        frame=table.frame[inspected],
        sampled=table.sampled[inspected],
        due=table.due[inspected],
        recorded=table.recorded[inspected],
        p_inclusion=p_inclusion,
        force_stratum=_force_strata(table, inspected, p_inclusion),
        recorded_volume=volume,
        over_recorded=table.over_recorded[inspected],
        p_joint=p_joint,
    )


def _force_strata(table: AuditTable, inspected: np.ndarray, p: np.ndarray) -> np.ndarray:
    """Strata as the table has them; else one, and one for each force that was certain."""
    if table.force_stratum is not None:
        labels = np.array(table.force_stratum)[inspected]
        return np.unique(labels, return_inverse=True)[1].astype(np.int64)
    stratum = np.zeros(len(p), np.int64)
    if table.p_inclusion is not None:
        certain = p >= 1.0
        first = int((~certain).any())
        stratum[certain] = first + np.arange(certain.sum())
    return stratum


def _national(
    table: AuditTable, audit: Audit, level: float, left_out: dict[str, str]
) -> Iterator[Row]:
    whole = len(table.forces) == len(audit.recorded_volume) and table.has_volume
    for spec in _every_spec():
        if reason := _not_supported(spec, audit, whole):
            left_out[spec.point] = reason
            continue
        row = _row(audit, spec, level, NATIONAL)
        if isinstance(row, str):
            left_out[f"{spec.point}/{spec.variance}"] = row
            continue
        yield row
        if (whole and spec.variance == DEFAULT_VARIANCE) or spec.is_model:
            yield _unrecorded(row, float(audit.recorded_volume.sum()))


def _not_supported(spec: EstimatorSpec, audit: Audit, whole: bool) -> str | None:
    """Why the table holds too little for an estimator, if it does."""
    if spec.volumes == "of all" and not whole:
        return "needs the recorded volumes of all forces, inspected or not"
    if spec.point == "confusion_corrected" and np.array_equal(audit.readers, FAULTLESS):
        return "needs how well the auditors read"
    if spec.point == "post_stratified" and audit.post_stratum.size == 0:
        return "needs the kind of every force"
    return None


def _by_stratum(table: AuditTable, audit: Audit, level: float) -> Iterator[Row]:
    if len(table.strata) == 1:
        return
    for h, name in enumerate(table.strata):
        for spec in _specs((DEFAULT_POINT,), tuple(VARIANCES)):
            row = _row(_only_stratum(audit, h), spec, level, name)
            if not isinstance(row, str):
                yield row


def _by_force(table: AuditTable, audit: Audit, level: float) -> Iterator[Row]:
    for i, f in enumerate(audit.force):
        for spec in _specs((DEFAULT_POINT,), WITHOUT_FORCES):
            row = _row(_only_force(audit, i), spec, level, table.forces[f])
            if not isinstance(row, str):
                yield row


def _every_spec() -> Iterator[EstimatorSpec]:
    yield from _specs(tuple(POINTS), tuple(VARIANCES))
    for name in MODELS:
        yield EstimatorSpec.parse(name)


def _specs(points: tuple[str, ...], variances: tuple[str, ...]) -> Iterator[EstimatorSpec]:
    for point in points:
        for variance in variances:
            for interval in INTERVALS:
                yield EstimatorSpec(point, variance, interval)


def _row(audit: Audit, spec: EstimatorSpec, level: float, domain: str) -> Row | str:
    """The estimate as a row, or the reason why there is none."""
    accuracy = estimate(audit, spec, level=level)
    if accuracy.reason != "ok":
        return accuracy.reason
    rate = mirror(accuracy)
    return Row(
        str(spec), spec.point, spec.variance, spec.interval, UNDER_RECORDING, domain,
        rate.value, math.sqrt(rate.variance), rate.low, rate.high, level, rate.df,
    )  # fmt: skip


def _unrecorded(row: Row, volume: float) -> Row:
    """Crimes a year that go unrecorded: recorded volume over accuracy, less the volume."""

    def crimes(rate: float) -> float:
        return volume * rate / (1.0 - rate) if rate < 1.0 else math.inf

    accuracy = 1.0 - row.value
    return row._replace(
        estimand=UNRECORDED,
        value=crimes(row.value),
        se=volume * row.se / accuracy**2 if accuracy > 0.0 else math.inf,
        low=crimes(row.low),
        high=crimes(row.high),
    )


def _only_stratum(audit: Audit, h: int) -> Audit:
    def cut(counts: np.ndarray) -> np.ndarray:
        return counts[:, h : h + 1]

    return audit._replace(
        frame=cut(audit.frame),
        sampled=cut(audit.sampled),
        due=cut(audit.due),
        recorded=cut(audit.recorded),
        over_recorded=cut(audit.over_recorded),
        recorded_volume=cut(audit.recorded_volume),
    )


def _only_force(audit: Audit, i: int) -> Audit:
    """The force by itself: inspected for certain, a stratum of its own."""
    one = slice(i, i + 1)
    return audit._replace(
        force=audit.force[one],
        frame=audit.frame[one],
        sampled=audit.sampled[one],
        due=audit.due[one],
        recorded=audit.recorded[one],
        over_recorded=audit.over_recorded[one],
        p_inclusion=np.ones(1),
        force_stratum=np.zeros(1, np.int64),
        p_joint=np.zeros((0, 0)),
    )


def _taken_for_granted(table: AuditTable, audit: Audit) -> Iterator[str]:
    m, n_forces = len(audit.force), len(audit.recorded_volume)
    if table.p_inclusion is None:
        yield f"{m} of {n_forces} forces inspected, taken as a simple random sample of them"
    if not table.has_frame:
        yield (
            "no frame sizes: every record read counts the same, and records count as drawn "
            "with replacement"
        )
    if not table.has_volume:
        yield "no recorded volumes: what weights by volume is left out"
    elif len(table.forces) < n_forces:
        yield (
            f"volumes of {len(table.forces)} of {n_forces} forces: list the others with sampled 0 "
            "for what needs all of them"
        )
    yield from table.notes
