"""The published force audits of 2014, against what chance alone would spread."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator
from matplotlib.transforms import Bbox
from numpy.typing import NDArray

from underrecording.published import ForceAudit, force_audits_2014, load_published
from underrecording.report.figures.drawing import FIGURES, Drawing
from underrecording.report.figures.style import BLACK, BLUE, GREY, VERMILLION, sheet, top_legend

if TYPE_CHECKING:
    from underrecording.study.results import Results

_LIMITS = {"95 %": 1.959964, "99.8 %": 3.090232}
_ALWAYS = ("Metropolitan", "Essex")
_SHORT = {"interim_may2014": "interim", "force_report_2014": "own report", "final_nov2014": "final"}
_OFFSETS = tuple(
    (dx, dy, ha)
    for reach in (6, 11, 18, 27)
    for dx, dy, ha in (
        (reach, 0, "left"), (-reach, 0, "right"), (0, reach, "center"), (0, -reach, "center"),
        (reach, reach, "left"), (-reach, reach, "right"),
        (reach, -reach, "left"), (-reach, -reach, "right"),
    )
)  # fmt: skip


@FIGURES.register("funnel")
def funnel(results: Results) -> Iterator[Drawing]:
    """Recording accuracy of the forces whose audit counts of 2014 were published.

    A dot is a force: across, how many due crimes were audited (logarithmic), up,
    the share of them that was recorded. The horizontal line pools all of them.
    Between the curves chance alone would put 95 or 99.8 per cent of forces, had
    all the same accuracy (normal approximation to the binomial). Dots outside
    are expected in number: forces differ, and that spread (overdispersion) is
    what the simulated worlds are given. These forces are the ones whose counts
    made the news, the best and the worst, not a random subset: neither the pooled
    line nor the spread is an estimate for the country. Nothing here is simulated.
    Source of the form: Spiegelhalter (2005), Stat. Med. 24:1185.
    """
    numbers = _numbers(force_audits_2014(load_published()))
    pooled = numbers["recorded"].sum() / numbers["due"].sum()
    title = "Recording accuracy of the forces whose audit counts of 2014 were published"
    outside = int(numbers["outside_99.8"].sum())
    bases = " and ".join(sorted(set(numbers["basis"])))
    figure, axes = sheet(
        title, height=4.4,
        notes=(
            f"{len(numbers)} of 43 forces, those whose counts made the news: the best and the "
            "worst, not a random subset.",
            f"{outside} lie outside the 99.8 % limits. Forces differ, so more dots outside than "
            "chance allows (overdispersion) are expected.",
            f"Published counts, no simulation ({bases}): final report before the force's own "
            "report before the interim's.",
        ),
    )  # fmt: skip
    ax = axes[0, 0]
    _curves(ax, pooled, numbers["due"])
    for known, shade, marker in (
        ("yes", VERMILLION, "s"), ("probable", VERMILLION, "D"), ("no or not known", BLUE, "o"),
    ):  # fmt: skip
        part = numbers[numbers["interim_sample"] == known]
        ax.scatter(
            part["due"], 100.0 * part["accuracy"], color=shade, marker=marker, s=38, zorder=4,
            label=f"in the interim sample: {known}",
        )  # fmt: skip
    ax.set_xlabel("Due crimes audited (logarithmic scale)")
    ax.set_ylabel("Of these recorded (per cent)")
    ax.set_ylim(55.0, 104.0)
    top_legend(figure, *ax.get_legend_handles_labels())
    _label(ax, figure, numbers)
    yield Drawing("funnel", title, figure, numbers)


def _numbers(audits: tuple[ForceAudit, ...]) -> pd.DataFrame:
    table = pd.DataFrame(
        {
            "force": audit.force,
            "stage": _SHORT.get(audit.stage, audit.stage),
            "interim_sample": (
                audit.interim_13 if audit.interim_13 in ("yes", "probable") else "no or not known"
            ),
            "due": audit.due,
            "recorded": audit.recorded,
            "basis": audit.basis,
        }
        for audit in audits
    )
    pooled = table["recorded"].sum() / table["due"].sum()
    accuracy = table["recorded"] / table["due"]
    z = (accuracy - pooled) / np.sqrt(pooled * (1.0 - pooled) / table["due"])
    return table.assign(
        accuracy=accuracy,
        pooled=pooled,
        z=z,
        **{f"outside_{name[:-2]}": z.abs() > limit for name, limit in _LIMITS.items()},
    )


def _curves(ax: Axes, pooled: float, due: pd.Series) -> None:
    low, high = 0.82 * due.min(), 1.35 * due.max()
    x = np.geomspace(low, high, 200)
    se = np.sqrt(pooled * (1.0 - pooled) / x)
    ax.axhline(100.0 * pooled, color=GREY, linewidth=1.4)
    ax.annotate(
        f"pooled {100.0 * pooled:.1f} %", (0.62, 100.0 * pooled),
        xycoords=("axes fraction", "data"), xytext=(0, 3), textcoords="offset points",
        ha="right", va="bottom", color=GREY, fontsize=9.0,
    )  # fmt: skip
    for (name, limit), dashes in zip(_LIMITS.items(), ("--", "-"), strict=True):
        for side in (-1.0, 1.0):
            y = np.minimum(100.0, 100.0 * (pooled + side * limit * se))
            label = f"{name} control limits" if side < 0 else None
            ax.plot(x, y, color=GREY, linewidth=1.0, linestyle=dashes, label=label)
    ax.set_xscale("log")
    ax.set_xlim(low, high)
    ticks = [60, 80, 100, 150, 200, 300, 500, 1000]
    ax.set_xticks(ticks, [str(tick) for tick in ticks])
    ax.xaxis.set_minor_locator(NullLocator())


def _label(ax: Axes, figure: Figure, numbers: pd.DataFrame) -> None:
    """Name outliers and the interim's best-known forces where no other name or dot is."""
    figure.draw_without_rendering()
    dots = ax.transData.transform(np.column_stack([numbers["due"], 100.0 * numbers["accuracy"]]))
    named = numbers[numbers["outside_99.8"] | numbers["force"].isin(_ALWAYS)]
    taken: list[Bbox] = []
    for row in named.sort_values("due", ascending=False).to_dict("records"):
        known = row["force"] in _ALWAYS
        text = f"{row['force']} ({row['stage']})" if known else row["force"]
        _place(ax, text, (row["due"], 100.0 * row["accuracy"]), dots, taken)


def _place(
    ax: Axes,
    text: str,
    at: tuple[float, float],
    dots: NDArray[np.float64],
    taken: list[Bbox],
) -> None:
    """Write *text* beside its dot in the first free place; not at all where there is none."""
    for dx, dy, ha in _OFFSETS:
        note = ax.annotate(
            text, at, xytext=(dx, dy), textcoords="offset points", ha=ha, va="center",
            fontsize=9.0, color=BLACK, zorder=6, in_layout=False,
            bbox={"facecolor": "white", "alpha": 0.75, "linewidth": 0, "pad": 0.8},
        )  # fmt: skip
        box = note.get_window_extent().padded(1.5)
        inside = ax.bbox.containsx(box.x0) and ax.bbox.containsx(box.x1)
        clear = not any(box.contains(x, y) for x, y in dots)
        if inside and clear and not any(box.overlaps(other) for other in taken):
            taken.append(box)
            return
        note.remove()
