"""The zip plot: a thousand intervals, the worst on top."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.lines import Line2D

from underrecording.report.figures.drawing import FIGURES, Drawing
from underrecording.report.figures.style import BLACK, VERMILLION, sheet, top_legend
from underrecording.report.provenance import what_it_rests_on
from underrecording.report.shown import pair
from underrecording.report.words import target_words

if TYPE_CHECKING:
    from underrecording.study.results import Results

_HELD = "#8FB8D6"
_SLACK = 1e-12  # As where coverage is counted: width 0 at the truth holds it.


@FIGURES.register("zip")
def zip_plot(results: Results) -> Iterator[Drawing]:
    """The first thousand intervals, ordered by how far their estimate lies from the truth.

    Each horizontal line is the interval of one replicate of the reference cell,
    minus the truth of that replicate: one that crosses 0 holds the truth (blue),
    one that does not misses it (vermillion). They are stacked by the distance of
    estimate and truth in units of the estimated standard error, the worst on
    top. With intervals as wide as they claim, the vermillion part starts at the
    nominal level, the dotted line. Misses on one side only are a sign of bias; a
    vermillion part that starts far lower, of intervals too narrow. Source: Morris,
    White & Crowther (2019), Stat. Med. 38:2074.
    """
    target = results.plan.targets[0]
    rows = results.rows
    rows = rows[(rows["estimand"] == target.estimand) & (rows["domain"] == target.domain)]
    shown = pair(results)
    numbers = pd.concat([_ranked(rows, one.spec) for one in shown], ignore_index=True)
    if numbers.empty:
        return
    title = f"{target_words(target)}: {_count(numbers)} intervals against the truth"
    first = "The first replicates of the reference cell."
    if not results.plan.fresh and results.plan.worlds > 1:
        first = "The first replicates of the reference cell in the first of the fixed worlds."
    figure, axes = sheet(
        title, height=4.6, columns=len(shown),
        notes=(first, what_it_rests_on(results.plan)), sharey=True, sharex=True,
    )  # fmt: skip
    level = 100.0 * results.plan.scenario.study.level
    for ax, one in zip(axes[0], shown, strict=True):
        part = numbers[numbers["estimator"] == one.spec]
        _draw(ax, part, level)
        held = f"{100.0 * part['holds'].mean():.1f} %" if len(part) else "none"
        ax.set_title(f"{one.label.replace(' (', chr(10) + '(')}\nhold the truth: {held}")
        ax.set_xlabel("Interval minus truth (percentage points)")
    axes[0, 0].set_ylabel("Centile of |estimate - truth| / standard error")
    axes[0, 0].set_ylim(0.0, 100.0)
    top_legend(
        figure,
        [Line2D([], [], color=_HELD, linewidth=3), Line2D([], [], color=VERMILLION, linewidth=3),
         Line2D([], [], color=BLACK, linestyle=":")],
        ["holds the truth", "misses it", f"nominal level, {level:g} %"],
    )  # fmt: skip
    yield Drawing("zip", title, figure, numbers)


def _count(numbers: pd.DataFrame) -> str:
    return f"{numbers.groupby('estimator').size().max():,}"


def _ranked(rows: pd.DataFrame, spec: str) -> pd.DataFrame:
    part = rows[(rows["estimator"] == spec) & (rows["reason"] == "ok")]
    error, se = (part["estimate"] - part["truth"]).to_numpy(), part["se"].to_numpy()
    # A standard error of 0, as at a census: no distance at the truth, endless elsewhere.
    z = np.where(np.abs(error) <= _SLACK, 0.0, np.inf)
    np.divide(np.abs(error), se, out=z, where=se > 0.0)
    ranked = pd.DataFrame(
        {
            "estimator": spec,
            "replicate": part["replicate"].to_numpy(),
            "z": z,
            "low_minus_truth": (part["low"] - part["truth"]).to_numpy(),
            "high_minus_truth": (part["high"] - part["truth"]).to_numpy(),
        }
    ).sort_values("z", kind="stable", ignore_index=True)
    holds = (ranked["low_minus_truth"] <= _SLACK) & (ranked["high_minus_truth"] >= -_SLACK)
    centile = 100.0 * (np.arange(len(ranked)) + 0.5) / max(1, len(ranked))
    return ranked.assign(centile=centile, holds=holds)


def _draw(ax: Axes, part: pd.DataFrame, level: float) -> None:
    low, high = 100.0 * part["low_minus_truth"], 100.0 * part["high_minus_truth"]
    lines = [((a, y), (b, y)) for a, b, y in zip(low, high, part["centile"], strict=True)]
    hues = [_HELD if holds else VERMILLION for holds in part["holds"]]
    width = max(0.5, min(3.0, 260.0 / max(1, len(part))))
    # A thousand lines a panel are pixels in an SVG too: the file stays small.
    ax.add_collection(
        LineCollection(lines, colors=hues, linewidths=width, rasterized=True, capstyle="round")
    )
    ax.axvline(0.0, color=BLACK, linewidth=1.0)
    ax.axhline(level, color=BLACK, linewidth=1.2, linestyle=":")
    ax.autoscale_view(scaley=False)
    if part.empty or (high - low).max() <= _SLACK:
        text = "no replicate answered" if part.empty else "every interval has width 0"
        ax.annotate(text, (0.53, 0.5), xycoords="axes fraction", fontsize=9.0)
    ax.grid(visible=False)
