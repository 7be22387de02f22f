"""Real audits read from files: every dialect that is allowed, every mistake that is not."""

import codecs
import csv
import io
import os
import re
import subprocess
import sys
import textwrap
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from underrecording.errors import UserError
from underrecording.estimation.tables import known_force, read_audit_table, unknown_forces
from underrecording.estimation.tables.cells import CellError, Numerals
from underrecording.estimation.tables.header import OPTIONAL, REQUIRED
from underrecording.estimation.tables.mistakes import SHOWN
from underrecording.estimation.tables.table import MAX_FORCES
from underrecording.rng import NATIONAL

ROOM = "underrecording.estimation.tables"

HEADER = "force,stratum,frame,sampled,due,recorded"
ESSEX = "Essex,violence,900,169,132,121"
FULL = (
    "force,stratum,frame,sampled,due,recorded,p_inclusion,recorded_volume,force_stratum,"
    "over_recorded\n"
    "Essex,violence,900,100,80,60,0.302,17915,county,3\n"
    "Essex,other,5000,60,50,45,0.302,80001,county,0\n"
    "Metropolitan,other,70000,200,150,120,1,594689,certain,50\n"
)


@pytest.fixture
def file(tmp_path):
    return tmp_path / "audit.csv"


@pytest.fixture
def read(file):
    """A function: a table's text or bytes to what is read of it."""

    def write_and_read(content):
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
        return read_audit_table(file)

    return write_and_read


@pytest.fixture
def problems(read, file):
    """A function: a table's text or bytes to its mistakes, the file's name left out."""

    def refuse(content):
        with pytest.raises(UserError) as caught:
            read(content)
        assert all(
            problem.startswith((f"{file}:", "... and ")) for problem in caught.value.problems
        )
        return [problem.removeprefix(f"{file}:").strip() for problem in caught.value.problems]

    return refuse


def same(first, second):
    """Whether two tables hold the same; not where they were read from."""
    for name, value in vars(first).items():
        if name not in ("path", "notes"):
            np.testing.assert_equal(getattr(second, name), value, err_msg=name)
    return True


# --- what is read -------------------------------------------------------------------------


def test_a_full_table_is_set_out_by_force_and_stratum(read, file):
    audit = read(FULL)
    assert audit.path == str(file)
    assert audit.forces == ("Essex", "Metropolitan")
    assert audit.strata == ("violence", "other")
    assert audit.frame.tolist() == [[900, 5000], [0, 70000]]
    assert audit.sampled.tolist() == [[100, 60], [0, 200]]
    assert audit.due.tolist() == [[80, 50], [0, 150]]
    assert audit.recorded.tolist() == [[60, 45], [0, 120]]
    assert audit.over_recorded.tolist() == [[3, 0], [0, 50]]
    assert audit.volume.tolist() == [[17915, 80001], [0, 594689]]
    assert audit.p_inclusion.tolist() == [0.302, 1.0]
    assert audit.force_stratum == ("county", "certain")
    assert (audit.has_frame, audit.has_volume, audit.has_over_recorded) == (True, True, True)
    assert (audit.rows, audit.notes) == (3, ())
    for name in ("frame", "sampled", "due", "recorded", "over_recorded"):
        assert getattr(audit, name).dtype == np.int64
    assert audit.volume.dtype == np.float64


def test_columns_that_are_not_there_are_zero_or_none(read):
    audit = read("force,stratum,sampled,due,recorded\nEssex,all,169,132,121\n")
    assert (audit.has_frame, audit.has_volume, audit.has_over_recorded) == (False, False, False)
    assert not audit.frame.any()
    assert not audit.volume.any()
    assert not audit.over_recorded.any()
    assert audit.p_inclusion is None
    assert audit.force_stratum is None


def test_a_force_of_which_nothing_was_sampled_tells_its_frame_and_volume_only(read):
    audit = read(
        "force,stratum,frame,sampled,due,recorded,p_inclusion,recorded_volume\n"
        "Essex,all,900,9,8,7,0.5,800\nDorset,all,400,0,0,0,,350.5\n"
    )
    assert audit.sampled.tolist() == [[9], [0]]
    assert audit.frame.tolist() == [[900], [400]]
    assert audit.volume.tolist() == [[800], [350.5]]
    np.testing.assert_array_equal(audit.p_inclusion, [0.5, np.nan])


def test_names_that_differ_in_case_or_blanks_are_one_and_keep_their_first_form(read):
    audit = read(
        f"{HEADER}\n North\u00a0 Wales ,A,9,9,8,7\nNORTH WALES,b,9,9,8,7\nGwent,a,9,9,8,6\n"
    )
    assert audit.forces == ("North Wales", "Gwent")
    assert audit.strata == ("A", "b")
    assert audit.recorded.tolist() == [[7, 7], [6, 0]]


