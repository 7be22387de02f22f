"""How well inspected forces are told apart and ranked, for a reader."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from underrecording.report.rounding import with_error
from underrecording.report.tables import Table
from underrecording.report.words import key_words, value_words
from underrecording.study.rank_measures import RANKING

if TYPE_CHECKING:
    from underrecording.study.plan import CellPlan
    from underrecording.study.results import Results

CAPTION = "Forces ranked by what was read in them"
EXPLAINED = (
    "Worst %: how often the force with the highest rate found is the one with the highest true "
    "rate of those inspected; tau: Kendall's, of rates found and true ones, 1 for the same "
    "order. Out: forces outside the funnel limits, per inspection; falsely: of these, those "
    "whose true rate lies inside; missed: inside, though their true rate lies outside."
)
MOST_CELLS = 30
"""Cells of which no more are listed: ranking.csv has all."""
_HEADER = (
    "worst %", "tau", "out 95 %", "falsely", "missed", "out 99.8 %", "falsely",
)  # fmt: skip
_SHOWN = RANKING[: len(_HEADER)]
_FACTORS = (100.0, *(1.0,) * (len(_SHOWN) - 1))


def ranking_words(results: Results) -> Table | None:
    """Each cell's ranking of the inspected forces; None where the study did not ask for it."""
    table = results.ranking
    if table.empty:
        return None
    cells = results.plan.cells
    rows = []
    for c, own in table[table["cell"] < MOST_CELLS].groupby("cell", sort=True):
        found = own.set_index("measure").loc[list(_SHOWN), ["value", "mcse"]].to_numpy(float)
        numbers = (
            with_error(factor * value, factor * mcse)
            for factor, (value, mcse) in zip(_FACTORS, found, strict=True)
        )
        rows.append((_cell_words(cells[int(str(c))]), *numbers))
    return Table(("cell", *_HEADER), rows)


def ranking_document(results: Results) -> list[dict[str, Any]]:
    """The reference cell's ranking for programs: measure, value, mcse, replicates; may be empty."""
    table = results.ranking
    if table.empty:
        return []
    columns = ["measure", "value", "mcse", "replicates"]
    return [
        {str(name): value for name, value in row.items()}
        for row in table[table["cell"] == 0][columns].to_dict("records")
    ]


def with_all(results: Results) -> str:
    """Where the other cells are, if not all are listed."""
    cells = len(results.plan.cells)
    return f"{MOST_CELLS} of {cells:,} cells; ranking.csv has all." * (cells > MOST_CELLS)


def _cell_words(cell: CellPlan) -> str:
    """What a cell changes; the first one changes nothing."""
    changes = cell.cell.change.items()
    words = (f"{key_words(key).phrase} {value_words(value)}" for key, value in changes)
    return "; ".join(words) or "reference cell"
