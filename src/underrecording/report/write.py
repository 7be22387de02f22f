"""Everything a finished study shows, written into its run folder."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from underrecording.files import write_atomically, writing

if TYPE_CHECKING:
    import pandas as pd

    from underrecording.report.figures import Drawn
    from underrecording.study.results import Results
    from underrecording.study.store import Store

FIGURES = "figures"


def write_report(results: Results, store: Store) -> list[Path]:
    """Write tables, figures and the page of a study; each file whole or not at all.

    Parameters
    ----------
    results : Results
    store : Store
        Opened by the caller.

    Returns
    -------
    list of Path
        measures.csv, failures.csv, differences.csv where there are several
        estimators, ranking.csv where forces were ranked, worlds.csv and
        world_quantiles.csv where there are several fixed worlds, figures/*.png,
        *.svg and *.csv, report.html.

    Raises
    ------
    UserError
        If the folder cannot be written.
    """
    from underrecording.report.figures import draw_all
    from underrecording.report.page import page

    written = [_write_csv(store, name, table) for name, table in tables_of(results).items()]
    drawn = draw_all(results)
    for drawing in drawn:
        written += _write_drawing(store, drawing)
    store.write_text("report.html", page(results, drawn, store))
    return [*written, store.folder / "report.html"]


def tables_of(results: Results) -> dict[str, pd.DataFrame]:
    """The tables of a run by the names of their files."""
    tables = {"measures.csv": results.measures, "failures.csv": results.failures}
    if len(results.plan.estimators) > 1:
        tables["differences.csv"] = results.differences
    if not results.ranking.empty:
        tables["ranking.csv"] = results.ranking
    if results.plan.worlds > 1:
        tables |= {"worlds.csv": results.worlds, "world_quantiles.csv": results.world_quantiles}
    return tables


def _write_drawing(store: Store, drawing: Drawn) -> list[Path]:
    folder = store.folder / FIGURES
    contents = {
        "png": drawing.png,
        "svg": drawing.svg,
        "csv": csv_text(drawing.numbers).encode(),
    }
    paths = []
    with writing(store.folder):
        folder.mkdir(exist_ok=True)
        for ending, content in contents.items():
            # Names hold dots, so the ending is added rather than replaced.
            path = folder / f"{drawing.name}.{ending}"
            write_atomically(path, partial(_write_bytes, content=content))
            paths.append(path)
    return paths


def _write_bytes(path: Path, *, content: bytes) -> None:
    path.write_bytes(content)


def csv_text(table: pd.DataFrame) -> str:
    """The table as CSV: floats with all their digits, one kind of line end everywhere."""
    return table.to_csv(index=False, lineterminator="\n")


def _write_csv(store: Store, name: str, table: pd.DataFrame) -> Path:
    store.write_text(name, csv_text(table))
    return store.folder / name