@pytest.mark.parametrize(
    "header",
    [
        "Force,STRATUM,Frame,Sampled,Due,Recorded",
        " force , stratum,frame ,sampled,due,recorded",
        '"force","stratum","frame","sampled","due","recorded"',
    ],
)
def test_column_names_may_differ_in_case_blanks_and_quotes(read, header):
    assert same(read(f"{HEADER}\n{ESSEX}\n"), read(f"{header}\n{ESSEX}\n"))


@pytest.mark.parametrize("name", ["P Inclusion", "p-inclusion", "PInclusion", "P_INCLUSION"])
def test_names_of_several_words_may_be_joined_in_any_way(read, name):
    audit = read(f"{HEADER},{name}\n{ESSEX},0.25\n")
    assert audit.p_inclusion.tolist() == [0.25]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("tail", ["", "\n", "\n\n\n", "\n,,,,,,\n", "\n \n"])
def test_line_ends_and_blank_rows_at_the_end_do_not_matter(read, end, tail):
    content = f"{HEADER}\n{ESSEX}{tail}".replace("\n", end)
    assert same(read(f"{HEADER}\n{ESSEX}\n"), read(content))


def test_separators_after_the_last_column_do_not_matter(read):
    assert same(read(f"{HEADER}\n{ESSEX}\n"), read(f"{HEADER},,\n{ESSEX},,,\n"))


def test_blank_rows_are_passed_over_and_counted_as_lines(read, problems):
    assert read(f"\n{HEADER}\n\n{ESSEX}\n").rows == 1
    assert problems(f"\n{HEADER}\n\n{ESSEX}x\n")[0].startswith("4:6: recorded: '121x'")


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_separator_and_encoding_are_found_out(read, separator, encoding):
    content = f"{HEADER}\nSûreté,Gewalt,900,169,132,121\n".replace(",", separator)
    audit = read(content.encode(encoding))
    assert audit.forces == ("Sûreté",)
    assert audit.due.tolist() == [[132]]
    assert [("Windows-1252" in note) for note in audit.notes] == [True] * (encoding == "cp1252")


@pytest.mark.parametrize("bom", [codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE])
def test_both_orders_of_utf_16_are_read(read, bom):
    order = "utf-16-le" if bom == codecs.BOM_UTF16_LE else "utf-16-be"
    assert read(bom + f"{HEADER}\n{ESSEX}\n".encode(order)).forces == ("Essex",)


def test_a_separator_within_a_quoted_column_name_does_not_mislead(read):
    audit = read(f'"a, b, c, d";{HEADER.replace(",", ";")}\nx;{ESSEX.replace(",", ";")}\n')
    assert audit.forces == ("Essex",)
    assert audit.notes == ("column 'a, b, c, d' is not used",)


def test_quoted_names_may_hold_separators_quotation_marks_and_line_breaks(read):
    audit = read(f'{HEADER}\n"Essex, ""The""\nForce",all,9,8,7,6\n')
    assert audit.forces == ('Essex, "The" Force',)


def test_blanks_may_stand_before_a_quotation_mark(read):
    audit = read(f'{HEADER}\n"Essex, the force", "all", 9, "8", 7, 6\n')
    assert (audit.forces, audit.strata) == (("Essex, the force",), ("all",))


def test_columns_not_used_are_named_with_what_they_may_have_been_meant_for(read):
    audit = read(f"Remarks,{HEADER},p_inclusoin,,Verdict\nx,{ESSEX},0.3,y,z\n")
    assert audit.notes == (
        "column 'Remarks' is not used",
        "column 'p_inclusoin' is not used; did you mean 'p_inclusion'?",
        "column 9 has no name and is not used",
        "column 'Verdict' is not used",
    )
    assert audit.p_inclusion is None


# --- numbers ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("separator", "cell", "value"),
    [
        *((separator, "0", 0) for separator in ",;\t"),
        *((separator, " 12 ", 12) for separator in ",;\t"),
        *((separator, "007", 7) for separator in ",;\t"),
        *((separator, "12.0", 12) for separator in ",;\t"),
        *((separator, "0.000", 0) for separator in ",;\t"),
        *((separator, "1234.000", 1234) for separator in ",;\t"),
        *((separator, "1 126", 1126) for separator in ",;\t"),
        *((separator, "1\u00a0126\u00a0000", 1_126_000) for separator in ",;\t"),
        *((separator, "1\u202f126", 1126) for separator in ",;\t"),
        *((separator, "1,126,000", 1_126_000) for separator in ",;\t"),
        *((separator, "1,126.0", 1126) for separator in ",;\t"),
        *((separator, "1000000000000", 10**12) for separator in ",;\t"),
        *((separator, "0" * 5000 + "1", 1) for separator in ",;\t"),
        (",", "1,126", 1126),
        (";", "12,0", 12),
        ("\t", "12,00", 12),
        (";", "1.126.000", 1_126_000),
        (";", "1.126,0", 1126),
        (";", "1 126,000", 1126),
    ],
)
def test_a_count_may_be_written_so(separator, cell, value):
    assert Numerals(separator).count(cell) == value
    assert Numerals(separator).amount(cell) == value


