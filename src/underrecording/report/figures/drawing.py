"""What a figure is: a function of results that yields drawings, each with its numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, NamedTuple

import pandas as pd
from matplotlib.figure import Figure

from underrecording.registry import Registry
from underrecording.report.figures.style import look, png, settle, svg

if TYPE_CHECKING:
    from underrecording.study.results import Results


class Drawing(NamedTuple):
    """One drawing and the numbers behind it.

    Attributes
    ----------
    name : str
        Of its files, without the ending.
    title : str
        As printed above it.
    figure : matplotlib Figure
    numbers : DataFrame
        Every number that is drawn, shares as shares, in the order drawn.
    """

    name: str
    title: str
    figure: Figure
    numbers: pd.DataFrame


FigurePlugIn = Callable[["Results"], Iterator[Drawing]]
"""Yields nothing where the study has nothing to draw; one drawing a swept key for sweeps."""

FIGURES: Registry[FigurePlugIn] = Registry("figure")


class Drawn(NamedTuple):
    """A drawing as files: the plug-in it came from, and its bytes."""

    plugin: str
    name: str
    title: str
    png: bytes
    svg: bytes
    numbers: pd.DataFrame


def draw_all(results: Results) -> list[Drawn]:
    """Draw every figure for which *results* have something, in the order of the plug-ins' names."""
    drawn = []
    with look():
        for plugin, draw in FIGURES.items():
            for made in draw(results):
                settle(made.figure)
                drawn.append(
                    Drawn(
                        plugin, made.name, made.title,
                        png(made.figure), svg(made.figure), made.numbers,
                    )
                )  # fmt: skip
    return drawn
