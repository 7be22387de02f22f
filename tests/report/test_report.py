"""The run folder and the page: complete, exact, and the same each time."""

import base64
import io
import json
import math
import re
import subprocess
import sys

import pandas as pd
import pytest

from underrecording.report import headline_json, headline_table, headline_text, write_report
from underrecording.report.failures import failed_rows
from underrecording.report.glossary import COLUMNS, MEASURES
from underrecording.report.headline import calibration_lines
from underrecording.report.page import page
from underrecording.report.provenance import (
    assumptions,
    calibration,
    departures,
    what_it_rests_on,
)
from underrecording.report.shown import every, intervals, is_control, pair, points
from underrecording.report.sweeps import sweep_tables
from underrecording.report.tables import variance_split
from underrecording.report.write import csv_text
from underrecording.scenario import load_scenario
from underrecording.study import measures, plan_study

HEAD = """\
title: A small study
aim: To be drawn by tests
seed: 7
inspection:
  forces: {design: srs, count: 13}
  records: {allocation: hmic_2014, per_force: 60}
"""
EXACT_COLUMNS = [
    "cell", "inspection.forces.count", "inspection.records", "estimator", "estimand", "domain",
    "measure", "value", "mcse", "replicates", "failures",
]  # fmt: skip


@pytest.fixture(scope="session")
def written(studies):
    """Write a study's report once: the paths by name relative to the run folder."""
    made = {}

    def write(name):
        if name not in made:
            study = studies(name)
            paths = write_report(study.results, study.store)
            made[name] = {str(p.relative_to(study.store.folder)): p for p in paths}
        return made[name]

    return write


def test_a_run_folder_holds_what_it_promises(written):
    files = written("swept")
    assert {"measures.csv", "failures.csv", "ranking.csv", "report.html"} < set(files)
    pictures = {name.rpartition(".")[0] for name in files if name.startswith("figures/")}
    assert len(pictures) >= 7
    for name in pictures:
        assert {f"{name}.png", f"{name}.svg", f"{name}.csv"} <= set(files)
    assert all(path.stat().st_size for path in files.values())
    folder = files["measures.csv"].parent
    assert not list(folder.rglob("*.partial"))


@pytest.mark.slow
def test_several_fixed_worlds_are_written_too(written):
    assert {"worlds.csv", "world_quantiles.csv"} < set(written("worlds"))
    assert "worlds.csv" not in written("grid")


def test_measures_csv_has_the_promised_columns_and_bytes(written, studies):
    path = written("swept")["measures.csv"]
    content = path.read_bytes()
    table = pd.read_csv(path, dtype=str)
    assert list(table.columns) == EXACT_COLUMNS
    assert b"\r" not in content
    assert content.endswith(b"\n")
    results = studies("swept").results
    assert content == csv_text(results.measures).encode()
    for name in ("value", "mcse"):
        assert list(table[name].astype(float)) == list(results.measures[name])


def test_writing_again_changes_no_byte(written, studies):
    files = written("swept")
    before = {name: path.read_bytes() for name, path in files.items()}
    study = studies("swept")
    write_report(study.results, study.store)
    assert {name: path.read_bytes() for name, path in files.items()} == before


def test_the_page_stands_alone(written, studies):
    html = written("swept")["report.html"].read_text("utf-8")
    assert not re.findall(r'(?:src|href)="(?!data:|#)', html)
    assert "<script" not in html
    assert "@import" not in html
    assert 'name="viewport"' in html
    study = studies("swept")
    pictures = re.findall(r'src="data:image/svg\+xml;base64,([^"]+)"', html)
    assert {base64.b64decode(text) for text in pictures} == {
        drawing.svg for drawing in study.drawn.values()
    }
    assert study.store.digest in html
    assert "None, in any cell." in html


def test_the_page_says_where_several_programs_computed_a_run(studies, monkeypatch):
    study = studies("one_cell")
    manifest = json.loads((study.store.folder / "manifest.json").read_text("utf-8"))
    again = "computed by 2 versions or commits"
    assert again not in page(study.results, [], study.store)
    manifest["computed_by"].append(None)
    monkeypatch.setattr("underrecording.report.page._manifest", lambda store: manifest)
    assert again in page(study.results, [], study.store)


def test_every_link_of_the_page_leads_somewhere(written):
    html = written("swept")["report.html"].read_text("utf-8")
    links = set(re.findall(r'href="#([^"]+)"', html))
    assert links
    assert links <= set(re.findall(r'id="([^"]+)"', html))


