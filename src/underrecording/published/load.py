"""The one loader: the four tables and their sources, checked."""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

import numpy as np

from underrecording.published.facts import (
    Figure,
    FirstInspection,
    ForceAudit,
    Forces,
    Published,
    Source,
)
from underrecording.published.rows import BASES, Row, read_rows

N_FORCES = 43
STAGES = ("interim_may2014", "force_report_2014", "final_nov2014")
INTERIM_13 = ("yes", "no", "probable", "unknown")

_VIOLENCE = ("crime_homicide", "crime_violence_with_injury", "crime_violence_without_injury")
_BURGLARY = ("crime_burglary_domestic", "crime_burglary_non_domestic")
_THEFT = (
    "crime_burglary", "crime_vehicle", "crime_theft_from_person",
    "crime_bicycle_theft", "crime_shoplifting", "crime_other_theft",
)  # fmt: skip
_EXCL_FRAUD = (
    "crime_violence", "crime_sexual", "crime_robbery", "crime_theft", "crime_criminal_damage_arson",
    "crime_drugs", "crime_weapons", "crime_public_order", "crime_misc_against_society",
)  # fmt: skip
_SUMS = {
    "crime_total_excl_fraud": _EXCL_FRAUD,
    "crime_total_incl_fraud": ("crime_total_excl_fraud", "crime_fraud"),
    "crime_violence": _VIOLENCE,
    "crime_theft": _THEFT,
    "crime_burglary": _BURGLARY,
}
_GROUPS = (
    "crime_violence", "crime_sexual", "crime_robbery", "crime_burglary",
    "crime_criminal_damage_arson",
)  # fmt: skip
_FORCE_BASES = {
    "recorded": "basis_crime",
    "population": "basis_population",
    "officers_fte": "basis_officers",
    "force_type": "basis_force_type",
    "ratios": "basis_ratios",
}
FORCE_COLUMNS = (
    "force", "region", "force_type", "interim_13", "population_census2011",
    "officers_fte_sep2014", "crime_total_incl_fraud", "crime_total_excl_fraud",
    "crime_violence", *_VIOLENCE, "crime_sexual", "crime_robbery", "crime_theft",
    "crime_burglary", *_BURGLARY, *_THEFT[1:], *_EXCL_FRAUD[4:], "crime_fraud",
    "crimes_excl_fraud_per_1000_pop", "crimes_excl_fraud_per_officer", *_FORCE_BASES.values(),
)  # fmt: skip
AUDIT_COLUMNS = (
    "force", "stage", "interim_13", "incident_records_examined", "crimes_should_be_recorded",
    "crimes_recorded", "pct_recorded_published", "misclassified", "recorded_after_72h",
    "no_crimes_reviewed", "no_crimes_incorrect", "other_reports_route", "other_reports_reviewed",
    "other_reports_crimes_should", "other_reports_crimes_recorded", "basis", "source", "note",
)  # fmt: skip
NATIONAL_COLUMNS = ("group", "metric", "value", "unit", "period", "basis", "source", "note")
INSPECTION_COLUMNS = (
    "force", "inspection", "first_or_re", "published", "audit_start", "audit_end",
    "recording_rate_pct", "ci_pm_pct", "violence_rate_pct", "violence_ci_pm_pct",
    "sexual_rate_pct", "est_unrecorded_per_year", "judgment", "audited_reports_n",
    "implied_n_srs", "basis", "source", "note",
)  # fmt: skip

T = TypeVar("T")


@functools.cache
def load_published() -> Published:
    """Everything published, read and checked once.

    Raises
    ------
    ValueError
        If a shipped file breaks a rule; it names file, row and column. These are
        our own files, so that is a bug and keeps its traceback.

    >>> published = load_published()
    >>> int(published.forces.total.sum())
    3438784
    >>> [audit.recorded for audit in published.force_audits if audit.force == "Metropolitan"]
    [908]
    """
    return read_published(Path(__file__).parent)


def read_published(folder: Path) -> Published:
    """Read and check the tables of *folder*, without a cache."""
    force_rows = read_rows(folder / "forces.csv", FORCE_COLUMNS)
    audit_rows = read_rows(folder / "hmic_2014_force_audits.csv", AUDIT_COLUMNS)
    national_rows = read_rows(folder / "hmic_2014_national.csv", NATIONAL_COLUMNS)
    inspection_rows = read_rows(folder / "hmicfrs_cdi_first_inspections.csv", INSPECTION_COLUMNS)
    forces = _forces(force_rows)
    national = _national(national_rows)
    force_audits = _force_audits(audit_rows, dict(zip(forces.name, forces.interim_13, strict=True)))
    first_inspections = _first_inspections(inspection_rows, forces.name)
    tables = (force_rows, audit_rows, national_rows, inspection_rows)
    sources, attribution = _sources(
        folder / "sources.toml", {rows[0].file: _bases(rows) for rows in tables}
    )
    return Published(forces, national, force_audits, first_inspections, sources, attribution)


