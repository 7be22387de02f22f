"""A list of records is read whatever program wrote it, and what is wrong is told by line."""

import csv
import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from underrecording.errors import UserError
from underrecording.inspection.csv_table import MOST_PROBLEMS, read_table
from underrecording.inspection.public_draw import COLUMNS, differences, draw
from underrecording.inspection.record_list import read_record_list
from underrecording.inspection.sample_list import read_sample, sample_csv, sample_records

ROWS = [["ref", "offence", "note"], ["A1", "rape", "née"], ["A2", "theft", 'said "no", left']]
ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"]


def text(rows, separator=",", end="\n", quoting=csv.QUOTE_MINIMAL):
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=separator, lineterminator=end, quoting=quoting).writerows(rows)
    return out.getvalue()


def read(tmp_path, content, *, id_column=None, by_column=None):
    path = tmp_path / "list.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_record_list(path, id_column=id_column, by_column=by_column)


def problems(tmp_path, content, **columns):
    """What is told of *content*, without the folder."""
    with pytest.raises(UserError) as caught:
        read(tmp_path, content, **columns)
    return [problem.replace(f"{tmp_path}/", "") for problem in caught.value.problems]


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_export_of_a_list_is_the_same_list(tmp_path, encoding, separator, end):
    content = text(ROWS, separator, end).encode(encoding)
    listed = read(tmp_path, content, by_column="offence")
    assert listed.table.header == ROWS[0]
    assert listed.table.rows == ROWS[1:]
    assert listed.table.lines == [2, 3]
    assert listed.strata == {"A1": "rape", "A2": "theft"}
    assert bool(listed.table.notes) == (encoding == "cp1252")
    assert all("Windows-1252" in note for note in listed.table.notes)


cells = st.text(st.characters(codec="utf-8", exclude_characters="\0\ufeff"), max_size=5)


@given(st.lists(st.lists(cells, min_size=3, max_size=3), min_size=1, max_size=6))
def test_whatever_was_written_is_read_and_written_again(tmp_path_factory, notes):
    rows = [["ref", *map(str, range(3))], *([f"A{n}", *row] for n, row in enumerate(notes))]
    path = tmp_path_factory.mktemp("list") / "list.csv"
    path.write_bytes(text(rows, quoting=csv.QUOTE_ALL).encode())
    listed = read_record_list(path, id_column=None, by_column=None)
    assert listed.table.rows == rows[1:]
    drawn = draw(listed.strata, {"": len(notes)}, public_seed="5")
    path.write_bytes(sample_csv(listed, drawn).encode())
    sample = read_table(path)
    assert sorted(row[len(COLUMNS) :] for row in sample.rows) == sorted(rows[1:])
    given_sample = read_sample(path, id_column="ref")
    assert differences(given_sample.rows, drawn) == []
    assert given_sample.notes == ()


def test_columns_of_the_list_that_have_our_names_get_others(tmp_path):
    listed = read(tmp_path, "id,status,note,note\nA1,open,x,y\n")
    drawn = draw(listed.strata, {"": 1}, public_seed="5")
    header = "order,id,stratum,random_number,status,original_id,original_status,note,note (2)"
    number = drawn[0].random_number[:16]
    assert sample_csv(listed, drawn) == f"{header}\n1,A1,,{number},sample,A1,open,x,y\n"
    (record,) = sample_records(listed, drawn)
    assert record["record"] == {"id": "A1", "status": "open", "note": "x", "note (2)": "y"}


def test_a_sample_without_identifiers_is_told(tmp_path):
    (tmp_path / "sample.csv").write_text("name,id,id\nA1,x,y\n")
    with pytest.raises(UserError, match="there is not one column 'id' or 'ref'"):
        read_sample(tmp_path / "sample.csv", id_column="ref")


def test_blanks_around_identifiers_strata_and_names_do_not_count(tmp_path):
    listed = read(
        tmp_path, " ref , offence\n A1\u00a0, rape\n", id_column="ref", by_column="offence"
    )
    assert listed.strata == {"A1": "rape"}
    assert listed.table.rows == [[" A1\u00a0", " rape"]]


