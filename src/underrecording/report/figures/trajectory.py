"""The estimate as forces come in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from underrecording.report.figures.drawing import FIGURES, Drawing
from underrecording.report.figures.style import BLACK, GREY, colours, sheet
from underrecording.report.provenance import what_it_rests_on
from underrecording.report.shown import Shown, points
from underrecording.report.words import point_words

if TYPE_CHECKING:
    from underrecording.study.results import Results

_QUANTILES = {"q05": 0.05, "q25": 0.25, "median": 0.5, "q75": 0.75, "q95": 0.95}
_SINGLE = 4
_INTERIM = 13


@FIGURES.register("trajectory")
def trajectory(results: Results) -> Iterator[Drawing]:
    """The error of the national estimate as one force after another is inspected.

    Each replicate is one inspection going on, from the first force to all of
    them. The pale fan holds the middle 90 per cent of estimate minus truth, the
    darker one the middle half, the thick line is the median; thin lines are the
    first few replicates. The dotted line marks thirteen forces, where the interim
    report stood. A fan that closes around 0 on the right comes to the truth once
    every force is in; one that closes elsewhere is biased even then. Forces come
    in simple random order, whatever the design of the study (tilted where that
    is tilted).
    """
    if results.trajectory.empty:
        return
    shown = [one for one in points(results) if one.role] or points(results)[:1]
    numbers = pd.concat([_fan(results.trajectory, one) for one in shown], ignore_index=True)
    if numbers["median"].isna().all():
        return
    title = "Under-recording rate, England and Wales: error as forces come in"
    count = results.trajectory["replicate"].nunique()
    figure, axes = sheet(
        title, height=3.6, columns=len(shown), sharey=True,
        notes=(
            f"The first {count:,} replicates. Fan: 5 to 95 % and 25 to 75 % of them; "
            "thick line: median; thin lines: single replicates.",
            what_it_rests_on(results.plan),
        ),
    )  # fmt: skip
    for ax, one, style in zip(axes[0], shown, colours(shown, points(results)), strict=True):
        _draw(ax, numbers[numbers["estimator"] == one.spec], style["color"])
        ax.set_title(one.label if one.role else point_words(one.point))
    axes[0, 0].set_ylabel("Estimate minus truth (percentage points)")
    _limit(axes[0, 0], numbers)
    yield Drawing("trajectory", title, figure, numbers)


def _fan(table: pd.DataFrame, one: Shown) -> pd.DataFrame:
    part = table[table["estimator"] == one.spec]
    error = (part["estimate"] - part["truth"]).to_numpy()
    wide = part.assign(error=error).pivot(index="forces", columns="replicate", values="error")
    quantiles = {name: wide.quantile(q, axis=1) for name, q in _QUANTILES.items()}
    single = {f"replicate_{r}": wide[r] for r in wide.columns[:_SINGLE]}
    fan = pd.DataFrame({**quantiles, "answered": wide.notna().sum(axis=1), **single})
    return fan.reset_index().assign(estimator=one.spec)


def _draw(ax: Axes, fan: pd.DataFrame, hue: str) -> None:
    forces, drawn = fan["forces"], 100.0 * fan.drop(columns=["estimator", "forces", "answered"])
    ax.fill_between(forces, drawn["q05"], drawn["q95"], color=hue, alpha=0.18, linewidth=0)
    ax.fill_between(forces, drawn["q25"], drawn["q75"], color=hue, alpha=0.30, linewidth=0)
    for name in drawn.columns[len(_QUANTILES) :]:
        ax.plot(forces, drawn[name], color=GREY, linewidth=0.8)
    ax.plot(forces, drawn["median"], color=hue, linewidth=2.4)
    ax.axhline(0.0, color=BLACK, linewidth=1.0)
    ax.axvline(_INTERIM, color=BLACK, linewidth=1.2, linestyle=":")
    ax.annotate(
        f"{_INTERIM} forces", (_INTERIM, 0.98), xycoords=("data", "axes fraction"),
        xytext=(4, 0), textcoords="offset points", va="top", fontsize=9.0,
    )  # fmt: skip
    last = int(forces.max())
    ax.set_xticks([1, *range(5, last - 2, 5), last])
    ax.set_xlim(1, last)
    ax.set_xlabel("Forces inspected so far")


def _limit(ax: Axes, numbers: pd.DataFrame) -> None:
    """Fit the fan from the second force on: the first is off any useful scale."""
    inner = numbers[numbers["forces"] >= 2]
    reach = 100.0 * float(np.nanmax(np.abs(inner[["q05", "q95"]].to_numpy())))
    ax.set_ylim(-1.15 * reach, 1.15 * reach)
