"""Where the variance of an error comes from, as stacked bars."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from underrecording.report.figures.drawing import Drawing
from underrecording.report.figures.style import BLACK, BLUE, GREY, VERMILLION, sheet, top_legend
from underrecording.report.variance_split import SOURCE_WORDS, SUM, split_table
from underrecording.study.split import Split

_HUES = dict(zip(SOURCE_WORDS, (GREY, VERMILLION, BLUE, "#E69F00"), strict=True))
_HATCHES = dict(zip(SOURCE_WORDS, ("", "", "///", "..."), strict=True))


def variance_split_drawing(splits: Sequence[Split], *, title: str, basis: str) -> Drawing:
    """Variance of each estimator's error, a bar of its sources.

    Components that chance put below 0 are drawn as 0; the whisker is the sum, two Monte
    Carlo standard errors either way.

    Parameters
    ----------
    splits : sequence of Split
        Of one target.
    title : str
        Of the scenario.
    basis : str
        What the worlds rest on, for the small print.
    """
    numbers = split_table(splits)
    figure, axes = sheet(
        f"{title}: where the error comes from", height=0.9 + 0.42 * len(splits),
        notes=(
            f"{splits[0].units:,} units, in each two draws of forces, two of records, two "
            "readings. Whiskers: the sum, two Monte Carlo standard errors either way.",
            basis,
        ),
    )  # fmt: skip
    ax = axes[0, 0]
    place = np.arange(len(splits), dtype=float)
    left = np.zeros(len(splits))
    for source, words in SOURCE_WORDS.items():
        part = 1e4 * numbers.loc[numbers["source"] == source, "variance"].clip(lower=0.0).to_numpy()
        ax.barh(
            place, part, left=left, height=0.62, color=_HUES[source], hatch=_HATCHES[source],
            edgecolor="white", linewidth=0.6, label=words, zorder=2,
        )  # fmt: skip
        left += part
    total = numbers[numbers["source"] == SUM]
    ax.errorbar(
        1e4 * total["variance"], place, xerr=2e4 * total["mcse"], fmt="none", ecolor=BLACK,
        elinewidth=1.4, capsize=3.5, zorder=4,
    )  # fmt: skip
    ax.set_yticks(place, [one.estimator for one in splits])
    ax.set_ylim(len(splits) - 0.5, -0.5)
    ax.set_xlim(left=0.0)
    ax.grid(visible=False, axis="y")
    ax.set_xlabel("Variance of the error (points\N{SUPERSCRIPT TWO})")
    top_legend(figure, *ax.get_legend_handles_labels(), columns=4)
    return Drawing("variance_split", f"{title}: where the error comes from", figure, numbers)
