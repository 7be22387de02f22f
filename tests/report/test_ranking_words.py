"""Rankings of forces as readers meet them: printed, on the page, as JSON."""

import json
from pathlib import Path

from underrecording.report import headline_json, headline_text, ranking
from underrecording.report.ranking import CAPTION, ranking_words, with_all
from underrecording.report.rounding import with_error
from underrecording.report.write import tables_of


def value_of(results, measure, cell=0):
    table = results.ranking
    row = table[(table["cell"] == cell) & (table["measure"] == measure)]
    return float(row["value"].iloc[0]), float(row["mcse"].iloc[0])


def test_each_cell_has_a_row_with_what_ranking_csv_says(studies):
    results = studies("swept").results
    words = ranking_words(results)
    assert [row[0] for row in words.rows][:3] == [
        "reference cell", "number of forces inspected 5", "number of forces inspected 43",
    ]  # fmt: skip
    assert len(words.rows) == len(results.plan.cells)
    for cell, row in enumerate(words.rows):
        worst, error = value_of(results, "worst_named", cell)
        assert row[1] == with_error(100 * worst, 100 * error)
        assert row[2] == with_error(*value_of(results, "kendall_tau", cell))
        assert row[7] == with_error(*value_of(results, "falsely_outside_99.8", cell))
        assert len(row) == len(words.header)


def test_it_is_printed_and_in_the_document(studies):
    results = studies("swept").results
    assert CAPTION in headline_text(results)
    found = json.loads(headline_json(results, Path("somewhere")))["ranking"]
    assert {key: found[1][key] for key in ("measure", "replicates")} == {
        "measure": "kendall_tau",
        "replicates": 60,
    }
    assert found[1]["value"] == value_of(results, "kendall_tau")[0]


def test_one_force_alone_is_not_ranked(studies):
    results = studies("silent").results
    assert set(ranking_words(results).rows[0][1:]) == {"-"}
    found = json.loads(headline_json(results, Path("somewhere")))["ranking"]
    assert {row["value"] for row in found} == {None}


def test_a_study_that_did_not_ask_says_nothing_of_it(studies):
    results = studies("one_cell").results
    assert ranking_words(results) is None
    assert CAPTION not in headline_text(results)
    assert json.loads(headline_json(results, Path("somewhere")))["ranking"] == []
    assert "ranking.csv" not in tables_of(results)


def test_cells_beyond_the_most_are_said_to_be_elsewhere(studies, monkeypatch):
    results = studies("swept").results
    assert with_all(results) == ""
    monkeypatch.setattr(ranking, "MOST_CELLS", 2)
    assert len(ranking_words(results).rows) == 2
    assert with_all(results) == "2 of 5 cells; ranking.csv has all."
