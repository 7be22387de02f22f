"""Scenarios with mistakes in them: status 2, a line that says where, and nothing written."""

import re

import pytest
from click.testing import CliRunner

from underrecording.cli import main

GOOD = """\
title: A study
aim: A question
seed: 7
world:
  draw: fresh
  accuracy: {between_force_sd: 0.08}
inspection:
  forces: {design: srs, count: 13}
  records: {allocation: hmic_2014, per_force: 160}
estimators:
  - combined_ratio/linearised/t
study:
  replicates: 100
"""


def changed(old, new):
    assert old in GOOD
    return GOOD.replace(old, new)


MISTAKES = {
    "text for a number": (changed("seed: 7", "seed: seven"), r":3:7: seed: .*whole number"),
    "a number in quotes": (changed("seed: 7", "seed: '7'"), r":3:7: seed: .*whole number"),
    "a fraction for a count": (changed("13}", "13.5}"), r":8:32: inspection.forces.count: "),
    "true for a count": (changed("13}", "true}"), r":8:32: inspection.forces.count: "),
    "a negative count": (changed("13}", "-1}"), r":8:32: inspection.forces.count: .*-1"),
    "no force": (changed("13}", "0}"), r":8:32: inspection.forces.count: .*0"),
    "more forces than there are": (changed("13}", "50}"), r":8:\d+: .*give 1 to 43"),
    "too few records": (changed("160}", "3}"), r":9:\d+: .*give at least 12"),
    "an absurd number of replicates": (changed("100\n", "9" * 14 + "\n"), r":13:15: .*replicates"),
    "a number of forty digits": (changed("100\n", "9" * 40 + "\n"), r":13:15: "),
    "a number of ten thousand digits": (changed("100\n", "9" * 10_000 + "\n"), r":13:15: "),
    "not a number": (changed("0.08", ".nan"), r":6:32: .*between_force_sd"),
    "infinity": (changed("0.08", ".inf"), r":6:32: .*between_force_sd"),
    "a spread that cannot be met": (changed("0.08", "0.001"), r":6:32: .*between_force_sd"),
    "a key nobody knows": (changed("draw: fresh", "drew: fresh"), r":5:3: world.drew: .*'draw'"),
    "a section nobody knows": (changed("study:", "sturdy:"), r":12:1: sturdy: .*'study'"),
    "a design nobody knows": (changed("srs", "srss"), r":8:20: .*did you mean 'srs'"),
    "a word nobody knows": (changed("fresh", "frsh"), r":5:9: world.draw: .*'fresh'"),
    "an allocation nobody knows": (changed("hmic_2014", "hmic"), r":9:25: .*allocation"),
    "an estimator nobody knows": (
        changed("combined_ratio", "combined_rate"), r":11:5: .*did you mean 'combined_ratio'"),
    "an estimator in one word": (
        changed("combined_ratio/linearised/t", "pooled"), r":11:5: .*point/variance/interval"),
    "an estimator twice": (
        changed("- combined_ratio/linearised/t", "- pooled/binomial/t\n  - pooled/binomial/t"),
        r":12:5: .*listed twice"),
    "no estimators": (changed("  - combined_ratio/linearised/t\n", ""), r"estimators"),
    "a missing section": (GOOD[: GOOD.index("study:")], r"study: required key is missing"),
    "a missing key": (changed("count: 13", ""), r":8:\d+: inspection.forces.count: .*missing"),
    "a key twice": (changed("seed: 7", "seed: 7\nseed: 8"), r":4:1: seed: "),
    "a list for a section": (changed("  replicates: 100", "  - replicates"), r":13:3: study: "),
    "an anchor and its alias": (
        changed("seed: 7", "seed: &s 7").replace("count: 13", "count: *s"), r":8:32: "),
    "a billion laughs": (
        GOOD + "a: &a [x,x]\nb: &b [*a,*a]\nc: &c [*b,*b]\nd: [*c,*c]\n", r":15:\d+: "),
    "a tag that runs code": (
        changed("seed: 7", "seed: !!python/object/apply:os.system ['true']"), r":3:7: "),
    "a merge key": (changed("draw: fresh", "<<: {draw: fresh}"), r":5:3: "),
    "two documents": (GOOD + "---\n" + GOOD, r":14:1: "),
    "a tab for an indent": (changed("  replicates", "\treplicates"), r":13:1: "),
    "an open bracket": (changed("160}", "160"), r":\d+:\d+: "),
    "nesting without end": ("a: " + "[" * 100_000, r":1:\d+: "),
    "only a word": ("interim", r":1:1: "),
    "an empty file": ("", r": "),
    "only a comment": ("# nothing\n", r": "),
    "a null for a title": (changed("A study", "null"), r":1:\d+: title: "),
    "a title of a novel": (changed("A study", "x" * 5_000), r":1:8: title: "),
    "an unknown force": (
        changed("draw: fresh", "draw: fresh\n  force_effects: {Metropolis: -2}"),
        r":6:31: .*did you mean 'Metropolitan'"),
    "fixed worlds that are fresh": (changed("draw: fresh", "draw: fresh\n  worlds: 9"), r":6:11: "),
    "a sweep over a key nobody knows": (
        GOOD + "  sweep: {one_at_a_time: {inspection.forces.cuont: [5]}}\n", r":14:\d+: .*cuont"),
    "a sweep to a value not allowed": (
        GOOD + "  sweep: {one_at_a_time: {inspection.forces.count: [5, six]}}\n",
        r":14:56: .*whole number"),
    "two kinds of sweep": (
        GOOD + "  sweep: {one_at_a_time: {seed: [1]}, grid: {seed: [2]}}\n", r":14:.*combined"),
    "a sweep over a key and over what lies below it": (
        GOOD + "  sweep: {grid: {inspection.forces.count: [5], "
        "inspection.forces: [{design: srs, count: 9}]}}\n",
        r":14:.*inspection.forces.count: lies below inspection.forces"),
    "a sweep over the seed": (
        GOOD + "  sweep: {one_at_a_time: {seed: [1, 2]}}\n", r":14:\d+: .*seed: cannot be swept"),
    "a sweep over the number of worlds": (
        GOOD + "  sweep: {grid: {world.worlds: [1, 2]}}\n", r":14:\d+: .*cannot be swept"),
    "a grid of a million cells": (
        GOOD + "  sweep:\n    grid:\n" + "".join(
            f"      world.{key}: [{', '.join(f'0.{i:02}' for i in range(1, 100))}]\n"
            for key in ("supervision.review_share", "pressure.level", "frame.gap_share")
        ), r":15:5: .*970,299 cells"),
    "a million blocks": (
        GOOD.replace("100\n", "1000000\n") + "  block_size: 1\n", r":14:15: .*1,000,000 blocks"),
    "a summary larger than the memory": (
        changed(
            "  - combined_ratio/linearised/t\n",
            "".join(
                f"  - {point}/{variance}/{interval}\n"
                for point in ("pooled", "mean_of_forces", "combined_ratio", "by_group")
                for variance in ("binomial", "linearised")
                for interval in ("wald", "t", "logit", "wilson")
            ),
        )
        + "  estimands: [under_recording_rate/national, under_recording_rate/all_routes]\n"
        + "  sweep: {grid: {world.frame.gap_share: ["
        + ", ".join(f"0.{i:03}" for i in range(1, 200)) + "]}}\n",
        r":44:3: study: .*estimators need"),
    "a report on an estimator that is not there": (
        GOOD + "report: {headline: pooled/binomial/wald}\n", r":14:20: .*not among"),
    "no-crimes measured but not reviewed": (
        GOOD + "  estimands: [wrong_no_crime_share/national]\n", r":14:\d+: .*no_crimes"),
    "records a force at a census": (
        changed("hmic_2014, per_force", "census, per_force"),
        r":9:44: inspection.records.per_force: nothing reads it: a census reads every record"),
    "shares within a force at a census": (
        changed("hmic_2014, per_force: 160", "census, within: equal"),
        r":9:\d+: inspection.records.within: nothing reads it"),
    "an exponent that nothing is raised to": (
        changed("160}", "160, exponent: 0.7}"), r":9:\d+: inspection.records.exponent: nothing"),
    "an exponent swept that nothing is raised to": (
        GOOD + "  sweep: {one_at_a_time: {inspection.records.exponent: [0.3]}}\n",
        r":14:\d+: .*inspection.records.exponent: nothing reads it"),
    "classes of size without strata of size": (
        changed("srs, count: 13", "stratified, count: 13, certainty: [Essex], size_classes: 4"),
        r":8:\d+: inspection.forces.size_classes: nothing reads it: only by: size"),
    "a census with records a force in one value of a sweep": (
        GOOD + "  sweep: {one_at_a_time: {inspection.records: "
        "[{allocation: census, per_force: 60}]}}\n",
        r":14:\d+: .*inspection.records.per_force: nothing reads it"),
    "an estimand nobody knows": (
        GOOD + "  estimands: [under_recording_rate/nation]\n", r":14:15: .*national"),
}  # fmt: skip


