"""Measures of any tool's table of replicates, as a program and as a reader want them."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd

from underrecording.report.rounding import MISSING
from underrecording.report.tables import Table, fixed_width
from underrecording.study.table_measures import TableMeasures

_OF_A_CELL = ("cell", "estimand", "domain")


def measures_json(measured: TableMeasures) -> str:
    """Everything as one JSON document; null where undefined."""
    document = {
        "measures": _records(measured.measures),
        "differences": _records(measured.differences),
        "failures": _records(measured.failures),
        "columns": measured.table.columns,
        "cells": list(measured.table.keys),
        "notes": list(measured.notes),
    }
    return json.dumps(document, indent=2, allow_nan=False)


def measures_text(measured: TableMeasures) -> str:
    """What was read, then for each cell the measures: measures down, methods across."""
    parts = [_what_was_read(measured)]
    for _, rows in measured.measures.groupby(list(_OF_A_CELL), sort=False):
        parts.append(f"{_title(measured, rows)}\n{fixed_width(_across(rows, 'measure'))}")
        parts += _compared(measured, rows)
    failed = _failed(measured)
    parts.append("\n".join(failed) if failed else "Rows without an answer: none.")
    if measured.notes:
        parts.append("\n".join(["Notes", *(f"  {note}" for note in measured.notes)]))
    return "\n\n".join(parts)


def with_two_digits(value: float, mcse: float) -> str:
    """*value* to two significant digits of its MCSE, on whatever scale; the MCSE in brackets.

    >>> with_two_digits(0.021493, 0.032849), with_two_digits(812_345.6, 1234.5)
    ('0.021 (0.033)', '812346 (1234)')
    >>> with_two_digits(1.0, 0.0), with_two_digits(float("nan"), 0.1)
    ('1 (0)', '-')
    """
    if math.isnan(value):
        return MISSING
    if not mcse > 0.0 or math.isinf(mcse):
        return f"{value:.6g} ({MISSING if math.isnan(mcse) else f'{mcse:.2g}'})"
    # 0.0996 is 0.10 to two digits: as many decimals as that shows.
    places = max(0, 1 - math.floor(math.log10(float(f"{mcse:.1e}"))))
    return f"{round(value, places) + 0.0:.{places}f} ({mcse:.{places}f})"


def _what_was_read(measured: TableMeasures) -> str:
    table = measured.table
    roles = ", ".join(f"{role} '{name}'" for role, name in table.columns.items())
    cells = f"cells by {', '.join(table.keys)}" if table.keys else "one cell"
    return (
        f"Read {table.path}: {table.rows:,} rows\n  columns: {roles}\n  {cells}\n"
        "Monte Carlo standard errors in brackets."
    )


def _title(measured: TableMeasures, rows: pd.DataFrame) -> str:
    first = rows.iloc[0]
    cell = [f"{key} {first[key]}" for key in measured.table.keys]
    of = [
        str(first[name]) for name in ("estimand", "domain") if measured.measures[name].nunique() > 1
    ]
    return f"Cell {first['cell']}" + (f": {', '.join([*cell, *of])}" if cell or of else "")


def _across(rows: pd.DataFrame, down: str) -> Table:
    """Measures down, methods across."""
    methods = list(dict.fromkeys(rows["estimator"]))
    shown = {
        (row[down], row["estimator"]): with_two_digits(row["value"], row["mcse"])
        for row in rows.to_dict("records")
    }
    lines = [
        (str(name), *(shown.get((name, method), MISSING) for method in methods))
        for name in dict.fromkeys(rows[down])
    ]
    replicates = dict(zip(rows["estimator"], rows["replicates"], strict=True))
    counts = [f"{replicates[method]:,}" for method in methods]
    return Table((down, *methods), [("replicates", *counts), *lines])


def _compared(measured: TableMeasures, rows: pd.DataFrame) -> Iterator[str]:
    table = measured.differences
    if table.empty:
        return
    for name in _OF_A_CELL:
        table = table[table[name] == rows.iloc[0][name]]
    if not table.empty:
        reference = table.iloc[0]["reference"]
        words = fixed_width(_across(table, "measure"))
        yield f"Less {reference}, on the same replicates\n{words}"


def _failed(measured: TableMeasures) -> Sequence[str]:
    """Rows without an answer, by reason."""
    lines = []
    table = measured.failures
    keys = [*_OF_A_CELL, "estimator"]
    total = measured.measures.drop_duplicates(keys).set_index(keys)["replicates"]
    for key, rows in table.groupby(keys, sort=False) if len(table) else ():
        reasons = ", ".join(f"{row['reason']} {row['count']:,}" for row in rows.to_dict("records"))
        of = total.get(key)
        lines.append(
            f"No answer in {rows['count'].sum():,} of {of:,}, left out: {key[-1]}, cell {key[0]} "
            f"({reasons})"
        )
    return lines


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    return [
        {
            str(name): None if isinstance(value, float) and not math.isfinite(value) else value
            for name, value in row.items()
        }
        for row in table.to_dict("records")
    ]
