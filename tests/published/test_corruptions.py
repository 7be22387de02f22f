"""A fault planted in any table is caught, and the error names file, row and column."""

import csv
import shutil
from pathlib import Path

import pytest

from underrecording import published as room
from underrecording.published.load import read_published

SOURCE = Path(room.__file__).parent
FORCES, AUDITS = "forces.csv", "hmic_2014_force_audits.csv"
NATIONAL, ROLLING = "hmic_2014_national.csv", "hmicfrs_cdi_first_inspections.csv"


@pytest.fixture
def folder(tmp_path):
    for path in [*SOURCE.glob("*.csv"), SOURCE / "sources.toml"]:
        shutil.copy(path, tmp_path)
    return tmp_path


def read(path):
    with path.open(newline="", encoding="utf-8") as lines:
        return list(csv.reader(lines))


def write(path, rows):
    with path.open("w", newline="", encoding="utf-8") as lines:
        csv.writer(lines, lineterminator="\n").writerows(rows)


def plant(path, line, column, value):
    """Put *value* into one cell; *line* counts the header as 1."""
    rows = read(path)
    rows[line - 1][rows[0].index(column)] = value
    write(path, rows)


def test_untouched_copies_load(folder):
    assert len(read_published(folder).forces.name) == 43


@pytest.mark.parametrize(
    ("name", "line", "column", "value", "problem"),
    [
        (FORCES, 3, "force", "Avon and Somerset", "already in row 2"),
        (FORCES, 2, "region", "", "is empty"),
        (FORCES, 2, "force_type", "rural", "'rural' is not one of"),
        (FORCES, 2, "interim_13", "maybe", "'maybe' is not one of"),
        (FORCES, 2, "crime_robbery", "768", None),
        (FORCES, 2, "crime_robbery", "-1", "not a whole number"),
        (FORCES, 2, "crime_robbery", "7_67", "not a whole number"),
        (FORCES, 2, "crime_homicide", "14", None),
        (FORCES, 2, "crime_burglary_domestic", "4890", None),
        (FORCES, 2, "crime_shoplifting", "10637", None),
        (FORCES, 2, "crime_fraud", "1522", None),
        (FORCES, 2, "population_census2011", "1699555", None),
        (FORCES, 2, "officers_fte_sep2014", "nan", "finite number"),
        (FORCES, 2, "officers_fte_sep2014", "0", None),
        (FORCES, 2, "crimes_excl_fraud_per_officer", "35.03", "is not 95528"),
        (FORCES, 2, "basis_crime", "", "is not one of: verbatim"),
        (FORCES, 2, "basis_ratios", "guessed", "is not one of: verbatim"),
        (AUDITS, 2, "force", "Metropolis", "is not one of"),
        (AUDITS, 2, "stage", "interim", "is not one of"),
        (AUDITS, 2, "interim_13", "no", "forces.csv says yes"),
        (AUDITS, 4, "stage", "interim_may2014", None),
        (AUDITS, 2, "crimes_recorded", "1127", "1127 is more than crimes_should_be_recorded"),
        (AUDITS, 2, "crimes_recorded", "", "together or not at all"),
        (AUDITS, 4, "misclassified", "122", "is more than crimes_recorded"),
        (AUDITS, 4, "recorded_after_72h", "122", "is more than crimes_recorded"),
        (AUDITS, 2, "no_crimes_incorrect", "91", "is more than no_crimes_reviewed"),
        (AUDITS, 17, "other_reports_crimes_recorded", "13", "is more than other_reports"),
        (AUDITS, 17, "other_reports_route", "pigeon", "is not one of"),
        (AUDITS, 5, "pct_recorded_published", "101", "more than 100 per cent"),
        (AUDITS, 2, "source", "", "is empty"),
        (AUDITS, 2, "basis", "hearsay", "is not one of: verbatim"),
        (NATIONAL, 16, "value", "1.9", "more than 1, but the unit is share"),
        (NATIONAL, 16, "value", "19 %", "is not a number"),
        (NATIONAL, 16, "value", "-0.19", "finite number"),
        (NATIONAL, 16, "unit", "", "is empty"),
        (NATIONAL, 16, "basis", "", "is not one of: verbatim"),
        (NATIONAL, 16, "source", " ", "is empty"),
        (NATIONAL, 4, "metric", "incidents_examined", None),
        (ROLLING, 3, "force", "Avon and Somerset", "already in row 2"),
        (ROLLING, 3, "force", "Beds", "is not one of"),
        (ROLLING, 2, "recording_rate_pct", "895.6", "more than 100 per cent"),
        (ROLLING, 2, "recording_rate_pct", "", "is not a number"),
        (ROLLING, 2, "ci_pm_pct", "1,66", "is not a number"),
        (ROLLING, 2, "first_or_re", "re", "is not one of: first"),
        (ROLLING, 2, "audit_end", "2015-09-30", "is not after the start"),
        (ROLLING, 2, "published", "Feb 2017", "is not a date"),
        (ROLLING, 2, "basis", "recollected", "is not one of: verbatim"),
        (ROLLING, 2, "source", "", "is empty"),
    ],
)
def test_a_planted_cell_is_caught(folder, name, line, column, value, problem):
    plant(folder / name, line, column, value)
    with pytest.raises(ValueError, match=f"^{name}: row {line}, column ") as caught:
        read_published(folder)
    if problem is not None:
        assert f"column {column}: " in str(caught.value)
        assert problem in str(caught.value)