def test_the_first_column_names_the_records_unless_another_is_asked_for(tmp_path):
    assert list(read(tmp_path, text(ROWS)).strata) == ["A1", "A2"]
    assert list(read(tmp_path, text(ROWS), id_column="offence").strata) == ["rape", "theft"]
    assert set(read(tmp_path, text(ROWS)).strata.values()) == {""}


def test_a_list_of_one_column_is_a_list(tmp_path):
    assert list(read(tmp_path, "ref\nA1\nA2\n").strata) == ["A1", "A2"]


def test_empty_rows_are_left_out_and_lines_are_those_of_the_file(tmp_path):
    content = 'ref,note\n\nA1,"two\nlines"\n,\nA2,x\n'
    assert read(tmp_path, content).table.lines == [3, 6]


@pytest.mark.parametrize(
    ("content", "columns", "told"),
    [
        ("", {}, ["list.csv: is empty"]),
        ("\n,\n\n", {}, ["list.csv: is empty"]),
        ("ref,x\n", {}, ["list.csv: holds a header and no record"]),
        ("ref,x\nA1,1\n ,2\n,3\n", {}, ["list.csv:3: ref: is empty", "list.csv:4: ref: is empty"]),
        (
            "ref,x\nA1,1\nA2,1\nA1 ,2\nA1,3\n",
            {},
            ["list.csv:4: ref: 'A1' is the identifier of line 2 too", "list.csv:5: ref: 'A1'"],
        ),
        (
            "ref,x\nA1,\nA\u200b2,y\n,y\nA1,y\n",
            {"by_column": "x"},
            ["list.csv:3: ref: 'A\\u200b2' holds a character that cannot be seen (U+200B)",
             "list.csv:4: ref: is empty", "list.csv:5: ref: 'A1'", "list.csv:2: x: is empty"],
        ),
        ('ref,x\n"A\n1",y\n', {}, ["list.csv:2: ref: 'A\\n1' holds a character"]),
        (
            "ref,offence\nA1,y\n",
            {"id_column": "reff", "by_column": "ofence"},
            ["list.csv:1: --id: there is no column 'reff'; did you mean 'ref'? (columns: ref",
             "list.csv:1: --by: there is no column 'ofence'; did you mean 'offence'?"],
        ),
        ("ref,ref\nA1,y\n", {}, ["list.csv:1: --id: 2 columns are named 'ref'"]),
        ("ref,x\nA1,y,z\nA2\n", {}, ["list.csv:2: 3 cells, the", "list.csv:3: 1 cell"]),
        ('ref,x\nA1,y\n"A2,y\nA3,y\n', {}, ["list.csv:3: the row that begins here: "]),
        (b"PK\x03\x04....", {}, ["list.csv: is a workbook or an archive; save the sheet as CSV"]),
        (b"ref\nA1\n\x81\xff\n", {}, ["list.csv:3: neither UTF-8 nor UTF-16 nor Windows-1252"]),
        (b"ref\nA1\nA\x002\n", {}, ["list.csv:3: holds a null character"]),
        (b"\xff\xfea", {}, ["list.csv"]),
        (b"ref\n" + b"x" * 200_000, {}, ["list.csv:2: the row that begins here: field larger"]),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_by_line_all_at_once(tmp_path, content, columns, told):
    found = problems(tmp_path, content, **columns)
    assert len(found) == len(told), found
    for problem, words in zip(found, told, strict=True):
        assert problem.startswith(words)


def test_of_many_mistakes_the_first_are_told_and_the_rest_counted(tmp_path):
    found = problems(tmp_path, "ref,x\n" + "A1,y\n" * 101)
    assert len(found) == MOST_PROBLEMS + 1
    assert found[-1] == f"and {100 - MOST_PROBLEMS} more like these"


@pytest.mark.parametrize("name", ["none.csv", "."])
def test_a_file_that_cannot_be_read_is_told(tmp_path, name):
    with pytest.raises(UserError, match=re.escape(f"{tmp_path / name}: cannot be read")):
        read_table(tmp_path / name)
