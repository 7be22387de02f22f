"""`simulate effect` and `simulate attribute` as a user types them."""

import json

import pandas as pd
import pytest
from click.testing import CliRunner

from underrecording.cli import main
from underrecording.scenario import load_scenario, shipped_scenarios

SCENARIO = """
title: More training
aim: Does it help?
seed: 5
world:
  fidelity: events
  draw: fixed
  pathway:
    days: 28
    warm_up_days: 7
    follow_up_days: 28
    interventions:
      - {name: training, date: 2012-11-10, training_rate_per_year: 20}
inspection:
  forces: {design: srs, count: 13}
  records: {allocation: equal, per_force: 160}
estimators: [combined_ratio/linearised/t]
study: {replicates: 10}
"""
OURS = ("austerity", "supervision", "training", "workload")


@pytest.fixture(scope="module")
def scenario(tmp_path_factory):
    path = tmp_path_factory.mktemp("scenario") / "more.yaml"
    path.write_text(SCENARIO)
    return path


def invoke(*words):
    return CliRunner().invoke(main, list(map(str, words)))


@pytest.fixture(scope="module")
def effect(scenario, tmp_path_factory):
    folder = tmp_path_factory.mktemp("effect") / "new"
    result = invoke(
        "effect", scenario, "--force", "gwent", "--worlds", 2, "--out", folder, "--json"
    )
    assert result.exit_code == 0, result.output
    return folder, result


def test_json_is_one_document_and_the_file_says_the_same(effect):
    folder, result = effect
    document = json.loads(result.stdout)
    assert document == json.loads((folder / "effect.json").read_text())
    assert document["dates"] == [{"date": "2012-11-10", "name": "training"}]
    assert any("assumptions" in note for note in document["notes"])
    rows = {(row["part"], row["measure"], row["group"]): row for row in document["effect"]}
    row = rows["after", "recording_accuracy", "all"]
    assert row["domain"] == "Gwent"
    assert row["difference"] == pytest.approx(row["with"] - row["without"])
    assert row["difference"] > 0 < row["mcse"]
    assert rows["before", "open_incidents", "all"]["difference"] == 0


def test_the_folder_holds_table_figure_and_numbers(effect):
    folder, result = effect
    table = pd.read_csv(folder / "effect.csv")
    assert list(table.columns) == [
        "domain", "part", "measure", "group", "unit", "without", "with", "difference", "mcse",
        "worlds",
    ]  # fmt: skip
    assert len(table) == len(json.loads(result.stdout)["effect"])
    numbers = pd.read_csv(folder / "effect_by_week.csv")
    assert set(numbers["side"]) == {"without", "with", "with minus without"}
    assert numbers["mean"].notna().all()
    assert (folder / "effect_by_week.png").stat().st_size > 10_000
    assert "<svg" in (folder / "effect_by_week.svg").read_text()


def test_text_has_both_sides_and_says_what_is_assumed(scenario, tmp_path):
    result = invoke(
        "effect", scenario, "--force", "Gwent", "--force", "Warwickshire", "--worlds", 2,
        "--out", tmp_path, "--quiet",
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    for words in ("all forces concerned", "Gwent", "Warwickshire", "without", "assumptions"):
        assert words in result.stdout
    assert result.stderr == ""
    assert str(tmp_path) in result.stdout


@pytest.mark.slow
def test_attribution_and_sobol_are_one_document(scenario, tmp_path):
    result = invoke(
        "attribute", scenario, "--force", "Gwent", "--worlds", 2, "--sobol", 8,
        "--range", "effects.pressure=0..1", "--out", tmp_path, "--json",
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    document = json.loads(result.stdout)
    rows = {row["factor"]: row["contribution"] for row in document["attribution"]}
    whole = rows.pop("under_recording_rate")
    assert sum(rows.values()) == pytest.approx(whole)
    sobol = {row["path"]: row for row in document["sobol"]}
    assert sobol["world.effects.pressure"]["high"] == 1
    assert sobol["world.effects.knowledge"]["total"] > 0.5
    names = {"attribution", "sobol"}
    for ending in ("png", "svg", "csv"):
        assert {path.stem for path in tmp_path.glob(f"*.{ending}")} == names


def test_a_scenario_that_changes_nothing_is_still_taken_apart(scenario, tmp_path):
    result = invoke(
        "attribute", scenario, "--set", "world.pathway.interventions=[]", "--force", "Gwent",
        "--worlds", 1, "--out", tmp_path, "--quiet",
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    assert "No Sobol indices" in result.stdout
    assert not (tmp_path / "sobol.csv").exists()


NOTHING = ["--set", "world.pathway.interventions=[]"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["effect", *NOTHING], "--set world.pathway.interventions=[]: world"),
        (["effect", *NOTHING], "no effect to show"),
        (["effect", "--force", "Gwnt"], "did you mean 'Gwent'"),
        (["effect", "--worlds", "0"], "--worlds"),
        (["effect", "--set", "world.fidelity=rates"], "leave it out"),
        (["effect", "--seed", "1", "--set", "seed=2"], "both give seed"),
        (["effect", "--set", "world.pathway.interventions=[{date: 2020-01-01, demand: 2}]"],
         "outside the period"),
        (["attribute", "--force", "Gwent", "--sobol", "100"], "power of 2"),
        (["attribute", "--force", "Gwent", "--range", "effects.workload=1"], "LOW..HIGH"),
        (["attribute", "--force", "Gwent", "--range", "effects.work=0..1"], "no number"),
        (["attribute", "--force", "nowhere"], "unknown force"),
        (["attribute"], "--force"),
    ],
)  # fmt: skip
def test_what_can_be_mended_ends_with_2_and_no_traceback(scenario, tmp_path, words, message):
    command, *options = words
    result = invoke(command, scenario, *options, "--out", tmp_path)
    assert result.exit_code == 2, result.output
    assert message in result.stderr
    assert "Traceback" not in result.output
    assert result.stdout == ""


@pytest.mark.parametrize("name", OURS)
def test_the_scenarios_of_streams_change_something_at_fixed_worlds(name):
    from underrecording.stream.counterfactual import concerned

    world = load_scenario(shipped_scenarios()[name]).scenario.world
    assert world.fidelity == "events"
    assert world.draw == "fixed"
    assert len(concerned(world)) == 43
    assert world.baseline.staff.officers_year == 2014