def test_markup_in_a_title_stays_text(studies):
    study = studies("one_cell")
    plan = study.results.plan
    scenario = plan.scenario.model_copy(update={"title": "<b>x</b> & y"})
    results = type(study.results)(
        type(plan)(**{**vars(plan), "scenario": scenario}),
        study.results.moments, study.results.rows, study.results.trajectory,
    )  # fmt: skip
    html = page(results, [], study.store)
    assert "<b>x</b>" not in html
    assert "&lt;b&gt;x&lt;/b&gt; &amp; y" in html


def test_failures_are_listed_where_there_are_any(studies):
    study = studies("silent")
    html = page(study.results, list(study.drawn.values()), study.store)
    assert "None, in any cell." not in html
    assert "failures.csv has the reasons" in html


def test_the_headline_counts_failures_and_says_why(studies):
    results = studies("silent").results
    text = headline_text(results)
    assert (
        "No answer in 20 of 20, left out: combined_ratio/linearised/t "
        "(one force inspected in a stratum of several)" in text
    )
    assert "No answer" not in headline_text(studies("swept").results)
    document = json.loads(headline_json(results, studies("silent").store.folder))
    (row,) = document["reference_cell"]
    assert (row["failures"], row["replicates"]) == (20, 20)
    (failed,) = document["failures"]
    assert failed["cell"] == 0
    assert failed["reasons"] == {"one force inspected in a stratum of several": 20}
    swept = json.loads(headline_json(studies("swept").results, studies("swept").store.folder))
    assert swept["failures"] == []


def test_failures_of_other_cells_are_mentioned(studies):
    results = studies("silent").results
    table = results.failures.copy()
    one_force = "one force inspected in a stratum of several"
    table.loc[table["cell"] == 1, ["answered", one_force]] = [15, 5]
    table.loc[table["cell"] == 0, ["answered", one_force]] = [20, 0]
    changed = type(results)(results.plan, results.moments, results.rows, results.trajectory)
    vars(changed)["failures"] = table
    assert [row.cell for row in failed_rows(changed)] == [1]
    assert "Replicates without an answer in 1 other cell too" in headline_text(changed)


@pytest.mark.parametrize(("name", "level"), [("swept", "95 %"), ("far_off", "90 %")])
def test_the_nominal_level_is_said_where_coverage_is(studies, written, name, level):
    study = studies(name)
    text = " ".join(headline_text(study.results).split())
    assert f"coverage of {level} intervals" in text
    assert f"coverage of {level} intervals" in written(name)["report.html"].read_text("utf-8")
    document = json.loads(headline_json(study.results, study.store.folder))
    assert document["level"] == study.results.plan.scenario.study.level


@pytest.mark.slow
def test_a_grid_of_three_keys_is_shown_along_each_and_says_that_there_is_more(studies):
    results = studies("cube").results
    tables = sweep_tables(results)
    assert [swept.table.header[0] for swept in tables] == [
        "Forces inspected (of 43)", "Records read per force (mean)",
        "How the records are shared out",
    ]  # fmt: skip
    count, per_force, allocation = tables
    assert count.caption == (
        "All else as in the reference cell (3 of 9 cells; measures.csv has all)"
    )
    assert [row[0] for row in count.table.rows] == ["5", "13", "20"]
    # The grid leaves out the thirteen forces of the reference cell.
    for swept in (per_force, allocation):
        assert swept.caption.startswith("Held: Forces inspected (of 43) 5; ")
        assert swept.caption.endswith("(2 of 9 cells; measures.csv has all)")
    assert [row[0] for row in allocation.table.rows] == ["equal", "hmic_2014"]
    text = headline_text(results)
    assert all(f"{swept.caption}:\n{swept.table.header[0]}" in text for swept in tables)


def test_a_grid_of_two_numbers_is_shown_whole(studies):
    (swept,) = sweep_tables(studies("grid").results)
    assert swept.caption == "All else as in the reference cell"
    assert len(swept.table.rows) == 4


@pytest.mark.slow
def test_the_rows_of_a_sweep_are_of_the_cells_they_name(studies):
    results = studies("cube").results
    coverage = results.select("coverage").set_index(
        ["inspection.records.per_force", "inspection.records.allocation",
         "inspection.forces.count", "estimator"]
    )["value"]  # fmt: skip
    for row in sweep_tables(results)[2].table.rows:
        value = coverage[60, row[0], 5, "pooled/binomial/wald"]
        assert float(row[2].split()[0]) == pytest.approx(100 * value, abs=5)


