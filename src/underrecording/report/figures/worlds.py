"""Bias and coverage from one fixed world to the next."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from numpy.typing import NDArray

from underrecording.report.figures.drawing import FIGURES, Drawing
from underrecording.report.figures.measured import BIAS, COVERAGE, Panel, small_print
from underrecording.report.figures.style import BLACK, GREY, colours, sheet
from underrecording.report.shown import Shown, pair, points
from underrecording.report.words import target_words

if TYPE_CHECKING:
    from underrecording.study.results import Results

_PANELS = (BIAS, COVERAGE)
_GOLDEN = 0.6180339887498949


@FIGURES.register("worlds")
def worlds(results: Results) -> Iterator[Drawing]:
    """How bias and coverage differ between fixed worlds.

    Each dot is one world, inspected again and again; up and down within a row
    only keeps dots apart. The black mark is the median over worlds, the bar
    reaches from their 5th to their 95th centile. A country is one such dot and
    does not know which. Wide rows mean that the average over worlds, as in the
    other figures, says little about any single one. Part of the spread is Monte
    Carlo error: measures.csv and worlds.csv give its size.
    """
    if results.plan.fresh or results.plan.worlds < 2:
        return
    shown = pair(results)
    numbers = _numbers(results, shown)
    if numbers["value"].isna().all():
        return
    what = target_words(results.plan.targets[0])
    title = f"{what}: bias and coverage in each of {results.plan.worlds:,} worlds"
    figure, axes = sheet(
        title, height=0.8 + 0.95 * len(shown), columns=2, sharey=True,
        notes=small_print(
            results, "Bar: 5th to 95th centile over worlds; mark: median.", bands=False
        ),
    )  # fmt: skip
    quantiles = _quantiles(results)
    for ax, panel in zip(axes[0], _PANELS, strict=True):
        for place, (one, style) in enumerate(
            zip(shown, colours(shown, points(results)), strict=True)
        ):
            wanted = (numbers["measure"] == panel.measure) & (numbers["estimator"] == one.spec)
            _strip(ax, panel, place, numbers[wanted], style["color"])
            _summary(ax, panel, place, quantiles[panel.measure, one.spec])
        ax.set_xlabel(f"{panel.title} ({panel.unit})")
        ax.grid(visible=False, axis="y")
    axes[0, 0].axvline(0.0, color=GREY, linewidth=1.0, linestyle=":")
    axes[0, 1].axvline(100.0 * results.plan.scenario.study.level, color=GREY, linestyle=":")
    labels = [one.label.replace(" (", "\n(") for one in shown]
    axes[0, 0].set_yticks(range(len(shown)), labels)
    axes[0, 0].set_ylim(len(shown) - 0.5, -0.5)
    yield Drawing("worlds", title, figure, numbers)


def _reference(results: Results, table: pd.DataFrame) -> pd.DataFrame:
    target = results.plan.targets[0]
    return table[
        (table["cell"] == 0)
        & (table["estimand"] == target.estimand)
        & (table["domain"] == target.domain)
        & table["measure"].isin([panel.measure for panel in _PANELS])
    ]


def _numbers(results: Results, shown: list[Shown]) -> pd.DataFrame:
    table = _reference(results, results.worlds)
    kept = table[table["estimator"].isin([one.spec for one in shown])]
    return kept[["cell", "estimator", "world", "measure", "value", "mcse"]].reset_index(drop=True)


def _quantiles(results: Results) -> dict[tuple[str, str], NDArray[np.float64]]:
    table = _reference(results, results.world_quantiles)
    names = zip(table["measure"], table["estimator"], strict=True)
    return dict(zip(names, table[["q05", "median", "q95"]].to_numpy(float), strict=True))


def _strip(ax: Axes, panel: Panel, place: int, rows: pd.DataFrame, hue: str) -> None:
    # The golden ratio spreads any number of dots evenly, the same each time.
    aside = (np.arange(len(rows)) * _GOLDEN % 1.0 - 0.5) * 0.42
    ax.scatter(
        panel.factor * rows["value"], place + aside, s=11, color=hue, alpha=0.55, linewidths=0
    )


def _summary(ax: Axes, panel: Panel, place: int, quantiles: NDArray[np.float64]) -> None:
    q05, median, q95 = panel.factor * quantiles
    below = place + 0.33
    ax.plot([q05, q95], [below, below], color=BLACK, linewidth=1.6, solid_capstyle="butt")
    ax.plot([median], [below], color=BLACK, marker="|", markersize=11, markeredgewidth=2.2)
