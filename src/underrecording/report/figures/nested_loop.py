"""Every cell of a sweep in one line, its settings as steps below."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from underrecording.report.figures.drawing import FIGURES, Drawing
from underrecording.report.figures.measured import (
    COVERAGE,
    RMSE,
    look_up,
    row,
    small_print,
)
from underrecording.report.figures.style import (
    BLACK,
    GREY,
    PALE,
    colours,
    sheet,
    top_legend,
)
from underrecording.report.shown import Shown, pair, points
from underrecording.report.slices import asked_cells, is_numeric
from underrecording.report.words import key_words, target_words, value_words
from underrecording.study.sweep import Value

if TYPE_CHECKING:
    from underrecording.study.results import Results

LEAST_CELLS = 4
_MOST_NAMED = 10
"""Values of the slowest setting up to which each step of it is named."""
_ROOM = 90
"""Letters beside the name of a setting."""


@FIGURES.register("nested_loop")
def nested_loop(results: Results) -> Iterator[Drawing]:
    """RMSE and coverage of every cell of a sweep, in one line.

    Drawn for grids, zips and lists of two settings or more. Across are the cells,
    ordered by their settings: the first setting changes slowest, the last fastest, as
    loops within loops. The steps at the bottom show what each setting is in the
    cell above: the higher a step, the later its value in the order of numbers, or of
    the file. A pattern that repeats within every step of a setting is what the
    settings below it do; a shift from step to step is what the setting itself
    does. Lines are the headline and the recommended estimator, their bands two
    Monte Carlo standard errors either way; the dotted line is nominal coverage. The
    reference cell is drawn where the sweep asks for it. Source: Ruecker & Schwarzer
    (2014), BMC Med. Res. Methodol. 14:129.
    """
    plan = results.plan
    if plan.scenario.study.sweep.kind not in ("grid", "zip", "list") or len(plan.keys) < 2:
        return
    order, ranks = _in_loops(results)
    if len(order) < LEAST_CELLS:
        return
    shown, measure = pair(results), look_up(results)
    numbers = pd.DataFrame(
        row(
            panel, measure(panel.measure, cell, one.spec), place=place, cell=cell,
            **plan.cells[cell].cell.values, estimator=one.spec,
        )
        for panel in (RMSE, COVERAGE)
        for one in shown
        for place, cell in enumerate(order)
    )  # fmt: skip
    title = f"{target_words(plan.targets[0])}: RMSE and coverage of {len(order):,} cells"
    steps = 0.42 * len(plan.keys)
    figure, axes = sheet(
        title, height=5.0 + steps, rows=3, notes=small_print(results), sharex=True,
        gridspec_kw={"height_ratios": [2.3, 2.3, steps + 0.25]},
    )  # fmt: skip
    styles = colours(shown, points(results))
    for ax, panel in zip(axes[:2, 0], (RMSE, COVERAGE), strict=True):
        for one, style in zip(shown, styles, strict=True):
            part = numbers[
                (numbers["measure"] == panel.measure) & (numbers["estimator"] == one.spec)
            ]
            _line(ax, part, one, style)
        ax.set_title(f"{panel.title} ({panel.unit})")
        _divide(ax, ranks[:, 0])
    axes[0, 0].set_ylim(bottom=0.0)
    level = 100.0 * plan.scenario.study.level
    axes[1, 0].axhline(level, color=GREY, linewidth=1.2, linestyle=":")
    _steps(axes[2, 0], results, order, ranks)
    top_legend(figure, *axes[0, 0].get_legend_handles_labels(), columns=2)
    yield Drawing("nested_loop", title, figure, numbers)


def _in_loops(results: Results) -> tuple[list[int], Any]:
    """Cells in the order of nested loops, and of each setting the rank of its value.

    Returns
    -------
    order : list of int
        Cells that the sweep asks for.
    ranks : int array (cells, keys)
    """
    plan = results.plan
    cells = asked_cells(plan)
    values = pd.DataFrame([plan.cells[cell].cell.values for cell in cells])
    ranks = np.column_stack([values[key].map(_ranks(values[key])) for key in plan.keys])
    by = np.lexsort(ranks.T[::-1])
    return [cells[i] for i in by], ranks[by]


def _ranks(values: Iterable[Value]) -> dict[Value, int]:
    """Place of each value: of numbers by size, of others in the order they come."""
    distinct = list(dict.fromkeys(values))
    if all(isinstance(value, int | float) for value in distinct):
        distinct.sort()
    return {value: i for i, value in enumerate(distinct)}


def _line(ax: Axes, part: pd.DataFrame, one: Shown, style: dict[str, Any]) -> None:
    """A step for each cell, with its band."""
    edges = np.append(part["place"].to_numpy(float), len(part))
    thin = {**style, "linewidth": 1.6 if len(part) <= 80 else 1.0}
    for key in ("marker", "markersize"):
        thin.pop(key)

    def held(name: str) -> Any:
        values = part[name].to_numpy(float)
        return np.append(values, values[-1])

    ax.step(edges, held("drawn"), where="post", label=one.label, **thin)
    ax.fill_between(
        edges, held("drawn_low"), held("drawn_high"), step="post", color=style["color"],
        alpha=0.22, linewidth=0,
    )  # fmt: skip


def _divide(ax: Axes, slowest: Any) -> None:
    """A pale line where the slowest setting changes."""
    for place in np.flatnonzero(np.diff(slowest)) + 1:
        ax.axvline(float(place), color=PALE, linewidth=0.8, zorder=0)
    ax.grid(visible=False, axis="x")
    ax.tick_params(axis="x", length=0)


def _steps(ax: Axes, results: Results, order: list[int], ranks: Any) -> None:
    plan, n = results.plan, len(order)
    for i, key in enumerate(plan.keys):
        rank, base = ranks[:, i], -float(i)
        top = max(1, int(rank.max()))
        heights = base - 0.72 + 0.44 * np.append(rank, rank[-1]) / top
        ax.step(np.arange(n + 1), heights, where="post", color=BLACK, linewidth=1.1)
        values = [plan.cells[cell].cell.values[key] for cell in order]
        names = [value_words(value) for value in dict.fromkeys(_sorted(values, rank))]
        ax.text(
            0.0, base - 0.22, f"{key_words(key).axis}: {_names(names, is_numeric(plan, key))}",
            fontsize=8.5, va="bottom", color="#333333",
        )  # fmt: skip
        changes = np.flatnonzero(np.r_[1, np.diff(rank), 1])
        if i == 0 and len(names) <= _MOST_NAMED and is_numeric(plan, key):
            for start, stop in itertools.pairwise(changes):
                ax.text(
                    (start + stop) / 2.0, heights[start] + 0.03, value_words(values[start]),
                    fontsize=7.5, ha="center", va="bottom", color=GREY,
                )  # fmt: skip
    ax.set_ylim(-len(plan.keys) + 0.15, 0.12)
    ax.set_yticks([])
    ax.set_xticks([])
    ax.set_xlim(0, n)
    ax.grid(visible=False)
    for spine in ax.spines.values():
        spine.set_visible(False)


def _sorted(values: list[Value], rank: Any) -> list[Value]:
    return [values[i] for i in np.argsort(rank, kind="stable")]


def _names(names: list[str], numeric: bool) -> str:
    """What a setting is from the lowest step to the highest, as far as there is room.

    >>> _names(["5", "9", "13"], True), _names(["equal", "power"], False)
    ('3 values, 5 to 13', 'equal; power')
    """
    if numeric and len(names) > 2:
        return f"{len(names)} values, {names[0]} to {names[-1]}"
    listed = "; ".join(names)
    return listed if len(listed) <= _ROOM else f"{len(names)} settings, in the order of the file"