@pytest.mark.parametrize(
    ("separator", "cell", "problem"),
    [
        *((separator, "", "is empty; give a whole number") for separator in ",;\t"),
        *((separator, " ", "is empty; give a whole number") for separator in ",;\t"),
        *((separator, "1.126", "may be 1126 or 1.126; write 1126") for separator in ",;\t"),
        *((separator, "12.000", "may be 12000 or 12.000") for separator in ",;\t"),
        (";", "1,126", "may be 1126 or 1.126"),
        ("\t", "12,000", "may be 12000 or 12.000"),
        (",", "12,5", "has a decimal comma, which is read only where"),
        (";", "12,5", "is not whole; give a whole number"),
        *((separator, "12.5", "is not whole; give a whole number") for separator in ",;\t"),
        *((separator, "-3", "is less than 0; give a whole number") for separator in ",;\t"),
        *((separator, "\u22123", "is less than 0") for separator in ",;\t"),
        *((separator, "-3.5", "is less than 0") for separator in ",;\t"),
        *((separator, "1000000000001", "is too large; give at most") for separator in ",;\t"),
        *((separator, "9" * 5000, "is too large") for separator in ",;\t"),
        *(
            (separator, cell, "is not a plain number; give a whole number of 0 or more")
            for separator in ",;\t"
            for cell in (
                "NaN", "nan", "inf", "n/a", "N/A", "-", ".", "five", "1e3", "1E3", "+5", "1_000",
                "12%", "£12", "12.", ".", "1 1", "1 26", "11 26 000", "1,126 000", "0x10", "٣",
                "１２", "1.١٢٦", "²", "1.2.3", "12 (est.)", "1126,", "#REF!", "TRUE",
            )
        ),
    ],
)  # fmt: skip
def test_a_count_may_not_be_written_so(separator, cell, problem):
    with pytest.raises(CellError) as caught:
        Numerals(separator).count(cell)
    assert problem in str(caught.value)


@pytest.mark.parametrize(
    ("separator", "cell", "value"),
    [
        (",", "350.5", 350.5), (",", "1,126.25", 1126.25), (",", "1 126.5", 1126.5),
        (";", "350,5", 350.5), (";", "350.5", 350.5), (";", "1.126,25", 1126.25),
        ("\t", "1 126,5", 1126.5), ("\t", "1,126.5", 1126.5), (",", "1234.567", 1234.567),
    ],
)  # fmt: skip
def test_an_amount_may_have_decimals(separator, cell, value):
    assert Numerals(separator).amount(cell) == value


@pytest.mark.parametrize("cell", ["", "-1", "NaN", "inf", "1e5", "many", "1.126", "1" * 14])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_an_amount_may_not_be_written_so(separator, cell):
    with pytest.raises(CellError):
        Numerals(separator).amount(cell)


@pytest.mark.parametrize(
    ("separator", "cell", "value"),
    [
        *((separator, "1", 1.0) for separator in ",;\t"),
        *((separator, "1.000", 1.0) for separator in ",;\t"),
        *((separator, " .302 ", 0.302) for separator in ",;\t"),
        *((separator, "0.302", 0.302) for separator in ",;\t"),
        (";", "0,302", 0.302), ("\t", "0,3", 0.3), (";", "1,000", 1.0),
    ],
)  # fmt: skip
def test_a_probability_has_no_thousands_so_nothing_is_ambiguous(separator, cell, value):
    assert Numerals(separator).probability(cell) == value


@pytest.mark.parametrize(
    ("separator", "cell", "problem"),
    [
        *((s, "0", "is not a probability; give a probability above 0, up to 1") for s in ",;\t"),
        *((s, "0.0", "is not a probability") for s in ",;\t"),
        *((s, "1.0001", "is not a probability") for s in ",;\t"),
        *((s, "30", "is not a probability") for s in ",;\t"),
        *((s, f"0.{'0' * 400}1", "is not a probability") for s in ",;\t"),
        *((s, "-0.3", "is less than 0") for s in ",;\t"),
        *((s, cell, "is not a plain") for s in ",;\t" for cell in ("30%", "13/43", "3e-1", "NaN")),
        (",", "0,302", "has a decimal comma"),
    ],
)
def test_a_probability_may_not_be_written_so(separator, cell, problem):
    with pytest.raises(CellError) as caught:
        Numerals(separator).probability(cell)
    assert problem in str(caught.value)


