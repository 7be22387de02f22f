"""RMSE and coverage over two swept numbers, as maps."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, Normalize
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from underrecording.report.figures.drawing import FIGURES, Drawing
from underrecording.report.figures.measured import (
    COVERAGE,
    MCSES,
    RMSE,
    Panel,
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
_LEAST_MISSES = 8.0
"""Misses are told apart down to this part of the nominal share."""
_MEASURES = ("rmse", "coverage")


class Shades(NamedTuple):
    """How values become colours: turned first, then by a norm and a map."""

    norm: Normalize
    colours: Any
    turned: Callable[[Floats], Floats]


@FIGURES.register("heat_map")
def heat_map(results: Results) -> Iterator[Drawing]:
    """RMSE and coverage over two swept numbers.

    Drawn for a grid: across and up, its first two numeric settings; in colour RMSE
    (left, the darker the larger) and coverage (right), of the headline and the
    recommended estimator. Steps of a setting are drawn equally wide, whatever the
    distance of its values. Coverage is coloured from the nominal level outwards, by
    how often intervals miss: white is nominal, each doubling of misses is as much more
    orange, each halving as much more purple. A dot marks a cell whose coverage is
    nominal as far as the simulation can tell, within two Monte Carlo standard errors;
    the square marks the reference cell, where the grid holds it. In maps of up to
    sixty cells the numbers are printed. Estimators share one scale of each measure.
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
    level = plan.scenario.study.level
    rmse, covered = (numbers.loc[numbers["measure"] == name, "drawn"] for name in _MEASURES)
    shades = {
        RMSE: Shades(Normalize(0.0, _largest(rmse, 1.0)), mpl.colormaps["cividis_r"], _as_it_is),
        COVERAGE: _around(level, covered),
    }
    for one, line in zip(shown, axes, strict=True):
        own = numbers[numbers["estimator"] == one.spec]
        for ax, panel in zip(line, (RMSE, COVERAGE), strict=True):
            table = own[own["measure"] == panel.measure]
            grid = table.pivot_table(index=up, columns=across, values="drawn", dropna=False)
            mesh = _map(ax, grid, shades[panel])
            _scale(figure.colorbar(mesh, ax=ax, pad=0.02, fraction=0.06), panel, level, grid)
            if panel is COVERAGE:
                _mark_nominal(ax, table, across, up, grid)
            _mark_reference(ax, results, across, up, grid)
            _label(ax, grid, across, up, last=one is shown[-1], first=panel is RMSE)
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


def _as_it_is(values: Floats) -> Floats:
    return values


def _largest(values: pd.Series, least: float) -> float:
    finite = values[np.isfinite(values)]
    return max(least, float(finite.max())) if len(finite) else least


def _around(level: float, covered: pd.Series) -> Shades:
    """Colours of coverage from the nominal level outwards, by doublings of misses."""

    def doublings(values: Floats) -> Floats:
        misses = np.maximum(1.0 - np.asarray(values, float) / 100.0, (1.0 - level) / _LEAST_MISSES)
        found: Floats = np.log2((1.0 - level) / misses)
        return found

    reach = _largest(pd.Series(np.abs(doublings(covered.to_numpy(float)))), 2.0)
    # The ends of the map are too dark for what is printed on them.
    ends = mpl.colormaps["PuOr"](np.linspace(0.12, 0.88, 256))
    return Shades(
        Normalize(-reach, reach), LinearSegmentedColormap.from_list("coverage", ends), doublings
    )


def _scale(bar: Any, panel: Panel, level: float, grid: pd.DataFrame) -> None:
    """Ticks of a scale of colours; of coverage in per cent, wherever doublings put them."""
    bar.ax.tick_params(labelsize=8)
    bar.outline.set_visible(False)
    if panel is not COVERAGE:
        return
    shades = _around(level, pd.Series(grid.to_numpy(float).ravel()))
    low, high = bar.mappable.norm.vmin, bar.mappable.norm.vmax
    ticks = {100.0 * level, *(100.0 - 100.0 * (1.0 - level) * 2.0**k for k in range(-3, 5))}
    kept = sorted(tick for tick in ticks if low <= shades.turned(np.array(tick)) <= high)
    bar.set_ticks([float(shades.turned(np.array(tick))) for tick in kept])
    bar.set_ticklabels([f"{tick:.3g}" for tick in kept])


def _map(ax: Axes, grid: pd.DataFrame, shades: Shades) -> Any:
    values = grid.to_numpy(float)
    norm, cmap = shades.norm, shades.colours
    shown = shades.turned(values)
    mesh = ax.pcolormesh(
        np.ma.masked_invalid(shown), norm=norm, cmap=cmap, edgecolors="white",
        linewidth=0.6 if values.size <= 120 else 0.0,
    )  # fmt: skip
    if values.size <= MOST_WORDS:
        for (i, j), value in np.ndenumerate(values):
            if np.isfinite(value):
                red, green, blue, _ = cmap(norm(shown[i, j]))
                light = 0.299 * red + 0.587 * green + 0.114 * blue > 0.5
                ax.text(
                    j + 0.5, i + 0.5, f"{value:.1f}", ha="center", va="center", fontsize=7.5,
                    color=BLACK if light else "white",
                )  # fmt: skip
    ax.grid(visible=False)
    return mesh


def _mark_nominal(ax: Axes, table: pd.DataFrame, across: str, up: str, grid: pd.DataFrame) -> None:
    near = table[table["within_error_of_nominal"] == True]  # noqa: E712
    x = np.array([list(grid.columns).index(value) for value in near[across]]) + 0.5
    y = np.array([list(grid.index).index(value) for value in near[up]]) + 0.5
    words = grid.size <= MOST_WORDS
    # Beside the number, not on it.
    ax.scatter(
        x, y + (0.33 if words else 0.0), s=9 if grid.size <= 120 else 5,
        color=BLACK, linewidths=0, zorder=4,
    )  # fmt: skip


def _mark_reference(ax: Axes, results: Results, across: str, up: str, grid: pd.DataFrame) -> None:
    values = results.plan.cells[0].cell.values
    columns: list[Any] = grid.columns.tolist()
    rows: list[Any] = grid.index.tolist()
    if values[across] in columns and values[up] in rows:
        x, y = columns.index(values[across]), rows.index(values[up])
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
