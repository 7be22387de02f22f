"""`simulate stream` as a user types it."""

import json
import subprocess
import sys
import warnings

import pandas as pd
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from underrecording.cli import _plain_warnings, main
from underrecording.published import load_published
from underrecording.scenario import shipped_scenarios
from underrecording.stream import OverloadWarning
from underrecording.stream.parquet import METADATA, slug

QUICK = str(shipped_scenarios()["quick"])
SHORT = [
    "--set", "world.pathway.days=7", "--set", "world.pathway.warm_up_days=2",
    "--set", "world.pathway.follow_up_days=7",
]  # fmt: skip
NAMES = load_published().forces.name


def simulate(*words, cwd):
    code = "from underrecording.cli import main; main()"
    return subprocess.run(
        [sys.executable, "-c", code, "stream", QUICK, *SHORT, *map(str, words)],
        cwd=cwd, capture_output=True, text=True, check=False,
    )  # fmt: skip


def invoke(*words):
    return CliRunner().invoke(main, ["stream", QUICK, *SHORT, *map(str, words)])


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """One force of a scenario at fidelity: rates, with its figures, in a process of its own."""
    folder = tmp_path_factory.mktemp("stream")
    result = simulate(
        "--force", "city of LONDON", "--out", "new/city.parquet", "--figures", "figures",
        cwd=folder,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    return folder, result


def test_a_scenario_at_rates_is_streamed_as_if_at_events(written):
    folder, _ = written
    assert "fidelity" not in (shipped_scenarios()["quick"]).read_text()
    table = pq.read_table(folder / "new/city.parquet").to_pandas()
    assert set(table["force"]) == {"City of London"}
    assert len(table) > 300


def test_results_go_to_stdout_and_talk_to_stderr(written):
    folder, result = written
    table = pq.read_table(folder / "new/city.parquet")
    assert f"{table.num_rows:,}" in result.stdout
    assert "Stream: new/city.parquet" in result.stdout.splitlines()
    for word in ("crime reports", "accuracy", "late", "open", "call takers", "clerks"):
        assert word in result.stdout, word
    assert "Calibrating" in result.stderr
    assert "Calibrating" not in result.stdout
    assert "\x1b" not in result.stdout + result.stderr


def test_nothing_is_written_that_was_not_asked_for(written):
    folder, _ = written
    names = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert names == {"new/city.parquet"} | {
        f"figures/city-of-london_{figure}.{ending}"
        for figure in ("year", "workload")
        for ending in ("png", "svg", "csv")
    }


def test_a_file_says_from_which_scenario_seed_and_world_it_came(written):
    folder, _ = written
    about = json.loads(pq.read_schema(folder / "new/city.parquet").metadata[METADATA])
    assert about["seed"] == 1
    assert about["world"] == 0
    assert about["force"] == "City of London"
    assert about["period"] == {"start": "2012-11-01", "days": 7}
    assert about["scenario"]["text"] == shipped_scenarios()["quick"].read_text("utf-8")
    assert SHORT[1] in about["scenario"]["set"]
    assert about["world_options"]["fidelity"] == "events"
    assert len(about["scenario"]["digest"]) == 16


def test_seed_and_world_give_other_incidents_and_jobs_do_not(written, tmp_path):
    folder, _ = written
    known = (folder / "new/city.parquet").read_bytes()
    texts = {}
    for name, more in {
        "same": ["--jobs", 1], "seed": ["--seed", 2], "world": ["--world", 1],
    }.items():  # fmt: skip
        path = tmp_path / f"{name}.parquet"
        result = invoke("--force", "City of London", "--out", path, "--quiet", *more)
        assert result.exit_code == 0, result.output
        assert result.stderr == ""
        texts[name] = path.read_bytes()
    assert texts["same"] == known
    assert len({*texts.values()}) == 3


def test_both_engines_write_the_same_file(written, tmp_path):
    folder, _ = written
    path = tmp_path / "a.parquet"
    result = invoke("--force", "City of London", "--out", path, "--engine", "reference")
    assert result.exit_code == 0, result.output
    assert path.read_bytes() == (folder / "new/city.parquet").read_bytes()


def test_csv_is_written_where_the_name_says_so(tmp_path):
    path = tmp_path / "a.csv"
    result = invoke("--force", "City of London", "--out", path)
    assert result.exit_code == 0, result.output
    assert pd.read_csv(path)["incident"].iloc[-1] == len(pd.read_csv(path))


def test_all_forces_are_written_into_a_folder(tmp_path):
    result = invoke("--force", "all", "--out", tmp_path / "all")
    assert result.exit_code == 0, result.output
    files = {path.name for path in (tmp_path / "all").iterdir()}
    assert files == {f"{slug(name)}.parquet" for name in NAMES}
    assert "avon-and-somerset.parquet" in files
    told = [line.partition(":")[0] for line in result.stderr.splitlines() if "written" in line]
    assert told[0] == "Metropolitan"
    assert told[-1] == "City of London"
    for line in result.stdout.splitlines():
        assert "Traceback" not in line
    assert sum(line.startswith("Stream: ") for line in result.stdout.splitlines()) == 43


@pytest.mark.parametrize(
    ("force", "out", "told"),
    [
        ("Warwikshire", "a.parquet", "did you mean 'Warwickshire'?"),
        ("city-of-londn", "a.parquet", "did you mean"),
        ("Atlantis", "a.parquet", "known: all, Avon and Somerset"),
        ("Gwent", ".", "is a folder"),
        ("Gwent", "a.txt", ".parquet or .csv"),
        ("all", "a.parquet", "give a folder"),
        ("Gwent", "file/a.parquet", "cannot be written"),
    ],
)
def test_what_cannot_be_is_told_with_status_2_before_anything_is_computed(
    tmp_path, monkeypatch, force, out, told
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("in the way")
    result = invoke("--force", force, "--out", out)
    assert result.exit_code == 2
    assert told in result.stderr
    assert "Traceback" not in result.output
    assert "Calibrating" not in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_one_value_is_not_taken_from_two_places(tmp_path):
    result = invoke("--force", "Gwent", "--out", tmp_path / "a.csv", "--seed", 1, "--set", "seed=2")
    assert result.exit_code == 2
    assert "both give seed" in result.stderr


def test_a_mistake_that_a_force_shows_is_told_where_it_stands(tmp_path):
    more = ["--set", "world.staff.supervisors=0"]
    result = invoke("--force", "Gwent", "--out", tmp_path / "a.csv", *more)
    assert result.exit_code == 2
    assert "quick.yaml" in result.stderr
    assert "supervisor" in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_an_interruption_ends_with_130_and_says_what_is_there(tmp_path, monkeypatch):
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("underrecording.stream.write.write_streams", interrupted)
    result = invoke("--force", "City of London", "--out", tmp_path / "a.csv")
    assert result.exit_code == 130
    assert "whole" in result.stderr
    assert "Traceback" not in result.output


def test_an_overload_is_one_plain_line_on_stderr(tmp_path):
    result = simulate(
        "--force", "Warwickshire", "--out", tmp_path / "a.parquet",
        "--set", "world.staff.officers=0.6", "--quiet", cwd=tmp_path,
    )  # fmt: skip
    assert result.returncode == 0
    (line,) = result.stderr.splitlines()
    assert line.startswith("warning: Warwickshire: officers were asked for ")


def test_a_warning_is_shown_once_and_those_of_others_as_ever(capsys):
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        with _plain_warnings():
            for text in ("too much", "too much", "far too much"):
                warnings.warn(text, OverloadWarning, stacklevel=1)
        shown = capsys.readouterr().err.splitlines()
    assert shown == ["warning: too much", "warning: far too much"]
    with pytest.warns(UserWarning, match="another"), _plain_warnings():
        warnings.warn("another", UserWarning, stacklevel=1)


def test_of_many_warnings_the_first_few_are_shown_and_the_rest_counted(capsys):
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        with _plain_warnings():
            for number in range(13):
                warnings.warn(f"force {number}", OverloadWarning, stacklevel=1)
    shown = capsys.readouterr().err.splitlines()
    assert shown[:2] == ["warning: force 0", "warning: force 1"]
    assert shown[10:] == ["warning: and 3 more like these"]