def simulate(*words):
    return CliRunner().invoke(main, [str(word) for word in words])


def refused(result, pattern, path):
    """Status 2, nothing on stdout, and every line on stderr as promised."""
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    assert "Traceback" not in result.output
    lines = result.stderr.splitlines()
    assert lines
    assert all(line.startswith(str(path)) for line in lines), result.stderr
    assert re.search(pattern, result.stderr), result.stderr


def test_the_scenario_without_mistakes_is_accepted(tmp_path):
    path = tmp_path / "good.yaml"
    path.write_text(GOOD)
    result = simulate("check", path)
    assert result.exit_code == 0, result.output
    assert "13 forces" in result.stdout


@pytest.mark.parametrize("command", ["check", "run"])
@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_refused_where_it_stands(tmp_path, monkeypatch, command, mistake):
    text, pattern = MISTAKES[mistake]
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "bad.yaml"
    path.write_text(text)
    refused(simulate(command, path), pattern, path)
    assert [left.name for left in tmp_path.iterdir()] == ["bad.yaml"]


@pytest.mark.parametrize(
    ("content", "pattern"),
    [
        (bytes(range(256)), "bad.yaml"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "bad.yaml"),
        (GOOD.encode("utf-16"), "not UTF-8"),
        (b"title: caf\xe9\n", ":1:11: not UTF-8"),
        (b"a: " + b"x" * 2**21, "larger than 1 MiB"),
        (b"a: [" + b"1, " * 30_000 + b"1]", "bad.yaml:1:"),
    ],
    ids=["all bytes", "a picture", "UTF-16", "Latin-1", "two megabytes", "thirty thousand nodes"],
)
def test_a_file_that_is_no_scenario_is_refused(tmp_path, content, pattern):
    path = tmp_path / "bad.yaml"
    path.write_bytes(content)
    refused(simulate("run", path), pattern, path)


