"""How often each interval holds the truth, reference cell."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from underrecording.report.figures.drawing import FIGURES, Drawing
from underrecording.report.figures.measured import COVERAGE, look_up, row, small_print
from underrecording.report.figures.style import BLACK, BLUE, GREY, PALE, sheet, top_legend
from underrecording.report.rounding import with_error
from underrecording.report.shown import Shown, every, is_control
from underrecording.report.words import target_words

if TYPE_CHECKING:
    from underrecording.study.results import Results

_ELIMINATED = COVERAGE._replace(measure="bias_eliminated_coverage")


@FIGURES.register("coverage")
def coverage(results: Results) -> Iterator[Drawing]:
    """How often each estimator's interval holds the truth, in the reference cell.

    One row an estimator: point, variance, interval. A full dot is coverage, the
    share of replicates whose interval holds the truth; the dotted line is what
    the interval promises. Left of it an interval claims more certainty than it
    has. An open circle is coverage once the estimator's own bias is taken out:
    where it lies well right of the full dot, bias is what the interval lacks;
    where both lie left, the interval is too narrow. Grey rows are controls: they
    treat all records as one simple random sample, as a plain percentage with its
    margin of error does. Failures are left out here and counted in failures.csv.
    """
    shown, measure = every(results), look_up(results)
    numbers = pd.DataFrame(
        row(panel, measure(panel.measure, 0, one.spec), cell=0, estimator=one.spec)
        for panel in (COVERAGE, _ELIMINATED)
        for one in shown
    ).assign(control=lambda table: table["estimator"].map(is_control))
    full = numbers[numbers["measure"] == "coverage"].reset_index(drop=True)
    if full["drawn"].isna().all():
        return
    level = 100.0 * results.plan.scenario.study.level
    title = f"{target_words(results.plan.targets[0])}: coverage of {level:g} % intervals"
    figure, axes = sheet(
        title, height=0.9 + 0.36 * len(shown),
        notes=small_print(results),
    )  # fmt: skip
    ax = axes[0, 0]
    open_ones = numbers[numbers["measure"] != "coverage"]["drawn"].to_numpy()
    place = np.arange(len(shown))
    shades = [GREY if is_control(one.spec) else BLUE for one in shown]
    ax.scatter(
        open_ones, place, s=95, facecolors="white", edgecolors=shades, linewidths=1.2, zorder=3,
        label="bias taken out",
    )  # fmt: skip
    ax.errorbar(
        full["drawn"], place, xerr=full["drawn"] - full["drawn_low"],
        fmt="none", ecolor=shades, elinewidth=1.6, zorder=4,
    )  # fmt: skip
    ax.scatter(full["drawn"], place, s=34, c=shades, zorder=5, label="coverage")
    ax.axvline(level, color=BLACK, linewidth=1.2, linestyle=":", label=f"nominal, {level:g} %")
    lowest = min(float(np.nanmin(np.r_[full["drawn_low"], open_ones])), level - 5.0)
    ax.set_xlim(max(0.0, lowest - 3.0), 101.0)
    for y, value, mcse in zip(place, full["value"], full["mcse"], strict=True):
        ax.annotate(
            with_error(100.0 * value, 100.0 * mcse), (1.015, y), xycoords=("axes fraction", "data"),
            va="center", fontsize=9.0, annotation_clip=False,
        )  # fmt: skip
    ax.set_yticks(place, [_name(one) for one in shown])
    for tick, one in zip(ax.get_yticklabels(), shown, strict=True):
        tick.set_fontweight("bold" if one.role else "normal")
        tick.set_color(GREY if is_control(one.spec) else BLACK)
    ax.set_ylim(len(shown) - 0.4, -0.6)
    ax.set_xlabel("Replicates whose interval holds the truth (per cent)")
    ax.grid(visible=False, axis="y")
    ax.hlines(place, 0.0, 101.0, color=PALE, linewidth=0.5, zorder=1)
    ax.annotate(
        "% (MCSE)", (1.015, -0.75), xycoords=("axes fraction", "data"), va="bottom",
        fontsize=8.0, color=GREY, annotation_clip=False,
    )  # fmt: skip
    top_legend(figure, *ax.get_legend_handles_labels())
    yield Drawing("coverage", title, figure, numbers)


def _name(one: Shown) -> str:
    marks = [one.role] * bool(one.role) + ["control"] * is_control(one.spec)
    return f"{one.spec}\n({', '.join(marks)})" if marks else one.spec
