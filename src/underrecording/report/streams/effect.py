"""Before and after: what a scenario changes, week by week and as a table."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter, date2num
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from underrecording.report.figures.drawing import Drawing
from underrecording.report.figures.style import BLACK, BLUE, GREY, VERMILLION, sheet, top_legend
from underrecording.stream.effect import Effect, weekly

Floats = NDArray[np.float64]

WITHOUT, CHANGED, DIFFERENCE = "without", "with", "with minus without"

_PANELS = (
    (
        "recording_accuracy",
        "Recording accuracy of due reports, by week of decision",
        "Accuracy (%)",
    ),
    ("open_incidents", "Backlog: open incidents, mean of the week", "Open (number)"),
    ("late_share", "Recorded crimes that are late, by week of report", "Late (%)"),
)
_SHARES = ("recording_accuracy", "late_share")


def effect_drawing(effect: Effect, *, title: str, basis: str) -> Drawing:
    """Accuracy, backlog and lateness by week, with what a scenario changes and without.

    Lines are means over worlds, pale bands the range from the lowest world to
    the highest: worlds differ by the luck of their forces. The second panel
    shows what the change does: the difference between the two lines within each
    world, whose luck is the same on both sides, and plus or minus two Monte
    Carlo standard errors of its mean. Vertical lines are dates on which
    something changes; before the first, both sides are the same. The last week
    holds what is left of the period.

    Parameters
    ----------
    effect : Effect
        Its first domain is drawn.
    title : str
        Of the scenario.
    basis : str
        What is assumed, for the small print.
    """
    domain = next(iter(effect.pairs))
    numbers = pd.concat([_numbers(effect, domain, key) for key, _, _ in _PANELS], ignore_index=True)
    heading = f"{title}: {domain}"
    dates = [
        f"{place} {mark.name or 'change'}, {mark.day:%d.%m.%Y}"
        for place, mark in enumerate(effect.marks, 1)
    ]
    figure, axes = sheet(
        heading, height=8.2, rows=4, sharex=True,
        notes=(
            *(("; ".join(dates) + ".",) if dates else ()),
            f"Lines: means over {effect.worlds} worlds; bands: from the lowest world to the "
            "highest; of the difference, two Monte Carlo standard errors either way.",
            basis,
        ),
    )  # fmt: skip
    accuracy, difference, backlog, lateness = axes[:, 0]
    for ax, (key, words, unit) in zip((accuracy, backlog, lateness), _PANELS, strict=True):
        _sides(ax, numbers[numbers["measure"] == key], scale=100.0 if key in _SHARES else 1.0)
        ax.set_title(words)
        ax.set_ylabel(unit)
    _difference(difference, numbers[numbers["measure"] == "recording_accuracy"])
    for ax in (backlog, lateness):
        ax.set_ylim(0.0, 1.2 * ax.get_ylim()[1])
        ax.yaxis.set_major_locator(MaxNLocator(5))
    backlog.yaxis.set_major_formatter("{x:,.0f}")
    figure.align_ylabels(axes[:, 0].tolist())
    for ax in axes[:, 0]:
        _mark(ax, effect)
    locator = AutoDateLocator(minticks=5, maxticks=12)  # type: ignore[no-untyped-call]
    lateness.xaxis.set_major_locator(locator)
    lateness.xaxis.set_major_formatter(ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]
    lateness.set_xlim(numbers["begins"].min(), effect.start + timedelta(days=effect.days))
    top_legend(figure, *accuracy.get_legend_handles_labels())
    return Drawing("effect_by_week", heading, figure, numbers)


def _numbers(effect: Effect, domain: str, key: str) -> pd.DataFrame:
    """Lines and bands of one measure: by week and side, and of the difference."""
    values = weekly(effect, domain, key)
    begins = [effect.start + timedelta(days=7 * week) for week in range(values.shape[2])]
    gap, worlds = values[1] - values[0], effect.worlds
    spare = 2.0 * gap.std(axis=0, ddof=1) / np.sqrt(worlds) if worlds > 1 else np.nan * gap[0]
    sides = {
        WITHOUT: (values[0].mean(axis=0), values[0].min(axis=0), values[0].max(axis=0)),
        CHANGED: (values[1].mean(axis=0), values[1].min(axis=0), values[1].max(axis=0)),
        DIFFERENCE: (gap.mean(axis=0), gap.mean(axis=0) - spare, gap.mean(axis=0) + spare),
    }
    return pd.concat(
        [
            pd.DataFrame(
                {
                    "domain": domain, "measure": key, "side": side,
                    "week": np.arange(1, len(begins) + 1), "begins": begins,
                    "mean": mean, "low": low, "high": high,
                }
            )
            for side, (mean, low, high) in sides.items()
        ],
        ignore_index=True,
    )  # fmt: skip


def _sides(ax: Axes, rows: pd.DataFrame, *, scale: float) -> None:
    for side, hue, line in ((WITHOUT, GREY, "--"), (CHANGED, BLUE, "-")):
        part = rows[rows["side"] == side]
        days = _middle(part)
        ax.fill_between(
            days, scale * part["low"], scale * part["high"], color=hue, alpha=0.16, linewidth=0
        )
        ax.plot(days, scale * part["mean"], color=hue, linestyle=line, linewidth=2.0, label=side)


def _difference(ax: Axes, rows: pd.DataFrame) -> None:
    part = rows[rows["side"] == DIFFERENCE]
    days = _middle(part)
    ax.axhline(0.0, color=BLACK, linewidth=0.9)
    ax.fill_between(
        days, 100.0 * part["low"], 100.0 * part["high"], color=VERMILLION, alpha=0.25, linewidth=0
    )
    ax.plot(days, 100.0 * part["mean"], color=VERMILLION, linewidth=2.0)
    ax.set_title("What the change does to accuracy: with minus without, in the same world")
    ax.set_ylabel("Difference (points)")


def _middle(rows: pd.DataFrame) -> Floats:
    days = date2num(rows["begins"].tolist())  # type: ignore[no-untyped-call]
    middle: Floats = np.asarray(days, np.float64) + 3.5
    return middle


def _mark(ax: Axes, effect: Effect) -> None:
    for place, mark in enumerate(effect.marks, 1):
        ax.axvline(float(date2num(mark.day)), color=BLACK, linewidth=1.2, linestyle=":")  # type: ignore[no-untyped-call]
        ax.annotate(
            str(place), (mark.day, 0.97), xycoords=("data", "axes fraction"),
            xytext=(3, 0), textcoords="offset points", va="top", fontsize=9.0,
        )  # fmt: skip