@given(st.text(alphabet="0123456789.,٣² -e\u00a0", max_size=15), st.sampled_from(",;\t"))
def test_the_fast_path_reads_what_the_plain_one_does(cell, separator):
    def outcome(read):
        try:
            return read(cell)
        except CellError as error:
            return str(error)

    numerals = Numerals(separator)
    fast = outcome(numerals.count), outcome(numerals.amount)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(f"{ROOM}.cells._is_plain", lambda cell: False)
        assert (outcome(numerals.count), outcome(numerals.amount)) == fast


# --- mistakes -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rows", "mistake"),
    [
        ("Essex,all,9,8,7,x", "2:6: recorded: 'x' is not a plain number; give a whole number"),
        ("Essex,all,9,8,,6", "2:5: due: is empty; give a whole number of 0 or more"),
        ("Essex,all,,8,7,6", "2:3: frame: is empty; give a whole number of 0 or more"),
        ("Essex,all,9,8,7,NaN", "2:6: recorded: 'NaN' is not a plain number"),
        ("Essex,all,9,8,7,n/a", "2:6: recorded: 'n/a' is not a plain number"),
        ("Essex,all,9,8,7,-1", "2:6: recorded: '-1' is less than 0"),
        ("Essex,all,1e3,8,7,6", "2:3: frame: '1e3' is not a plain number"),
        ("Essex,all,1.126,8,7,6", "2:3: frame: '1.126' may be 1126 or 1.126; write 1126"),
        ("Essex,all,9,8,7.5,6", "2:5: due: '7.5' is not whole"),
        (",all,9,8,7,6", "2:1: force: is empty; give a name"),
        ("Essex,  ,9,8,7,6", "2:2: stratum: is empty; give a name"),
        (f"{'E' * 201},all,9,8,7,6", "2:1: force: has 201 characters; give a name of at most 200"),
        ("Essex,all,9,8,6,7", "2:6: recorded: 7 is more than due, 6; give recorded <= due <="),
        ("Essex,all,9,6,7,6", "2:5: due: 7 is more than sampled, 6; give recorded <= due <="),
        ("Essex,all,7,8,7,6", "2:4: sampled: 8 is more than frame, 7; give recorded <= due <="),
        ("Essex,all,0,8,7,6", "2:4: sampled: 8 is more than frame, 0"),
        ("Essex,all,9,8,7,6,5", "2:7: row: has 7 cells, the header 6"),
        ("Essex,all,9,0,0,0", "2:4: sampled: is 0 in every row; give at least one force"),
        (
            "Essex,all,9,8,7,6\nGwent,all,9,8,7,6\nESSEX , All,9,8,7,6",
            "4:2: stratum: Essex, all is in row 2 already; give each force and stratum once",
        ),
        ('Essex,all,9,8,7,"6', "2:1: row: a quotation mark is never closed"),
        ('"Essex"x,all,9,8,7,6', "2:1: row: a quotation mark is never closed, or one within"),
        ("Essex,all,9,8", "2:5: due: is empty"),
    ],
)
def test_a_mistake_is_named_with_its_place(problems, rows, mistake):
    found = problems(f"{HEADER}\n{rows}\n")
    assert found[0].startswith(mistake)