def test_the_glossary_knows_every_measure_and_column(studies):
    assert list(MEASURES) == list(measures.MEASURES)
    swept = set(studies("swept").results.plan.keys)
    assert set(EXACT_COLUMNS) - swept == set(COLUMNS)


def test_the_headline_table_is_the_measures_of_the_reference_cell(studies):
    results = studies("swept").results
    for target in (0, 1):
        table = headline_table(results, target=target).set_index("estimator")
        for name in ("bias", "coverage", "rmse", "mean_width"):
            rows = results.select(name, cell=0, target=target).set_index("estimator")
            assert (table[name] == rows["value"]).all()
            assert (table[f"{name}_mcse"] == rows["mcse"]).all()
    assert list(table["role"]) == ["headline", "", "recommended"]
    assert list(table["control"]) == [True, False, False]


def test_the_headline_text_shows_rounded_measures_with_their_error(studies):
    results = studies("swept").results
    text = headline_text(results)
    assert text.startswith("A small study\n5 cells; 60 replicates a cell, each in a fresh world.")
    row = results.select("coverage", cell=0).set_index("estimator").loc["pooled/binomial/wald"]
    line = next(line for line in text.splitlines() if line.startswith("pooled/binomial/wald"))
    shown, error = re.search(r"(\d+) \((\d+)\)\s+[\d.]+$", line).groups()
    assert float(shown) == pytest.approx(100 * row["value"], abs=0.5)
    assert float(error) == pytest.approx(100 * row["mcse"], abs=0.5)
    assert "Under-recording rate, violence: mean truth" in text
    assert "allocation power, per force 60" in text
    assert "robbery 86.0 (86*)" in text
    assert "violence 67.0 (67)" in text
    assert '"over 800,000". A calibration check, not a finding.' in text
    assert "\x1b" not in text


def test_the_headline_text_of_any_study_is_plain_and_has_no_nan(any_study):
    text = headline_text(any_study.results, 80)
    assert "nan" not in text.lower()
    assert any_study.results.plan.scenario.title in text
    assert "recalled, unchecked" in text
    assert all(line == line.rstrip() for line in text.splitlines())


def test_a_fixed_world_has_a_truth_without_error(studies):
    assert re.search(r"mean truth \d\d\.\d\d \(0\) %", headline_text(studies("grid").results))


def test_the_json_is_one_strict_document(any_study):
    def refuse(name):
        raise AssertionError(name)

    text = headline_json(any_study.results, any_study.store.folder)
    document = json.loads(text, parse_constant=refuse)
    assert document["digest"] == any_study.store.digest
    assert len(document["reference_cell"]) == math.prod(any_study.results.plan.shape[1:])


def test_calibration_says_what_is_published_unchecked_or_replaced(studies):
    rows = {row.group: row for row in calibration(studies("own_rates").results.plan)}
    assert rows["violence"].expected == pytest.approx(0.67, abs=1e-6)
    assert rows["robbery"].expected == pytest.approx(0.5, abs=1e-6)
    assert rows["robbery"].basis == "set by the scenario"
    assert rows["damage"].unchecked
    plan = studies("own_rates").results.plan
    assert "three of six recalled, unchecked; one set by the scenario" in what_it_rests_on(plan)
    assert "robbery 50.0 (86+)" in calibration_lines(plan)[0]
    assert "four of six recalled" in what_it_rests_on(studies("swept").results.plan)


