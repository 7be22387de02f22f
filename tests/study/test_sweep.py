"""Cells of a sweep: of every kind, by the hundred, and what cannot be swept."""

import numpy as np
import pytest

from underrecording.errors import UserError
from underrecording.study import plan_study
from underrecording.study.block import run_block
from underrecording.study.outlook import outlook
from underrecording.study.plan import Block
from underrecording.study.sweep import cells

COUNT, RECORDS = "inspection.forces.count", "inspection.records.per_force"


def values(loaded, sweep):
    return [tuple(cell.values.values()) for cell in cells(loaded(f"study.sweep={sweep}"))]


def test_a_zip_takes_its_keys_in_step(loaded):
    found = values(loaded, f"{{zip: {{{COUNT}: [5, 13, 43], {RECORDS}: [416, 160, 48]}}}}")
    assert found == [(5, 40), (5, 416), (13, 160), (43, 48)]


def test_a_list_leaves_what_it_does_not_set_as_written(loaded):
    found = values(loaded, f"{{list: [{{{COUNT}: 9}}, {{{RECORDS}: 80}}, {{{COUNT}: 43}}]}}")
    assert found == [(5, 40), (9, 40), (5, 80), (43, 40)]


def test_the_reference_cell_is_there_once_though_the_sweep_names_it(loaded):
    found = values(loaded, f"{{zip: {{{COUNT}: [5, 9], {RECORDS}: [40, 80]}}}}")
    assert found == [(5, 40), (9, 80)]


def test_a_zip_gives_the_numbers_of_the_grid_cell_it_names(loaded):
    zipped = plan_study(loaded(f"study.sweep={{zip: {{{COUNT}: [9], {RECORDS}: [80]}}}}"))
    crossed = plan_study(loaded(f"study.sweep={{grid: {{{COUNT}: [5, 9], {RECORDS}: [80]}}}}"))
    one, other = (run_block(plan, Block(0, 0, 30)).moments for plan in (zipped, crossed))
    np.testing.assert_array_equal(one.at(1).sums, other.at(2).sums)


SCENARIO = """\
title: t
aim: a
seed: 1
inspection:
  forces: {design: srs, count: 5}
  records: {allocation: equal, per_force: 40}
estimators: [pooled/binomial/wald]
study:
  replicates: 10
  sweep:
"""


def mistakes(loaded, sweep):
    with pytest.raises(UserError) as caught:
        cells(loaded(text=SCENARIO + sweep))
    return caught.value.problems


def test_every_mistake_of_a_zip_is_told_at_once_at_its_key(loaded):
    found = mistakes(
        loaded,
        """\
    zip:
      inspection.forces.count: [5, 10, 15]
      inspection.records.per_force: [30, 40]
      study.level: [0.9]
""",
    )
    assert len(found) == 3
    assert ":13:" in found[0]
    assert "2 values, but inspection.forces.count has 3" in found[0]
    assert "study.level: cannot be swept" in found[1]
    assert "1 value, but inspection.forces.count has 3" in found[2]


def test_a_repeated_value_or_cell_is_a_mistake(loaded):
    twice = mistakes(loaded, "    grid: {inspection.forces.count: [7, 8, 7]}\n")
    assert twice[0].endswith("count.2: value 3 repeats value 1; give each value once")
    listed = mistakes(
        loaded,
        """\
    list:
      - {inspection.forces.count: 7}
      - {}
      - {inspection.forces.count: 7}
""",
    )
    assert "list.1: sets nothing" in listed[0]
    assert "list.2: cell 3 repeats cell 1" in listed[1]
    zipped = mistakes(
        loaded,
        "    zip: {inspection.forces.count: [7, 7], inspection.records.per_force: [30, 30]}\n",
    )
    assert "cell 2 repeats cell 1" in zipped[0]


def test_cells_in_other_words_for_the_same_are_a_mistake(loaded):
    (found,) = mistakes(
        loaded,
        """\
    list:
      - {inspection.forces: {design: srs, count: 7}}
      - {inspection.forces: {count: 7, design: srs}, inspection.records.per_force: 40.0}
""",
    )
    assert ":12:" in found
    assert "cell 2 means the same as cell 1" in found


def test_an_unknown_key_is_one_mistake_however_many_values_it_has(loaded):
    found = mistakes(
        loaded,
        """\
    grid:
      inspection.forces.cuont: [7, 8, 9]
      inspection.forces.count: [7, nine]
""",
    )
    assert len(found) == 2
    assert ":12:" in found[0]
    assert "unknown key; did you mean 'count'?" in found[0]
    assert "expected a whole number, got 'nine'" in found[1]


def test_kinds_of_sweep_are_not_mixed(loaded):
    (found,) = mistakes(
        loaded,
        "    grid: {inspection.forces.count: [7]}\n    zip: {inspection.forces.count: [7]}\n",
    )
    assert "grid and zip cannot be combined" in found


def test_hundreds_of_cells_share_one_world_and_are_told_in_few_lines(loaded):
    counts, records = list(range(4, 24)), list(range(20, 420, 20))
    plan = plan_study(loaded(f"study.sweep={{grid: {{{COUNT}: {counts}, {RECORDS}: {records}}}}}"))
    assert len(plan.cells) == 400
    assert len({id(cell.world) for cell in plan.cells}) == 1
    text = outlook(plan)
    assert "grid; one world shared by all cells" in text
    assert "20 values, 20 to 400" in text
    assert len(text.splitlines()) < 15


def test_cells_share_worlds_that_the_cache_has_let_go(loaded, monkeypatch):
    from underrecording.study import plan as plan_module

    made = []

    def remember(options):
        made.append(options)
        return made_before(options)

    made_before = plan_module.make_world
    monkeypatch.setattr(plan_module, "make_world", remember)
    sds = [0.05, 0.07, 0.09]
    plan = plan_study(
        loaded(f"study.sweep={{grid: {{{COUNT}: [5, 9], world.accuracy.between_force_sd: {sds}}}}}")
    )
    assert len(plan.cells) == 7
    assert len(made) == 4
