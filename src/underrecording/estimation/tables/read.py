"""The one reader of real audits: a CSV file to an `AuditTable`, checked."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from underrecording.audit import Floats
from underrecording.errors import UserError
from underrecording.estimation.tables.checks import check_columns
from underrecording.estimation.tables.columns import Columns
from underrecording.estimation.tables.header import read_header
from underrecording.estimation.tables.mistakes import Mistakes
from underrecording.estimation.tables.rows import read_rows, separator_of
from underrecording.estimation.tables.table import AuditTable
from underrecording.estimation.tables.text import FALLBACK, encoding_of


def read_audit_table(path: str | Path) -> AuditTable:
    """Read a real audit: one row for each force and stratum.

    Columns ``force, stratum, sampled, due, recorded`` must be there, ``frame,
    p_inclusion, recorded_volume, force_stratum, over_recorded`` may be, in any
    order; others are not used, and noted. A column that is there is filled in
    every row, but for the ``p_inclusion`` of a force not inspected. The file is
    text in UTF-8, UTF-16 or Windows-1252, its columns separated by commas,
    semicolons or tabs; how numbers may be written, see `Numerals`.

    Raises
    ------
    UserError
        If the file cannot be read, or with every mistake in it, of which the
        first 20 are shown as ``file:row:column: name: problem``; *row* is the
        line of the file where the row begins, counted from 1, the header's.

    >>> import os, tempfile
    >>> rows = ["Force;Stratum;Sampled;Due;Recorded", "Essex;all;169;132;121", "Gwent;all;89;67;58"]
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = Path(folder) / "audit.csv"
    ...     _ = file.write_text(os.linesep.join(rows))
    ...     table = read_audit_table(file)
    >>> table.forces, table.recorded.tolist(), table.has_frame
    (('Essex', 'Gwent'), [[121], [58]], False)
    """
    path = Path(path)
    mistakes = Mistakes(path)
    try:
        encoding = encoding_of(path)
        with path.open(encoding=encoding, newline="") as file:
            separator = separator_of(file)
        with path.open(encoding=encoding, newline="") as file:
            rows = read_rows(file, separator, mistakes)
            header = [read_header(cells, line, mistakes) for line, cells in islice(rows, 1)]
            if not header:
                mistakes.raise_any()
                raise UserError(f"{path}: is empty; give an audit table in CSV")
            columns = Columns(header[0], separator)
            columns.read(rows, mistakes)
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror or error})") from None
    if len(columns):
        check_columns(columns, mistakes)
    mistakes.raise_any()
    if not len(columns):
        raise UserError(f"{path}: has a header and no rows; give one for each force and stratum")
    notes = header[0].notes
    if encoding == FALLBACK:
        notes += ("the file is not UTF-8 and was read as Windows-1252; check names with accents",)
    return _table(path, columns, notes)


def _table(path: Path, columns: Columns, notes: tuple[str, ...]) -> AuditTable:
    """Set the checked rows out by force and stratum."""
    return AuditTable(
        path=str(path),
        forces=tuple(columns.forces.names),
        strata=tuple(columns.strata.names),
        frame=_by_cell(columns, "frame"),
        sampled=_by_cell(columns, "sampled"),
        due=_by_cell(columns, "due"),
        recorded=_by_cell(columns, "recorded"),
        over_recorded=_by_cell(columns, "over_recorded"),
        volume=_by_cell(columns, "recorded_volume"),
        p_inclusion=_p_inclusion(columns) if "p_inclusion" in columns else None,
        force_stratum=_force_stratum(columns) if "force_stratum" in columns else None,
        has_frame="frame" in columns,
        has_volume="recorded_volume" in columns,
        has_over_recorded="over_recorded" in columns,
        rows=len(columns),
        notes=notes,
    )


def _by_cell(columns: Columns, name: str) -> NDArray[Any]:
    """One column as an array (R, H), 0 where the table has no row or no such column."""
    shape = len(columns.forces.names), len(columns.strata.names)
    table = np.zeros(shape, np.float64 if name == "recorded_volume" else np.int64)
    if name in columns:
        table[columns["force"], columns["stratum"]] = columns[name]
    return table


def _p_inclusion(columns: Columns) -> Floats:
    p_inclusion = np.full(len(columns.forces.names), np.nan)
    given = ~np.isnan(columns["p_inclusion"])
    p_inclusion[columns["force"][given]] = columns["p_inclusion"][given]
    return p_inclusion


def _force_stratum(columns: Columns) -> tuple[str, ...]:
    label = dict(zip(columns["force"].tolist(), columns["force_stratum"].tolist(), strict=True))
    return tuple(columns.force_strata.names[label[f]] for f in range(len(columns.forces.names)))
