"""Error against what is swept: lines for numbers, dots for designs."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from numpy.typing import NDArray

from underrecording.report.figures.drawing import FIGURES, Drawing
from underrecording.report.figures.measured import (
    BIAS,
    COVERAGE,
    RMSE,
    VARIANCE,
    Panel,
    band,
    held_note,
    lines_note,
    look_up,
    roomy,
    row,
    small_print,
)
from underrecording.report.figures.style import GREY, colours, sheet, swept_axis, top_legend
from underrecording.report.shown import Shown, pair, points
from underrecording.report.slices import Slice, along, is_numeric, slices, thinned
from underrecording.report.words import key_words, target_words, value_words

if TYPE_CHECKING:
    from underrecording.study.results import Results

_PANELS = (BIAS, VARIANCE, RMSE)
_LEAST = {"bias": 0.5, "variance": 0.5, "rmse": 0.5}
_CATEGORY_PANELS = (RMSE, COVERAGE)


@FIGURES.register("sweep")
def sweep(results: Results) -> Iterator[Drawing]:
    """Bias, variance and RMSE of the estimate against each swept setting.

    One drawing a swept key, called sweep_ and the key. All other settings are as in
    the reference cell, which the dotted line marks, unless the small print of a
    grid says what they are held at. Bias is the mean of
    estimate minus truth: above 0 the estimators find too much under-recording.
    Variance is the mean squared distance of that error from its own mean. RMSE,
    the root of bias squared plus variance, joins both: the typical size of the
    error. A band is what chance in the simulation itself leaves open, plus or
    minus two Monte Carlo standard errors; where bands overlap, more replicates
    are needed to tell lines apart. Each point estimator is drawn once: its
    interval does not move its error. In a grid the columns are as before, a row
    is one estimator, and a line one value of the second setting, seven of them at most.
    In a zip the line runs along the first number, the others in step with it. Settings that
    are no numbers, such as ways of choosing forces, are shown as rows of dots:
    RMSE, and coverage with the nominal level dotted.
    """
    for key in results.plan.keys:
        if not is_numeric(results.plan, key):
            if line := along(results.plan, key):
                yield _categories(results, key, line)
            continue
        cuts = slices(results.plan, key)
        if not cuts:
            continue
        if cuts[0].second_key is None:
            yield _lines(results, key, cuts[0])
        else:
            yield _grid(results, key, cuts)


def _title(results: Results, key: str) -> str:
    what = target_words(results.plan.targets[0])
    return f"{what}: error by {key_words(key).phrase}"


def _numbers(
    results: Results, key: str, cut: Slice, shown: list[Shown], panels: tuple[Panel, ...]
) -> pd.DataFrame:
    measure = look_up(results)
    labels = {} if cut.second_key is None else {cut.second_key: cut.second_value}
    return pd.DataFrame(
        row(
            panel, measure(panel.measure, cell, one.spec),
            cell=cell, **{key: value, **labels}, estimator=one.spec,
        )
        for panel in panels
        for one in shown
        for value, cell in zip(cut.values, cut.cells, strict=True)
    )  # fmt: skip


def _lines(results: Results, key: str, cut: Slice) -> Drawing:
    shown = points(results)
    numbers = _numbers(results, key, cut, shown, _PANELS)
    title = _title(results, key)
    notes = small_print(results, *held_note(results, cut))
    figure, axes = sheet(title, height=3.5, columns=3, notes=notes)
    for ax, panel in zip(axes[0], _PANELS, strict=True):
        drawn = numbers[numbers["measure"] == panel.measure]
        for one, style in zip(shown, colours(shown, points(results)), strict=True):
            part = drawn[drawn["estimator"] == one.spec]
            band(ax, part[key], part, label=one.label, **style)
        _finish(ax, panel, drawn, results, key)
    top_legend(figure, *axes[0, 0].get_legend_handles_labels())
    return Drawing(f"sweep_{key}", title, figure, numbers)


def _grid(results: Results, key: str, cuts: list[Slice]) -> Drawing:
    every, cuts = cuts, thinned(cuts)
    leading = {one.point: one for one in points(results)}
    shown = [leading[point] for point in dict.fromkeys(one.point for one in pair(results))]
    second = cuts[0].second_key or ""
    numbers = pd.concat(
        [_numbers(results, key, cut, shown, _PANELS) for cut in cuts], ignore_index=True
    )
    title = f"{_title(results, key)} and {key_words(second).phrase}"
    figure, axes = sheet(
        title, height=0.6 + 2.5 * len(shown), rows=len(shown), columns=3,
        notes=small_print(
            results, *held_note(results, cuts[0]),
            *lines_note(cuts, every),
        ),
        sharex=True, sharey="col",
    )  # fmt: skip
    hues = mpl.colormaps["viridis"](np.linspace(0.0, 0.85, len(cuts)))
    for one, line in zip(shown, axes, strict=True):
        for ax, panel in zip(line, _PANELS, strict=True):
            drawn = numbers[numbers["measure"] == panel.measure]
            for cut, hue, marker in zip(cuts, hues, "os^Dv" * len(cuts), strict=False):
                part = drawn[(drawn["estimator"] == one.spec) & (drawn[second] == cut.second_value)]
                label = f"{key_words(second).axis}: {value_words(cut.second_value)}"
                band(ax, part[key], part, label=label, color=hue, marker=marker, markersize=4.5)
            _finish(ax, panel, drawn, results, key)
            if one is not shown[-1]:
                ax.set_xlabel("")
        line[0].set_ylabel(textwrap.fill(one.label, 24))
    top_legend(figure, *axes[0, 0].get_legend_handles_labels(), columns=2)
    return Drawing(f"sweep_{key}", title, figure, numbers)


def _finish(ax: Axes, panel: Panel, drawn: pd.DataFrame, results: Results, key: str) -> None:
    ax.set_title(f"{panel.title} ({panel.unit})")
    ends = pd.concat([drawn["drawn"], drawn["drawn_low"], drawn["drawn_high"]])
    roomy(ax, ends, least=_LEAST[panel.measure])
    if panel is BIAS:
        ax.axhline(0.0, color=GREY, linewidth=1.0, zorder=1)
    else:
        ax.set_ylim(bottom=0.0)
    reference = results.plan.cells[0].cell.values[key]
    ax.axvline(reference, color=GREY, linewidth=1.0, linestyle=":", zorder=1)  # type: ignore[arg-type]
    swept_axis(ax, drawn[key].tolist(), key_words(key).axis)


def _categories(results: Results, key: str, cut: Slice) -> Drawing:
    shown = pair(results)
    numbers = _numbers(results, key, cut, shown, _CATEGORY_PANELS)
    title = _title(results, key).replace("error by", "error and coverage by")
    figure, axes = sheet(
        title,
        height=0.9 + 0.5 * len(cut.values),
        columns=2,
        notes=small_print(results, *held_note(results, cut)),
        sharey=True,
    )
    place = np.arange(len(cut.values), dtype=float)
    shift = np.linspace(-0.13, 0.13, len(shown)) if len(shown) > 1 else np.zeros(1)
    for ax, panel in zip(axes[0], _CATEGORY_PANELS, strict=True):
        for one, style, by in zip(shown, colours(shown, points(results)), shift, strict=True):
            wanted = (numbers["measure"] == panel.measure) & (numbers["estimator"] == one.spec)
            _dots(ax, place + by, numbers[wanted], label=one.label, style=style)
        ax.set_xlabel(f"{panel.title} ({panel.unit})")
        ax.grid(visible=False, axis="y")
    axes[0, 0].set_xlim(left=0.0)
    axes[0, 1].axvline(100.0 * results.plan.scenario.study.level, color=GREY, linestyle=":")
    names = [value_words(value) for value in cut.values]
    marks = [" (reference)" if cell == 0 else "" for cell in cut.cells]
    axes[0, 0].set_yticks(
        place,
        [textwrap.fill(name + mark, 32) for name, mark in zip(names, marks, strict=True)],
    )
    axes[0, 0].set_ylim(len(place) - 0.5, -0.5)
    top_legend(figure, *axes[0, 0].get_legend_handles_labels(), columns=2)
    return Drawing(f"sweep_{key}", title, figure, numbers)


def _dots(
    ax: Axes, place: NDArray[np.float64], rows: pd.DataFrame, *, label: str, style: dict[str, Any]
) -> None:
    spare = rows["drawn"] - rows["drawn_low"]
    ax.errorbar(
        rows["drawn"], place, xerr=spare, fmt=style["marker"], color=style["color"],
        markersize=6.5, linewidth=1.6, label=label, zorder=style["zorder"],
    )  # fmt: skip