@pytest.mark.parametrize(
    ("content", "mistake"),
    [
        (
            "force,stratum,sampled,due,recorded,p_inclusion\nEssex,a,9,8,7,0.3\nEssex,b,9,8,7,0.4\n",
            "3:6: p_inclusion: 0.4 is not 0.3, as in row 2; give the same in all rows of a force",
        ),
        (
            "force,stratum,sampled,due,recorded,p_inclusion\nEssex,a,9,8,7,.30\nEssex,b,9,8,7,.2\n",
            "3:6: p_inclusion: 0.2 is not 0.3, as in row 2; give the same in all rows of a force",
        ),
        (
            "force,stratum,sampled,due,recorded,p_inclusion\nEssex,a,9,8,7,0\n",
            "2:6: p_inclusion: '0' is not a probability; give a probability above 0, up to 1",
        ),
        (
            "force,stratum,sampled,due,recorded,p_inclusion\nEssex,a,9,8,7,\n",
            "2:6: p_inclusion: is empty; give the probability with which this inspected force",
        ),
        (
            "force,stratum,sampled,due,recorded,p_inclusion\nEssex,a,9,8,7,0.3\nEssex,b,0,0,0,\n",
            "3:6: p_inclusion: is empty; give the probability with which this inspected force",
        ),
        (
            "force,stratum,sampled,due,recorded,p_inclusion,force_stratum\n"
            "Essex,a,9,8,7,0.3,big\nEssex,b,9,8,7,0.3,small\n",
            "3:7: force_stratum: small is not big, as in row 2; give the same in all rows of a",
        ),
        (
            "force,stratum,sampled,due,recorded,p_inclusion,force_stratum\nEssex,a,9,8,7,0.3,\n",
            "2:7: force_stratum: is empty; give a name",
        ),
        (
            "force,stratum,sampled,due,recorded,force_stratum\nEssex,a,9,8,7,big\n",
            "1:6: force_stratum: needs p_inclusion beside it; give both",
        ),
        (
            "force,stratum,sampled,due,recorded,over_recorded\nEssex,a,9,8,7,2\n",
            "2:6: over_recorded: 2 is more than sampled - due, 1; give a part of it",
        ),
        (
            "force,stratum,sampled,due,recorded,recorded_volume\nEssex,a,9,8,7,\n",
            "2:6: recorded_volume: is empty; give a number of 0 or more",
        ),
        (
            "force,stratum,sampled,due,recorded,frame\nEssex,a,9,8,7,10\nGwent,a,9,8,7,\n",
            "3:6: frame: is empty; give a whole number of 0 or more",
        ),
        (
            "force,stratum,sampled,due,recored\nEssex,a,9,8,7\n",
            "1:5: recorded: there is no such column, and it is needed; is it 'recored'?",
        ),
        (
            "force,stratum,due,recorded\nEssex,a,8,7\n",
            "1:1: sampled: there is no such column, and it is needed",
        ),
        (
            "force,stratum,sampled,due,recorded,Due\nEssex,a,9,8,7,8\n",
            "1:6: due: is column 4 already; give each column once",
        ),
        (
            "My audit of 2014\nforce,stratum,sampled,due,recorded\nEssex,a,9,8,7\n",
            "1:1: header: no known column is named; give force, stratum, sampled, due, recorded",
        ),
        (
            "force,stratum,sampled,due,recorded" + ",x" * 1000 + "\nEssex,a,9,8,7\n",
            "1:1001: header: expected at most 1,000 columns",
        ),
    ],
)
def test_a_mistake_of_optional_columns_or_the_header_is_named_with_its_place(
    problems, content, mistake
):
    found = problems(content)
    assert len(found) == 1
    assert found[0].startswith(mistake)


def test_all_mistakes_are_told_at_once_in_the_order_of_the_file(problems):
    found = problems(
        f"{HEADER},p_inclusion\n"
        "Essex,a,9,8,7,8,0.3\n"  # recorded > due
        "Essex,A,9,8,x,-1,2\n"  # three cells, and the same stratum again
        "Gwent,a,9,8,7,6,0.3\n"
        "Gwent,b,9,10,7,6,0.4\n"  # sampled > frame, another probability
    )
    assert [problem.split(": ")[0] for problem in found] == [
        "2:6", "3:2", "3:5", "3:6", "3:7", "5:4", "5:7",
    ]  # fmt: skip


def test_a_cell_that_cannot_be_read_is_not_blamed_for_anything_else(problems):
    found = problems(
        f"{HEADER},over_recorded,p_inclusion\nEssex,a,9,x,7,6,5,\nEssex,b,x,8,7,6,1,\n"
    )
    assert [problem.split(": ")[0] for problem in found] == ["2:4", "2:8", "3:3", "3:8"]


def test_a_table_of_which_no_name_can_be_read_is_refused_for_that(problems):
    header = "force,stratum,sampled,due,recorded,frame,p_inclusion,force_stratum,over_recorded"
    assert problems(f"{header}\n,,9,8,7,10,,,0\n") == [
        "2:1: force: is empty; give a name",
        "2:2: stratum: is empty; give a name",
        "2:8: force_stratum: is empty; give a name",
    ]


def test_a_table_is_not_called_uninspected_for_rows_that_could_not_be_read(problems):
    assert len(problems(f'{HEADER}\nEssex,a,9,0,0,0\n"Gwent,a,9,8,7,6\n')) == 1
    assert len(problems(f"{HEADER}\nEssex,a,9,0,0,0\nGwent,a,9,x,7,6\n")) == 1


@pytest.mark.parametrize("n", [20, 21, 5000])
def test_the_first_twenty_mistakes_are_shown_and_the_others_counted(problems, n):
    # Relations are checked after cells, so the last row found is not the last row shown.
    rows = [f"Force {i // 100},{i},9,8,6,{'x' if i % 2 else 7}" for i in range(n)]
    found = problems("\n".join([HEADER, *rows]))
    shown = [f"{i + 2}:6: recorded:" for i in range(20)]
    assert [re.match(r"\d+:\d+: \w+:", problem)[0] for problem in found[:20]] == shown
    assert found[20:] == ([f"... and {n - 20:,} more"] if n > 20 else [])


def test_reading_stops_where_there_are_mistakes_enough(problems, monkeypatch):
    monkeypatch.setattr(f"{ROOM}.mistakes.ENOUGH", 30)
    found = problems("\n".join([HEADER, *(f"Force {i},a,9,8,x,y" for i in range(100))]))
    assert found[20:] == ["... and at least 10 more"]


