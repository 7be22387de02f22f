"""`simulate measure`: the hand-worked example, what it reads, what it refuses."""

import csv
import io
import json
import math
from pathlib import Path

import pytest
from click.testing import CliRunner

from underrecording.cli import main

EXAMPLE = Path(__file__).parents[2] / "docs" / "replicates.csv"
COLUMNS = [
    "cell", "estimator", "estimand", "domain", "measure", "value", "mcse", "replicates", "failures",
]  # fmt: skip


def run(*words):
    return CliRunner().invoke(main, ["measure", *map(str, words)])


def rows(*words, of="measures"):
    answer = run(*words, "--csv", *([] if of == "measures" else ["--table", of]))
    assert answer.exit_code == 0, answer.output
    return list(csv.DictReader(io.StringIO(answer.stdout)))


def document(*words):
    answer = run(*words, "--json")
    assert answer.exit_code == 0, answer.output
    return json.loads(answer.stdout)


def value(found, measure, estimator="plain", **where):
    (row,) = (
        row
        for row in found
        if row["measure"] == measure
        and row["estimator"] == estimator
        and all(row[name] == want for name, want in where.items())
    )
    return float(row["value"]), float(row["mcse"])


def problems(*words):
    answer = run(*words)
    assert answer.exit_code == 2, answer.output
    assert "Traceback" not in answer.output
    assert answer.stdout == ""
    return answer.stderr.splitlines()


@pytest.fixture
def table(tmp_path):
    def write(text, encoding="utf-8", name="results.csv"):
        path = tmp_path / name
        path.write_bytes(text.encode(encoding))
        return path

    return write


# Worked out with a pencil in docs/measuring.md: errors -3, -1, 1, 3, 5 and -1, -1, 1, 1, 5.
BY_HAND = {
    "bias": (1, math.sqrt(10 / 5)),
    "relative_bias": (1 / 20, math.sqrt(10 / 5) / 20),
    "empirical_se": (math.sqrt(10), math.sqrt(10) * math.sqrt((544 / 5 / 8**2 - 1) / 20)),
    "mse": (9, math.sqrt(96 / 5)),
    "rmse": (3, math.sqrt(96 / 5) / 6),
    "model_se": (3, math.sqrt(96 / 5) / 6),
    "coverage": (4 / 5, math.sqrt(0.8 * 0.2 / 5)),
    "bias_eliminated_coverage": (4 / 5, math.sqrt(0.8 * 0.2 / 5)),
    "miss_low": (1 / 5, math.sqrt(0.8 * 0.2 / 5)),
    "miss_high": (0, 1 / 6),
    "mean_width": (52 / 5, math.sqrt(44.8 / 5)),
    "winkler": (92 / 5, math.sqrt(236.8 / 5)),
    "mean_estimate": (21, math.sqrt(10 / 5)),
    "mean_truth": (20, 0),
    "reject": (2 / 5, math.sqrt(0.4 * 0.6 / 5)),
}
COMPARED_BY_HAND = {
    "bias": (0, math.sqrt(2 / 5)),
    "mse": (-3.2, math.sqrt(19.2 / 5)),
    "rmse": (math.sqrt(5.8) - 3, None),
    "relative_precision": (100 * (10 / 6 - 1), None),
    "coverage": (0, math.sqrt(2 / 5 / 5)),
    "mean_width": (-2.4, None),
}


def test_the_example_worked_out_by_hand():
    found = rows(EXAMPLE, "--truth", 20, "--null", 16)
    assert list(found[0]) == COLUMNS
    for name, (expected, mcse) in BY_HAND.items():
        assert value(found, name) == (pytest.approx(expected), pytest.approx(mcse, abs=1e-12)), name
    error, _ = value(found, "relative_error_model_se")
    assert error == pytest.approx(100 * (3 / math.sqrt(10) - 1))
    assert {row["measure"] for row in found} == {*BY_HAND, "relative_error_model_se"}


