"""Coverage against each swept number."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from underrecording.report.figures.drawing import FIGURES, Drawing
from underrecording.report.figures.measured import (
    COVERAGE,
    band,
    held_note,
    lines_note,
    look_up,
    row,
    small_print,
)
from underrecording.report.figures.style import (
    BLACK,
    GREY,
    colours,
    sheet,
    spread,
    swept_axis,
    top_legend,
)
from underrecording.report.shown import Shown, intervals, pair, points
from underrecording.report.slices import Slice, numeric_keys, slices, thinned
from underrecording.report.words import key_words, target_words, value_words

if TYPE_CHECKING:
    from underrecording.study.results import Results

_MOST_LINES = 6


@FIGURES.register("coverage_by")
def coverage_by(results: Results) -> Iterator[Drawing]:
    """Coverage of a few intervals against each swept number.

    One drawing a swept number, called coverage_by_ and the key. A line is the share of
    replicates whose interval holds the truth, its band plus or minus two Monte
    Carlo standard errors; the horizontal dotted line is the nominal level, the
    vertical one the reference cell. Shown are the headline and the recommended
    estimator, and one interval of each other point estimator. In a grid a panel
    is one estimator and a line one value of the second setting.
    """
    for key in numeric_keys(results.plan):
        cuts = slices(results.plan, key)
        if cuts and cuts[0].second_key is None:
            yield _by_estimator(results, key, cuts[0])
        elif cuts:
            yield _by_second(results, key, cuts)


def _numbers(results: Results, key: str, cut: Slice, shown: list[Shown]) -> pd.DataFrame:
    measure = look_up(results)
    labels = {} if cut.second_key is None else {cut.second_key: cut.second_value}
    return pd.DataFrame(
        row(
            COVERAGE, measure("coverage", cell, one.spec),
            cell=cell, **{key: value, **labels}, estimator=one.spec,
        )
        for one in shown
        for value, cell in zip(cut.values, cut.cells, strict=True)
    )  # fmt: skip


def _by_estimator(results: Results, key: str, cut: Slice) -> Drawing:
    shown = intervals(results, most=_MOST_LINES)
    numbers = _numbers(results, key, cut, shown)
    title = _title(results, key)
    notes = small_print(results, *held_note(results, cut))
    figure, axes = sheet(title, height=3.7, notes=notes)
    ax = axes[0, 0]
    styles = colours(shown, points(results))
    for one, style in zip(shown, styles, strict=True):
        part = numbers[numbers["estimator"] == one.spec]
        band(ax, part[key], part, **style)
    _finish(ax, numbers, results, key)
    ax.set_xlabel(key_words(key).axis)
    _label_ends(ax, numbers, key, shown, [style["color"] for style in styles])
    return Drawing(f"coverage_by_{key}", title, figure, numbers)


def _by_second(results: Results, key: str, cuts: list[Slice]) -> Drawing:
    shown = pair(results)
    every, cuts = cuts, thinned(cuts)
    second = cuts[0].second_key or ""
    numbers = pd.concat([_numbers(results, key, cut, shown) for cut in cuts], ignore_index=True)
    title = f"{_title(results, key)} and {key_words(second).phrase}"
    notes = small_print(results, *held_note(results, cuts[0]), *lines_note(cuts, every))
    figure, axes = sheet(title, height=3.7, columns=len(shown), notes=notes, sharey=True)
    hues = mpl.colormaps["viridis"](np.linspace(0.0, 0.85, len(cuts)))
    for ax, one in zip(axes[0], shown, strict=True):
        for cut, hue, marker in zip(cuts, hues, "os^Dv" * len(cuts), strict=False):
            wanted = (numbers["estimator"] == one.spec) & (numbers[second] == cut.second_value)
            part = numbers[wanted]
            label = f"{key_words(second).axis}: {value_words(cut.second_value)}"
            band(ax, part[key], part, label=label, color=hue, marker=marker, markersize=4.5)
        _finish(ax, numbers, results, key)
        ax.set_title(one.label.replace(" (", "\n("))
    top_legend(figure, *axes[0, 0].get_legend_handles_labels())
    for ax in axes[0, 1:]:
        ax.set_ylabel("")
    return Drawing(f"coverage_by_{key}", title, figure, numbers)


def _title(results: Results, key: str) -> str:
    what, level = target_words(results.plan.targets[0]), results.plan.scenario.study.level
    return f"{what}: coverage of {100 * level:g} % intervals by {key_words(key).phrase}"


def _finish(ax: Axes, numbers: pd.DataFrame, results: Results, key: str) -> None:
    level = 100.0 * results.plan.scenario.study.level
    ax.axhline(level, color=BLACK, linewidth=1.2, linestyle=":", zorder=2)
    reference = results.plan.cells[0].cell.values[key]
    ax.axvline(reference, color=GREY, linewidth=1.0, linestyle=":", zorder=1)  # type: ignore[arg-type]
    lowest = numbers["drawn_low"].min()
    low = level - 5.0 if np.isnan(lowest) else min(float(lowest), level - 5.0)
    ax.set_ylim(max(0.0, low - 2.0), 101.0)
    ax.set_ylabel("Coverage (per cent)")
    swept_axis(ax, numbers[key].tolist(), key_words(key).axis)


def _label_ends(
    ax: Axes, numbers: pd.DataFrame, key: str, shown: list[Shown], hues: list[str]
) -> None:
    """Name each line at its right end, names moved apart."""
    ends = []
    for one, hue in zip(shown, hues, strict=True):
        part = numbers[numbers["estimator"] == one.spec].dropna(subset="drawn")
        if not part.empty:
            end = (float(part[key].iloc[-1]), float(part["drawn"].iloc[-1]))
            ends.append((one.label.replace(" (", "\n("), hue, end))
    low, high = ax.get_ylim()
    moved = spread([y for _, _, (_, y) in ends], least=0.105 * (high - low))
    excess = max([0.0, *(y - high for y in moved)])
    for (label, hue, end), y in zip(ends, moved, strict=True):
        ax.annotate(
            label, end, xytext=(1.03, y - excess), textcoords=("axes fraction", "data"),
            va="center", color=hue, fontsize=9.0, annotation_clip=False, linespacing=1.0,
            arrowprops={"arrowstyle": "-", "color": hue, "linewidth": 0.7, "relpos": (0, 0.5)},
        )  # fmt: skip
