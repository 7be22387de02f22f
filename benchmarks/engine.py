"""The study engine beside its peers, in one run: the table of docs/performance.md.

    pip install '.[bench,cluster]'      # samplics, Dask; what is missing is left out
    apt install r-base-core r-cran-survey      # or your system's; without it R is left out
    python benchmarks/engine.py [--quick] [--only WORD]

Each row is a ratio of seconds (or of bytes) with its range over rounds in turn; they
say little on another machine, absolute times would say nothing. What chunked NumPy
does is in `numpy_twin.py`: the same designs, laws, estimator and interval, vectorised
over replicates by its own generator; that both agree is checked before they are timed.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy_twin
import peers_of_estimators as peers
from turns import Quiet, of, ratios, rounds, versions

from underrecording.scenario import load_scenario, shipped_scenarios
from underrecording.study import open_store, plan_study, run_in_threads
from underrecording.study.block import run_block
from underrecording.study.drawn import Drawn
from underrecording.study.moments import ESTIMATE
from underrecording.study.needs import needs_of
from underrecording.study.plan import Block, StudyPlan
from underrecording.study.replicates import WHOLE, replicate

RATIO = "combined_ratio/linearised/t"
SIZES = [13, 5, 7, 9, 11, 15, 20, 25, 30, 43]
HERE = Path(__file__).parent
ERR = "inspection.auditors"
ERRING = "{due: {sensitivity: 0.95, specificity: 0.92}, recorded: {sensitivity: 0.97}}"
ONE_QUESTION = (
    f"estimators=[{RATIO}]",
    f"report.headline={RATIO}",
    f"report.recommended={RATIO}",
    "study.estimands=[under_recording_rate/national]",
    "study.trajectories=0",
    "study.ranking=false",
)


class Row(NamedTuple):
    """A line of the table: what is compared, the goal, and how it is measured."""

    word: str
    label: str
    goal: str
    measure: Callable[[bool], list[float] | None]


def plan_of(draw: str, *more: str) -> StudyPlan:
    """`interim` with one estimator and one question; no sweep unless *more* says so."""
    sweep = () if any(text.startswith("study.sweep") for text in more) else ("study.sweep={}",)
    overrides = [*ONE_QUESTION, f"world.draw={draw}", *sweep, *more]
    return plan_study(load_scenario(shipped_scenarios()["interim"], overrides=overrides))


def ledger_and_records():
    """One fixed world, and the records read in each force."""
    cell = plan_of("fixed").cells[0]
    return cell.world.fixed(1, 0), cell.inspection.records


def fixed_world(quick: bool) -> list[float]:
    """Chunked NumPy over ours, a fixed world, one thread."""
    replicates, pairs = (20_000, 2) if quick else (100_000, 9)
    plan = plan_of("fixed", f"study.replicates={2 * replicates}", "seed=1")
    cell, block = plan.cells[0], Block(0, replicates, 2 * replicates)
    ledger, records = cell.world.fixed(1, 0), cell.inspection.records

    def ours():
        return run_block(plan, block).moments

    def theirs():
        return numpy_twin.fixed(ledger, records, 13, replicates, 1)

    sums, twin = ours().at(0, 0, 0).sums, theirs()
    bias, twin_bias = sums[0] / replicates, twin.error / twin.n
    mcse = np.sqrt(2 * sums[1] / replicates**2)
    if abs(bias - twin_bias) > 4 * mcse:
        raise SystemExit(f"biases {bias} and {twin_bias} disagree: the comparison is void")
    return ratios(rounds(pairs, ours, theirs, time.thread_time))


class OfPeers(NamedTuple):
    """Replicates as a user of another package computes them."""

    seconds: float
    mean: float
    sd: float


def samplics(calls: int) -> OfPeers | None:
    """Forces and counts drawn by NumPy, an audit at a time, their ratio by samplics."""
    try:
        peer = peers.samplics_ratio()
    except ImportError:
        return None
    ledger, records = ledger_and_records()
    rng, found = np.random.default_rng(1), []
    peer(*numpy_twin.one_audit(rng, ledger, records, 13))
    started = time.thread_time()
    for _ in range(calls):
        found.append(peer(*numpy_twin.one_audit(rng, ledger, records, 13))[0])
    seconds = (time.thread_time() - started) / calls
    return OfPeers(seconds, float(np.mean(found)), float(np.std(found, ddof=1)))


def survey(calls: int) -> OfPeers | None:
    """Forces and counts drawn by R, an audit at a time, their ratio by survey."""
    ledger, records = ledger_and_records()
    tables = ledger.reports[0], records, ledger.due[0], ledger.recorded[0]
    told = peers.survey_replicates(*tables, inspected=13, repeats=calls)
    return None if told is None else OfPeers(**told)


def over_ours(peer: Callable[[int], OfPeers | None]) -> Callable[[bool], list[float] | None]:
    """The peer's seconds a replicate over ours, both from the draw to the interval."""

    def measured(quick: bool) -> list[float] | None:
        replicates, pairs, calls = (20_000, 2, 50) if quick else (100_000, 5, 500)
        plan = plan_of("fixed", f"study.replicates={2 * replicates}", "seed=1")
        block = Block(0, replicates, 2 * replicates)

        def ours() -> tuple[float, float]:
            started = time.thread_time()
            sums = run_block(plan, block).moments.at(0, 0, 0).sums
            return (time.thread_time() - started) / replicates, sums[ESTIMATE] / replicates

        found = []
        for _ in range(pairs):
            theirs = peer(calls)
            if theirs is None:
                return None
            ours()  # Warm again, as the peer is: it may have been another process.
            seconds, mean = ours()
            if abs(1.0 - theirs.mean - mean) > 4.5 * theirs.sd / np.sqrt(calls):
                raise SystemExit(f"{1.0 - theirs.mean} is not {mean}: the comparison is void")
            found.append(theirs.seconds / seconds)
        return sorted(found)

    return measured


