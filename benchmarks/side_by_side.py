"""The compiled path beside chunked NumPy doing the same audits, in one run.

    python benchmarks/side_by_side.py [--quick]

Prints ratios, round by round, with their range. Absolute times say nothing on
another machine.
"""

from __future__ import annotations

import argparse
import platform
import statistics
import subprocess
import sys
import time
from importlib.metadata import version

import numpy as np
from numpy_twin import numpy_audits

from underrecording.audit import ForceFrame
from underrecording.estimation import EstimatorSpec
from underrecording.estimation.many import repeat
from underrecording.inspection.audits import read_reports, select_forces
from underrecording.inspection.forces.srs import SimpleRandom
from underrecording.inspection.inspect import plan_inspection
from underrecording.inspection.options import InspectionOptions, Records
from underrecording.inspection.strands import reports_strand
from underrecording.world.build import World, build_world
from underrecording.world.options import WorldOptions

SPEC = EstimatorSpec.parse("combined_ratio/linearised/t")
SEED = 1


def options() -> InspectionOptions:
    return InspectionOptions(
        forces=SimpleRandom(design="srs", count=13),
        records=Records(allocation="hmic_2014", per_force=160),
    )


def compiled_fixed(world: World, replicates: int) -> np.ndarray:
    """Audits of one fixed world by the path that `simulate run` takes."""
    ledger = world.fixed(SEED, 0)
    plan = plan_inspection(options(), world.frame, world.law.reports, world.expected_no_crimes())
    strand = reports_strand(ledger)
    answers = []
    for first in range(0, replicates, 256):
        count = min(256, replicates - first)
        chosen = select_forces(plan, ledger, SEED, 0, first, count)
        audits = read_reports(plan, strand, chosen, SEED, 0, first)
        answers.append(repeat(SPEC, audits, level=0.95)[0])
    return np.concatenate(answers)


def compiled_fresh(world: World, replicates: int) -> np.ndarray:
    """The same with a fresh world for each replicate."""
    plan = plan_inspection(options(), world.frame, world.law.reports, world.expected_no_crimes())
    answers = []
    for first in range(0, replicates, 256):
        count = min(256, replicates - first)
        ledger = world.fresh(SEED, first, count)
        chosen = select_forces(plan, ledger, SEED, 0, first, count)
        audits = read_reports(plan, reports_strand(ledger), chosen, SEED, 0, first)
        answers.append(repeat(SPEC, audits, level=0.95)[0])
    return np.concatenate(answers)


def rounds(pairs: int, first, second) -> list[tuple[float, float]]:
    """Seconds of two functions, run in turn."""
    first(), second()
    times = []
    for _ in range(pairs):
        spent = []
        for function in (first, second):
            started = time.perf_counter()
            function()
            spent.append(time.perf_counter() - started)
        times.append((spent[0], spent[1]))
    return times


def show(label: str, times: list[tuple[float, float]]) -> None:
    ratios = sorted(second / first for first, second in times)
    print(f"{label:<58} {statistics.median(ratios):6.2f}  ({ratios[0]:.2f} to {ratios[-1]:.2f})")


def process(*words: str) -> None:
    subprocess.run([sys.executable, "-c", *words], check=True, capture_output=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a few seconds, for a smoke test")
    quick = parser.parse_args().quick
    replicates, pairs = (1_000, 2) if quick else (20_000, 7)
    world = build_world(WorldOptions())
    frame: ForceFrame = world.frame
    plan = plan_inspection(options(), frame, world.law.reports, world.expected_no_crimes())
    ledger = world.fixed(SEED, 0)

    def numpy_fixed() -> np.ndarray:
        return numpy_audits(ledger, plan.records, 13, replicates, SEED)

    ours, theirs = compiled_fixed(world, replicates), numpy_fixed()
    gap = ours[:, 0].mean() - theirs[:, 0].mean()
    error = np.hypot(ours[:, 0].std(), theirs[:, 0].std()) / np.sqrt(replicates)
    print(f"Python {platform.python_version()}, numpy {version('numpy')}, numba {version('numba')}")
    print(f"{replicates:,} audits of 13 forces by 6 groups, one thread, {pairs} rounds in turn")
    print(f"mean estimates differ by {gap:.6f}, Monte Carlo error of that {error:.6f}")
    if abs(gap) > 4 * error:
        raise SystemExit("the two paths disagree: the comparison is void")
    print(f"\n{'seconds of the second over seconds of the first':<58}  ratio  (range)")
    show(
        "fixed world: compiled, chunked NumPy",
        rounds(pairs, lambda: compiled_fixed(world, replicates), numpy_fixed),
    )
    show(
        "compiled: fixed world, fresh worlds",
        rounds(
            pairs,
            lambda: compiled_fixed(world, replicates),
            lambda: compiled_fresh(world, replicates),
        ),
    )
    show(
        "whole processes: import click, simulate --help (at most 2.5)",
        rounds(
            pairs,
            lambda: process("import click"),
            lambda: process("from underrecording.cli import main; main()", "--help"),
        ),
    )


if __name__ == "__main__":
    main()
