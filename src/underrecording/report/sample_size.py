"""How large a sample is enough, in words: what a surface answers, and how well it fits."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from underrecording.report.rounding import with_error
from underrecording.report.tables import Table, fixed_width
from underrecording.study.sample_size import (
    FORCES,
    RECORDS,
    Sample,
    cells_of,
    fewest_forces,
    fewest_records,
    margin_of,
    smallest_samples,
    surface_of,
)
from underrecording.study.surface import TERMS, Surface

if TYPE_CHECKING:
    from pathlib import Path

CRITERIA = ("half_width", "error")
POOR_FIT = 0.05
"""Relative misfit of a cell from which on it is said."""


class Answer(NamedTuple):
    """What one estimator's surfaces answer.

    Attributes
    ----------
    estimator : str
    goal, level : float
    surfaces : dict of str to Surface
        By `CRITERIA`.
    samples : dict of str to list of Sample
        By `CRITERIA`: one for each number of forces.
    coverage : DataFrame
        Cells of the grid, with coverage.
    """

    estimator: str
    goal: float
    level: float
    surfaces: dict[str, Surface]
    samples: dict[str, list[Sample]]
    coverage: pd.DataFrame


def answer(measures: pd.DataFrame, estimator: str, *, goal: float, level: float) -> Answer:
    """Ask the surfaces of *estimator* for samples that reach *goal*.

    Parameters
    ----------
    measures : DataFrame
        As in measures.csv, of a grid over forces and records.
    estimator : str
    goal : float
        Half-width, as a share.
    level : float
        Nominal coverage.

    Raises
    ------
    UserError
        If the table does not carry a surface.
    """
    surfaces = {of: surface_of(measures, estimator, of=of, level=level) for of in CRITERIA}
    return Answer(
        estimator=estimator,
        goal=goal,
        level=level,
        surfaces=surfaces,
        samples={of: smallest_samples(surface, goal) for of, surface in surfaces.items()},
        coverage=cells_of(measures, estimator, "coverage"),
    )


def criterion_words(of: str, level: float) -> str:
    """What is kept below the goal.

    >>> criterion_words("error", 0.95)
    'margin that 95 % of errors keep to (1.96 RMSE)'
    """
    if of == "half_width":
        return "mean half-width of the interval"
    return f"margin that {100.0 * level:g} % of errors keep to ({margin_of(level):.2f} RMSE)"


def answer_text(found: Answer) -> str:
    """The answer as plain text: samples, how well the surface fits, coverage where it is read."""
    points = f"{100.0 * found.goal:g} points"
    blocks = [f"{found.estimator}: samples that keep within {points}"]
    for of in CRITERIA:
        lines = [f"{criterion_words(of, found.level)} of at most {points}:"]
        few, least = fewest_forces(found.samples[of]), fewest_records(found.samples[of])
        if few is None or least is None:
            n = found.surfaces[of].points.records.max()
            lines.append(f"  no sample of the grid is enough, up to {n:g} records a force")
        else:
            for name, sample in (("fewest forces ", few), ("fewest records", least)):
                lines.append(f"  {name}  {_sample_words(sample, found.surfaces[of])}")
                lines.append(f"  {' ' * len(name)}  {_coverage_words(found, sample)}")
        lines.append(f"  {fit_words(found.surfaces[of])}")
        blocks.append("\n".join(lines))
    blocks.append(fixed_width(samples_words(found)))
    blocks.append(
        "Ranges are two standard errors of the surface either way. Forces by simple random draws; "
        "nothing\noutside the simulated grid is answered: > stands for more than was simulated."
    )
    return "\n\n".join(blocks)


def samples_words(found: Answer) -> Table:
    """Records a force that are enough, by number of forces and criterion."""
    wanted = sorted(set(found.surfaces["error"].points.forces.tolist()))
    rows = []
    for i, first in enumerate(found.samples["half_width"]):
        second = found.samples["error"][i]
        if first.forces in wanted:
            rows.append(
                (
                    str(first.forces),
                    *(
                        word
                        for of, one in (("half_width", first), ("error", second))
                        for word in (_records(one, found.surfaces[of]), _range(one, found, of))
                    ),
                )
            )
    return Table(
        ("forces", "records each, half-width", "range", "records each, errors", "range"), rows
    )


def fit_words(surface: Surface) -> str:
    """How well a surface fits, and where it does not.

    One line: the error of cells left out in turn, the cell that fits worst.
    """
    worst = int(np.abs(surface.left_out).argmax())
    m, n = surface.points.forces[worst], surface.points.records[worst]
    off = np.abs(surface.left_out)
    words = (
        f"surface: off by {100.0 * surface.error:.1f} % (cells left out in turn), by "
        f"{100.0 * off[worst]:.1f} % at worst ({m} forces, {n:g} records)"
    )
    poor = int((off > POOR_FIT).sum())
    if poor:
        words += f"; by more than {100.0 * POOR_FIT:g} % in {poor} of {off.size} cells"
    return words


def answer_json(found: Answer, folder: Path) -> str:
    """The answer as one JSON document; null where no sample of the grid is enough."""
    document = {
        "folder": str(folder),
        "estimator": found.estimator,
        "goal": found.goal,
        "level": found.level,
        "criteria": {
            of: {
                "coefficients": dict(
                    zip(TERMS, found.surfaces[of].coefficients.tolist(), strict=True)
                ),
                "forces_count_by": found.surfaces[of].shape.weights,
                "error": found.surfaces[of].error,
                "worst": float(np.abs(found.surfaces[of].left_out).max()),
                "lack_of_fit": found.surfaces[of].lack_of_fit,
                "fewest_forces": _plain(fewest_forces(found.samples[of])),
                "fewest_records": _plain(fewest_records(found.samples[of])),
                "samples": [_plain(one) for one in found.samples[of]],
            }
            for of in CRITERIA
        },
    }
    return json.dumps(document, indent=2, allow_nan=False)


def _plain(sample: Sample | None) -> dict[str, Any] | None:
    if sample is None:
        return None
    found = {**sample._asdict(), "total": sample.total}
    return {k: None if isinstance(v, float) and math.isinf(v) else v for k, v in found.items()}


def _sample_words(sample: Sample, surface: Surface) -> str:
    most = surface.points.records.max()
    high = f"{sample.high:g}" if math.isfinite(sample.high) else f"more than {most:g}"
    return (
        f"{sample.forces} forces, {sample.records:g} records each ({sample.low:g} to {high}); "
        f"{sample.total:,.0f} records in all"
    )


def _records(sample: Sample, surface: Surface) -> str:
    return f"{sample.records:g}" if sample.enough else f"> {surface.points.records.max():g}"


def _range(sample: Sample, found: Answer, of: str) -> str:
    if math.isinf(sample.low):
        return ""
    most = f"> {found.surfaces[of].points.records.max():g}"
    return f"{sample.low:g} to {f'{sample.high:g}' if math.isfinite(sample.high) else most}"


def _coverage_words(found: Answer, sample: Sample) -> str:
    """Coverage at the cell of the grid that lies nearest to *sample*, on logarithmic scales."""
    cells = found.coverage
    away = np.log(cells[FORCES] / sample.forces) ** 2 + np.log(cells[RECORDS] / sample.records) ** 2
    near = cells.loc[away.idxmin()]
    share = with_error(100.0 * near["value"], 100.0 * near["mcse"])
    return (
        f"coverage near there ({near[FORCES]} forces, {near[RECORDS]:g} records): {share} %, "
        f"nominally {100.0 * found.level:g}"
    )