def over_its_floor(quick: bool) -> list[float]:
    """Replicates over the same without an estimator: numbers, selection and counts alone."""
    replicates, pairs = (20_000, 2) if quick else (100_000, 9)
    plan = plan_of("fixed", f"study.replicates={replicates}")
    drawn = Drawn.fixed(plan, needs_of(plan), 0)
    reading, accuracy = drawn.reading(0, "reports"), drawn.accuracy(0)

    def run(estimators, domains):
        replicate(
            plan.cells[0].inspection, reading, accuracy, estimators, domains,
            level=0.95, seed=1, world=0, first=0, count=replicates,
        )  # fmt: skip

    return ratios(
        rounds(pairs, lambda: run([], []), lambda: run(plan.estimators, [WHOLE]), time.thread_time)
    )


def over_plain(*more: str) -> Callable[[bool], list[float]]:
    """Replicates of a study that asks for *more* over those of one that does not."""

    def measured(quick: bool) -> list[float]:
        replicates, pairs = (10_000, 2) if quick else (50_000, 7)
        many, block = f"study.replicates={2 * replicates}", Block(0, replicates, 2 * replicates)
        plain, asking = plan_of("fixed", many), plan_of("fixed", many, *more)
        return ratios(
            rounds(
                pairs,
                lambda: run_block(plain, block),
                lambda: run_block(asking, block),
                time.thread_time,
            )
        )

    return measured


def two_threads(quick: bool) -> list[float]:
    """One thread over two, from plan to stored results."""
    replicates, pairs = (200_000, 2) if quick else (2_000_000, 5)
    plan = plan_of("fixed", f"study.replicates={replicates}", "study.block_size=50000")

    def run(jobs: int) -> None:
        with tempfile.TemporaryDirectory() as folder, open_store(plan, Path(folder)) as store:
            run_in_threads(plan, store, jobs=jobs, progress=Quiet())

    return ratios(rounds(pairs, lambda: run(2), lambda: run(1)))


def fresh_worlds(sizes: list[int]) -> Callable[[bool], list[float]]:
    """Chunked NumPy over ours, a fresh world for each replicate, shared by all designs."""

    def measured(quick: bool) -> list[float]:
        replicates, pairs = (2_000, 2) if quick else (10_000, 7)
        more = [f"study.replicates={2 * replicates}", f"inspection.forces.count={sizes[0]}"]
        if len(sizes) > 1:
            others = ", ".join(map(str, sizes[1:]))
            more.append(f"study.sweep={{one_at_a_time: {{inspection.forces.count: [{others}]}}}}")
        plan = plan_of("fresh", *more)
        counts = [cell.inspection.forces.inspected for cell in plan.cells]
        if counts != sizes:
            raise SystemExit(f"cells of {counts} forces, not {sizes}: the comparison is void")
        records = [cell.inspection.records for cell in plan.cells]
        law, block = plan.cells[0].world.law, Block(0, replicates, 2 * replicates)
        return ratios(
            rounds(
                pairs,
                lambda: run_block(plan, block),
                lambda: numpy_twin.fresh(law, records, sizes, replicates, 1),
                time.thread_time,
            )
        )

    return measured


def _simulate(folder: str, replicates: int, *more: str) -> list[str]:
    """Words of a process that runs so many replicates of a fixed world, and reports on them."""
    overrides = (*ONE_QUESTION, "world.draw=fixed", "study.sweep={}", *more)
    settings = [word for text in overrides for word in ("--set", text)]
    return [
        sys.executable, "-c", "from underrecording.cli import main; main()", "run", "interim",
        "--quiet", "--out", folder, "--replicates", str(replicates), *settings,
    ]  # fmt: skip