@pytest.mark.parametrize("name", [FORCES, ROLLING])
def test_a_lost_force_is_caught(folder, name):
    write(folder / name, read(folder / name)[:-1])
    with pytest.raises(ValueError, match=f"^{name}: row 43, column force: 42 forces"):
        read_published(folder)


@pytest.mark.parametrize("name", [FORCES, AUDITS, NATIONAL, ROLLING])
def test_a_short_line_a_lost_column_and_a_swap_of_columns_are_caught(folder, name):
    rows = read(folder / name)
    write(folder / name, [rows[0], rows[1][:-1], *rows[2:]])
    with pytest.raises(ValueError, match=f"^{name}: row 2, column .* cells, expected"):
        read_published(folder)
    write(folder / name, [row[:-1] for row in rows])
    with pytest.raises(ValueError, match=f"^{name}: row 1, column {rows[0][-1]}: missing"):
        read_published(folder)
    write(folder / name, [[row[1], row[0], *row[2:]] for row in rows])
    with pytest.raises(ValueError, match=f"^{name}: row 1: columns are not in"):
        read_published(folder)


@pytest.mark.parametrize("name", [FORCES, AUDITS, NATIONAL, ROLLING])
def test_an_empty_table_is_caught(folder, name):
    write(folder / name, read(folder / name)[:1])
    with pytest.raises(ValueError, match=name):
        read_published(folder)


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ('key = "census_2011"', 'key = "ons_table_p1"', "is there twice"),
        ('key = "census_2011"', 'key = "census"', "no entry for census_2011"),
        ('file = "forces.csv"', 'file = "force.csv"', "basis: is not what the rows"),
        (
            'basis = ["verbatim", "derived", "recalled"]',
            'basis = ["verbatim"]',
            "forces, column basis",
        ),
        ('basis = ["recalled"]', 'basis = ["heard"]', "'heard' is not one of"),
        ('used_for = "population', 'use = "population', "used_for: is missing"),
        ('publisher = "Home Office"', 'publisher = ""', "publisher: is missing or empty"),
        ('date = "2011"', 'date = "2011"\nmood = "good"', "mood: is not a field"),
    ],
)
def test_a_fault_in_the_sources_is_caught(folder, old, new, problem):
    path = folder / "sources.toml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ValueError, match=r"^sources\.toml: row ") as caught:
        read_published(folder)
    assert problem in str(caught.value)


def test_a_table_without_a_source_entry_is_caught(folder):
    path = folder / "sources.toml"
    text = path.read_text(encoding="utf-8")
    entries = text.split("[[source]]")
    kept = [entry for entry in entries if 'file = "hmicfrs' not in entry]
    kept = [entry.replace(', "hmicfrs_cdi_first_inspections"', "") for entry in kept]
    path.write_text("[[source]]".join(kept), encoding="utf-8")
    with pytest.raises(ValueError, match="no source entry for the table hmicfrs"):
        read_published(folder)