def test_rows_are_lines_of_the_file_also_after_quoted_line_breaks(problems):
    found = problems(f'{HEADER}\n"Es\n\nsex",a,9,8,7,x\n\n"Gwent\r\n",a,9,8,7,y\nKent,a,9,8,7,z\n')
    assert [problem.split(": ")[0] for problem in found] == ["2:6", "6:6", "8:6"]


def test_a_quotation_mark_never_closed_names_the_row_where_it_opens(problems):
    rows = "\n".join(f"Force {i},all,9,8,7,6" for i in range(20_000))
    found = problems(f'{HEADER}\nKent,all,9,8,7,x\n"Essex,all,9,8,7,6\n{rows}\n')
    assert len(found) == 2
    assert found[0].startswith("2:6: recorded: 'x' is not a plain number")
    assert found[1].startswith("3:1: row: a quotation mark is never closed")


# --- files --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "is empty; give an audit table"),
        (b"\n\n  \n", "is empty; give an audit table"),
        (codecs.BOM_UTF8, "is empty; give an audit table"),
        (codecs.BOM_UTF16_LE, "is empty; give an audit table"),
        (HEADER.encode(), "has a header and no rows"),
        (f"{HEADER}\n,,,,,\n\n".encode(), "has a header and no rows"),
        (b"PK\x03\x04\x14\x00\x06\x00" + bytes(range(256)), "is damaged or no text; save"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "is damaged or no text"),
        (bytes(100), "is damaged or no text"),
        (f"{HEADER}\n{ESSEX}\n".encode("utf-16-le"), "is damaged or no text"),
        (f"{HEADER}\n{ESSEX}\n".encode("utf-16")[:-1], "is damaged or no text"),
        (f"{HEADER}\n{ESSEX}\x81\n".encode("latin-1"), "is damaged or no text"),
        (f"{HEADER}\n{ESSEX}\x00\n".encode(), "is damaged or no text"),
        (b"x" * 1_000_000, "1:1: row: the line is longer than 100,000 characters"),
        (b"," * 1_000_000, "1:1: row: the line is longer than 100,000 characters"),
        (f"{HEADER}\n{ESSEX}\n{'x' * 100_001}".encode(), "3:1: row: the line is longer"),
    ],
)
def test_a_file_that_is_no_table_is_refused(problems, content, problem):
    found = problems(content)
    assert len(found) == 1
    assert found[0].startswith(problem)


def test_a_missing_file_a_folder_and_a_circular_link_are_refused(tmp_path):
    circle = tmp_path / "circle.csv"
    circle.symlink_to(circle)
    for path, problem in [
        (tmp_path / "nowhere.csv", "no such file"),
        (tmp_path / "nowhere" / "audit.csv", "no such file"),
        (circle, "no such file"),
        (tmp_path, "is a folder or device"),
    ]:
        with pytest.raises(UserError, match=f"^{re.escape(str(path))}: {problem}"):
            read_audit_table(path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes are of POSIX")
def test_a_pipe_is_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UserError, match="is a folder or device"):
        read_audit_table(tmp_path / "pipe")


def test_a_file_that_may_not_be_read_is_refused(file, monkeypatch):
    file.write_text(f"{HEADER}\n{ESSEX}\n")

    def refuse(*args, **options):
        raise PermissionError(13, "Permission denied", str(file))

    monkeypatch.setattr("pathlib.Path.open", refuse)
    with pytest.raises(UserError, match=r"audit.csv: cannot be read \(Permission denied\)"):
        read_audit_table(file)


@pytest.mark.parametrize(
    ("limit", "problem"),
    [
        ("columns.MAX_FORCES", "5:1: force: more than 2 different forces; add some up"),
        ("columns.MAX_STRATA", "4:2: stratum: more than 2 different strata; add some up"),
        ("columns.MAX_ROWS", "4:1: row: expected at most 2 rows; add up strata"),
        ("text.MAX_BYTES", "holds 93 bytes; at most 2 are read"),
    ],
)
def test_a_table_that_is_too_large_is_refused(problems, monkeypatch, limit, problem):
    monkeypatch.setattr(f"{ROOM}.{limit}", 2)
    found = problems(f"{HEADER}\nA,a,9,8,7,6\nB,b,9,8,7,6\nA,c,9,8,7,6\nC,a,9,8,7,6\nD,x\n")
    assert len(found) == 1
    assert found[0].startswith(problem)


def test_more_cells_than_rows_are_allowed_are_refused(problems, monkeypatch):
    monkeypatch.setattr(f"{ROOM}.checks.MAX_ROWS", 3)
    assert problems(f"{HEADER}\nA,a,9,8,7,6\nB,b,9,8,7,6\n") == [
        "2:2: stratum: 2 forces times 2 strata make 4 cells, more than 3; add up strata"
    ]


