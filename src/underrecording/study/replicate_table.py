"""Any tool's table of replicates: whose estimates, of what truth, in which cell."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from underrecording.errors import UserError, did_you_mean
from underrecording.estimation.tables.mistakes import Mistakes
from underrecording.inspection.csv_table import Table, read_table

Floats = NDArray[np.float64]

ROLES: dict[str, tuple[str, ...]] = {
    "replicate": ("replicate", "rep", "repno", "repetition", "iteration", "dataset", "sim"),
    "method": ("method", "estimator", "model"),
    "estimate": ("estimate", "est", "theta_hat", "theta", "b"),
    "se": ("se", "std_error", "std.error", "stderr"),
    "low": ("low", "lower", "lower_bound", "conf.low", "ci_low"),
    "high": ("high", "upper", "upper_bound", "conf.high", "ci_high"),
    "df": ("df",),
    "truth": ("truth", "true", "true_param", "true_value"),
}
"""What a column may hold, and the names by which it is found; the first one that is there."""

OF_OURS = ("estimand", "domain", "reason")
"""Columns of our own tables that are no part of a cell."""

NUMBERS = ("estimate", "se", "low", "high", "df", "truth")
NO_ESTIMATE, NO_SE, NO_INTERVAL, INFINITE = (
    "no estimate", "no standard error", "no interval", "not finite",
)  # fmt: skip

_MISSING = {"", "na", "nan", "n/a", "null", "none", "."}
_INFINITE = re.compile(r"[+-]?inf(inity)?")
_NUMBER = re.compile(r"[+-]?(\d+[.,]?\d*|[.,]\d+)(e[+-]?\d+)?", re.ASCII)


class Roles(NamedTuple):
    """Which column holds what, as the user says.

    Attributes
    ----------
    columns : mapping of str to str
        Names of columns for some of `ROLES`; the others are found by their usual names.
    truth : float or None
        The truth of every row, in place of a column.
    cells, ignored : sequences of str
        Columns whose values make the cells (none given: all that have no other
        role), and columns to be left out.
    """

    columns: Mapping[str, str] = {}
    truth: float | None = None
    cells: Sequence[str] = ()
    ignored: Sequence[str] = ()


class Series(NamedTuple):
    """The replicates of one method in one cell.

    Attributes
    ----------
    cell : tuple of str, one for each key
    method, estimand, domain : str
    replicates : tuple of str, length R
    numbers : dict of str to float array (R,)
        By role; NaN where missing.
    failures : Counter of str
        Rows that cannot be used, by reason.
    answered : bool array (R,)
    """

    cell: tuple[str, ...]
    method: str
    estimand: str
    domain: str
    replicates: tuple[str, ...]
    numbers: dict[str, Floats]
    failures: Counter[str]
    answered: NDArray[np.bool_]


class ReplicateTable(NamedTuple):
    """A table of replicates, read and checked.

    Attributes
    ----------
    path : str
    rows : int
    columns : dict of str to str
        The column taken for each role.
    keys : tuple of str
        Columns that make the cells.
    series : tuple of Series
        In the order in which the table names them.
    notes : tuple of str
    """

    path: str
    rows: int
    columns: dict[str, str]
    keys: tuple[str, ...]
    series: tuple[Series, ...]
    notes: tuple[str, ...]


def read_replicates(path: Path, roles: Roles | None = None) -> ReplicateTable:
    """Read a table of replicates: one row for each replicate and method.

    CSV as `read_table` takes it. A number is written with a decimal point, or
    with a comma where commas do not separate columns. Empty, NA, NaN and the
    like are missing: such a row is a failure of its method, not a mistake.

    Raises
    ------
    UserError
        If a column is not there, or with all mistakes of the rows, by line and column.
    """
    roles = roles or Roles()
    table = read_table(path)
    columns = _columns(table, roles)
    keys = _keys(table, columns, roles)
    if not table.rows:
        raise UserError(f"{path}: has a header and no rows; give one for each replicate")
    mistakes = Mistakes(path)
    numbers = {
        role: _numbers(table, columns[role], mistakes) for role in NUMBERS if role in columns
    }
    if roles.truth is not None:
        numbers["truth"] = np.full(len(table.rows), roles.truth)
    _check(table, columns, numbers, mistakes)
    groups = _groups(table, columns, keys)
    if "replicate" in columns:
        _check_unique(table, columns, groups, mistakes)
    mistakes.raise_any()
    series = tuple(_series(table, columns, numbers, key, rows) for key, rows in groups.items())
    if all(len(one.replicates) < 2 for one in series):
        raise UserError(
            f"{path}: no cell has two rows of one method, the cells being made of "
            f"{', '.join(keys) or 'no column'}; say with --by which columns make the cells, "
            "or leave columns out with --ignore"
        )
    return ReplicateTable(
        str(path), len(table.rows), columns, keys, series, (*table.notes, *_notes(columns, numbers))
    )


def _columns(table: Table, roles: Roles) -> dict[str, str]:
    """Column of each role; what is not there has none."""
    problems = [
        f"{table.name}:1: two columns are called '{name}'; name each once"
        for name, count in Counter(table.header).items()
        if count > 1
    ]
    asked = {f"--{role}": name for role, name in roles.columns.items()}
    for option, names in (("--by", roles.cells), ("--ignore", roles.ignored)):
        asked |= {f"{option} {name}": name for name in names}
    problems += [
        f"{table.name}:1: has no column '{name}', given by {option.split()[0]}"
        f"{did_you_mean(name, table.header)} (columns: {', '.join(table.header)})"
        for option, name in asked.items()
        if name not in table.header
    ]
    spoken_for = {*roles.columns.values(), *roles.cells, *roles.ignored}
    free = {name.lower(): name for name in table.header if name not in spoken_for}
    found = dict(roles.columns)
    for role, usual in ROLES.items():
        if role in found or (role == "truth" and roles.truth is not None):
            continue
        known = [free[name] for name in usual if name in free]
        if known:
            found[role] = known[0]
    problems += _contradictions(table, found)
    if problems:
        raise UserError(problems)
    return found


def _contradictions(table: Table, found: Mapping[str, str]) -> Iterator[str]:
    if "estimate" not in found:
        usual = ", ".join(ROLES["estimate"])
        yield (
            f"{table.name}:1: has no column of estimates ({usual}); "
            f"name it with --estimate (columns: {', '.join(table.header)})"
        )
    if ("low" in found) != ("high" in found):
        there, other = ("low", "high") if "low" in found else ("high", "low")
        yield (
            f"{table.name}:1: has a column of {there} ends of intervals, '{found[there]}', and "
            f"none of {other} ones; name it with --{other}, or leave the first out with --ignore"
        )
    for name, count in Counter(found.values()).items():
        if count > 1:
            taken = ", ".join(f"--{role}" for role in ROLES if found.get(role) == name)
            yield f"{table.name}:1: column '{name}' is given for {taken}; give each its own"


def _keys(table: Table, columns: Mapping[str, str], roles: Roles) -> tuple[str, ...]:
    if roles.cells:
        return tuple(dict.fromkeys(roles.cells))
    taken = {*columns.values(), *roles.ignored, *OF_OURS}
    return tuple(name for name in table.header if name not in taken)


def _numbers(table: Table, name: str, mistakes: Mistakes) -> Floats:
    """One column as numbers: NaN where missing, inf where infinite; mistakes are noted."""
    place = table.header.index(name)
    values = np.empty(len(table.rows))
    for i, row in enumerate(table.rows):
        try:
            values[i] = _number(row[place], table.separator)
        except ValueError as error:
            values[i] = math.nan
            mistakes.add(table.lines[i], place + 1, name, str(error))
    return values


def _number(cell: str, separator: str) -> float:
    """A number as a tool may write it.

    >>> _number("-0.5", ","), _number("1,25", ";"), _number("1e-3", ","), _number("NA", ",")
    (-0.5, 1.25, 0.001, nan)
    >>> _number("1,250", ",")
    Traceback (most recent call last):
    ValueError: '1,250' may be 1250 or 1.25; write a decimal point and no thousands mark
    """
    text = cell.strip().replace("\u2212", "-").lower()
    if text in _MISSING:
        return math.nan
    if _INFINITE.fullmatch(text):
        return -math.inf if text.startswith("-") else math.inf
    if not _NUMBER.fullmatch(text):
        raise ValueError(f"{cell!r} is not a number; give one, or leave it empty where missing")
    if "," in text and separator == ",":
        plain, decimal = text.replace(",", ""), float(text.replace(",", "."))
        raise ValueError(
            f"{cell!r} may be {plain} or {decimal:g}; write a decimal point and no thousands mark"
        )
    return float(text.replace(",", "."))


def _check(
    table: Table, columns: Mapping[str, str], numbers: Mapping[str, Floats], mistakes: Mistakes
) -> None:
    """Note what cannot be: negative standard errors, intervals upside down, missing truths."""

    def note(role: str, wrong: NDArray[np.bool_], problem: str) -> None:
        name = columns[role]
        place = table.header.index(name)
        mistakes.add_where(
            wrong,
            lambda i: (table.lines[i], place + 1, name),
            lambda i: problem.format(table.rows[i][place].strip()),
        )

    if "se" in numbers:
        note("se", numbers["se"] < 0.0, "{} is below 0; give a standard error of 0 or more")
    if "df" in numbers:
        note("df", numbers["df"] <= 0.0, "{} is not above 0; give degrees of freedom above 0")
    if "low" in numbers:
        upside_down = numbers["low"] > numbers["high"]
        note("low", upside_down, "{} lies above the other end; give low <= high")
    if "truth" in columns:
        unknown = ~np.isfinite(numbers["truth"])
        note("truth", unknown, "'{}' is no truth; give a number in every row")


def _groups(
    table: Table, columns: Mapping[str, str], keys: Sequence[str]
) -> dict[tuple[tuple[str, ...], str, str, str], list[int]]:
    """Rows of each cell, method, estimand and domain, in order of appearance."""
    header = table.header
    of_cell = [header.index(key) for key in keys]
    others = [
        header.index(name) if name in header else None
        for name in (columns.get("method", ""), "estimand", "domain")
    ]
    default = ("all", columns["estimate"], "all")
    groups: dict[tuple[tuple[str, ...], str, str, str], list[int]] = {}
    for i, row in enumerate(table.rows):
        method, estimand, domain = (
            usual if place is None else row[place].strip()
            for place, usual in zip(others, default, strict=True)
        )
        cell = tuple(row[place].strip() for place in of_cell)
        groups.setdefault((cell, method, estimand, domain), []).append(i)
    return groups


def _check_unique(
    table: Table,
    columns: Mapping[str, str],
    groups: Mapping[tuple[tuple[str, ...], str, str, str], list[int]],
    mistakes: Mistakes,
) -> None:
    name = columns["replicate"]
    place = table.header.index(name)
    for rows in groups.values():
        first: dict[str, int] = {}
        for i in rows:
            replicate = table.rows[i][place].strip()
            before = first.setdefault(replicate, i)
            if before != i:
                mistakes.add(
                    table.lines[i], place + 1, name,
                    f"replicate '{replicate}' of this method and cell is in row "
                    f"{table.lines[before]} already; if a column makes the difference, "
                    "name it with --by",
                )  # fmt: skip


def _series(
    table: Table,
    columns: Mapping[str, str],
    numbers: Mapping[str, Floats],
    key: tuple[tuple[str, ...], str, str, str],
    rows: list[int],
) -> Series:
    if "replicate" in columns:
        place = table.header.index(columns["replicate"])
        replicates = tuple(table.rows[i][place].strip() for i in rows)
    else:
        replicates = tuple(str(i) for i in range(len(rows)))
    own = {role: values[rows] for role, values in numbers.items()}
    said = None
    if "reason" in table.header:
        place = table.header.index("reason")
        said = [table.rows[i][place].strip() for i in rows]
    why = _why(own, said)
    failures = Counter(reason for reason in why if reason)
    return Series(*key, replicates, own, failures, np.array([not reason for reason in why]))


def _why(numbers: Mapping[str, Floats], said: Sequence[str] | None) -> list[str]:
    """Why each row cannot be used; empty where it can.

    A row answers in full or not at all: one without the standard error or the
    interval that its columns promise would count in some measures only.
    """
    why = np.full(len(numbers["estimate"]), "", object)
    needed = ("low", "high") if "low" in numbers else ("df",)
    ends = [numbers[role] for role in needed if role in numbers]
    if ends:
        why[np.isnan(ends).any(axis=0)] = NO_INTERVAL
    if "se" in numbers:
        why[np.isnan(numbers["se"])] = NO_SE
    for role in ("estimate", "se", "low", "high"):
        if role in numbers:
            why[np.isinf(numbers[role])] = INFINITE
    missing = np.isnan(numbers["estimate"])
    why[missing] = NO_ESTIMATE
    if said is not None:
        told = np.array(said, object)
        named = missing & (told != "") & (told != "ok")
        why[named] = told[named]
    return [str(reason) for reason in why]


def _notes(columns: Mapping[str, str], numbers: Mapping[str, Floats]) -> Iterator[str]:
    if "method" not in columns:
        yield "no column of methods: all rows of a cell are one method; name it with --method"
    if "replicate" not in columns:
        yield (
            "no column of replicates: rows count as replicates, and methods are not compared "
            "replicate by replicate; name it with --replicate"
        )
    if "truth" not in numbers:
        yield "no truth: only spread, widths and means are measured; give --truth"
    if "se" not in numbers and "low" not in numbers:
        yield "neither standard errors nor intervals: name them with --se, or --low and --high"
