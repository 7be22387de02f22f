"""Faults planted in a finished run, and what `verify` says of them."""

import json

import numpy as np
import pyarrow.parquet as pq
import pytest

from underrecording.errors import UserError
from underrecording.report.verification import verification_json, verification_text, verify
from underrecording.report.write import csv_text, tables_of
from underrecording.rng import RESULTS_VERSION
from underrecording.study.store import Store

FIRST, SECOND = "world-00000-replicates-0000000000-0000000050", (
    "world-00000-replicates-0000000050-0000000100"
)  # fmt: skip


class Nobody:
    def say(self, text): ...
    def start(self, done, total): ...
    def advance(self, count): ...


def verified(folder, blocks=3):
    return verify(folder, blocks=blocks, seed=1, progress=Nobody())


@pytest.fixture
def finished(run, tmp_path):
    """A finished run with its tables."""

    def finish(*overrides, folder="run", **options):
        results, _ = run(*overrides, folder=folder, **options)
        for name, table in tables_of(results).items():
            (tmp_path / folder / name).write_text(csv_text(table))
        return tmp_path / folder

    return finish


@pytest.fixture
def forge():
    """Change a part and give it the marks of a sound one."""

    def change(folder, name, alter):
        manifest = json.loads((folder / "manifest.json").read_text())
        store = Store(folder, manifest["digest"], manifest["settings"])
        store.write_table(name, alter(store.whole_table(name)))

    return change


def test_a_sound_run_has_no_fault_and_is_not_touched(finished):
    folder = finished()
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    found = verified(folder)
    assert found.faults == ()
    assert (found.parts, found.blocks_there, found.replicates) == (5, 3, 120)
    assert found.tables == ("measures.csv", "failures.csv", "differences.csv")
    assert "No difference." in verification_text(found)
    assert json.loads(verification_json(found))["same"] is True
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before


@pytest.mark.parametrize(
    "overrides",
    [
        # A whole number for a value that has decimals stays as it was written.
        ["study.sweep={grid: {inspection.records.per_force: [20, 40], "
         "inspection.forces.count: [5, 43]}}"],
        ["world.draw=fixed", "world.worlds=2", "study.replicates=60", "study.trajectories=0"],
        ["study.sweep={list: [{inspection.forces: {design: pps, count: 4}}]}"],
    ],
)  # fmt: skip
def test_sweeps_and_fixed_worlds_are_laid_out_again_as_they_were(finished, overrides):
    folder = finished(*overrides)
    found = verified(folder, blocks=1)
    assert found.faults == ()
    assert len(found.blocks) == 1
    assert ("worlds.csv" in found.tables) == (overrides[0] == "world.draw=fixed")


