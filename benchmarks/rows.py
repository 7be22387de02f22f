"""Rows of a study to Parquet, beside pandas' CSV and Parquet's defaults, in one run.

    python benchmarks/rows.py [--quick]

One block of `interim` with `study.keep: rows`: ten estimators in nine cells, real
estimates. Ours is timed as a run lands it, in one thread: from the arrays that the
block fills to the part renamed, with its hash, checksums and fsync. The others only
write, into the same folder, a table that is there already.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from turns import of, versions

from underrecording.scenario import load_scenario, shipped_scenarios
from underrecording.study import plan_study
from underrecording.study.block import run_block
from underrecording.study.plan import StudyPlan
from underrecording.study.rows import Rows, rows_table
from underrecording.study.run import open_store

GOAL = 3.0
"""Million rows a second."""


def seconds(rounds: int, ways: dict[str, Callable[[], object]]) -> dict[str, list[float]]:
    """Seconds of each way, one after the other, round by round; the first round is thrown away."""
    spent: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(rounds + 1):
        for name, way in ways.items():
            started = time.perf_counter()
            way()
            if number:
                spent[name].append(time.perf_counter() - started)
    return spent


def filled(quick: bool) -> tuple[StudyPlan, Rows]:
    """A plan and the arrays of its one block."""
    replicates = 500 if quick else 10_000
    overrides = ["study.keep=rows", "study.trajectories=0", f"study.replicates={replicates}"]
    plan = plan_study(load_scenario(shipped_scenarios()["interim"], overrides=overrides))
    (block,) = plan.blocks()
    rows = run_block(plan, block).rows
    assert isinstance(rows, Rows)
    return plan, rows


def million_rows_a_second(quick: bool) -> list[float]:
    """Ours alone, round by round."""
    pa.set_cpu_count(1)
    plan, rows = filled(quick)
    n = rows_table(plan, rows).num_rows
    with tempfile.TemporaryDirectory() as name, open_store(plan, Path(name) / "run") as store:
        ours = {"ours": lambda: store.write_table("estimates", rows_table(plan, rows))}
        return [n / one / 1e6 for one in seconds(2 if quick else 5, ours)["ours"]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a few seconds, for a smoke test")
    quick = parser.parse_args().quick
    rounds = 2 if quick else 5
    pa.set_cpu_count(1)
    plan, rows = filled(quick)
    table = rows_table(plan, rows)
    n, frame = table.num_rows, table.to_pandas()
    with tempfile.TemporaryDirectory() as name, open_store(plan, Path(name) / "run") as store:
        folder = Path(name)
        spent = seconds(
            rounds,
            {
                "ours": lambda: store.write_table("estimates", rows_table(plan, rows)),
                "parquet": lambda: pq.write_table(table, folder / "defaults.parquet"),
                "csv": lambda: frame.to_csv(folder / "rows.csv", index=False),
            },
        )
        # By its hash: raises if what was written is not what was to be written.
        store.whole_table("estimates")
        sizes = {
            "ours": store.parts / "estimates.parquet",
            "Parquet's defaults": folder / "defaults.parquet",
            "CSV": folder / "rows.csv",
        }
        sizes = {name: path.stat().st_size / n for name, path in sizes.items()}
    print(versions("numpy", "pyarrow", "pandas"))
    print(f"{n:,} rows of {table.num_columns} columns, one thread, {rounds} rounds in turn\n")
    speed = of([n / one / 1e6 for one in spent["ours"]])
    print(f"{f'million rows a second (goal {GOAL:g})':<58} {speed}")
    for label, name in (
        ("seconds of pyarrow.parquet.write_table, defaults, over ours", "parquet"),
        ("seconds of pandas.DataFrame.to_csv over ours", "csv"),
    ):
        ratios = [a / b for a, b in zip(spent[name], spent["ours"], strict=True)]
        print(f"{label:<58} {of(ratios)}")
    print("bytes a row: " + ", ".join(f"{name} {size:.0f}" for name, size in sizes.items()))


if __name__ == "__main__":
    main()