def test_as_many_forces_as_addresses_of_random_numbers_have_room_for():
    assert MAX_FORCES < NATIONAL


@pytest.mark.parametrize("length", range(len(FULL.encode())))
def test_a_table_cut_off_anywhere_is_refused_or_shorter_never_worse(file, length):
    file.write_bytes(FULL.encode()[:length])
    whole = FULL.splitlines()
    try:
        audit = read_audit_table(file)
    except UserError:
        return
    # Only a last row that still holds every cell can be taken for whole.
    last = FULL[:length].splitlines()[-1]
    assert audit.rows == len(FULL[:length].splitlines()) - 1
    assert whole[audit.rows].startswith(last)
    assert last.count(",") == whole[0].count(",")


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / "bytes.csv"
    path.write_bytes(content)
    with pytest.raises(UserError):
        read_audit_table(path)


@given(st.text(alphabet='0123456789,;\t"\r\n .-xÉ', max_size=200))
def test_any_rows_are_read_or_refused(tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / "rows.csv"
    path.write_text(f"{HEADER}\n{ESSEX}\n{content}", encoding="utf-8", newline="")
    try:
        audit = read_audit_table(path)
    except UserError:
        return
    assert (audit.recorded <= audit.due).all()
    assert (audit.due <= audit.sampled).all()
    assert (audit.sampled <= audit.frame).all()


# --- there and back -----------------------------------------------------------------------

NAMES = st.text(
    alphabet=st.characters(
        codec="cp1252", exclude_categories=["C", "Z"], exclude_characters="\xad"
    ),
    min_size=1,
    max_size=8,
)


@st.composite
def tables(draw):
    """Rows of a valid table, as dicts of values by column."""
    names = draw(st.lists(NAMES, min_size=1, max_size=4, unique_by=str.casefold))
    strata = draw(st.lists(NAMES, min_size=1, max_size=3, unique_by=str.casefold))
    columns = draw(st.sets(st.sampled_from(OPTIONAL)))
    if "force_stratum" in columns:
        columns.add("p_inclusion")
    rows = []
    for f, name in enumerate(names):
        inspected = f == 0 or draw(st.booleans())
        p_inclusion = draw(st.floats(1e-9, 1.0))
        label = draw(NAMES)
        kept = draw(st.lists(st.sampled_from(strata), min_size=1, unique=True))
        for stratum in kept:
            sampled = draw(st.integers(1 if stratum == kept[0] else 0, 10**5)) if inspected else 0
            due = draw(st.integers(0, sampled))
            row = {
                "force": name,
                "stratum": stratum,
                "sampled": sampled,
                "due": due,
                "recorded": draw(st.integers(0, due)),
                "frame": draw(st.integers(sampled, 10**9)),
                "p_inclusion": p_inclusion,
                "recorded_volume": draw(st.integers(0, 10**9)) / draw(st.sampled_from([1, 2, 4])),
                "force_stratum": label,
                "over_recorded": draw(st.integers(0, sampled - due)),
            }
            rows.append({k: v for k, v in row.items() if k in REQUIRED or k in columns})
    return rows


def number(value, separator, style):
    """A number as some program writes it: style 0 plain, 1 decimal comma, 2 thousands, 3 Excel."""
    plain = format(Decimal(repr(value)), "f")
    if style == 1 and separator != ",":
        # A comma and three digits would be ambiguous; one more digit says that it is a decimal.
        return plain.replace(".", ",") + "0" * bool(re.search(r"\.\d{3}$", plain))
    if style == 2 and isinstance(value, int):
        return f"{value:,}".replace(",", "," if separator == "," else " ")
    if style == 3 and isinstance(value, int):
        return f"{value}.0"
    return plain


def expected(rows):
    """The table that rows in this order make, set out the slow way."""
    labels = {
        "forces": list(dict.fromkeys(row["force"] for row in rows)),
        "strata": list(dict.fromkeys(row["stratum"] for row in rows)),
    }
    values = {}
    for name in ("frame", "sampled", "due", "recorded", "over_recorded", "recorded_volume"):
        values[name] = np.zeros((len(labels["forces"]), len(labels["strata"])))
        for row in rows:
            f, h = labels["forces"].index(row["force"]), labels["strata"].index(row["stratum"])
            values[name][f, h] = row.get(name, 0)
    by_force = {row["force"]: row for row in rows}
    for name in ("p_inclusion", "force_stratum"):
        given = name in rows[0]
        values[name] = [by_force[f][name] for f in labels["forces"]] if given else None
    return labels, values


@given(rows=tables(), data=st.data())
def test_a_table_comes_back_from_any_dialect(tmp_path_factory, rows, data):
    separator = data.draw(st.sampled_from(",;\t"))
    style = data.draw(st.integers(0, 3))
    rows = data.draw(st.permutations(rows))
    header = data.draw(st.permutations([*rows[0], "remarks"]))
    spelling = data.draw(st.sampled_from([str.lower, str.upper, str.title]))
    gap = data.draw(st.sampled_from(["_", " ", ""]))
    out = io.StringIO()
    writer = csv.writer(
        out,
        delimiter=separator,
        lineterminator=data.draw(st.sampled_from(["\n", "\r\n", "\r"])),
        quoting=data.draw(st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL])),
    )
    writer.writerow(spelling(name).replace("_", gap) for name in header)
    for row in rows:
        cells = {
            name: value if isinstance(value, str) else number(value, separator, style)
            for name, value in row.items()
        }
        writer.writerow(cells.get(name, "x") for name in header)
    encoding = data.draw(st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "cp1252"]))
    path = tmp_path_factory.getbasetemp() / "dialect.csv"
    path.write_bytes(out.getvalue().encode(encoding))

    audit = read_audit_table(path)

    labels, values = expected(rows)
    assert audit.rows == len(rows)
    for name, value in labels.items():
        assert list(getattr(audit, name)) == value
    for name in ("frame", "sampled", "due", "recorded", "over_recorded"):
        np.testing.assert_array_equal(getattr(audit, name), values[name])
    np.testing.assert_array_equal(audit.volume, values["recorded_volume"])
    np.testing.assert_equal(audit.p_inclusion, values["p_inclusion"])
    if values["force_stratum"] is None:
        assert audit.force_stratum is None
    else:
        folded = [label.casefold() for label in audit.force_stratum]
        assert folded == [label.casefold() for label in values["force_stratum"]]
    present = audit.has_frame, audit.has_volume, audit.has_over_recorded
    assert present == tuple(c in rows[0] for c in ("frame", "recorded_volume", "over_recorded"))


