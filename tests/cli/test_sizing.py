"""`simulate recommend` and `simulate split`, from the command line."""

import json

import pytest
from click.testing import CliRunner

from underrecording.cli import main
from underrecording.scenario import shipped_scenarios

QUICK = str(shipped_scenarios()["quick"])


def invoke(*words):
    return CliRunner().invoke(main, list(words))


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sizes") / "run"
    made = invoke(
        "run", QUICK, "--out", str(folder), "--replicates", "60", "--quiet",
        "--set", "study.sweep={grid: {inspection.forces.count: [5, 13, 26, 43], "
        "inspection.records.per_force: [60, 160, 400]}}", "--set", "study.trajectories=0",
    )  # fmt: skip
    assert made.exit_code == 0, made.output
    return str(folder)


def test_a_recommendation_names_samples_ranges_and_fit(run):
    answered = invoke("recommend", run, "--half-width", "0.03")
    assert answered.exit_code == 0, answered.output
    for words in ("fewest forces", "fewest records", "surface: off by", "coverage near there"):
        assert words in answered.output
    document = json.loads(invoke("recommend", run, "--half-width", "0.03", "--json").stdout)
    found = document["criteria"]["error"]["fewest_records"]
    assert found["low"] <= found["records"]
    assert found["total"] == found["forces"] * found["records"]


def test_a_goal_out_of_reach_is_said_to_be_so(run):
    answered = invoke("recommend", run, "--half-width", "0.0001")
    assert answered.exit_code == 0
    assert "no sample of the grid is enough, up to 400 records a force" in answered.output


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["{run}", "--estimator", "pooled/binomial/wold"], "did you mean 'pooled/binomial/wald'"),
        (["{tmp}"], "holds no run that can be read"),
        (["austerity"], "run it first: simulate run austerity"),
        (["{run}", "--half-width", "0"], "--half-width"),
    ],
)
def test_what_cannot_be_answered_ends_with_status_2(run, tmp_path, monkeypatch, words, said):
    monkeypatch.chdir(tmp_path)
    answered = invoke("recommend", *(w.format(run=run, tmp=tmp_path) for w in words))
    assert answered.exit_code == 2
    assert said in answered.stderr
    assert answered.stdout == ""


def test_a_run_without_a_grid_is_refused(tmp_path):
    folder = str(tmp_path / "run")
    made = invoke("run", QUICK, "--out", folder, "--replicates", "20", "--quiet")
    assert made.exit_code == 0, made.output
    answered = invoke("recommend", folder)
    assert answered.exit_code == 2
    assert "no sweep over inspection.records.per_force" in answered.stderr


def test_a_split_prints_its_sources_and_leaves_table_and_figure(tmp_path):
    folder = tmp_path / "split"
    words = ["split", QUICK, "--worlds", "60", "--out", str(folder), "--quiet"]
    answered = invoke(*words)
    assert answered.exit_code == 0, answered.output
    for text in ("force draw", "record draw", "reading error", "replicates saved"):
        assert text in answered.output
    assert {path.name for path in folder.iterdir()} == {
        f"variance_split.{ending}" for ending in ("csv", "json", "png", "svg")
    }
    document = json.loads(invoke(*words, "--json").stdout)
    rows = {row["source"]: row for row in document["split"] if row["estimator"] == "pooled"}
    parts = sum(rows[name]["variance"] for name in ("world", "forces", "records", "readings"))
    assert rows["sum"]["variance"] == pytest.approx(parts)


def test_several_fixed_worlds_cannot_be_split(tmp_path):
    answered = invoke("split", "unlucky_world", "--out", str(tmp_path / "split"))
    assert answered.exit_code == 2
    assert "fixed worlds cannot be split" in answered.stderr
    assert not (tmp_path / "split").exists()