def test_a_flipped_byte_in_a_part_is_named(finished):
    folder = finished()
    part = folder / f"parts/{SECOND}.parquet"
    raw = bytearray(part.read_bytes())
    raw[len(raw) // 3] ^= 1
    part.write_bytes(raw)
    found = verified(folder)
    (fault,) = found.faults
    assert fault.startswith(f"parts/{SECOND}.parquet: ")
    assert found.tables == ()
    assert SECOND not in found.blocks
    assert "Differences: 1" in verification_text(found)


def test_a_missing_part_and_a_part_of_another_block_are_named(finished):
    folder = finished()
    (folder / f"parts/rows-{FIRST}.parquet").unlink()
    other = folder / f"parts/{SECOND}.parquet"
    other.write_bytes((folder / f"parts/{FIRST}.parquet").read_bytes())
    missing, moved = verified(folder).faults
    assert missing == f"parts/rows-{FIRST}.parquet: is missing"
    assert moved == f"parts/{SECOND}.parquet: part: '{FIRST}', not '{SECOND}'"


def test_a_part_of_another_seed_is_named_by_its_digest(finished):
    folder, other = finished(), finished("seed=8", folder="other")
    part = f"parts/{SECOND}.parquet"
    (folder / part).write_bytes((other / part).read_bytes())
    (fault,) = verified(folder).faults
    ours, theirs = (
        json.loads((f / "manifest.json").read_text())["digest"] for f in (folder, other)
    )
    assert fault == f"{part}: digest: '{theirs}', not '{ours}'"


def test_a_part_of_another_seed_with_our_marks_is_found_by_computing_it_again(finished, forge):
    """Its hash is right, so only the table and the block itself can tell."""
    folder, other = finished(), finished("seed=8", folder="other")
    foreign = pq.read_table(other / f"parts/{SECOND}.parquet")
    forge(folder, SECOND, lambda table: foreign)
    found = verified(folder)
    assert any(fault.startswith("measures.csv: differs in") for fault in found.faults)
    assert any(fault.startswith(f"parts/{SECOND}.parquet: sums differs") for fault in found.faults)


def test_a_last_digit_is_found_and_its_place_told(finished, forge):
    folder = finished()

    def nudge(table):
        field = table.schema.get_field_index("estimate")
        values = table["estimate"].to_numpy().copy()
        values[7] = np.nextafter(values[7], 1.0)
        return table.set_column(field, "estimate", [values])

    forge(folder, f"rows-{FIRST}", nudge)
    (fault,) = verified(folder).faults
    assert fault.startswith(
        f"parts/rows-{FIRST}.parquet: estimate differs in 1 of 100 rows, first for replicate 7, "
        "estimand under_recording_rate, domain national, estimator pooled/binomial/wald: "
    )


def test_an_edited_table_is_named_with_line_and_field(finished):
    folder = finished()
    table = folder / "measures.csv"
    lines = table.read_text().split("\n")
    fields = lines[4].split(",")
    fields[6], true = "0.001", fields[6]
    table.write_text("\n".join([*lines[:4], ",".join(fields), *lines[5:]]))
    (fault,) = verified(folder, blocks=0).faults
    assert fault == (
        f"measures.csv: differs in 1 line, first in line 5, value: '0.001', the parts give '{true}'"
    )
    table.write_text("\n".join(lines[:-2]))
    (fault,) = verified(folder, blocks=0).faults
    assert fault.startswith("measures.csv: ")
    table.unlink()
    (fault,) = verified(folder, blocks=0).faults
    assert fault == "measures.csv: cannot be read (No such file or directory)"


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        (("seed",), 8, "manifest.json: seed: 8 -> 7"),
        (("replicates",), 100, "manifest.json: replicates: 100 -> 120"),
        (("settings", "study", "level"), 0.9, "manifest.json: settings.study.level: 0.9 -> 0.95"),
    ],
)
def test_an_edited_manifest_is_named_by_field(finished, path, value, said):
    folder = finished()
    held = json.loads((folder / "manifest.json").read_text())
    inner = held
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    (folder / "manifest.json").write_text(json.dumps(held))
    assert verified(folder, blocks=0).faults == (said,)


def test_what_is_no_finished_run_of_this_program_is_refused(finished, tmp_path):
    with pytest.raises(UserError, match=r"holds no run .manifest.json: No such file"):
        verified(tmp_path)
    folder = finished()
    manifest = folder / "manifest.json"
    text = manifest.read_text()
    held = json.loads(text)
    for change, said in (
        ({"ended": None}, "has not finished"),
        ({"given": None}, "no given"),
        ({"given": {"seed": -1}}, r"manifest.json: given: .*seed"),
        (
            {"computed_by": [{"results_version": RESULTS_VERSION - 1}]},
            f"version {RESULTS_VERSION - 1} of the results",
        ),
    ):
        manifest.write_text(json.dumps(held | change))
        with pytest.raises(UserError, match=said):
            verified(folder)
    manifest.write_text(text[:-20])
    with pytest.raises(UserError, match="cannot be read as a manifest"):
        verified(folder)


def test_the_order_of_swept_keys_is_part_of_a_study(run):
    """Cells follow it, so parts of one order say nothing of the cells of another."""
    one = "{inspection.forces.count: [5, 43], inspection.records.per_force: [20, 40]}"
    other = "{inspection.records.per_force: [20, 40], inspection.forces.count: [5, 43]}"
    run(f"study.sweep={{grid: {one}}}")
    with pytest.raises(UserError, match=r"another study .*study\.swept"):
        run(f"study.sweep={{grid: {other}}}")