def _bases(rows: list[Row]) -> set[str]:
    """Every basis that occurs in a table, whatever its basis columns are called."""
    columns = [column for column in rows[0].cells if column.startswith("basis")]
    return {row.cells[column] for row in rows for column in columns}


def _unique(rows: Iterable[Row], columns: tuple[str, ...]) -> None:
    """Check that no two rows agree in all *columns*."""
    seen: dict[tuple[str, ...], int] = {}
    for row in rows:
        key = tuple(row.cells[column] for column in columns)
        if key in seen:
            raise row.fault(columns[0], f"{', '.join(key)} is already in row {seen[key]}")
        seen[key] = row.line


def _complete(rows: list[Row]) -> None:
    """Check that a table has each force once."""
    _unique(rows, ("force",))
    if len(rows) != N_FORCES:
        raise rows[-1].fault("force", f"{len(rows)} forces in the table, expected {N_FORCES}")


def _forces(rows: list[Row]) -> Forces:
    """Check the forces table and turn it into arrays."""
    _complete(rows)
    for row in rows:
        _check_force(row)
    return Forces(
        name=tuple(row.text("force") for row in rows),
        region=tuple(row.text("region") for row in rows),
        force_type=tuple(row.one_of("force_type", ("metropolitan", "county")) for row in rows),
        interim_13=tuple(row.one_of("interim_13", INTERIM_13) for row in rows),
        population=_fixed(rows, lambda row: row.count("population_census2011"), np.int64),
        officers_fte=_fixed(rows, lambda row: row.number("officers_fte_sep2014"), np.float64),
        recorded=_fixed(rows, _offence_groups, np.int64),
        total=_fixed(rows, lambda row: row.count("crime_total_excl_fraud"), np.int64),
        bases=MappingProxyType(
            {
                name: tuple(row.basis(column) for row in rows)
                for name, column in _FORCE_BASES.items()
            }
        ),
    )


def _check_force(row: Row) -> None:
    """Check the sums of one force and its two printed ratios."""
    for whole, parts in _SUMS.items():
        row.check_sum(whole, parts)
    crimes = row.count("crime_total_excl_fraud")
    ratios = {
        "crimes_excl_fraud_per_1000_pop": row.number("population_census2011") / 1000,
        "crimes_excl_fraud_per_officer": row.number("officers_fte_sep2014"),
    }
    for column, base in ratios.items():
        # Printed to two decimals; the slack is for the binary fraction, not the figure.
        if not base or abs(crimes / base - row.number(column)) > 0.005 + 1e-9:
            raise row.fault(column, f"{row.cells[column]} is not {crimes} / {base:g}")


def _offence_groups(row: Row) -> list[int]:
    """Recorded crime of one force in the order of OFFENCE_GROUPS."""
    named = [row.count(column) for column in _GROUPS]
    return [*named, row.count("crime_total_excl_fraud") - sum(named)]


def _fixed(rows: list[Row], value: Callable[[Row], Any], dtype: type[T]) -> np.ndarray[Any, Any]:
    """One value or list of values a row as an array nobody can write to."""
    array = np.array([value(row) for row in rows], dtype=dtype)
    array.setflags(write=False)
    return array


def _force_audits(rows: list[Row], interim_13: Mapping[str, str]) -> tuple[ForceAudit, ...]:
    """Check the audit counts and turn each row into a ForceAudit."""
    _unique(rows, ("force", "stage"))
    return tuple(_force_audit(row, interim_13) for row in rows)


def _force_audit(row: Row, interim_13: Mapping[str, str]) -> ForceAudit:
    """Check one row of audit counts."""
    force = row.one_of("force", tuple(interim_13))
    if row.cells["interim_13"] != interim_13[force]:
        raise row.fault("interim_13", f"forces.csv says {interim_13[force]} for {force}")
    due, recorded = "crimes_should_be_recorded", "crimes_recorded"
    if bool(row.cells[due]) != bool(row.cells[recorded]):
        raise row.fault(recorded, f"{recorded} and {due} come together or not at all")
    row.check_part(recorded, due)
    row.check_part("misclassified", recorded)
    row.check_part("recorded_after_72h", recorded)
    row.check_part("no_crimes_incorrect", "no_crimes_reviewed")
    row.check_part("other_reports_crimes_recorded", "other_reports_crimes_should")
    return ForceAudit(
        force=force,
        stage=row.one_of("stage", STAGES),
        interim_13=row.cells["interim_13"],
        incidents_examined=row.count_or_none("incident_records_examined"),
        due=row.count_or_none(due),
        recorded=row.count_or_none(recorded),
        rate_published=row.percentage_or_none("pct_recorded_published"),
        misclassified=row.count_or_none("misclassified"),
        late=row.count_or_none("recorded_after_72h"),
        no_crimes_reviewed=row.count_or_none("no_crimes_reviewed"),
        no_crimes_incorrect=row.count_or_none("no_crimes_incorrect"),
        other_route=row.one_of("other_reports_route", ("", "direct", "other_system")),
        other_reviewed=row.count_or_none("other_reports_reviewed"),
        other_due=row.count_or_none("other_reports_crimes_should"),
        other_recorded=row.count_or_none("other_reports_crimes_recorded"),
        basis=row.basis(),
        source=row.text("source"),
        note=row.cells["note"],
    )