def test_a_missing_file_is_refused(tmp_path):
    path = tmp_path / "nowhere.yaml"
    refused(simulate("run", path), "No such file", path)


def test_a_folder_is_refused(tmp_path):
    refused(simulate("run", tmp_path), "not a file", tmp_path)


def test_all_mistakes_are_reported_at_once_in_the_order_of_the_file(tmp_path):
    path = tmp_path / "bad.yaml"
    path.write_text(GOOD.replace("seed: 7", "seed: x").replace("srs", "srss").replace("100", "0"))
    lines = simulate("check", path).stderr.splitlines()
    assert [line.split(":")[1] for line in lines] == ["3", "8", "13"]


def test_a_scenario_with_a_byte_order_mark_is_read(tmp_path):
    path = tmp_path / "good.yaml"
    path.write_text(GOOD, encoding="utf-8-sig")
    assert simulate("check", path).exit_code == 0


@pytest.mark.parametrize(
    ("words", "pattern"),
    [
        (["--set", "inspection.forces.count=50"], r"--set inspection.forces.count=50: .*1 to 43"),
        (["--set", "inspection.forces.cuont=5"], r"cuont.*did you mean 'count'"),
        (["--set", "seed"], r"expected PATH=VALUE"),
        (["--set", "seed=!!python/none x"], r"--set seed"),
        (["--set", "study.replicates=many"], r"whole number"),
    ],
)
@pytest.mark.parametrize("command", ["check", "run"])
def test_a_wrong_setting_names_itself(tmp_path, command, words, pattern):
    path = tmp_path / "good.yaml"
    path.write_text(GOOD)
    result = simulate(command, path, *words)
    assert result.exit_code == 2
    assert re.search(pattern, result.stderr), result.stderr
    assert "Traceback" not in result.output


