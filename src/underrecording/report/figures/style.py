"""One look for every figure: sizes, palette, titles, footnotes, bytes that repeat."""

from __future__ import annotations

import io
import textwrap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray

from underrecording.report.shown import HEADLINE, RECOMMENDED, Shown

WIDTH = 8.6
"""Inches; at the 800 pixels of a README page 10 points are 13 pixels."""
PNG_DPI = 200
_LEFT = 0.1

# Okabe & Ito (2008): told apart with every common kind of colour blindness.
BLACK, GREY, PALE = "#000000", "#6B6B6B", "#B8B8B8"
BLUE, VERMILLION = "#0072B2", "#D55E00"
_OTHERS = ("#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#6B6B6B")
_MARKERS = ("^", "D", "v", "P", "X")

_LOOK: dict[Any, Any] = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 10.0,
    "axes.titlesize": 10.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.labelsize": 10.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": GREY,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#E6E6E6",
    "grid.linewidth": 0.7,
    "xtick.labelsize": 9.0,
    "ytick.labelsize": 9.0,
    "xtick.color": "#333333",
    "ytick.color": "#333333",
    "legend.frameon": False,
    "legend.fontsize": 9.5,
    "figure.facecolor": "white",
    "svg.fonttype": "none",
    "svg.hashsalt": "underrecording",
    "axes.unicode_minus": True,
}


@contextmanager
def look() -> Iterator[None]:
    """Draw and save within this: our style, whatever the user's own settings are."""
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(_LOOK)
        yield


def sheet(
    title: str,
    *,
    height: float,
    rows: int = 1,
    columns: int = 1,
    notes: Sequence[str] = (),
    **options: Any,
) -> tuple[Figure, NDArray[Any]]:
    """An empty figure of *rows* by *columns* panels with a title above and notes below.

    Parameters
    ----------
    title : str
    height : float
        Inches for the panels; title and notes take their own.
    rows, columns : int
    notes : sequence of str
        Small print, each on lines of its own.
    **options
        To `Figure.subplots`.

    Returns
    -------
    figure : Figure
    axes : array of Axes, (rows, columns)
    """
    heading = textwrap.wrap(title, 78)
    small = [line for note in notes for line in textwrap.wrap(note, 134)]
    head, foot = 0.14 + 0.22 * len(heading), 0.10 + 0.15 * len(small)
    total = head + height + foot
    figure = Figure(figsize=(WIDTH, total), layout="constrained")
    FigureCanvasAgg(figure)
    engine = figure.get_layout_engine()
    engine.set(w_pad=0.08, h_pad=0.05, rect=(0.0, foot / total, 1.0, height / total))  # type: ignore[union-attr,call-arg]
    at_left: dict[str, Any] = {"x": _LEFT / WIDTH, "ha": "left", "va": "top"}
    figure.text(y=1.0 - 0.1 / total, s="\n".join(heading), weight="bold", size=12.0, **at_left)
    figure.text(y=foot / total, s="\n".join(small), size=8.0, color=GREY, **at_left)
    return figure, figure.subplots(rows, columns, squeeze=False, **options)


