"""The example tables are what the published figures make them, byte for byte."""

import csv
import io
from pathlib import Path

import numpy as np
import pytest

from underrecording import published as room
from underrecording.estimation.tables import read_audit_table, unknown_forces
from underrecording.published import audit_rows, force_audits_2014, load_published

P = load_published()
EXAMPLES = Path(room.__file__).parent / "examples"
VOLUME = dict(zip(P.forces.name, P.forces.total.tolist(), strict=True))


def counts_2014(audits):
    """Sampled, due and recorded of each force; nothing where no counts were published."""
    return {
        audit.force: (audit.incidents_examined or audit.due, audit.due, audit.recorded)
        for audit in audits
        if audit.due is not None
    }


def counts_rolling():
    """Counts that would give the printed rate and half-width."""
    return {
        inspection.force: (n, n, round(inspection.rate * n))
        for inspection in P.first_inspections
        if (n := inspection.n_implied) is not None
    }


def written(counts, *, basis=None):
    """The table as text: all 43 forces, in the order of the published table."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    columns = ["force", "stratum", "sampled", "due", "recorded", "recorded_volume"]
    writer.writerow(columns + ["basis"] * (basis is not None))
    for force, volume in VOLUME.items():
        row = [force, "all", *counts.get(force, (0, 0, 0)), volume]
        writer.writerow(row + ([basis[force in counts]] if basis else []))
    return out.getvalue()


TABLES = {
    "hmic_2014.csv": written(counts_2014(force_audits_2014(P))),
    "interim_2014.csv": written(counts_2014(audit_rows(P, "interim_may2014"))),
    "hmicfrs_2016_2020.csv": written(counts_rolling(), basis=("no half-width", "derived")),
}


def test_every_shipped_table_is_rebuilt():
    assert sorted(path.name for path in EXAMPLES.glob("*.csv")) == sorted(TABLES)


@pytest.mark.parametrize("name", list(TABLES))
def test_a_table_is_what_the_published_figures_make_it(name):
    assert (EXAMPLES / name).read_bytes().decode() == TABLES[name]


@pytest.mark.parametrize(
    ("name", "inspected", "due", "recorded"),
    [
        # Pooled rows of docs/evidence.md: 3,030 of 3,781; 1,402 of 1,772 in the interim report.
        ("hmic_2014.csv", 20, 3781, 3030),
        ("interim_2014.csv", 5, 1772, 1402),
    ],
)
def test_counts_of_2014_add_up_to_the_pooled_figures(name, inspected, due, recorded):
    table = read_audit_table(EXAMPLES / name)
    assert (table.sampled.sum(axis=1) > 0).sum() == inspected
    assert (table.due.sum(), table.recorded.sum()) == (due, recorded)
    assert table.notes == ()


def test_rates_of_the_rolling_programme_come_back_to_the_rounding_of_a_count():
    table = read_audit_table(EXAMPLES / "hmicfrs_2016_2020.csv")
    due, recorded = table.due[:, 0], table.recorded[:, 0]
    rate = {inspection.force: inspection.rate for inspection in P.first_inspections}
    derived = np.flatnonzero(due)
    assert derived.size == 39
    for f in derived:
        assert abs(recorded[f] / due[f] - rate[table.forces[f]]) <= 0.5 / due[f]
    assert table.notes == ("column 'basis' is not used",)


@pytest.mark.parametrize("name", list(TABLES))
def test_all_43_forces_are_known_with_their_volumes(name):
    table = read_audit_table(EXAMPLES / name)
    assert table.forces == P.forces.name
    assert unknown_forces(table, P.forces.name) == []
    np.testing.assert_array_equal(table.volume[:, 0], P.forces.total)
    assert table.strata == ("all",)
    assert not table.has_frame
    assert table.has_volume


def test_what_the_readme_says_of_sources_and_sizes_is_so():
    readme = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    examined = [a for a in force_audits_2014(P) if a.incidents_examined is not None]
    assert f"({len(examined)} forces of `hmic_2014.csv`)" in readme
    derived = [a.force for a in force_audits_2014(P) if a.basis == "derived"]
    assert f"{' and '.join(derived)} are derived" in readme
    for inspection in P.first_inspections:
        if inspection.n_audited is not None:
            against = f"{inspection.n_audited:,} against {inspection.n_implied:,}"
            assert f"{inspection.force} {against}" in readme
    without = sorted(i.force for i in P.first_inspections if i.n_implied is None)
    assert f"{', '.join(without[:-1])} and {without[-1]}" in readme
    assert P.attribution in readme
