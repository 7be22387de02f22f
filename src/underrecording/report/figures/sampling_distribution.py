"""What one inspection might have said, against what was true."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from numpy.typing import NDArray

from underrecording.published import load_published
from underrecording.report.figures.drawing import FIGURES, Drawing
from underrecording.report.figures.measured import small_print
from underrecording.report.figures.style import BLACK, BLUE, GREY, VERMILLION, sheet, top_legend
from underrecording.report.shown import pair
from underrecording.report.words import target_words
from underrecording.study.plan import Target

if TYPE_CHECKING:
    from underrecording.study.results import Results

Floats = NDArray[np.float64]

_NATIONAL = Target("under_recording_rate", "national")
_TEXT_SHARE = 0.27
_MOST_LINES = 20  # Truths of single worlds beyond this are an outline.


@FIGURES.register("sampling_distribution")
def sampling_distribution(results: Results) -> Iterator[Drawing]:
    """How the headline estimate spreads over repeated inspections, against the truth.

    Bars: the share of replicates whose estimate falls into each bin, reference
    cell. Black outline: the truth in the same replicates, which differs from
    replicate to replicate where each has a fresh world; where worlds are fixed
    and few, a line for each. The bar below the axis line spans the middle 95 per cent of
    estimates. The two published figures are marked for scale: the interim's 20
    per cent and the final report's 19; where one is off the drawing, an arrow
    says to which side. A handful of replicates may lie outside
    the drawing; the numbers behind it hold all. Where one lies within the bars,
    such a figure is unsurprising in worlds like these; that does not make it
    right.
    """
    one = pair(results)[0]
    estimates = results.histogram("estimates", 0, 0, one.place)
    if not estimates["count"].sum():
        return
    truths = results.histogram("truths", 0, 0, one.place)
    # The last two bins reach from 1 upwards: no share lies there but 1 itself.
    width = _bin_width(estimates, int(estimates["count"].sum()))
    few = _few_truths(results, one.spec)
    if not results.plan.fresh and not len(few):
        width = max(width, _bin_width(truths, results.plan.worlds))
    numbers = pd.concat(
        [_rebinned(table, width).assign(what=what)
         for what, table in (("estimate", estimates), ("truth", truths))],
        ignore_index=True,
    ).assign(estimator=one.spec)  # fmt: skip
    if len(few):
        numbers = _at_their_values(numbers, few)
    target = results.plan.targets[0]
    title = f"{target_words(target)}: estimates and truth"
    figure, axes = sheet(
        title, height=3.9, notes=small_print(results, f"Bins of {width:g} points.", bands=False)
    )
    ax = axes[0, 0]
    _draw(ax, numbers, width, one.spec, few=few)
    _bracket(ax, estimates)
    ax.set_xlim(*_view(estimates, truths, width=width))
    if target == _NATIONAL:
        _published(ax)
    ax.set_xlabel(f"{target_words(target)} (per cent)")
    ax.set_ylabel("Share of replicates (per cent)")
    top_legend(figure, *ax.get_legend_handles_labels(), columns=2)
    yield Drawing("sampling_distribution", title, figure, numbers)


def _few_truths(results: Results, estimator: str) -> Floats:
    """The truth of each fixed world, where there are few enough to be told apart; else empty."""
    if results.plan.fresh or results.plan.worlds > _MOST_LINES:
        return np.zeros(0)
    target, table = results.plan.targets[0], results.worlds
    of_truth = (
        (table["measure"] == "mean_truth")
        & (table["cell"] == 0)
        & (table["estimator"] == estimator)
        & (table["estimand"] == target.estimand)
        & (table["domain"] == target.domain)
    )
    truths: Floats = table.loc[of_truth, "value"].dropna().to_numpy(np.float64)
    return truths


def _at_their_values(numbers: pd.DataFrame, truths: Floats) -> pd.DataFrame:
    """The truths of fixed worlds stand where they are, not in bins."""
    estimates = numbers[numbers["what"] != "truth"]
    mean = numbers[numbers["what"] == "truth"].iloc[:1]
    lines = pd.concat([mean] * len(truths), ignore_index=True)
    lines = lines.assign(
        low_percent=100.0 * truths,
        high_percent=100.0 * truths,
        replicates=int(numbers.loc[numbers["what"] == "truth", "replicates"].sum()) // len(truths),
        percent_of_replicates=100.0 / len(truths),
    )
    return pd.concat([estimates, lines], ignore_index=True)


def _draw(ax: Axes, numbers: pd.DataFrame, width: float, label: str, *, few: Floats) -> None:
    bars = numbers[numbers["what"] == "estimate"]
    ax.bar(
        bars["low_percent"], bars["percent_of_replicates"], width=width, align="edge",
        color=VERMILLION, alpha=0.55, linewidth=0, label=f"estimate, {label}",
    )  # fmt: skip
    truth = numbers[numbers["what"] == "truth"]
    top = 1.3 * float(bars["percent_of_replicates"].max())
    if len(few):
        worlds = "one fixed world" if len(few) == 1 else f"{len(few)} fixed worlds"
        for number, at in enumerate(100.0 * few):
            named = f"truth ({worlds})" if number == 0 else None
            ax.plot([at, at], [0.0, top], color=BLACK, linewidth=1.6, label=named)
    else:
        edges = np.r_[truth["low_percent"], truth["low_percent"].iloc[-1] + width]
        ax.stairs(
            truth["percent_of_replicates"], edges, color=BLACK, linewidth=1.6,
            label="truth of the worlds inspected",
        )  # fmt: skip
        top = max(top, 1.12 * float(truth["percent_of_replicates"].max()))
    ax.set_ylim(0.0, top)


def _published(ax: Axes) -> None:
    """Mark the two published rates: a line each, or an arrow to what lies off the drawing."""
    published = load_published()
    (left, right), top = ax.get_xlim(), ax.get_ylim()[1]
    taken: list[str] = []
    for label, group, metric, side in (
        ("HMIC interim, May 2014: ", "interim_2014", "under_recording_rate_implied", "left"),
        ("HMIC final, Nov. 2014: ", "final_2014", "under_recording_rate", "right"),
    ):
        rate = 100.0 * published.figure(group, metric).value
        inside = left <= rate <= right
        if inside:
            ax.plot([rate, rate], [0.0, top], color=BLUE, linewidth=1.4, linestyle="--")
        text, x, ha = _mark(f"{label}{rate:.0f} %", rate, side, left, right)
        # A second label on the same side goes below the first.
        height = 0.97 - 0.075 * taken.count(ha)
        taken.append(ha)
        ax.annotate(
            text, (x, height), xycoords=("data" if inside else "axes fraction", "axes fraction"),
            xytext=(5 if ha == "left" else -5, 0), textcoords="offset points",
            ha=ha, va="top", color=BLUE, fontsize=9.5,
            bbox={"facecolor": "white", "alpha": 0.9, "linewidth": 0, "pad": 0.8}, zorder=6,
        )  # fmt: skip


def _mark(label: str, rate: float, side: str, left: float, right: float) -> tuple[str, float, str]:
    """Text, place and alignment of a published rate; off the drawing the place is an edge of it.

    >>> _mark("20 %", 20.0, "left", 14.0, 26.0)
    ('20 %', 20.0, 'left')
    >>> _mark("20 %", 20.0, "left", 3.0, 5.0)
    ('20 % →', 1.0, 'right')
    >>> _mark("20 %", 20.0, "left", 12.0, 20.5)
    ('20 %', 20.0, 'right')
    """
    if rate < left:
        return f"← {label}", 0.0, "left"
    if rate > right:
        return f"{label} →", 1.0, "right"
    # Text needs about a quarter of the width.
    share = (rate - left) / (right - left)
    if share < _TEXT_SHARE:
        side = "left"
    elif share > 1.0 - _TEXT_SHARE:
        side = "right"
    return label, rate, side


def _bracket(ax: Axes, histogram: pd.DataFrame) -> None:
    low, high = (100.0 * _quantile(histogram, q) for q in (0.025, 0.975))
    height = ax.get_ylim()[1]
    ax.set_ylim(-0.13 * height, height)
    ax.plot([low, high], [-0.045 * height] * 2, color=VERMILLION, linewidth=3.0, zorder=3)
    ax.text(
        (low + high) / 2.0, -0.065 * height,
        f"95 % of estimates: {low:.1f} to {high:.1f} %",
        ha="center", va="top", color=GREY, fontsize=9.0,
    )  # fmt: skip
    ax.set_yticks([tick for tick in ax.get_yticks() if 0.0 <= tick <= height])
    ax.axhline(0.0, color=GREY, linewidth=0.8)


def _view(*histograms: pd.DataFrame, width: float) -> tuple[float, float]:
    """Limits of whole bins that hold all but a few in ten thousand."""
    low = min(_quantile(table, 0.0005) for table in histograms)
    high = max(_quantile(table, 0.9995) for table in histograms)
    spare = 6.0 * (high - low) + 0.2
    first, last = np.floor(100.0 * low / width), np.ceil(100.0 * high / width)
    return width * float(first) - spare, width * float(last) + spare


def _quantile(histogram: pd.DataFrame, q: float) -> float:
    """Quantile from bins, evenly filled."""
    count = histogram["count"].to_numpy(float)
    below = np.cumsum(count)
    i = int(np.searchsorted(below, q * below[-1]))
    low, high = histogram["low"].iloc[i], histogram["high"].iloc[i]
    if not np.isfinite([low, high]).all():
        return float(high if np.isfinite(high) else low)
    before = below[i - 1] if i else 0.0
    return float(low + (high - low) * (q * below[-1] - before) / count[i])


def _bin_width(histogram: pd.DataFrame, count: int) -> float:
    """Freedman and Diaconis' width for *count* values, in points; whole numbers of stored bins."""
    spread = _quantile(histogram, 0.75) - _quantile(histogram, 0.25)
    wanted = 2.0 * 100.0 * spread * float(count) ** (-1.0 / 3.0)
    steps = np.array([0.1, 0.2, 0.5, 1.0, 2.0, 5.0])
    return float(steps[np.argmin(np.abs(np.log(steps / max(wanted, 0.1))))])


def _rebinned(histogram: pd.DataFrame, width: float) -> pd.DataFrame:
    """Counts in bins of *width* points, from the first that holds anything to the last."""
    per_bin = round(10 * width)
    inner = histogram["count"].to_numpy()[1:-1]
    padded: NDArray[np.int64] = np.r_[inner, np.zeros(-len(inner) % per_bin, np.int64)]
    # An estimate of exactly 1 lies in the open bin at the end.
    padded[len(inner) - 1] += histogram["count"].iloc[-1]
    padded[0] += histogram["count"].iloc[0]
    count = padded.reshape(-1, per_bin).sum(axis=1)
    filled = np.flatnonzero(count)
    first, last = filled[0], filled[-1] + 1
    return pd.DataFrame(
        {
            "low_percent": np.round(width * np.arange(first, last), 6),
            "high_percent": np.round(width * np.arange(first + 1, last + 1), 6),
            "replicates": count[first:last],
            "percent_of_replicates": 100.0 * count[first:last] / count.sum(),
        }
    )