def top_legend(
    figure: Figure, handles: Sequence[Artist], labels: Sequence[str], *, columns: int = 3
) -> None:
    """Put a legend between the title and the panels, and move the panels down for it."""
    lines = -(-len(labels) // columns)
    total = float(figure.get_size_inches()[1])
    engine: Any = figure.get_layout_engine()
    left, bottom, width, height = engine.get()["rect"]
    figure.legend(
        handles, labels, ncols=columns, loc="upper left", borderaxespad=0.0, borderpad=0.0,
        bbox_to_anchor=((_LEFT + 0.02) / WIDTH, bottom + height - 0.02 / total),
        columnspacing=1.6, labelspacing=0.3,
    )  # fmt: skip
    engine.set(rect=(left, bottom, width, height - (0.06 + 0.205 * lines) / total))


def colours(shown: Sequence[Shown], points: Sequence[Shown]) -> list[dict[str, Any]]:
    """Colour, marker and weight of each estimator; headline and recommended stand out.

    Parameters
    ----------
    shown : sequence of Shown
        Those to draw.
    points : sequence of Shown
        One for each point estimator of the study: a point has the same colour in every figure.
    """
    others = [one.point for one in points if not one.role]
    styles: list[dict[str, Any]] = []
    for one in shown:
        if one.role == HEADLINE:
            style = {"color": VERMILLION, "marker": "s", "linewidth": 2.2, "zorder": 4}
        elif one.role == RECOMMENDED:
            style = {"color": BLUE, "marker": "o", "linewidth": 2.2, "zorder": 5}
        else:
            # What is left over is another interval of a point that has its colour already.
            place = others.index(one.point) % len(_OTHERS) if one.point in others else -1
            style = {
                "color": _OTHERS[place], "marker": _MARKERS[place], "linewidth": 1.2, "zorder": 3,
            }  # fmt: skip
        styles.append({**style, "markersize": 5.0 if one.role else 4.0})
    return styles


def swept_axis(axes: Axes, values: Sequence[float], label: str) -> None:
    """An x axis with ticks at the swept values; logarithmic where they span a factor of ten."""
    ordered = sorted(set(values))
    logarithmic = ordered[0] > 0 and ordered[-1] / ordered[0] >= 10
    if logarithmic:
        axes.set_xscale("log")
    place = np.log(ordered) if logarithmic else np.array(ordered, float)
    ticks = _apart(place, 0.11 * (place[-1] - place[0]))
    axes.set_xticks(
        [ordered[i] for i in ticks],
        [f"{ordered[i]:g}".replace("-", "\N{MINUS SIGN}") for i in ticks],
    )
    axes.set_xticks([], minor=True)
    axes.set_xlabel(textwrap.fill(label, 34))


def spread(positions: Sequence[float], *, least: float) -> list[float]:
    """Move *positions* apart, as little as may be, until each is *least* from the next.

    >>> spread([1.0, 1.1, 5.0], least=1.0)
    [0.55, 1.55, 5.0]
    """
    order = sorted(range(len(positions)), key=lambda i: positions[i])
    clusters: list[list[int]] = []
    for i in order:
        clusters.append([i])
        while len(clusters) > 1 and _top(clusters[-2], positions, least) + least > _bottom(
            clusters[-1], positions, least
        ):
            last = clusters.pop()
            clusters[-1] += last
    moved = list(positions)
    for cluster in clusters:
        start = _bottom(cluster, positions, least)
        for k, i in enumerate(cluster):
            moved[i] = round(start + k * least, 12)
    return moved


def settle(figure: Figure) -> None:
    """Lay the panels out, once: PNG and SVG then agree, and each takes half the time."""
    figure.draw_without_rendering()
    # No engine at all: another one, though it does nothing, would cost each file a draw more.
    figure.set_layout_engine(None)
    # The solver's last digit varies from run to run, and names of clip paths hang on it.
    for ax in figure.axes:
        ax.set_position(np.round(ax.get_position().bounds, 9).tolist())


def png(figure: Figure) -> bytes:
    """The figure as PNG; the same bytes each time."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=PNG_DPI, metadata={"Software": None})
    return buffer.getvalue()


def svg(figure: Figure) -> bytes:
    """The figure as SVG with text as text; the same bytes each time."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="svg", dpi=PNG_DPI, metadata={"Date": None})
    return buffer.getvalue()


def _apart(place: NDArray[np.float64], least: float) -> list[int]:
    """Ends first, then whatever keeps its distance from those already taken."""
    taken: list[int] = []
    for i in dict.fromkeys((0, len(place) - 1, *range(len(place)))):
        if all(abs(place[i] - place[j]) >= least for j in taken):
            taken.append(i)
    return sorted(taken)


def _bottom(cluster: list[int], positions: Sequence[float], least: float) -> float:
    middle = sum(positions[i] for i in cluster) / len(cluster)
    return middle - least * (len(cluster) - 1) / 2.0


def _top(cluster: list[int], positions: Sequence[float], least: float) -> float:
    return _bottom(cluster, positions, least) + least * (len(cluster) - 1)
