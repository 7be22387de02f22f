"""The smallest sample that is precise enough, read off a response surface."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from underrecording.errors import UserError, did_you_mean
from underrecording.estimation import EstimatorSpec
from underrecording.estimation.registries import INTERVALS, MODELS, VARIANCES
from underrecording.estimation.stages import no_limit
from underrecording.study.surface import LEAST_VALUES, Points, Scale, Surface, fit_surface

FORCES, RECORDS = "inspection.forces.count", "inspection.records.per_force"
WIDE = 2.0
"""Standard errors of the surface to either side of an answer."""


class Sample(NamedTuple):
    """A sample that is large enough.

    Attributes
    ----------
    forces : int
    records : float
        In each force; infinite where no number that was simulated is enough.
    low, high : float
        Range of *records*: `WIDE` standard errors of the surface to either side.
    """

    forces: int
    records: float
    low: float
    high: float

    @property
    def total(self) -> float:
        """Records in all."""
        return self.forces * self.records

    @property
    def enough(self) -> bool:
        """Whether some number of records that was simulated is enough."""
        return math.isfinite(self.records)


def estimators_of(measures: pd.DataFrame) -> list[str]:
    """Estimators in a table of measures, in its order.

    Raises
    ------
    UserError
        If the table is not of a grid over forces and records.
    """
    for key in (FORCES, RECORDS):
        if key not in measures.columns:
            raise UserError(
                f"no sweep over {key}; a surface needs a grid of {FORCES} and {RECORDS}, "
                "such as scenario sample_size"
            )
        if measures[key].nunique() < LEAST_VALUES:
            raise UserError(
                f"{key}: {measures[key].nunique()} values; a surface needs {LEAST_VALUES} or more"
            )
    return list(dict.fromkeys(measures["estimator"]))


def surface_of(measures: pd.DataFrame, estimator: str, *, of: str, level: float) -> Surface:
    """Fit the surface of one estimator of the first estimand.

    Parameters
    ----------
    measures : DataFrame
        As in measures.csv, of a grid over `FORCES` and `RECORDS`; other swept keys
        are held at what they are in the reference cell.
    estimator : str
        ``point/variance/interval``.
    of : str
        ``half_width``: half the mean width of its interval. ``error``: the margin that
        its errors keep to, a normal quantile times the RMSE.
    level : float
        Nominal coverage.

    Raises
    ------
    UserError
        If the table knows no such estimator, or too few cells answered.
    """
    known = estimators_of(measures)
    if estimator not in known:
        raise UserError(
            f"unknown estimator '{estimator}'{did_you_mean(estimator, known)} "
            f"(known: {', '.join(known)})"
        )
    rows = cells_of(measures, estimator, "mean_width" if of == "half_width" else "rmse")
    factor = 0.5 if of == "half_width" else margin_of(level)
    points = Points(
        rows[FORCES].to_numpy(np.int64),
        rows[RECORDS].to_numpy(float),
        factor * rows["value"].to_numpy(float),
        factor * rows["mcse"].to_numpy(float),
    )
    # One force has no spread; a cell without error, as a census, no weight.
    kept = np.flatnonzero((points.forces > 1) & (points.mcse > 0.0) & (points.value > 0.0))
    points = points.at(kept)
    fewest = min(len(np.unique(points.forces)), len(np.unique(points.records)))
    if fewest < LEAST_VALUES or points.value.size < LEAST_VALUES**2:
        raise UserError(f"{estimator}: too few cells of the grid have an answer for a surface")
    return fit_surface(points, _scale(estimator, level) if of == "half_width" else Scale(level))


def cells_of(measures: pd.DataFrame, estimator: str, measure: str) -> pd.DataFrame:
    """Rows of one measure of one estimator, all but forces and records as in the reference."""
    first = measures.iloc[0]
    swept = list(measures.columns[1 : measures.columns.get_loc("estimator")])
    keep = (
        (measures["estimator"] == estimator)
        & (measures["measure"] == measure)
        & (measures["estimand"] == first["estimand"])
        & (measures["domain"] == first["domain"])
    )
    for key in set(swept) - {FORCES, RECORDS}:
        keep &= measures[key] == first[key]
    kept: pd.DataFrame = measures[keep]
    return kept


def margin_of(level: float) -> float:
    """RMSEs to either side that hold a share *level* of normal errors.

    >>> round(margin_of(0.95), 2)
    1.96
    """
    return float(Scale(level).factor(np.array([2]))[0])


def _scale(estimator: str, level: float) -> Scale:
    spec = EstimatorSpec.parse(estimator)
    if estimator in MODELS:
        return Scale(level)
    return Scale(
        level,
        t=INTERVALS[spec.interval].quantile == "t",
        estimated=VARIANCES[spec.variance].degrees_of_freedom is not no_limit,
    )


def smallest_samples(surface: Surface, goal: float) -> list[Sample]:
    """For each number of forces within the grid, the fewest records that reach *goal*.

    Nothing outside the grid is answered: the fewest records are the fewest that were
    simulated, and where the most are not enough they are infinite.
    """
    m, n = surface.points.forces, surface.points.records
    records = np.arange(math.ceil(n.min()), math.floor(n.max()) + 1, dtype=float)
    samples = []
    for forces in range(int(m.min()), int(m.max()) + 1):
        value, se = surface.predict(np.full(records.size, forces), records)
        fewest = (_first(records, value + by * se <= goal) for by in (0.0, -WIDE, WIDE))
        samples.append(Sample(forces, *fewest))
    return samples


def _first(records: NDArray[np.float64], enough: NDArray[np.bool_]) -> float:
    return float(records[np.argmax(enough)]) if enough.any() else math.inf


def fewest_forces(samples: Sequence[Sample]) -> Sample | None:
    """The sample of the fewest forces, or None where none is large enough."""
    return next((one for one in samples if one.enough), None)


def fewest_records(samples: Sequence[Sample]) -> Sample | None:
    """The sample of the fewest records in all, or None where none is large enough."""
    enough = [one for one in samples if one.enough]
    return min(enough, key=lambda one: (one.total, one.forces), default=None)
