"""A force's year, week by week."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter, date2num
from numpy.typing import NDArray

from underrecording.report.figures.drawing import Drawing
from underrecording.report.figures.measured import roomy
from underrecording.report.figures.style import BLACK, BLUE, GREY, VERMILLION, sheet
from underrecording.report.streams.shares import BASIS, ERROR_NOTE, with_interval
from underrecording.stream import ForceStream
from underrecording.stream.parquet import slug
from underrecording.world.pathway import STATIONS, Intervention

_LINES: dict[str, dict[str, Any]] = {
    "call_takers": {"color": "#E69F00", "linestyle": "-"},
    "officers": {"color": BLUE, "linestyle": "-"},
    "supervisors": {"color": "#CC79A7", "linestyle": "--"},
    "clerks": {"color": "#009E73", "linestyle": "-."},
}
_OVERLOADED = "#F6C9A8"


def year(force: ForceStream, weeks: pd.DataFrame) -> Drawing:
    """Backlog, utilisation, accuracy and lateness of one force, by week.

    Open incidents are the mean over the week. Utilisation is staff time worked
    over staff time on duty; a station is overloaded, and the week shaded, where
    it was asked for more than it could do and its queue grew. Accuracy is that of
    first decisions on due reports, with the binomial band of so many decisions
    and, as a thin line, what the recording rule expected of them. Late is the
    share of the week's crime records made after their time limit. Vertical lines
    are interventions, the first day full, the first day without them dotted.

    Parameters
    ----------
    force : ForceStream
    weeks : DataFrame
        As `stream.weeks.weekly` makes it.
    """
    numbers = with_interval(weeks, "accepted", "decisions", "accuracy")
    numbers = with_interval(numbers, "late", "recorded", "late_share")
    numbers.insert(0, "force", force.name)
    acting = _acting(force)
    title = f"{force.name}: its incidents week by week, from {_day(force.pathway.start)}"
    overloaded = any(numbers[f"overloaded_{name}"].any() for name in STATIONS)
    shaded = (
        "Shaded: a station (its line has a dot) was asked for more than it could do, and its "
        "queue grew."
    )
    figure, axes = sheet(
        title, height=8.0, rows=4, sharex=True,
        notes=(
            *(f"{place} {words}" for place, words in enumerate(map(_words, acting), 1)),
            *((shaded,) if overloaded else ()),
            f"Bands: {ERROR_NOTE} The last week holds what is left of the period.",
            BASIS,
        ),
    )  # fmt: skip
    backlog, busy, accuracy, lateness = axes[:, 0]
    middle = _middle(numbers)
    _shade(backlog, numbers, STATIONS)
    backlog.plot(middle, numbers["open_incidents"], color=BLACK, linewidth=2.0, marker=_dot(middle))
    backlog.yaxis.set_major_formatter("{x:,.0f}")
    backlog.set_ylim(0.0, 1.15 * numbers["open_incidents"].max() or 1.0)
    _panel(backlog, "Backlog: open incidents, mean of the week", "Open (number)")
    _utilisation(busy, middle, numbers)
    _share(accuracy, middle, numbers, "accuracy", BLUE)
    accuracy.plot(middle, 100.0 * numbers["expected"], color=BLACK, linewidth=1.0, label="expected")
    roomy(accuracy, 100.0 * pd.concat([numbers["accuracy_low"], numbers["accuracy_high"]]), least=6)
    _side_legend(accuracy)
    _panel(accuracy, "Accuracy of first decisions on due reports", "To be recorded (%)")
    _share(lateness, middle, numbers, "late_share", VERMILLION)
    lateness.set_ylim(bottom=0.0)
    _panel(lateness, "Recorded late, of the crimes recorded in the week", "Late (%)")
    _interventions(axes[:, 0].tolist(), acting)
    _dates(lateness, weeks)
    return Drawing(f"{slug(force.name)}_year", title, figure, numbers)


def _day(day: date) -> str:
    return f"{day.day} {day:%B %Y}"


def _acting(force: ForceStream) -> list[Intervention]:
    """Interventions that concern this force, by date."""
    concerned = [
        change
        for change in force.pathway.interventions
        if not change.forces or force.name in change.forces
    ]
    return sorted(concerned, key=lambda change: change.date)


def _words(change: Intervention) -> str:
    until = f" until {_day(change.until)}" if change.until else ""
    return f"{change.name or 'unnamed intervention'}: from {_day(change.date)}{until}."


def _at(days: Any) -> Any:
    """Days as matplotlib numbers them."""
    numbered: Any = date2num(days)  # type: ignore[no-untyped-call]
    return numbered


def _middle(weeks: pd.DataFrame) -> NDArray[np.float64]:
    middle: NDArray[np.float64] = _at(weeks["begins"]) + weeks["days"].to_numpy() / 2.0
    return middle


def _panel(ax: Axes, title: str, unit: str) -> None:
    ax.set_title(title)
    ax.set_ylabel(unit)


def _shade(ax: Axes, weeks: pd.DataFrame, stations: Iterable[str]) -> None:
    """Shade the weeks in which one of *stations* was overloaded."""
    overloaded = weeks[[f"overloaded_{name}" for name in stations]].any(axis=1)
    for begin, days in zip(
        _at(weeks["begins"])[overloaded], weeks["days"][overloaded], strict=True
    ):
        ax.axvspan(begin, begin + days, color=_OVERLOADED, linewidth=0, zorder=0.4)


def _utilisation(ax: Axes, middle: NDArray[np.float64], weeks: pd.DataFrame) -> None:
    _shade(ax, weeks, STATIONS)
    for name, style in _LINES.items():
        label = name.replace("_", " ")
        busy = 100.0 * weeks[f"utilisation_{name}"]
        ax.plot(middle, busy, linewidth=1.6, label=label, marker=_dot(middle), **style)
        over = weeks[f"overloaded_{name}"]
        ax.plot(
            middle[over], busy[over], linestyle="", marker="o", markersize=4.5, color=style["color"]
        )
    ax.axhline(100.0, color=BLACK, linewidth=0.9, linestyle=":")
    ax.set_ylim(0.0, max(108.0, ax.get_ylim()[1]))
    _side_legend(ax)
    _panel(ax, "Utilisation", "Of time on duty (%)")


def _share(ax: Axes, middle: NDArray[np.float64], weeks: pd.DataFrame, name: str, hue: str) -> None:
    share, low, high = (100.0 * weeks[column] for column in (name, f"{name}_low", f"{name}_high"))
    ax.plot(middle, share, color=hue, linewidth=1.8, label="observed", marker=_dot(middle))
    if len(middle) > 1:
        ax.fill_between(middle, low, high, color=hue, alpha=0.2, linewidth=0)
    else:
        ax.vlines(middle, low, high, color=hue, linewidth=1.3)


def _dot(middle: NDArray[np.float64]) -> str:
    """A marker for a week alone, which makes no line."""
    return "" if len(middle) > 1 else "o"


def _side_legend(ax: Axes) -> None:
    """On the line of the panel's title, to the right."""
    ax.legend(
        loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=4, borderaxespad=0.1, borderpad=0.1,
        columnspacing=1.4, handlelength=2.2,
    )  # fmt: skip


def _interventions(axes: Sequence[Axes], acting: Sequence[Intervention]) -> None:
    """A line at each first day in every panel, and its number in the topmost."""
    for place, change in enumerate(acting, 1):
        begin = _at(change.date)
        for ax in axes:
            ax.axvline(begin, color=GREY, linewidth=1.1, zorder=1.8)
            if change.until:
                ax.axvline(_at(change.until), color=GREY, linewidth=1.1, linestyle=":", zorder=1.8)
        axes[0].annotate(
            str(place), (begin, 0.97), xycoords=("data", "axes fraction"), xytext=(3, 0),
            textcoords="offset points", va="top", fontsize=9.0, weight="bold", color=GREY,
        )  # fmt: skip


def _dates(ax: Axes, weeks: pd.DataFrame) -> None:
    begins = _at(weeks["begins"])
    ax.set_xlim(begins[0], begins[-1] + int(weeks["days"].iloc[-1]))
    locator: Any = AutoDateLocator(minticks=4, maxticks=13)  # type: ignore[no-untyped-call]
    ax.xaxis.set_major_locator(locator)
    ax.xaxis.set_major_formatter(ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]
    ax.set_xlabel("Date")
