"""Accuracy of first decisions against the workload at which they were taken."""

from __future__ import annotations

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from underrecording.published import OFFENCE_GROUPS
from underrecording.report.figures.drawing import Drawing
from underrecording.report.figures.style import BLACK, BLUE, GREY, sheet, top_legend
from underrecording.report.streams.shares import BASIS, ERROR_NOTE, with_interval
from underrecording.stream import ForceStream
from underrecording.stream.parquet import slug

_LEAST_SPAN = 12.0
"""Percentage points that a panel shows, so that noise is not blown up to a trend."""


def workload(force: ForceStream, loads: pd.DataFrame) -> Drawing:
    """Share of due reports that the first decision recorded, by load and offence group.

    Each panel is an offence group, so its mix does not get in the way. A dot is
    the share in one bin of load with its Wilson interval; bins hold about equal
    numbers of decisions over all groups. A black dash is what the rule expected
    of the very same decisions: knowledge and pressure move within a year, and
    with them whatever else was so in the weeks of high load. The line is what load
    alone would do, knowledge and pressure at their mean. Left of the dotted line
    load does nothing.

    Parameters
    ----------
    force : ForceStream
    loads : DataFrame
        As `stream.decisions.by_load` makes it.
    """
    numbers = with_interval(loads, "accepted", "decisions", "accuracy")
    numbers.insert(0, "force", force.name)
    title = f"{force.name}: first decisions on due reports, by the workload they met"
    figure, axes = sheet(
        title, height=5.2, rows=2, columns=3, sharex=True,
        notes=(
            f"n: decisions. Bars: {ERROR_NOTE}",
            "Expected by the rule: for these very decisions. Knowledge and pressure move within a "
            "year; the grey line holds them at their mean.",
            f"Load acts above {force.rule.load_0:.2f} open incidents per officer on duty (dotted), "
            f"by {force.rule.omega:g} logits for each (assumed). Shifts move it most: "
            "fewer officers are on duty at night.",
            BASIS,
        ),
    )  # fmt: skip
    for ax, group in zip(axes.ravel(), OFFENCE_GROUPS, strict=True):
        _panel(ax, numbers[numbers["offence_group"] == group], group, force.rule.load_0)
    for ax in axes[1]:
        ax.set_xlabel("Open incidents\nper officer on duty")
    for ax in axes[:, 0]:
        ax.set_ylabel("To be recorded (%)")
    top_legend(figure, *axes[0, 0].get_legend_handles_labels(), columns=4)
    return Drawing(f"{slug(force.name)}_workload", title, figure, numbers)


def _panel(ax: Axes, rows: pd.DataFrame, group: str, load_0: float) -> None:
    load, shares = rows["load"], 100.0 * rows.filter(regex="accuracy|expected|load_alone")
    ax.set_title(f"{group}, n = {rows['decisions'].sum():,}")
    ax.axvline(load_0, color=GREY, linewidth=1.2, linestyle=":", label="load begins to act")
    ax.plot(load, shares["load_alone"], color=GREY, linewidth=1.6, label="load alone, by the rule")
    ax.plot(
        load, shares["expected"], color=BLACK, linestyle="", marker="_", markersize=11,
        markeredgewidth=1.8, zorder=3, label="expected by the rule",
    )  # fmt: skip
    ax.vlines(load, shares["accuracy_low"], shares["accuracy_high"], color=BLUE, linewidth=1.3)
    ax.plot(
        load, shares["accuracy"], color=BLUE, linestyle="", marker="o", markersize=4.5, zorder=4,
        label="observed, 95 % interval",
    )  # fmt: skip
    if len(rows):
        low, high = float(shares.to_numpy().min()), float(shares.to_numpy().max())
        spare = max(0.0, _LEAST_SPAN - (high - low)) / 2.0 + 0.05 * (high - low)
        ax.set_ylim(low - spare, high + spare)
    ax.yaxis.set_major_locator(MaxNLocator(6, integer=True))