@pytest.mark.parametrize(
    "sweep",
    [
        "{inspection.records.allocation: [equal, census]}",
        "{inspection.records: [{allocation: census}]}",
        "{inspection.forces: [{design: stratified, count: 13, by: size, size_classes: 4}]}",
    ],
)
def test_a_sweep_may_leave_an_option_unread_in_some_cells(tmp_path, sweep):
    path = tmp_path / "good.yaml"
    path.write_text(GOOD + f"  sweep: {{one_at_a_time: {sweep}}}\n")
    result = simulate("check", path)
    assert result.exit_code == 0, result.output


def test_a_base_may_hold_what_only_a_swept_cell_reads(tmp_path):
    path = tmp_path / "good.yaml"
    path.write_text(
        GOOD.replace("160}", "160, exponent: 0.7}")
        + "  sweep: {one_at_a_time: {inspection.records.allocation: [equal, power]}}\n"
    )
    result = simulate("check", path)
    assert result.exit_code == 0, result.output


def test_a_setting_may_leave_an_option_of_the_file_unread_but_not_one_beside_it(tmp_path):
    path = tmp_path / "good.yaml"
    path.write_text(GOOD)
    census = ["--set", "inspection.records.allocation=census"]
    assert simulate("check", path, *census).exit_code == 0
    result = simulate("check", path, *census, "--set", "inspection.records.per_force=60")
    assert result.exit_code == 2
    assert "--set inspection.records.per_force=60: inspection.records.per_force" in result.stderr


@pytest.mark.parametrize(
    "words",
    [
        ["--seed", "5", "--set", "seed=6"],
        ["--replicates", "5", "--set", "study.replicates=6"],
        ["--replicates", "5", "--set", "study={replicates: 6}"],
    ],
)
def test_a_value_given_twice_is_refused(tmp_path, monkeypatch, words):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "good.yaml"
    path.write_text(GOOD)
    result = simulate("run", path, *words)
    assert result.exit_code == 2
    assert result.stderr.startswith(f"{words[0]} {words[1]} and --set {words[3]}: both give ")
    assert "give one of them" in result.stderr
    assert [left.name for left in tmp_path.iterdir()] == ["good.yaml"]


@pytest.mark.parametrize("words", [["--replicates", "many"], ["--seed", "-3"], ["--jobs", "0"]])
def test_a_wrong_option_is_refused(tmp_path, words):
    path = tmp_path / "good.yaml"
    path.write_text(GOOD)
    result = simulate("run", path, *words)
    assert result.exit_code == 2
    assert "Traceback" not in result.output


def test_a_name_cannot_lead_out_of_the_outputs(tmp_path, monkeypatch):
    from underrecording.scenario import load_scenario

    path = tmp_path / "...yaml"
    path.write_text(GOOD)
    assert "/" not in load_scenario(path).name
    assert "." not in load_scenario(path).name