def test_the_published_total_is_a_check_only_where_the_world_was_built_to_it(
    studies, written, tmp_path
):
    def plan_of(world):
        path = tmp_path / "s.yaml"
        path.write_text(f"{HEAD}world: {world}\nestimators: [pooled/binomial/wald]\n"
                        "study: {replicates: 2}\n")  # fmt: skip
        return plan_study(load_scenario(path))

    check = "A calibration check, not a finding."
    assert departures(studies("swept").results.plan) == []
    for world, keys in {
        "{accuracy: {by_group: {robbery: 0.5}}}": ["world.accuracy.by_group"],
        "{draw: fixed, force_effects: {Metropolitan: -2.0}}": ["world.force_effects"],
        "{pressure: {level: 0.4}, training: {spread: 0.4}}": ["world.training", "world.pressure"],
        "{staff: {officers: 0.9}}": ["world.staff"],
        "{pressure: {level: 0.4}, baseline: {pressure: {level: 0.4}}}": [],
    }.items():
        plan = plan_of(world)
        assert departures(plan) == keys
        line = calibration_lines(plan)[2]
        assert (check in line) == (not keys)
        assert ("800,000" in line) == (not keys)
        assert all(key in line for key in keys)
    own = ", ".join(f"{row.group}: 0.9" for row in calibration(plan))
    assert what_it_rests_on(plan_of(f"{{accuracy: {{by_group: {{{own}}}}}}}")).startswith(
        "Calibrated to rates set by the scenario. Spread"
    )
    html = written("own_rates")["report.html"].read_text("utf-8")
    assert "not a finding" not in html
    assert "They are not meant to agree: the scenario sets world.accuracy.by_group." in html
    assert "not a finding" in written("swept")["report.html"].read_text("utf-8")


def test_assumptions_are_found_where_the_options_say_so(studies):
    found = {row.path: row.value for row in assumptions(studies("swept").results.plan)}
    assert found["world.effects.workload"] == "0.1"
    assert found["world.accuracy.between_force_sd"] == "0.08"
    assert not any(path.startswith("world.baseline") for path in found)
    assert "world.frame.due_share" not in found


def test_estimators_are_shown_once_with_their_role(studies):
    results = studies("swept").results
    assert [shown.role for shown in pair(results)] == ["headline", "recommended"]
    assert [shown.label for shown in points(results)] == [
        "pooled (headline)", "combined ratio (recommended)", "mean of forces",
    ]  # fmt: skip
    assert [shown.spec for shown in intervals(results, most=6)] == [
        "pooled/binomial/wald", "combined_ratio/linearised/t", "mean_of_forces/linearised/t",
    ]  # fmt: skip
    assert sum(is_control(shown.spec) for shown in every(results)) == 1
    assert [shown.role for shown in pair(studies("silent").results)] == ["headline"]


def test_variance_splits_into_within_and_between_worlds(studies):
    results = studies("worlds").results
    shown = pair(results)[1]
    within, between = variance_split(results, shown)
    table = results.worlds
    table = table[table["estimator"] == shown.spec]
    se = table.loc[table["measure"] == "empirical_se", "value"]
    assert within == pytest.approx((se**2).mean())
    bias = table.loc[table["measure"] == "bias", "value"]
    assert 0.0 <= between <= bias.var(ddof=1)


def test_one_replicate_a_world_has_no_variance_to_split(studies):
    results = studies("one_each").results
    assert all(math.isnan(value) for value in variance_split(results, pair(results)[0]))
    text = headline_text(results)
    assert "no estimator gave two answers in each world" in text
    assert "- points² within worlds, - between them (needs two answers in each world)" in text
    assert "needs two answers" not in headline_text(studies("worlds").results)


def test_csv_gives_floats_back_to_the_last_bit():
    values = [0.1 + 0.2, 1e-17, float("nan"), 1.0]
    again = pd.read_csv(io.StringIO(csv_text(pd.DataFrame({"x": values}))))["x"]
    assert again[0] == values[0]
    assert again[1] == values[1]
    assert math.isnan(again[2])


def test_importing_the_room_is_light():
    code = (
        "import sys, underrecording.report; "
        "print([m for m in ('matplotlib', 'jinja2', 'pandas', 'numba') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_where_the_world_is_swept_its_truth_moves_and_is_compared_world_by_world(studies):
    results = studies("moved").results
    (swept,) = sweep_tables(results)
    assert swept.table.header[:3] == ("Share of refusals reviewed", "truth %", "change, points")
    table = results.worlds
    rows = table[
        (table["measure"] == "mean_truth") & (table["estimator"] == "combined_ratio/linearised/t")
    ]
    levels = rows.pivot_table(index="world", columns="cell", values="value")
    change = 100 * (levels[1] - levels[0])
    assert (change < 0).all()
    by_value = {row[0]: row for row in swept.table.rows}
    shown, error = re.match(r"(-[\d.]+) \(([\d.]+)\)", by_value["0.6"][2]).groups()
    assert float(shown) == pytest.approx(change.mean(), abs=0.5 * 10 ** -len(shown.split(".")[1]))
    assert float(error) == pytest.approx(change.std() / 3**0.5, rel=0.5)
    assert by_value["0.2"][2] == "-"
