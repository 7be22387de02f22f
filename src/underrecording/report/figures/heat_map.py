"""RMSE and coverage over two swept numbers, as maps."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import Normalize, TwoSlopeNorm
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from underrecording.report.figures.drawing import FIGURES, Drawing
from underrecording.report.figures.measured import (
    COVERAGE,
    MCSES,
    RMSE,
    held_note,
    look_up,
    row,
    small_print,
)
from underrecording.report.figures.style import BLACK, sheet
from underrecording.report.shown import Shown, is_control, pair
from underrecording.report.slices import Slice, is_numeric, slices
from underrecording.report.words import key_words, target_words, value_words

if TYPE_CHECKING:
    from underrecording.study.results import Results

Floats = NDArray[np.float64]

MOST_WORDS = 60
"""Cells up to which the numbers themselves stand in the map."""
_MOST_TICKS = 12
_HEIGHT_OF_A_MAP = 2.9


@FIGURES.register("heat_map")
def heat_map(results: Results) -> Iterator[Drawing]:
    """RMSE and coverage over two swept numbers.

    Drawn for a grid: across and up, its first two numeric settings; in colour RMSE
    (left, the darker the larger) and coverage (right), of the headline and the
    recommended estimator. Steps of a setting are drawn equally wide, whatever the
    distance of its values. Coverage is coloured from the nominal level outwards:
    white is nominal, orange below it, purple above; the two sides have scales of their
    own. A dot marks a cell whose coverage is nominal as far as the simulation can tell,
    within two Monte Carlo standard errors; the square marks the reference cell,
    where the grid holds it. In maps of up to sixty cells the numbers are printed.
    Every estimator has its own coverage scale, but RMSE is coloured on one.
    """
    plan = results.plan
    if plan.scenario.study.sweep.kind != "grid":
        return
    cuts = next((found for key in plan.keys if (found := _map_of(results, key))), None)
    if cuts is None:
        return
    # Columns of the map are the first key, rows the second; each cut is one row.
    across = next(key for key in plan.keys if slices(plan, key) == cuts)
    up = cuts[0].second_key or ""
    shown = pair(results)
    numbers = _numbers(results, across, cuts, shown)
    title = (
        f"{target_words(plan.targets[0])}: RMSE and coverage by {key_words(across).phrase} "
        f"and {key_words(up).phrase}"
    )
    figure, axes = sheet(
        title, height=_HEIGHT_OF_A_MAP * len(shown), rows=len(shown), columns=2,
        notes=small_print(
            results, *held_note(results, cuts[0]),
            f"Dots: coverage within {MCSES:g} Monte Carlo standard errors of "
            f"{100.0 * plan.scenario.study.level:g} %.", bands=False,
        ),
    )  # fmt: skip
    rmse = numbers[numbers["measure"] == "rmse"]["drawn"]
    largest = float(rmse.max()) if rmse.notna().any() else 1.0
    for one, line in zip(shown, axes, strict=True):
        own = numbers[numbers["estimator"] == one.spec]
        for ax, panel in zip(line, (RMSE, COVERAGE), strict=True):
            table = own[own["measure"] == panel.measure]
            grid = table.pivot_table(index=up, columns=across, values="drawn", dropna=False)
            if panel is RMSE:
                norm: Normalize = Normalize(0.0, largest)
                colours = mpl.colormaps["cividis_r"]
            else:
                norm, colours = _around(100.0 * plan.scenario.study.level, grid), "PuOr"
            mesh = _map(ax, grid, norm, colours)
            bar = figure.colorbar(mesh, ax=ax, pad=0.02, fraction=0.06)
            bar.ax.tick_params(labelsize=8)
            bar.outline.set_visible(False)  # type: ignore[operator]
            if panel is COVERAGE:
                _mark_nominal(ax, table, across, up, grid)
            _mark_reference(ax, results, across, up, grid)
            _label(ax, grid, across, up, last=line is axes[-1], first=panel is RMSE)
            name = f"{one.role or one.point}{', control' if is_control(one.spec) else ''}"
            ax.set_title(f"{panel.title} ({panel.unit}), {name}", fontsize=9.5)
    yield Drawing("heat_map", title, figure, numbers)


def _map_of(results: Results, key: str) -> list[Slice] | None:
    """Cuts along *key* that make a map of two by two cells or more."""
    if not is_numeric(results.plan, key):
        return None
    cuts = slices(results.plan, key)
    full = [cut for cut in cuts if cut.second_key is not None]
    return cuts if len(full) > 1 else None


def _numbers(results: Results, across: str, cuts: list[Slice], shown: list[Shown]) -> pd.DataFrame:
    measure = look_up(results)
    level = results.plan.scenario.study.level
    rows = []
    for panel in (RMSE, COVERAGE):
        for one in shown:
            for cut in cuts:
                labels = {cut.second_key or "": cut.second_value}
                for value, cell in zip(cut.values, cut.cells, strict=True):
                    found = measure(panel.measure, cell, one.spec)
                    keys = {across: value, **labels}
                    line = row(panel, found, cell=cell, **keys, estimator=one.spec)
                    nominal = abs(found.value - level) <= MCSES * found.mcse
                    line["within_error_of_nominal"] = bool(nominal) if panel is COVERAGE else ""
                    rows.append(line)
    return pd.DataFrame(rows)


def _around(level: float, grid: pd.DataFrame) -> TwoSlopeNorm:
    """Colours from the nominal level outwards, each side as far as its cells go, 2 points at least.

    Both ends are looked at in per cent.
    """
    values = grid.to_numpy(float)
    finite = values[np.isfinite(values)]
    low = min(float(finite.min()), level - 2.0) if finite.size else level - 2.0
    high = max(float(finite.max()), level + 2.0) if finite.size else level + 2.0
    return TwoSlopeNorm(vcenter=level, vmin=low, vmax=min(high, 100.0))


def _map(ax: Axes, grid: pd.DataFrame, norm: Normalize, colours: Any) -> Any:
    values = grid.to_numpy(float)
    cmap = mpl.colormaps[colours] if isinstance(colours, str) else colours
    if colours == "PuOr":
        # The ends of the map are too dark for what is printed on them.
        cmap = mpl.colors.LinearSegmentedColormap.from_list(
            "PuOr", cmap(np.linspace(0.12, 0.88, 256))
        )
    mesh = ax.pcolormesh(
        np.ma.masked_invalid(values), norm=norm, cmap=cmap, edgecolors="white",
        linewidth=0.6 if values.size <= 120 else 0.0, rasterized=False,
    )  # fmt: skip
    if values.size <= MOST_WORDS:
        for (i, j), value in np.ndenumerate(values):
            if np.isfinite(value):
                red, green, blue, _ = cmap(norm(value))
                light = 0.299 * red + 0.587 * green + 0.114 * blue > 0.5
                ax.text(
                    j + 0.5, i + 0.5, f"{value:.1f}", ha="center", va="center", fontsize=7.5,
                    color=BLACK if light else "white",
                )  # fmt: skip
    ax.grid(visible=False)
    return mesh


def _mark_nominal(ax: Axes, table: pd.DataFrame, across: str, up: str, grid: pd.DataFrame) -> None:
    near = table[table["within_error_of_nominal"] == True]  # noqa: E712
    x = [grid.columns.get_loc(value) + 0.5 for value in near[across]]
    y = [grid.index.get_loc(value) + 0.5 for value in near[up]]
    words = grid.size <= MOST_WORDS
    # Beside the number, not on it.
    ax.scatter(
        x, np.array(y, float) + (0.33 if words else 0.0), s=9 if grid.size <= 120 else 5,
        color=BLACK, linewidths=0, zorder=4,
    )  # fmt: skip


def _mark_reference(ax: Axes, results: Results, across: str, up: str, grid: pd.DataFrame) -> None:
    values = results.plan.cells[0].cell.values
    if values[across] in grid.columns and values[up] in grid.index:
        x, y = grid.columns.get_loc(values[across]), grid.index.get_loc(values[up])
        ax.add_patch(
            Rectangle((x, y), 1.0, 1.0, fill=False, edgecolor=BLACK, linewidth=1.4, zorder=5)
        )


def _label(ax: Axes, grid: pd.DataFrame, across: str, up: str, *, last: bool, first: bool) -> None:
    for axis, values, key, named in (
        (ax.xaxis, list(grid.columns), across, last),
        (ax.yaxis, list(grid.index), up, first),
    ):
        step = -(-len(values) // _MOST_TICKS)
        kept = range(0, len(values), step)
        axis.set_ticks([i + 0.5 for i in kept], [value_words(values[i]) for i in kept])
        if named:
            axis.set_label_text(key_words(key).axis)
    ax.tick_params(length=0)
    for spine in ax.spines.values():
        spine.set_visible(False)