def whole_process(quick: bool) -> list[float]:
    """Our whole process, figures and report included, over chunked NumPy's."""
    replicates, pairs = (20_000, 1) if quick else (1_000_000, 3)

    def ours() -> None:
        with tempfile.TemporaryDirectory() as folder:
            _call(_simulate(folder + "/run", replicates, "study.block_size=100000"))

    return ratios(
        rounds(
            pairs,
            lambda: _call([sys.executable, str(HERE / "numpy_twin.py"), str(replicates)]),
            ours,
        )
    )


def memory(quick: bool) -> list[float]:
    """Peak memory of a whole process with a hundred times as many replicates."""
    few = 20_000 if quick else 1_000_000

    def peak(replicates: int) -> int:
        with tempfile.TemporaryDirectory() as folder:
            words = _simulate(folder + "/run", replicates, f"study.block_size={few // 10}")
            with subprocess.Popen(words, stdout=subprocess.DEVNULL) as process:
                _, status, usage = os.wait4(process.pid, 0)
                process.returncode = os.waitstatus_to_exitcode(status)
            if process.returncode:
                raise SystemExit("simulate run failed")
        return usage.ru_maxrss

    peak(few)
    return [peak(100 * few) / peak(few)]


def cluster(quick: bool) -> list[float] | None:
    """Two worker processes of a local Dask cluster over two threads."""
    try:
        from cluster import ratio
    except ImportError:
        return None
    return ratio(quick)


def rows(quick: bool) -> list[float]:
    """Million rows a second to Parquet, from a block's arrays to the part landed."""
    from rows import million_rows_a_second

    return million_rows_a_second(quick)


def start(quick: bool) -> list[float]:
    """`simulate --help` over the import of click."""
    return ratios(
        rounds(
            2 if quick else 9,
            lambda: _call([sys.executable, "-c", "import click"]),
            lambda: _call(
                [sys.executable, "-c", "from underrecording.cli import main; main()", "--help"]
            ),
        )
    )


def _call(words: list[str]) -> None:
    subprocess.run(words, check=True, capture_output=True)


TABLE = (
    Row("fixed", "chunked NumPy over ours, fixed world, one thread", ">= 12", fixed_world),
    Row("samplics", "samplics' ratio over ours, a replicate", ">= 120", over_ours(samplics)),
    Row("survey", "R survey's svyratio over ours, a replicate", ">= 2000", over_ours(survey)),
    Row("floor", "replicate over its numbers, selection and counts", "<= 1.3", over_its_floor),
    Row("erring", "readers who err over faultless ones", "<= 8", over_plain(f"{ERR}={ERRING}")),
    Row("ranked", "forces ranked over not", "<= 3", over_plain("study.ranking=true")),
    Row("threads", "one thread over two", ">= 1.6", two_threads),
    Row("fresh", "chunked NumPy over ours, fresh worlds", ">= 2.2", fresh_worlds([13])),
    Row("ten", "the same, ten cells sharing each world", ">= 3", fresh_worlds(SIZES)),
    Row("process", "whole process, 10^6 replicates, over NumPy's", "<= 0.2", whole_process),
    Row("memory", "peak memory, 10^8 over 10^6 replicates", "<= 1.2", memory),
    Row("cluster", "Dask, 2 local workers, over 2 threads", "<= 1.3", cluster),
    Row("rows", "million rows a second to Parquet", ">= 3", rows),
    Row("start", "simulate --help over import click", "<= 2.5", start),
)


def holds(goal: str, found: list[float]) -> bool:
    """Whether the median is on the right side of the goal."""
    sign, limit = goal.split()
    median = float(np.median(found))
    return median >= float(limit) if sign == ">=" else median <= float(limit)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a minute or two, for a smoke test")
    parser.add_argument("--only", metavar="WORD", help=", ".join(row.word for row in TABLE))
    given = parser.parse_args()
    print(versions("numpy", "numba", "scipy", "samplics", "distributed", "pyarrow"))
    if given.quick:
        print("quick: too short to say whether a goal is reached")
    print(f"\n{'compared':<50} {'goal':>7} {'measured':>8}  (range)")
    for row in TABLE:
        if given.only in (None, row.word):
            found = row.measure(given.quick)
            shown = "left out: not installed" if found is None else of(found)
            missed = found is not None and not given.quick and not holds(row.goal, found)
            print(f"{row.label:<50} {row.goal:>7} {shown}{'   MISSED' * missed}", flush=True)


if __name__ == "__main__":
    main()
