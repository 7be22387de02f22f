"""Precision over forces and records, and the samples that are enough."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from underrecording.errors import UserError
from underrecording.report.figures.drawing import FIGURES, Drawing
from underrecording.report.figures.measured import MCSES, small_print
from underrecording.report.figures.style import (
    BLACK,
    BLUE,
    GREY,
    VERMILLION,
    sheet,
    spread,
    top_legend,
)
from underrecording.report.sample_size import CRITERIA, Answer, answer, criterion_words, fit_words
from underrecording.report.shown import pair
from underrecording.study.sample_size import FORCES, RECORDS, margin_of

if TYPE_CHECKING:
    from underrecording.study.results import Results

GOAL = 0.02
_HUES = {"half_width": VERMILLION, "error": BLUE}


@FIGURES.register("sample_size")
def sample_size(results: Results) -> Iterator[Drawing]:
    """How large a sample keeps the recommended estimate within two points.

    Drawn for a grid of at least three numbers of forces and of records. Left: the margin
    that the estimate's errors keep to at the nominal level (1.96 RMSE at 95 per
    cent) against records read in each force, a line for each number of forces;
    dots are simulated, lines the response surface fitted to them, on logarithmic
    scales. Lines that level off say that more records no longer help: what is left
    comes from which forces were drawn. Right: for each number of forces the fewest
    records in each that are enough, once for those errors (blue), once for the mean
    half-width of the interval (vermillion); the bands are two standard errors of the
    surface. Where the vermillion line lies below the blue one, the interval promises
    more than the estimate keeps: its coverage is too low. Lines end where more
    records than were simulated would be needed. The small print says how well the
    surfaces fit; `simulate recommend` answers for other goals.
    """
    plan = results.plan
    if plan.scenario.study.sweep.kind != "grid" or not {FORCES, RECORDS} <= set(plan.keys):
        return
    shown, level = pair(results)[-1], plan.scenario.study.level
    try:
        found = answer(results.measures, shown.spec, goal=GOAL, level=level)
    except UserError:
        return
    title = f"How large a sample: {shown.label}"
    notes = [f"{_capital(criterion_words(of, level))}: {_fit(found, of)}." for of in CRITERIA]
    figure, axes = sheet(
        title, height=4.0, columns=2, notes=(*notes, *small_print(results, bands=False))
    )
    _precision(axes[0, 0], found)
    _enough(axes[0, 1], found)
    top_legend(figure, *axes[0, 1].get_legend_handles_labels(), columns=1)
    yield Drawing("sample_size", title, figure, _numbers(found))


def _capital(words: str) -> str:
    return words[0].upper() + words[1:]


def _fit(found: Answer, of: str) -> str:
    return fit_words(found.surfaces[of]).removeprefix("surface: ")


def _precision(ax: Axes, found: Answer) -> None:
    surface = found.surfaces["error"]
    points = surface.points
    forces = np.unique(points.forces)
    records = np.geomspace(points.records.min(), points.records.max(), 60)
    hues = mpl.colormaps["viridis"](np.linspace(0.0, 0.85, forces.size))
    last = []
    for m, hue in zip(forces, hues, strict=True):
        said, _ = surface.predict(np.full(records.size, m), records)
        ax.plot(records, 100.0 * said, color=hue, linewidth=1.5)
        here = points.forces == m
        ax.errorbar(
            points.records[here], 100.0 * points.value[here],
            yerr=100.0 * MCSES * points.mcse[here], fmt="o", color=hue, markersize=3.5,
            elinewidth=1.0,
        )  # fmt: skip
        last.append(100.0 * said[-1])
    ax.set_xscale("log")
    ax.set_yscale("log")
    ax.axhline(100.0 * found.goal, color=BLACK, linewidth=1.2, linestyle=":")
    for place, m, hue in zip(_spread_log(last), forces, hues, strict=True):
        ax.annotate(
            f"{m}", (1.02, place), xycoords=("axes fraction", "data"), color=hue, va="center",
            fontsize=9.0, annotation_clip=False,
        )  # fmt: skip
    ax.annotate("forces", (1.02, 1.0), xycoords="axes fraction", fontsize=8.0, color=GREY)
    _plain_log(ax, "x", sorted(set(points.records)))
    _plain_log(ax, "y", [0.5, 1, 2, 3, 5, 10, 15, 20, 30])
    ax.set_xlabel("Records read in each force")
    ax.set_title(f"Margin of error, {margin_of(found.level):.2f} RMSE (points)")


def _spread_log(values: list[float]) -> list[float]:
    """Labels at *values*, moved apart on a logarithmic scale."""
    return [float(np.exp(v)) for v in spread([float(np.log(v)) for v in values], least=0.13)]


def _plain_log(ax: Axes, which: str, ticks: list[float]) -> None:
    axis = ax.xaxis if which == "x" else ax.yaxis
    low, high = ax.get_xlim() if which == "x" else ax.get_ylim()
    kept = [tick for tick in ticks if low <= tick <= high]
    axis.set_ticks(kept, [f"{tick:g}" for tick in kept])
    axis.set_ticks([], minor=True)


def _enough(ax: Axes, found: Answer) -> None:
    most = max(float(found.surfaces[of].points.records.max()) for of in CRITERIA)
    for of in CRITERIA:
        table = pd.DataFrame(found.samples[of]).replace(np.inf, np.nan)
        hue = _HUES[of]
        label = f"{criterion_words(of, found.level)} at most {100.0 * found.goal:g} points"
        ax.plot(table["forces"], table["records"], color=hue, linewidth=2.0, label=label)
        ax.fill_between(
            table["forces"], table["low"], table["high"].fillna(most).where(table["low"].notna()),
            color=hue, alpha=0.2, linewidth=0,
        )  # fmt: skip
    points = found.surfaces["error"].points
    ax.set_xlim(points.forces.min(), points.forces.max())
    ax.set_yscale("log")
    ax.set_ylim(points.records.min(), most)
    _plain_log(ax, "y", sorted(set(points.records)))
    ax.set_xlabel("Forces inspected")
    ax.set_title(f"Fewest records in each, for {100.0 * found.goal:g} points")
    if not any(one.low < np.inf for of in CRITERIA for one in found.samples[of]):
        ax.annotate(
            "no sample of the grid is enough", (0.5, 0.5), xycoords="axes fraction", ha="center",
            color=GREY,
        )  # fmt: skip


def _numbers(found: Answer) -> pd.DataFrame:
    """Cells as simulated and as the surface has them, then the samples that are enough."""
    parts = []
    for of in CRITERIA:
        surface = found.surfaces[of]
        points = surface.points
        said, se = surface.predict(points.forces, points.records)
        parts.append(
            pd.DataFrame(
                {
                    "what": of, "forces": points.forces, "records": points.records,
                    "value": points.value, "mcse": points.mcse, "surface": said, "surface_se": se,
                }
            )
        )  # fmt: skip
    for of in CRITERIA:
        samples = pd.DataFrame(found.samples[of]).replace(np.inf, np.nan)
        parts.append(samples.assign(what=f"enough_{of}"))
    return pd.concat(parts, ignore_index=True)
