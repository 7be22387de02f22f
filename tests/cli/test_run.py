"""`simulate run` as a user types it: in a process of its own, and killed in the middle."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner

from underrecording.cli import COMMANDS, main
from underrecording.scenario import shipped_scenarios

QUICK = str(shipped_scenarios()["quick"])
COLUMNS = [
    "cell", "inspection.forces.count", "estimator", "estimand", "domain",
    "measure", "value", "mcse", "replicates", "failures",
]  # fmt: skip
NAMES = {
    "bias", "relative_bias", "empirical_se", "rmse", "model_se", "relative_error_model_se",
    "coverage", "bias_eliminated_coverage", "miss_low", "miss_high", "mean_width", "winkler",
    "mean_estimate", "mean_truth",
}  # fmt: skip


def command(*words):
    return [sys.executable, "-c", "from underrecording.cli import main; main()", *map(str, words)]


def simulate(*words, cwd):
    return subprocess.run(command(*words), cwd=cwd, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """A finished run of the quick scenario in a process of its own."""
    folder = tmp_path_factory.mktemp("quick")
    result = simulate("run", QUICK, "--jobs", 2, cwd=folder)
    assert result.returncode == 0, result.stderr
    (run,) = (folder / "outputs/quick").iterdir()
    return folder, run, result


def test_a_run_prints_its_table_and_its_folder(finished):
    _, run, result = finished
    assert "combined_ratio/linearised/t" in result.stdout
    assert result.stdout.rstrip().endswith(str(Path("outputs/quick") / run.name))
    assert "unchecked" in result.stdout
    assert "assum" in result.stdout


def test_a_run_folder_holds_what_the_interface_promises(finished):
    _, run, _ = finished
    table = pd.read_csv(run / "measures.csv")
    assert list(table.columns) == COLUMNS
    assert set(table["measure"]) >= NAMES
    assert set(table["cell"]) == {0, 1, 2}
    assert table["mcse"].notna().all()
    assert (run / "failures.csv").exists()
    assert (run / "report.html").stat().st_size > 10_000
    assert json.loads((run / "manifest.json").read_text())["ended"]
    pictures = {path.stem for path in (run / "figures").glob("*.png")}
    assert pictures
    for ending in ("svg", "csv"):
        assert {path.stem for path in (run / "figures").glob(f"*.{ending}")} == pictures


def test_nothing_is_written_outside_the_run_folder(finished):
    folder, run, _ = finished
    assert [path.name for path in folder.iterdir()] == ["outputs"]
    assert [path.name for path in run.parent.iterdir()] == [run.name]


def test_json_is_one_document_and_nothing_else(finished):
    folder, run, _ = finished
    result = simulate("run", QUICK, "--json", cwd=folder)
    document = json.loads(result.stdout)
    assert document["folder"] == str(Path("outputs/quick") / run.name)
    table = pd.read_csv(run / "measures.csv")
    for row in document["reference_cell"]:
        wanted = table.query("cell == 0 and measure == 'coverage'").set_index("estimator")
        assert row["coverage"] == pytest.approx(wanted.loc[row["estimator"], "value"])


@pytest.mark.slow
def test_another_number_of_threads_and_another_folder_give_the_same_bytes(finished, tmp_path):
    _, run, _ = finished
    result = simulate(
        "run", QUICK, "--jobs", 1, "--out", tmp_path / "mine", "--quiet", cwd=tmp_path
    )
    assert result.returncode == 0
    assert result.stderr == ""
    assert (tmp_path / "mine/measures.csv").read_bytes() == (run / "measures.csv").read_bytes()


@pytest.mark.slow
def test_another_seed_gives_another_folder(finished, tmp_path):
    _, run, _ = finished
    result = simulate("run", QUICK, "--seed", 2, "--replicates", 50, "--quiet", cwd=tmp_path)
    assert result.returncode == 0
    assert run.name not in result.stdout


def test_a_shipped_scenario_is_found_by_its_name(tmp_path):
    result = simulate("check", "quick", cwd=tmp_path)
    assert result.returncode == 0, result.stderr


@pytest.mark.slow
@pytest.mark.parametrize("moment", [0, 1, 2])
def test_a_run_killed_in_the_middle_carries_on_to_the_same_bytes(tmp_path, moment):
    words = ["run", QUICK, "--replicates", 6_000, "--jobs", 2, "--quiet"]
    whole = simulate(*words, "--out", tmp_path / "whole", cwd=tmp_path)
    assert whole.returncode == 0, whole.stderr

    victim = subprocess.Popen(command(*words, "--out", tmp_path / "killed"), cwd=tmp_path)
    parts = tmp_path / "killed/parts"
    deadline = time.monotonic() + 120
    while len(list(parts.glob("world-*.parquet"))) <= moment and time.monotonic() < deadline:
        time.sleep(0.002)
    victim.send_signal(signal.SIGKILL)
    assert victim.wait() == -signal.SIGKILL
    left = {path.name: path.stat().st_mtime_ns for path in parts.glob("world-*.parquet")}
    assert moment < len(left) < 12
    assert not (tmp_path / "killed/measures.csv").exists()

    again = simulate(*words, "--out", tmp_path / "killed", cwd=tmp_path)
    assert again.returncode == 0, again.stderr
    assert (tmp_path / "killed/measures.csv").read_bytes() == (
        tmp_path / "whole/measures.csv"
    ).read_bytes()
    for name, modified in left.items():
        assert (parts / name).stat().st_mtime_ns == modified


@pytest.mark.slow
def test_an_interrupted_run_ends_with_130_and_says_how_to_carry_on(tmp_path):
    process = subprocess.Popen(
        command("run", QUICK, "--replicates", 200_000, "--out", tmp_path / "run"),
        cwd=tmp_path, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    while not list((tmp_path / "run/parts").glob("world-*.parquet")):
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, talk = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "carries on" in talk
    assert "Traceback" not in talk


def test_help_imports_nothing_heavy():
    code = (
        "import sys; from click.testing import CliRunner; from underrecording.cli import main;"
        "result = CliRunner().invoke(main, ['--help']); assert result.exit_code == 0;"
        "print(sorted({'numpy', 'numba', 'pandas', 'scipy', 'pydantic', 'matplotlib', 'pyarrow',"
        " 'ruamel', 'rich', 'jinja2'} & {name.partition('.')[0] for name in sys.modules}))"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert answer.stdout.strip() == "[]"


LONG = ("attribute", "effect", "recommend", "replay", "stream", "verify")
"""Commands whose examples take long."""


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=pytest.mark.slow) if name in LONG else name for name in COMMANDS],
)
def test_the_help_of_each_command_has_an_example_that_runs(name, tmp_path, monkeypatch):
    text = CliRunner().invoke(main, [name, "--help"]).output
    (example,) = re.findall(r"Example: simulate (.+)", text)
    # Examples name shipped scenarios as they lie in a clone.
    monkeypatch.chdir(shipped_scenarios()["quick"].parents[1])
    words = example.split()
    if name == "run":
        words += ["--out", str(tmp_path / "run"), "--quiet"]
    if name == "stream":
        words += ["--out", str(tmp_path / "stream.parquet")]
    if name in ("recommend", "verify", "replay"):
        # Of a run that is there: a small one, in place of the default folder.
        small = ["--replicates", "20", "--set", "study.block_size=20", "--quiet"]
        scenario = words[1] if name == "recommend" else "quick"
        made = CliRunner().invoke(main, ["run", scenario, "--out", str(tmp_path / "run"), *small])
        assert made.exit_code == 0, made.output
        words[1] = str(tmp_path / "run")
    if name in ("effect", "attribute", "split"):
        words += ["--out", str(tmp_path / name), "--quiet"]
    result = CliRunner().invoke(main, words)
    assert result.exit_code == 0, result.output


@pytest.mark.parametrize("kind", ["designs", "estimators", "figures", "intervals", "rules",
                                  "scenarios", "sources", "variances"])  # fmt: skip
def test_everything_that_is_listed_can_be_described(kind):
    listed = CliRunner().invoke(main, ["list", kind])
    assert listed.exit_code == 0, listed.output
    names = [line.split()[0] for line in listed.output.splitlines()]
    assert names
    for name in names:
        described = CliRunner().invoke(main, ["describe", kind.removesuffix("s"), name])
        assert described.exit_code == 0, described.output
        assert len(described.output) > 40


@pytest.mark.parametrize(
    "words", [["list", "desings"], ["describe", "estimator", "poled"], ["describe", "x", "y"]]
)
def test_what_is_not_there_gets_the_nearest_name(words):
    result = CliRunner().invoke(main, words)
    assert result.exit_code == 2
    assert "known:" in result.stderr
    assert "Traceback" not in result.output


def test_unchecked_sources_are_marked_in_the_list():
    assert "(unchecked)" in CliRunner().invoke(main, ["list", "sources"]).output


def test_colour_stays_off_where_it_is_not_wanted(finished):
    _, _, result = finished
    assert "\x1b" not in result.stdout + result.stderr
    assert os.linesep in result.stdout
