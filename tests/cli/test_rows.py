"""`study.keep: rows` from the command line, by the commands that docs/measuring.md prints."""

import re
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner

from underrecording.cli import main

PAGE = (Path(__file__).parents[2] / "docs/measuring.md").read_text()
SECTION = PAGE.partition("## Every estimate of our own studies")[2].partition("\n## ")[0]
BLOCKS = re.findall(r"^```(?:python)?\n(.*?)^```$", SECTION, re.MULTILINE | re.DOTALL)


def simulate(line):
    answered = CliRunner().invoke(main, line.split()[1:])
    assert answered.exit_code == 0, answered.output
    return answered.stdout


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Where the first command of the page was given."""
    where = tmp_path_factory.mktemp("rows")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(where)
        simulate(BLOCKS[0])
    return where


def test_the_page_prints_what_its_example_prints(folder, monkeypatch, capsys):
    monkeypatch.chdir(folder)
    _, code, printed, measure = BLOCKS
    exec(compile(code, "docs/measuring.md", "exec"), {})
    assert [line.rstrip() for line in capsys.readouterr().out.splitlines()] == printed.splitlines()
    measured = simulate(measure)
    coverage = pd.read_csv("outputs/rows/measures.csv").query("measure == 'coverage'")["value"]
    assert "Read outputs/rows/rows.csv: 6,000 rows" in measured
    first = re.search(r"^coverage +(\S+)", measured, re.MULTILINE)[1]
    assert first == f"{coverage.iloc[0]:.3f}"


def test_a_run_with_rows_is_verified_and_checked(folder, monkeypatch):
    monkeypatch.chdir(folder)
    said = simulate("simulate verify outputs/rows --blocks 1")
    assert "6 parts" in said
    assert "No difference." in said
    assert re.search(r"rows +6,000 kept, about \d+ kB on disk", simulate(
        "simulate check quick --set study.keep=rows"
    ))  # fmt: skip