def test_differences_of_the_example_worked_out_by_hand():
    compared = document(EXAMPLE, "--truth", 20)["differences"]
    for name, (expected, mcse) in COMPARED_BY_HAND.items():
        found = value(compared, name, "careful", reference="plain")
        assert found[0] == pytest.approx(expected, abs=1e-12), name
        if mcse is not None:
            assert found[1] == pytest.approx(mcse), name
    swapped = document(EXAMPLE, "--truth", 20, "--reference", "careful")["differences"]
    assert value(swapped, "mse", "plain")[0] == pytest.approx(3.2)


def test_the_readable_table_says_what_was_read():
    text = run(EXAMPLE, "--truth", 20).stdout
    assert "10 rows" in text
    assert "estimate 'estimate'" in text
    assert "1.0 (1.4)" in text
    assert "Less plain, on the same replicates" in text
    assert "Rows without an answer: none." in text


CELLS = """\
n;rep;model;est;std_error;true
10;1;a;0,1;0,1;0
10;2;a;0,3;0,1;0
10;1;b;0,2;0,1;0
10;2;b;0,4;0,1;0
20;1;a;1,1;0,2;1
20;2;a;0,9;0,2;1
20;1;b;NA;0,2;1
20;2;b;0,9;;1
"""


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_semicolons_decimal_commas_and_byte_order_marks_are_read(table, encoding):
    found = rows(table(CELLS, encoding))
    assert value(found, "bias", "a", n="10")[0] == pytest.approx(0.2)
    assert value(found, "bias", "a", n="20")[0] == pytest.approx(0.0)
    assert {row["cell"] for row in found} == {"0", "1"}


def test_rows_without_an_answer_are_counted_by_reason(table):
    found = document(table(CELLS))
    failures = {(row["n"], row["estimator"], row["reason"]): row["count"]
                for row in found["failures"]}  # fmt: skip
    assert failures == {("20", "b", "no estimate"): 1, ("20", "b", "no standard error"): 1}
    lost = [row for row in found["measures"] if row["n"] == "20" and row["estimator"] == "b"]
    assert all(row["value"] is None and row["failures"] == 2 for row in lost)
    text = run(table(CELLS)).stdout
    assert "No answer in 2 of 2, left out: b, cell 1" in text


def test_degrees_of_freedom_widen_the_interval_and_infinite_ones_do_not(table):
    lines = ["rep,est,se,df"]
    lines += [f"{i},{i},1,{df}" for i, df in enumerate(("4", "inf"))]
    width = value(rows(table("\n".join(lines)), "--truth", 0), "mean_width", "all")[0]
    assert width == pytest.approx(2.7764451 + 1.9599640, rel=1e-7)


def test_without_truth_only_spread_and_means_are_measured(table):
    path = table("rep,method,est\n1,a,3\n2,a,5\n")
    found = document(path)
    assert {row["measure"] for row in found["measures"]} == {"empirical_se", "mean_estimate"}
    assert any("no truth" in note for note in found["notes"])
    assert value(found["measures"], "empirical_se", "a")[0] == pytest.approx(math.sqrt(2))


def test_columns_may_have_any_names(table):
    path = table("i,who,x,t,day\n1,a,3,2,mon\n2,a,5,2,tue\n")
    words = (
        "--replicate", "i", "--method", "who", "--estimate", "x", "--truth", "t", "--ignore", "day",
    )  # fmt: skip
    assert value(rows(path, *words), "bias", "a")[0] == 2.0


def test_methods_are_compared_on_the_replicates_they_share(table):
    path = table("rep,method,est\n" + "1,a,1\n2,a,2\n3,a,9\n" + "3,b,8\n2,b,4\n7,b,0\n")
    (row,) = (
        row for row in document(path, "--truth", 0)["differences"] if row["measure"] == "bias"
    )
    assert (row["value"], row["replicates"]) == (pytest.approx(0.5), 2)


