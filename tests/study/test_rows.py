"""`study.keep: rows`: every estimate in parts, as replays and measures say it was."""

import tracemalloc
from concurrent.futures import Executor, Future

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from underrecording.errors import UserError
from underrecording.report.verification import verify
from underrecording.report.write import csv_text, tables_of
from underrecording.study import plan_study, read_rows, rows_by_block, run_study
from underrecording.study import run as run_module
from underrecording.study.outlook import outlook
from underrecording.study.plan import MAX_ROWS_BYTES, ROW_BYTES
from underrecording.study.replay import replay
from underrecording.study.replicate_table import Roles, read_replicates
from underrecording.study.store import Store
from underrecording.study.table_measures import measure_table
from underrecording.study.workers import Elsewhere

ROWS = "study.keep=rows"
KEYS = ["cell", "estimator", "estimand", "domain", "measure"]
NUMBERS = ["estimate", "se", "low", "high", "truth"]
SECOND = "estimates-world-00000-replicates-0000000050-0000000100"


class Nobody:
    def say(self, text): ...
    def start(self, done, total): ...
    def advance(self, count): ...


class Here(Executor):
    """Computes what it is given at once."""

    def submit(self, function, /, *args, **kwargs):
        future = Future()
        future.set_result(function(*args, **kwargs))
        return future


def parts(folder, kind=""):
    return {path.name: path.read_bytes() for path in (folder / "parts").glob(f"{kind}*.parquet")}


def faults(folder, results, blocks=3):
    """What `verify` finds, the tables being those of *results*."""
    for name, table in tables_of(results).items():
        (folder / name).write_text(csv_text(table))
    return verify(folder, blocks=blocks, seed=1, progress=Nobody()).faults


@pytest.mark.parametrize("draw", ["{draw: fresh}", "{draw: fixed, worlds: 2}"])
def test_rows_are_what_a_replay_says_of_their_replicate(run, loaded, tmp_path, draw):
    run(ROWS, f"world={draw}", "inspection.forces.count=1")
    plan = plan_study(loaded(f"world={draw}", "inspection.forces.count=1"))
    rows = read_rows(tmp_path / "run")
    assert len(rows) == 120 * 3 * 2 * plan.worlds
    reasons = set()
    for world in range(plan.worlds):
        for cell, number in ((0, 0), (1, 49), (2, 50), (0, 119)):
            asked = f"world == {world} and cell == {cell} and replicate == {number}"
            found = replay(plan, number, world=world, cell=cell)
            for row, answer in zip(rows.query(asked).itertuples(), found.answers, strict=True):
                for name in (*NUMBERS, "estimand", "domain", "estimator", "reason"):
                    np.testing.assert_array_equal(getattr(row, name), getattr(answer, name))
                reasons.add(answer.reason)
    assert len(reasons) == 2
    # Not that all rows are alike.
    assert rows["estimate"].nunique() > 100


def test_measure_says_of_the_rows_what_the_study_says_of_itself(run, tmp_path):
    """With replicates that have no answer, and two estimands."""
    results, _ = run(
        ROWS, "study.sweep={one_at_a_time: {inspection.forces.count: [1, 43]}}",
        "study.estimands=[under_recording_rate/national, under_recording_rate/violence]",
    )  # fmt: skip
    path = tmp_path / "rows.csv"
    read_rows(tmp_path / "run").to_csv(path, index=False)
    measured = measure_table(read_replicates(path))
    for ours, theirs, keys in (
        (results.measures, measured.measures, KEYS),
        (results.differences, measured.differences, [*KEYS, "reference"]),
    ):
        both = theirs.assign(cell=theirs["cell"].astype(int)).merge(
            ours, on=keys, suffixes=("", "_of_study"), validate="one_to_one"
        )
        # A study has its estimates in bins, where the rows have them as they are.
        both = both[both["measure"] != "bias_eliminated_coverage"]
        assert both["measure"].nunique() >= len(set(ours["measure"])) - 2
        assert both["value"].notna().any()
        for name in ("value", "mcse", "replicates"):
            np.testing.assert_allclose(both[name], both[f"{name}_of_study"], rtol=1e-7, atol=1e-12)
    failed = measured.failures
    assert set(failed["reason"]) == {"one force inspected in a stratum of several"}
    assert failed["count"].tolist() == [120, 120]


def test_measures_of_each_fixed_world_follow_from_its_rows(run, tmp_path):
    fixed = ("world.draw=fixed", "world.worlds=2", "study.sweep={}")
    results, _ = run(ROWS, *fixed)
    path = tmp_path / "rows.csv"
    read_rows(tmp_path / "run").to_csv(path, index=False)
    measured = measure_table(read_replicates(path, Roles(cells=("world",)))).measures
    measured["world"] = measured["world"].astype(int)
    both = measured.merge(results.worlds, on=[*KEYS[1:], "world"], suffixes=("", "_of_study"))
    both = both[both["measure"].isin(["bias", "coverage", "model_se", "winkler"])]
    assert len(both) == 2 * 2 * 4
    np.testing.assert_allclose(both["value"], both["value_of_study"], rtol=1e-9)


