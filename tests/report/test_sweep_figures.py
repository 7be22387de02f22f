"""Figures and tables of sweeps of many cells: what they hold and when they are drawn."""

import itertools

import numpy as np
import pytest

from underrecording.report.figures.heat_map import _around
from underrecording.report.sweeps import sweep_tables

COUNT, RECORDS = "inspection.forces.count", "inspection.records.per_force"


def measure_of(results, name, cell, estimator):
    rows = results.select(name, cell=cell)
    row = rows[rows["estimator"] == estimator].iloc[0]
    return row["value"], row["mcse"]


@pytest.mark.parametrize(
    ("study", "names"),
    [
        pytest.param("grid", {"heat_map", "nested_loop"}, marks=pytest.mark.slow),
        pytest.param("cube", {"heat_map", "nested_loop"}, marks=pytest.mark.slow),
        pytest.param("many", {"heat_map", "nested_loop", "sample_size"}, marks=pytest.mark.slow),
        ("zip", {"nested_loop"}),
        pytest.param("list", {"nested_loop"}, marks=pytest.mark.slow),
        ("swept", set()),
        ("one_cell", set()),
    ],
)
def test_figures_of_many_cells_are_drawn_where_there_are_many(studies, study, names):
    drawn = set(studies(study).drawn)
    assert drawn & {"heat_map", "nested_loop", "sample_size"} == names


@pytest.mark.parametrize("figure", ["heat_map", "nested_loop"])
@pytest.mark.parametrize("study", ["grid", pytest.param("many", marks=pytest.mark.slow)])
def test_the_numbers_are_those_of_the_cells_they_name(studies, study, figure):
    made = studies(study)
    results, drawn = made.results, made.drawn
    numbers = drawn[figure].numbers
    n_cells = len(results.plan.cells) - (0 if study == "many" else 1)
    assert len(numbers) == n_cells * 2 * 2
    for row in numbers.to_dict("records"):
        value, mcse = measure_of(results, row["measure"], row["cell"], row["estimator"])
        assert (row["value"], row["mcse"]) == (value, mcse)
        assert row["drawn"] == pytest.approx(100 * value)
        cell = results.plan.cells[row["cell"]].cell.values
        assert (cell[COUNT], cell[RECORDS]) == (row[COUNT], row[RECORDS])


@pytest.mark.slow
def test_a_heat_map_marks_what_is_nominal_as_far_as_chance_can_tell(studies):
    numbers = studies("many").drawn["heat_map"].numbers
    covered = numbers[numbers["measure"] == "coverage"]
    near = np.abs(covered["value"] - 0.95) <= 2 * covered["mcse"]
    assert list(covered["within_error_of_nominal"]) == list(near)
    assert near.any()
    assert not near.all()


@pytest.mark.slow
def test_colours_of_coverage_are_centred_on_the_nominal_level(studies):
    covered = studies("many").drawn["heat_map"].numbers.query("measure == 'coverage'")["drawn"]
    shades = _around(0.95, covered)
    middle = shades.norm(shades.turned(np.array(95.0)))
    assert middle == pytest.approx(0.5)
    # Nearly white there, darker on both sides, and twice the misses as far as half of them.
    assert min(shades.colours(float(middle))[:3]) > 0.9
    low, high = (float(shades.turned(np.array(x))) for x in (90.0, 97.5))
    assert low == pytest.approx(-1.0)
    assert high == pytest.approx(1.0)


@pytest.mark.slow
def test_a_nested_loop_has_its_cells_in_the_order_of_loops(studies):
    numbers = studies("many").drawn["nested_loop"].numbers
    rows = numbers[(numbers["measure"] == "rmse")].drop_duplicates("place")
    found = list(zip(rows[COUNT], rows[RECORDS], strict=True))
    assert found == list(itertools.product([5, 9, 13, 20, 31, 43], [20, 30, 45, 60, 120, 240, 480]))


def test_a_cell_that_the_sweep_does_not_name_is_not_in_the_loops(studies):
    rows = studies("list").drawn["nested_loop"].numbers
    assert sorted(set(rows["cell"])) == [1, 2, 3, 4]
    # 13 forces and 60 records are in the zip, and are the reference.
    rows = studies("zip").drawn["nested_loop"].numbers
    assert 0 in set(rows["cell"])


def test_the_line_of_a_zip_runs_along_its_first_number(studies):
    study = studies("zip")
    numbers = study.drawn[f"sweep_{COUNT}"].numbers
    bias = numbers[(numbers["measure"] == "bias") & (numbers["estimator"].str.startswith("pooled"))]
    assert list(bias[COUNT]) == [5, 13, 26, 43]
    assert f"sweep_{RECORDS}" not in study.drawn
    assert b"156, 60, 30, 18" in study.drawn[f"sweep_{COUNT}"].svg


@pytest.mark.slow
def test_lines_of_a_large_grid_are_thinned_and_that_is_said(studies):
    study = studies("many")
    drawn = study.drawn[f"sweep_{COUNT}"]
    assert drawn.numbers[RECORDS].nunique() == 7
    assert b"lines are drawn" not in drawn.svg


@pytest.mark.slow
def test_a_large_grid_is_crossed_rather_than_listed(studies):
    results = studies("many").results
    tables = sweep_tables(results)
    assert len(tables) == 4
    for caption, table in tables:
        assert len(table.rows) == 6
        assert len(table.header) == 8
        assert "headline" in caption or "recommended" in caption
    assert "RMSE, points, headline" in tables[0].caption
    cell = next(
        c.cell.index
        for c in results.plan.cells
        if (c.cell.values[COUNT], c.cell.values[RECORDS]) == (20, 45)
    )
    value, _ = measure_of(results, "coverage", cell, "combined_ratio/linearised/t")
    row = next(row for row in tables[3].table.rows if row[0] == "20")
    assert row[tables[3].table.header.index("45")] == f"{100 * value:.1f}"


def test_cells_of_a_list_are_called_by_what_they_set(studies):
    (found,) = sweep_tables(studies("list").results)
    names = [row[0] for row in found.table.rows]
    assert names[0] == "srs, 13 | 60 (reference)"
    assert names[1] == "pps, 13 | 30"
    assert len(names) == 5


@pytest.mark.slow
def test_the_surface_is_drawn_with_what_it_was_fitted_to(studies):
    numbers = studies("many").drawn["sample_size"].numbers
    fitted = numbers[numbers["what"] == "error"]
    assert len(fitted) == 42
    off = np.abs(fitted["surface"] / fitted["value"] - 1.0)
    assert (off < 4.0 * fitted["mcse"] / fitted["value"] + 0.1).all()
    enough = numbers[numbers["what"] == "enough_error"]
    assert list(enough["forces"]) == list(range(5, 44))
