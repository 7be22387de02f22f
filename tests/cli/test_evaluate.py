"""`simulate evaluate`: the promised JSON, the readable table, and what it refuses."""

import csv
import json

import pytest
from click.testing import CliRunner

from underrecording.cli import main
from underrecording.estimation import INTERVALS, MODELS, POINTS, VARIANCES

HEADER = "force,stratum,frame,sampled,due,recorded"
ESSEX_AND_MET = (
    "force,stratum,sampled,due,recorded\nEssex,all,120,120,110\nMetropolitan,all,1126,1126,908\n"
)
KEYS = {
    "estimator", "point", "variance", "interval", "estimand", "domain", "value", "se", "low",
    "high", "level", "df",
}  # fmt: skip


def run(*words):
    return CliRunner().invoke(main, ["evaluate", *map(str, words)])


def table(folder, text):
    path = folder / "audit.csv"
    path.write_text(text, encoding="utf-8")
    return path


def estimates(*words):
    found = run(*words, "--json")
    assert found.exit_code == 0, found.output
    return json.loads(found.stdout)


def one(document, estimator, domain="national", estimand="under_recording_rate"):
    rows = [
        row
        for row in document["estimates"]
        if (row["estimator"], row["domain"], row["estimand"]) == (estimator, domain, estimand)
    ]
    assert len(rows) == 1
    return rows[0]


@pytest.fixture(scope="module")
def two_stage(tmp_path_factory):
    """Three of nine forces, two strata: small enough to work out by hand."""
    rows = [
        "A,violence,400,40,35,30", "A,other,900,60,50,40",
        "B,violence,100,50,45,40", "B,other,300,60,55,50",
        "C,violence,200,40,36,20", "C,other,500,50,44,38",
    ]  # fmt: skip
    return table(tmp_path_factory.mktemp("audit"), "\n".join([HEADER, *rows]) + "\n")


@pytest.fixture(scope="module")
def document(two_stage):
    return estimates(two_stage, "--forces", 9)


def test_json_has_the_promised_form(document):
    assert set(document) >= {"estimates", "notes"}
    assert all(set(row) == KEYS for row in document["estimates"])
    assert all(isinstance(note, str) for note in document["notes"])
    assert {row["domain"] for row in document["estimates"]} == {
        "national", "violence", "other", "A", "B", "C",
    }  # fmt: skip


def test_every_variance_and_interval_of_combined_ratio_is_there(document):
    for variance in VARIANCES:
        for interval in INTERVALS:
            assert one(document, f"combined_ratio/{variance}/{interval}")["level"] == 0.95


def test_combined_ratio_is_the_two_stage_formula_worked_out_here(document, two_stage):
    with two_stage.open() as lines:
        cells = [{k: v if k in ("force", "stratum") else int(v) for k, v in row.items()}
                 for row in csv.DictReader(lines)]  # fmt: skip
    x = {
        f: sum(c["frame"] / c["sampled"] * c["due"] for c in cells if c["force"] == f)
        for f in "ABC"
    }
    y = {f: sum(c["frame"] / c["sampled"] * c["recorded"] for c in cells if c["force"] == f)
         for f in "ABC"}  # fmt: skip
    accuracy = sum(y.values()) / sum(x.values())
    e = [y[f] - accuracy * x[f] for f in "ABC"]
    mean = sum(e) / 3
    between = 81 * (1 - 3 / 9) * sum((v - mean) ** 2 for v in e) / 2 / 3
    within = 0.0
    for c in cells:
        n, due, recorded = c["sampled"], c["due"], c["recorded"]
        residuals = [1 - accuracy] * recorded + [-accuracy] * (due - recorded) + [0.0] * (n - due)
        centre = sum(residuals) / n
        s2 = sum((r - centre) ** 2 for r in residuals) / (n - 1)
        within += 9 / 3 * c["frame"] ** 2 * (1 - n / c["frame"]) * s2 / n
    row = one(document, "combined_ratio/linearised/t")
    assert row["value"] == pytest.approx(1 - accuracy, rel=1e-12)
    assert row["se"] == pytest.approx((between + within) ** 0.5 / (3 * sum(x.values())), rel=1e-12)
    assert row["df"] == 2
    assert row["high"] - row["value"] == pytest.approx(4.302652729911275 * row["se"], rel=1e-9)