def test_rows_name_the_swept_values_of_their_cell_as_measures_do(run, tmp_path):
    """Numbers stay numbers; what is a setting is its text; the words are the same in all parts."""
    results, _ = run(
        ROWS, "study.sweep={list: [{inspection.forces: {design: pps, count: 4}}, "
        "{inspection.records.per_force: 20}, {inspection.records.allocation: equal}]}",
    )  # fmt: skip
    rows = read_rows(tmp_path / "run")
    keys = [
        "inspection.forces", "inspection.records.per_force", "inspection.records.allocation"
    ]  # fmt: skip
    assert list(rows.columns) == [
        "cell", *keys, "world", "replicate", "estimand", "domain", "estimator",
        "estimate", "se", "low", "high", "truth", "reason",
    ]  # fmt: skip
    named = results.measures.drop_duplicates("cell").set_index("cell")
    for cell, part in rows.groupby("cell"):
        for key in keys:
            assert part[key].unique().tolist() == [named.loc[cell, key]]
    assert pd.api.types.is_numeric_dtype(rows["inspection.records.per_force"])
    assert isinstance(rows["estimator"].dtype, pd.CategoricalDtype)
    assert isinstance(rows["inspection.forces"].dtype, pd.CategoricalDtype)


def test_rows_asked_for_later_change_no_byte_of_what_is_there(run, tmp_path):
    without, _ = run()
    before = parts(tmp_path / "run")
    with_rows, heard = run(ROWS)
    assert heard.advanced == 120
    assert heard.told == [
        "120 of the replicates that are there are computed again, for what was not kept of them."
    ]
    after = parts(tmp_path / "run")
    assert len(after) == len(before) + 3
    assert {name: after[name] for name in before} == before
    assert csv_text(with_rows.measures) == csv_text(without.measures)
    assert with_rows.rows.equals(without.rows)
    # Once there, they are in nobody's way.
    for changes in ((ROWS,), ()):
        results, heard = run(*changes)
        assert heard.advanced == 0
        assert faults(tmp_path / "run", results) == ()
    assert parts(tmp_path / "run") == after


def test_the_first_rows_of_every_run_are_among_all_of_them(run, tmp_path):
    results, _ = run(ROWS)
    rows = read_rows(tmp_path / "run")
    first = rows[(rows["cell"] == 0) & (rows["replicate"] < 50)].reset_index(drop=True)
    assert len(results.rows) == 100
    pd.testing.assert_frame_equal(first[results.rows.columns], results.rows)


def test_more_replicates_only_add_rows(run, tmp_path):
    run(ROWS, "study.replicates=100")
    before = parts(tmp_path / "run", "estimates")
    fewer = read_rows(tmp_path / "run")
    _, heard = run(ROWS, "study.replicates=250")
    assert heard.advanced == 150
    assert before.items() <= parts(tmp_path / "run", "estimates").items()
    more = read_rows(tmp_path / "run")
    assert len(more) == 250 * 4
    pd.testing.assert_frame_equal(
        more[more["replicate"] < 100].reset_index(drop=True), fewer, check_exact=True
    )


@pytest.mark.parametrize("interrupted", range(1, 9))
def test_a_run_that_stops_between_any_two_parts_ends_in_the_same_bytes(
    run, tmp_path, monkeypatch, interrupted
):
    """Of eight parts so many are written before the end comes."""
    run(ROWS, folder="whole")
    written, write = [], Store.write_table

    def stop(store, name, table):
        if len(written) == interrupted - 1:
            raise KeyboardInterrupt
        written.append(name)
        write(store, name, table)

    monkeypatch.setattr(Store, "write_table", stop)
    with pytest.raises(KeyboardInterrupt):
        run(ROWS)
    monkeypatch.undo()
    run(ROWS)
    assert len(parts(tmp_path / "whole")) == 8
    assert parts(tmp_path / "run") == parts(tmp_path / "whole")