def test_our_own_kept_rows_are_measured(table):
    path = table(
        "replicate,estimand,domain,estimator,estimate,se,low,high,truth,reason\n"
        "0,rate,national,p/l/t,0.2,0.01,0.18,0.22,0.21,ok\n"
        "1,rate,national,p/l/t,0.3,0.01,0.28,0.32,0.21,ok\n"
        "2,rate,national,p/l/t,,,,,0.21,nothing due\n"
    )
    found = document(path)
    assert found["cells"] == []
    assert value(found["measures"], "coverage", "p/l/t", domain="national")[0] == 0.5
    assert [row["reason"] for row in found["failures"]] == ["nothing due"]


def test_all_mistakes_are_told_at_once_by_row_and_column(table):
    path = table(
        "rep,method,est,se,low,high,truth\n"
        "1,a,x,1,0,2,0\n"
        "2,a,1,-1,0,2,0\n"
        "3,a,1,1,3,2,0\n"
        '3,a,"1,5",1,0,2,\n'
    )
    told = problems(path)
    places = [line.removeprefix(f"{path}:").split(": ")[0] for line in told]
    assert places == ["2:3", "3:4", "4:5", "5:1", "5:3", "5:7"]
    assert "'x' is not a number" in told[0]
    assert "below 0" in told[1]
    assert "give low <= high" in told[2]
    assert "in row 4 already" in told[3]
    assert "may be 15 or 1.5" in told[4]
    assert "no truth" in told[5]


@pytest.mark.parametrize(
    ("text", "words", "expected"),
    [
        ("rep,method\n1,a\n", [], "no column of estimates"),
        ("rep,est,low\n1,2,1\n", [], "none of high ones"),
        ("rep,est,est\n1,2,1\n", [], "two columns are called 'est'"),
        ("rep,est\n1,2\n", ["--se", "es"], "no column 'es', given by --se; did you mean 'est'?"),
        ("rep,est\n1,2\n", ["--by", "n"], "no column 'n', given by --by"),
        ("rep,est\n1,2\n", ["--se", "est", "--estimate", "est"], "is given for --estimate, --se;"),
        ("rep,est\n", [], "has a header and no rows"),
        ("", [], "is empty"),
        ("rep,est,p\n1,2,.1\n2,2,.2\n", [], "no cell has two rows"),
        ("rep,method,est\n1,a,2\n2,a,3\n", ["--reference", "b"], "not among the methods"),
        ("rep,est\n1,2\n2,2\n", ["--csv", "--json"], "give one of them"),
        ("rep,est\n1,2\n2,2\n", ["--table", "failures"], "give --csv too"),
    ],
)
def test_what_cannot_be_measured_is_refused_in_words(table, text, words, expected):
    assert expected in "\n".join(problems(table(text), *words))


@pytest.mark.parametrize("of", ["measures", "differences", "failures"])
def test_each_table_is_the_same_as_csv_and_as_json(of):
    words = EXAMPLE, "--truth", "20"
    printed, said = rows(*words, of=of), document(*words)[of]
    assert [list(row) for row in printed] == [list(row) for row in said]
    for row, same in zip(printed, said, strict=True):
        assert {name: text for name, text in row.items() if text} == {
            name: repr(value) if isinstance(value, float) else str(value)
            for name, value in same.items()
            if value is not None
        }


def test_a_table_without_rows_has_its_columns(table):
    lone = table("rep,est\n1,2\n2,3\n")
    for of, last in (("differences", "replicates"), ("failures", "count")):
        answer = run(lone, "--csv", "--table", of)
        (header,) = answer.stdout.splitlines()
        assert header.startswith("cell,estimator,estimand,domain,")
        assert header.endswith(last)


def test_a_file_that_is_not_there_is_a_mistake(tmp_path):
    assert "cannot be read" in problems(tmp_path / "nothing.csv")[0]
