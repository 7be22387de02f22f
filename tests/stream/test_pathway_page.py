"""docs/pathway.md lists every parameter of a stream as it is, and every column of its table."""

import re
from datetime import date
from itertools import groupby
from pathlib import Path

import pytest

from underrecording.options import Section
from underrecording.stream.incidents import COLUMNS
from underrecording.world.options import WorldOptions
from underrecording.world.pathway import Duration, Intervention, Roster

PAGE = (Path(__file__).parents[2] / "docs/pathway.md").read_text("utf-8")
SECTIONS = ("effects", "training", "supervision", "workload", "pressure", "staff", "pathway")


def text(value):
    """A default as the page prints it."""
    if isinstance(value, Duration):
        return f"mean {value.mean_hours:g}, cv {value.cv:g}"
    if isinstance(value, Roster):
        return f"{text(value.by_hour)}; weekend {value.weekend:g}"
    if isinstance(value, tuple):
        runs = [(f"{item:g}", len(list(run))) for item, run in groupby(value)]
        return ", ".join(one if n == 1 else f"{one} × {n}" for one, n in runs) or "none"
    if isinstance(value, date):
        return value.isoformat()
    return "none" if value in (None, "") else f"{value:g}"


def leaves(model, path):
    """Every option below *model*: its dotted path, its default and its documentation."""
    for name, field in model.model_fields.items():
        default = None if field.is_required() else field.default
        if isinstance(default, Section) and not isinstance(default, Duration | Roster):
            yield from leaves(type(default), f"{path}.{name}")
        else:
            yield f"{path}.{name}", default, " ".join((field.description or "").split())


OPTIONS = [
    *(
        leaf
        for name in SECTIONS
        for leaf in leaves(WorldOptions.model_fields[name].annotation, name)
    ),
    *leaves(Intervention, "pathway.interventions[]"),
]


def rows(first_cell):
    """Cells of each row of a table whose first cell is code and matches."""
    for line in PAGE.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("| `") and re.fullmatch(first_cell, cells[0].strip("`")):
            yield [cell.strip("`") for cell in cells]


def test_there_are_options_and_columns_to_look_for():
    assert len(OPTIONS) > 60
    assert len(COLUMNS) > 20


@pytest.mark.parametrize(
    ("path", "default", "meaning"), OPTIONS, ids=[path for path, *_ in OPTIONS]
)
def test_the_page_lists_each_option_with_its_default_unit_and_basis(path, default, meaning):
    found = list(rows(re.escape(path)))
    assert len(found) == 1, (
        f"expected once: | `{path}` | {text(default)} | unit | basis | meaning |"
    )
    _, shown, unit, basis, words = found[0]
    assert shown == text(default), f"{path}: the default is {text(default)}"
    assert unit, path
    assert basis, path
    assert words == meaning, f"{path}: the documentation reads\n{meaning}"
    if "assumed" in meaning:
        assert "assumed" in basis, path


def test_the_page_lists_no_option_that_is_not_there():
    known = {path for path, *_ in OPTIONS}
    listed = {cells[0] for cells in rows(rf"(?:{'|'.join(SECTIONS)})\.[\w.\[\]]+")}
    assert listed == known


@pytest.mark.parametrize("column", COLUMNS, ids=[column.name for column in COLUMNS])
def test_the_page_lists_each_column_of_the_table(column):
    (found,) = rows(column.name)
    assert found == [column.name, column.unit or "–", column.meaning]


def test_the_page_is_linked_where_streams_are_spoken_of():
    root = Path(__file__).parents[2]
    assert "docs/pathway.md" in (root / "README.md").read_text("utf-8")
    assert "pathway.md" in (root / "docs/model.md").read_text("utf-8")