def _national(rows: list[Row]) -> Mapping[tuple[str, str], tuple[Figure, ...]]:
    """Check the national figures and file them by group and metric."""
    _unique(rows, ("group", "metric", "period"))
    figures: dict[tuple[str, str], tuple[Figure, ...]] = {}
    for row in rows:
        unit, value = row.text("unit"), row.number("value")
        if unit.startswith("share") and value > 1:
            raise row.fault("value", f"{value:g} is more than 1, but the unit is {unit}")
        source, basis = row.text("source"), row.basis()
        figure = Figure(value, unit, row.cells["period"], basis, source, row.cells["note"])
        key = (row.text("group"), row.text("metric"))
        figures[key] = (*figures.get(key, ()), figure)
    return MappingProxyType(figures)


def _first_inspections(rows: list[Row], names: tuple[str, ...]) -> tuple[FirstInspection, ...]:
    """Check the rolling programme and turn each row into a FirstInspection."""
    _complete(rows)
    return tuple(_first_inspection(row, names) for row in rows)


def _first_inspection(row: Row, names: tuple[str, ...]) -> FirstInspection:
    """Check one first inspection."""
    row.one_of("first_or_re", ("first",))
    start, end = row.date_or_none("audit_start"), row.date_or_none("audit_end")
    if start and end and start >= end:
        raise row.fault("audit_end", f"{end} is not after the start, {start}")
    return FirstInspection(
        force=row.one_of("force", names),
        year=row.count("inspection"),
        published=row.date_or_none("published"),
        audit_start=start,
        audit_end=end,
        rate=row.percentage("recording_rate_pct"),
        half_width=row.percentage_or_none("ci_pm_pct"),
        violence_rate=row.percentage_or_none("violence_rate_pct"),
        violence_half_width=row.percentage_or_none("violence_ci_pm_pct"),
        sexual_rate=row.percentage_or_none("sexual_rate_pct"),
        unrecorded_per_year=row.count("est_unrecorded_per_year"),
        judgment=row.text("judgment"),
        n_audited=row.count_or_none("audited_reports_n"),
        n_implied=row.count_or_none("implied_n_srs"),
        basis=row.basis(),
        source=row.text("source"),
        note=row.cells["note"],
    )


def _sources(path: Path, bases: Mapping[str, set[str]]) -> tuple[tuple[Source, ...], str]:
    """Read the sources; each table must be there, with exactly the bases of its rows."""
    with path.open("rb") as lines:
        content = tomllib.load(lines)
    sources = tuple(_source(entry, path.name) for entry in content["source"])
    keys = [source.key for source in sources]
    if twice := [key for key in keys if keys.count(key) > 1]:
        raise ValueError(f"{path.name}: row {twice[0]}, column key: is there twice")
    for source in sources:
        place = f"{path.name}: row {source.key}, column"
        if missing := sorted(set(source.rests_on) - set(keys)):
            raise ValueError(f"{place} rests_on: no entry for {', '.join(missing)}")
        if source.file and set(source.basis) != bases.get(source.file, set()):
            raise ValueError(f"{place} basis: is not what the rows of {source.file} say")
        if source.file and not source.rests_on:
            raise ValueError(f"{place} rests_on: a table rests on something")
    if absent := sorted(set(bases) - {source.file for source in sources}):
        raise ValueError(f"{path.name}: no source entry for the table {absent[0]}")
    return sources, str(content["attribution"])


def _source(entry: Mapping[str, Any], file: str) -> Source:
    """Check one entry: all fields there, none empty but ``url``, known bases."""
    place = f"{file}: row {entry.get('key', '?')}, column"
    needed = ("key", "title", "publisher", "date", "licence", "url", "basis", "used_for", "note")
    for column in needed:
        if column not in entry or (not entry[column] and column != "url"):
            raise ValueError(f"{place} {column}: is missing or empty")
    if unknown := sorted(set(entry) - {*needed, "file", "rests_on"}):
        raise ValueError(f"{place} {unknown[0]}: is not a field of a source")
    if strange := sorted(set(entry["basis"]) - set(BASES)):
        raise ValueError(f"{place} basis: {strange[0]!r} is not one of: {', '.join(BASES)}")
    tuples = {"basis": tuple(entry["basis"]), "rests_on": tuple(entry.get("rests_on", ()))}
    return Source(**{**entry, **tuples})
