"""The tables are the evidence as it was handed over, and the loader says what is in them."""

import hashlib
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from underrecording import published as room
from underrecording.published import OFFENCE_GROUPS, load_published, sources_table
from underrecording.published.facts import Published

FOLDER = Path(room.__file__).parent

SHA256 = {
    "forces.csv": "04ec8b4da130719c65caeb9d618728367eb2b38b719373463c2e14f7f8cea9bb",
    "hmic_2014_force_audits.csv": (
        "dec8b9416f87b76be85870872b7248d9bd11ea107c4495efa3f78cbf3c9286a0"
    ),
    "hmic_2014_national.csv": "f2c336c3eb9f31cf5b366383feed41ce9827f3eb2aba895243fe4657805782f4",
    "hmicfrs_cdi_first_inspections.csv": (
        "b60e526b9d05097383352b812b925fc11da0bcc524f24cc4596cfc3d173a89f7"
    ),
}


@pytest.fixture
def published() -> Published:
    return load_published()


@pytest.mark.parametrize("name", SHA256)
def test_a_table_is_byte_for_byte_the_evidence(name):
    assert hashlib.sha256((FOLDER / name).read_bytes()).hexdigest() == SHA256[name]


def test_every_table_of_the_room_is_recorded_here():
    assert {path.name for path in FOLDER.glob("*.csv")} == set(SHA256)


def test_the_numbers_of_rows_are_those_handed_over(published):
    assert len(published.forces.name) == len(published.first_inspections) == 43
    assert len(published.force_audits) == 34
    assert sum(len(figures) for figures in published.national.values()) == 92


def test_forces_are_alphabetical_and_their_groups_add_up_to_the_total(published):
    forces = published.forces
    assert list(forces.name) == sorted(forces.name)
    assert forces.recorded.shape == (43, len(OFFENCE_GROUPS))
    np.testing.assert_array_equal(forces.recorded.sum(axis=1), forces.total)


def test_the_groups_of_one_force_are_its_printed_cells(published):
    row = published.forces.recorded[published.forces.name.index("City of London")]
    # other = theft 3761 less burglary 341, drugs 488, weapons 22, public order 201, misc 181
    assert row.tolist() == [534, 50, 48, 341, 237, 3761 - 341 + 488 + 22 + 201 + 181]


def test_dtypes_are_counts_and_full_time_equivalents(published):
    forces = published.forces
    assert {forces.recorded.dtype, forces.total.dtype, forces.population.dtype} == {
        np.dtype(np.int64)
    }
    assert forces.officers_fte.dtype == np.float64


@pytest.mark.parametrize("name", ["recorded", "total", "population", "officers_fte"])
def test_nobody_can_write_into_the_published_arrays(published, name):
    with pytest.raises(ValueError, match="read-only"):
        getattr(published.forces, name)[0] = 1


def test_eleven_forces_were_in_the_interim_and_one_probably(published):
    flags = published.forces.interim_13
    assert (flags.count("yes"), flags.count("probable"), flags.count("no")) == (11, 1, 3)


def test_a_first_inspection_reads_as_printed(published):
    avon = published.first_inspections[0]
    assert (avon.force, avon.year, avon.rate, avon.half_width) == (
        "Avon and Somerset",
        2016,
        0.8956,
        0.0166,
    )
    assert (avon.violence_rate, avon.n_audited, avon.n_implied) == (None, None, 1303)
    assert str(avon.published) == "2017-02-09"


def test_a_metric_of_several_periods_needs_its_period(published):
    key = ("workforce", "police_officers_fte_43_forces")
    assert published.figure(*key, period="2014-09-30").value == 127077.36
    with pytest.raises(ValueError, match="10 figures; say which period of: 2006-09-30"):
        published.figure(*key)
    with pytest.raises(ValueError, match="0 figures"):
        published.figure(*key, period="2013")


def test_it_is_read_once():
    assert load_published() is load_published()


def test_every_government_source_keeps_the_open_government_licence(published):
    government = {"HMIC", "HMICFRS", "Home Office", "Office for National Statistics"}
    found = [source for source in published.sources if source.publisher in government]
    assert len(found) >= 8
    assert {source.licence for source in found} == {"Open Government Licence v3.0"}
    assert "Open Government Licence v3.0" in published.attribution


def test_the_list_of_sources_has_the_tables_first_and_marks_the_unchecked(published):
    rows = sources_table(published)
    assert [f"{row.key}.csv" for row in rows[:4]] == list(SHA256)
    marked = {row.key for row in rows if "recalled (unchecked)" in row.basis}
    assert marked == {source.key for source in published.sources if "recalled" in source.basis}
    assert {"hmic_2014_interim", "hmic_2014_final", "ons_user_guides"} <= marked


def test_every_document_is_something_a_table_rests_on_or_a_citation(published):
    tables = [source for source in published.sources if source.file]
    used = {key for table in tables for key in table.rests_on}
    documents = {source.key for source in published.sources if not source.file}
    assert documents - used == {"crime_science_2023"}


def test_loading_the_facts_imports_nothing_heavy():
    code = (
        "import sys; from underrecording.published import load_published; load_published(); "
        "sys.exit(any(m in sys.modules for m in ('pandas', 'scipy', 'numba', 'pydantic')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