# --- forces -------------------------------------------------------------------------------

KNOWN = ["Devon and Cornwall", "Dorset", "Dyfed-Powys", "City of London", "Metropolitan"]


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("Dorset", "Dorset"),
        ("DORSET police", "Dorset"),
        ("Dorset Constabulary", "Dorset"),
        ("Metropolitan Police Service", "Metropolitan"),
        ("Devon & Cornwall Police", "Devon and Cornwall"),
        ("dyfed powys", "Dyfed-Powys"),
        ("City of London Police", "City of London"),
        ("Dorst", None),
        ("Police", None),
        ("London", None),
    ],
)
def test_a_force_is_known_by_its_usual_names(name, meant):
    assert known_force(name, KNOWN) == meant


def test_forces_not_known_are_noted_beside_what_they_may_mean(read):
    audit = read(f"{HEADER}\nDorset Police,a,9,8,7,6\nDorst,a,9,8,7,6\nGotham,a,9,8,7,6\n")
    assert unknown_forces(audit, KNOWN) == [
        "force 'Dorst' is not known; did you mean 'Dorset'?",
        "force 'Gotham' is not known",
    ]


# --- size ---------------------------------------------------------------------------------

MEASURE = """
    import resource, sys, time
    from underrecording.estimation.tables import read_audit_table
    from underrecording.errors import UserError
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.process_time()
    try:
        outcome = read_audit_table(sys.argv[1]).rows
    except UserError as error:
        outcome = len(error.problems)
    seconds = time.process_time() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    print(outcome, seconds, peak // 1024)
"""


def measured(path):
    """What reading comes to: rows or problems, seconds of processor time, MiB more in use."""
    run = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(MEASURE), path],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    outcome, seconds, mebibytes = run.stdout.split()
    return int(outcome), float(seconds), int(mebibytes)


def write_large(path, cells):
    with path.open("w") as out:
        out.write("force,stratum,frame,sampled,due,recorded,recorded_volume,p_inclusion\n")
        for f in range(200):
            for h in range(10_000):
                out.write(f"Police force {f:03d},stratum {h:05d},{cells},{(f + 1) / 400}\n")
    assert path.stat().st_size > 100_000_000


@pytest.mark.slow
def test_the_largest_table_is_read_in_a_minute_and_a_few_hundred_megabytes(file):
    write_large(file, "10400,400,300,200,123456")
    rows, seconds, mebibytes = measured(file)
    assert rows == 2_000_000
    assert seconds < 60
    assert mebibytes < 400


@pytest.mark.slow
def test_a_large_table_with_ten_million_mistakes_is_not_read_to_the_end(file):
    write_large(file, "10400x,400x,300x,200x,123456x")
    problems, seconds, mebibytes = measured(file)
    assert problems == SHOWN + 1
    assert seconds < 20
    assert mebibytes < 100
