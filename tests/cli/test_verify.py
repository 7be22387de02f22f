"""`simulate verify` and `simulate replay`, from the command line."""

import json

import pandas as pd
import pytest
from click.testing import CliRunner

from underrecording.cli import main
from underrecording.scenario import shipped_scenarios


def invoke(*words):
    return CliRunner().invoke(main, [str(word) for word in words])


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("verify") / "run"
    made = invoke(
        "run", shipped_scenarios()["quick"], "--replicates", 60, "--seed", 3, "--quiet",
        "--set", "study.block_size=20", "--set", "study.trajectories=2", "--out", folder,
    )  # fmt: skip
    assert made.exit_code == 0, made.output
    return folder


def test_a_sound_run_ends_with_0_and_says_what_was_checked(run):
    answered = invoke("verify", run, "--blocks", 2)
    assert answered.exit_code == 0, answered.output
    for words in ("5 parts", "measures.csv, failures.csv", "2 of 3 blocks, 40 replicates",
                  "Not compared: figures", "No difference."):  # fmt: skip
        assert words in answered.stdout
    document = json.loads(invoke("verify", run, "--blocks", 1, "--json").stdout)
    assert document["same"] is True
    assert len(document["blocks"]) == 1


def test_which_blocks_are_taken_follows_from_the_seed(run):
    taken = {
        seed: json.loads(invoke("verify", run, "--blocks", 1, "--seed", seed, "--json").stdout)
        for seed in range(4)
    }
    assert len({taken[seed]["blocks"][0] for seed in taken}) > 1
    assert json.loads(invoke("verify", run, "--blocks", 1, "--json").stdout) == taken[0]


def test_a_difference_ends_with_1_and_no_run_with_2(run, tmp_path):
    table = run / "failures.csv"
    text = table.read_text()
    table.write_text(text.replace("60", "61", 1))
    try:
        answered = invoke("verify", run, "--blocks", 0)
        document = json.loads(invoke("verify", run, "--blocks", 0, "--json").stdout)
    finally:
        table.write_text(text)
    assert answered.exit_code == 1
    assert "failures.csv: differs in 1 line, first in line 2, " in answered.stdout
    assert document["same"] is False
    for command in (["verify", tmp_path], ["replay", tmp_path, "--replicate", 0]):
        refused = invoke(*command)
        assert refused.exit_code == 2
        assert refused.stdout == ""
        assert "holds no run" in refused.stderr


def test_a_replay_shows_every_step_with_the_numbers_of_the_run(run):
    answered = invoke("replay", run, "--replicate", 7)
    assert answered.exit_code == 0, answered.output
    for words in ("Replicate 7, cell 0", "inclusion probability", "crime reports", "truth"):
        assert words in answered.stdout
    document = json.loads(invoke("replay", run, "--replicate", 7, "--json").stdout)
    (part,) = run.glob("parts/rows-*.parquet")
    stored = pd.read_parquet(part).query("replicate == 7").set_index("estimator")
    assert len(document["forces"]) == 13
    for one in document["estimates"]:
        for name in ("estimate", "se", "low", "high", "truth"):
            assert one[name] == stored.loc[one["estimator"], name]
        assert one["covered"] == (one["low"] <= one["truth"] <= one["high"])


def test_what_the_run_does_not_have_ends_with_2(run):
    refused = invoke("replay", run, "--replicate", 60, "--cell", 9)
    assert refused.exit_code == 2
    assert "give 0 to 59" in refused.stderr
    assert "give 0 to 2" in refused.stderr