def test_level_is_the_intervals_own(two_stage):
    row = one(estimates(two_stage, "--forces", 9, "--level", 0.8), "combined_ratio/linearised/t")
    assert row["level"] == 0.8
    assert row["high"] - row["value"] == pytest.approx(1.8856180831641267 * row["se"], rel=1e-9)


def test_without_frame_every_record_counts_the_same(tmp_path):
    found = estimates(table(tmp_path, ESSEX_AND_MET))
    assert one(found, "combined_ratio/linearised/t")["value"] == pytest.approx(228 / 1246)
    assert any("no frame sizes" in note for note in found["notes"])


def test_what_the_table_cannot_support_is_named_with_its_reason(tmp_path):
    notes = estimates(table(tmp_path, ESSEX_AND_MET))["notes"]
    for point in ("by_group", "regression", "beta_binomial"):
        assert any(note.startswith(f"{point}: needs the recorded volumes") for note in notes)
    assert any(note.startswith("confusion_corrected: needs") for note in notes)


def test_readers_who_err_are_corrected_for(tmp_path):
    text = "force,stratum,sampled,due,recorded,over_recorded\n"
    text += "A,all,1000,850,700,5\nB,all,800,700,500,4\n"
    path = table(tmp_path, text)
    words = (path, "--recorded-reading", 0.95, 1.0)
    corrected = one(estimates(*words), "confusion_corrected/linearised/t")["value"]
    plain = one(estimates(*words), "combined_ratio/linearised/t")["value"]
    # One in twenty recorded crimes was taken for unrecorded.
    assert 1 - corrected == pytest.approx((1 - plain) / 0.95, rel=1e-9)


def test_essex_and_the_met_are_told_apart(tmp_path):
    found = run(table(tmp_path, ESSEX_AND_MET))
    assert found.exit_code == 0, found.output
    assert "Essex under-records less than Metropolitan (p 0.003)." in found.stdout
    assert "Essex, with the lowest rate, is number 1 of 2 inspected." in found.stdout


def test_two_forces_that_chance_could_swap_are_not(tmp_path):
    alike = "force,stratum,sampled,due,recorded\nA,all,60,50,41\nB,all,60,50,40\n"
    found = run(table(tmp_path, alike))
    assert "under-records less than" not in found.stdout
    assert "Of 1 pairs, which force records better: the audit cannot tell." in found.stdout


@pytest.mark.parametrize("name", ["hmic_2014", "interim_2014", "hmicfrs_2016_2020"])
def test_shipped_examples_are_found_by_name(name):
    found = run(name)
    assert found.exit_code == 0, found.output
    assert "of 43 forces inspected" in found.stdout
    assert "beta_binomial/posterior/credible" in found.stdout


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"{HEADER}\nA,all,100,20,15,16\n", "recorded"),
        (f"{HEADER}\nA,all,100,20,21,16\n", "due"),
        (f"{HEADER}\nA,all,10,20,15,12\n", "sampled"),
        (f"{HEADER}\nA,all,100,twenty,15,12\n", "twenty"),
        (f"{HEADER}\nA,all,100,20,15,12\nA,all,100,20,15,12\n", "row 2"),
        (f"{HEADER}\n", "audit.csv"),
        ("", "empty"),
        ("force;stratum\nA;all\n", "sampled"),
    ],
)
def test_malformed_table_ends_with_status_2_and_its_place(tmp_path, text, said):
    found = run(table(tmp_path, text))
    assert found.exit_code == 2
    assert "Traceback" not in found.output
    assert "audit.csv" in found.stderr
    assert said in found.stderr
    assert found.stdout == ""


def test_missing_table_and_too_many_forces_end_with_status_2(tmp_path):
    assert run(tmp_path / "nowhere.csv").exit_code == 2
    found = run(table(tmp_path, ESSEX_AND_MET), "--forces", 1)
    assert found.exit_code == 2
    assert "2 forces are more than the 1 there are" in found.stderr


def test_name_close_to_a_known_force_is_pointed_out(tmp_path):
    found = run(table(tmp_path, ESSEX_AND_MET.replace("Metropolitan", "Metropolitann")))
    assert found.exit_code == 0
    assert "Metropolitan" in found.stderr


@pytest.mark.parametrize("name", [*POINTS, *MODELS])
def test_every_estimator_can_be_described(name):
    found = CliRunner().invoke(main, ["describe", "estimator", name])
    assert found.exit_code == 0, found.output
    for part in ("Formula::", "Assumes:", "Do not use it", "Source:"):
        assert part in found.stdout
