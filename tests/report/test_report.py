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
from underrecording.report.glossary import COLUMNS, MEASURES
from underrecording.report.headline import calibration_lines
from underrecording.report.page import page
from underrecording.report.provenance import assumptions, calibration, what_it_rests_on
from underrecording.report.shown import every, intervals, is_control, pair, points
from underrecording.report.tables import variance_split
from underrecording.report.write import csv_text
from underrecording.study import measures

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
    assert {"measures.csv", "failures.csv", "report.html"} < set(files)
    pictures = {name.rpartition(".")[0] for name in files if name.startswith("figures/")}
    assert len(pictures) >= 7
    for name in pictures:
        assert {f"{name}.png", f"{name}.svg", f"{name}.csv"} <= set(files)
    assert all(path.stat().st_size for path in files.values())
    folder = files["measures.csv"].parent
    assert not list(folder.rglob("*.partial"))


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


def test_every_link_of_the_page_leads_somewhere(written):
    html = written("swept")["report.html"].read_text("utf-8")
    links = set(re.findall(r'href="#([^"]+)"', html))
    assert links
    assert links <= set(re.findall(r'id="([^"]+)"', html))


def test_the_page_of_any_study_is_complete(any_study):
    html = page(any_study.results, list(any_study.drawn.values()), any_study.store)
    assert html.rstrip().endswith("</html>")
    assert ">nan<" not in html.lower()
    for drawing in any_study.drawn.values():
        assert f"figures/{drawing.name}.csv" in html


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