@pytest.mark.parametrize("damage", ["flip", "truncate", "remove"])
def test_a_damaged_part_of_rows_is_found_and_computed_again(run, tmp_path, damage):
    results, _ = run(ROWS)
    whole = parts(tmp_path / "run")
    victim = tmp_path / f"run/parts/{SECOND}.parquet"
    raw = bytearray(victim.read_bytes())
    if damage == "flip":
        raw[len(raw) // 3] ^= 1
        victim.write_bytes(raw)
    elif damage == "truncate":
        victim.write_bytes(raw[:-100])
    else:
        victim.unlink()
    (fault,) = faults(tmp_path / "run", results)
    assert fault.startswith(f"parts/{SECOND}.parquet: ")
    with pytest.raises(UserError, match=r"computes it again|1 of 3 blocks are not kept"):
        read_rows(tmp_path / "run")
    _, heard = run(ROWS)
    assert heard.advanced == 50
    assert parts(tmp_path / "run") == whole


@pytest.mark.parametrize("column", ["high", "reason"])
def test_one_changed_row_with_a_right_hash_is_named(run, tmp_path, loaded, column):
    results, _ = run(ROWS)
    scenario = loaded().scenario
    store = Store(tmp_path / "run", scenario.digest(), scenario.settings())
    table = store.whole_table(SECOND)
    values = table[column].to_pylist()
    values[107] = values[107] + 1e-9 if column == "high" else "nothing due"
    place = table.schema.get_field_index(column)
    store.write_table(SECOND, table.set_column(place, column, pa.array(values)))
    (fault,) = faults(tmp_path / "run", results)
    assert fault.startswith(
        f"parts/{SECOND}.parquet: {column} differs in 1 of 200 rows, first for cell 1, "
        "replicate 57, estimand under_recording_rate, domain national, "
        "estimator pooled/binomial/wald: "
    )


def test_workers_elsewhere_keep_the_rows_they_are_asked_for(run, loaded, tmp_path):
    """Asked without rows first, they have the same study laid out already."""
    run(ROWS, folder="here")
    for changes in ((), (ROWS,)):
        asked = loaded(*changes)
        plan, folder = plan_study(asked), tmp_path / f"there{len(changes)}"
        with Store(folder, plan.scenario.digest(), plan.scenario.settings()).opened() as store:
            run_study(plan, store, Elsewhere(asked, Here(), in_flight=2), Nobody())
    assert parts(tmp_path / "there1") == parts(tmp_path / "here")
    assert parts(tmp_path / "there0", "estimates") == {}


@pytest.mark.slow
def test_memory_holds_a_block_of_rows_whatever_the_number_of_blocks(run, monkeypatch):
    """Rows of a block of 2,000 take half a megabyte; twin: rows that are held on to are seen."""
    block = ("study.block_size=2000", "study.trajectories=0", ROWS)
    held = []

    def peak(blocks, folder):
        held.clear()
        tracemalloc.start()
        run(*block, f"study.replicates={2000 * blocks}", folder=folder)
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    few = peak(2, "two")
    assert abs(peak(8, "eight") - few) < 1e6
    tables = run_module.part_tables

    def hold_on(plan, block, result):
        held.append(result)
        return tables(plan, block, result)

    monkeypatch.setattr(run_module, "part_tables", hold_on)
    assert peak(8, "held") - few > 2e6


def test_rows_too_many_for_a_block_are_refused_with_a_size_that_fits(loaded):
    wide = "study.estimands=[under_recording_rate/national, under_recording_rate/violence]"
    large = ("study.replicates=1000000", "study.block_size=1000000")
    with pytest.raises(
        UserError,
        match=r"study\.keep: rows of 2 cells, 2 estimands and 2 estimators need 488 MiB a "
        r"block, more than the allowed 256 MiB; give study.block_size: 500000 or less",
    ):
        plan_study(loaded(ROWS, wide, *large))
    assert 500_000 <= MAX_ROWS_BYTES / (8 * ROW_BYTES) < 600_000
    assert plan_study(loaded(ROWS, wide, large[0], "study.block_size=500000")).keeps_rows
    assert plan_study(loaded(ROWS, wide, large[1])).keeps_rows
    assert not plan_study(loaded(wide, *large)).keeps_rows


def test_the_outlook_says_how_many_rows_and_how_large(loaded):
    fixed = ("world.draw=fixed", "world.worlds=2")
    said = outlook(plan_study(loaded(ROWS, *fixed)))
    assert "\n  rows        960 kept, about 31 kB on disk\n" in said
    assert "  rows  " not in outlook(plan_study(loaded(*fixed)))


def test_rows_that_are_not_there_are_not_read(run, tmp_path):
    run("study.replicates=100")
    with pytest.raises(UserError, match=r"rows of 2 of 2 blocks are not kept; .*study.keep=rows"):
        read_rows(tmp_path / "run")
    with pytest.raises(UserError, match="holds no run"):
        next(rows_by_block(tmp_path))
    run(ROWS, "study.replicates=100")
    some = read_rows(tmp_path / "run", columns=["replicate", "estimate"])
    assert list(some.columns) == ["replicate", "estimate"]
    assert [len(part) for part in rows_by_block(tmp_path / "run")] == [200, 200]
