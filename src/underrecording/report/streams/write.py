"""Drawings of a stream as files."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pandas as pd

from underrecording.files import write_atomically, writing
from underrecording.report.figures.drawing import Drawing
from underrecording.report.figures.style import look, png, settle, svg
from underrecording.report.streams.workload import workload
from underrecording.report.streams.year import year
from underrecording.report.write import csv_text
from underrecording.stream import ForceStream


def write_figures(
    folder: Path, force: ForceStream, *, weeks: pd.DataFrame, loads: pd.DataFrame
) -> list[Path]:
    """Draw one force's figures: each as PNG, as SVG and its numbers as CSV, whole or not at all.

    Not from several threads at a time: matplotlib's settings are everybody's.

    Parameters
    ----------
    folder : Path
        Made if need be.
    force : ForceStream
    weeks, loads : DataFrame
        As `stream.weeks.weekly` and `stream.decisions.by_load` make them.

    Raises
    ------
    UserError
        If the folder cannot be written.
    """
    with look():
        return [
            path
            for drawing in (year(force, weeks), workload(force, loads))
            for path in write_drawing(folder, drawing)
        ]


def write_drawing(folder: Path, drawing: Drawing) -> list[Path]:
    """Write one drawing, made within `look`, as PNG, as SVG and its numbers as CSV."""
    settle(drawing.figure)
    contents = {
        "png": png(drawing.figure),
        "svg": svg(drawing.figure),
        "csv": csv_text(drawing.numbers).encode(),
    }
    written = []
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        for ending, content in contents.items():
            path = folder / f"{drawing.name}.{ending}"
            write_atomically(path, partial(_write_bytes, content=content))
            written.append(path)
    return written


def _write_bytes(path: Path, *, content: bytes) -> None:
    path.write_bytes(content)
