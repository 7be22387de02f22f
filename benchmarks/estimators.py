"""Estimators on audits whose counts are drawn already, beside their peers, in one run.

    pip install '.[bench]'      # samplics and statsmodels; without them they are left out
    apt install r-base-core r-cran-survey      # or your system's; without it R is left out
    python benchmarks/estimators.py [--quick]

Prints audits a second on one thread, which is this machine's affair, and
ratios, round by round, which are not.
"""

from __future__ import annotations

import argparse
import platform
import statistics
import time
from collections.abc import Callable
from functools import partial
from importlib.metadata import PackageNotFoundError, version

import numpy as np
import peers_of_estimators as peers

from underrecording.audit import Audit, Audits
from underrecording.estimation import EstimatorSpec, estimate
from underrecording.estimation.many import repeat, some_audits
from underrecording.inspection.audits import read_reports, select_forces
from underrecording.inspection.forces.srs import SimpleRandom
from underrecording.inspection.inspect import plan_inspection
from underrecording.inspection.options import InspectionOptions, Records
from underrecording.inspection.strands import reports_strand
from underrecording.totals import add_up
from underrecording.world.build import build_world
from underrecording.world.options import WorldOptions

SEED = 1
RATIO = "combined_ratio/ultimate_cluster/t"
SHOWN = (
    "combined_ratio/linearised/t",
    "combined_ratio/jackknife/t",
    "combined_ratio/bootstrap/t",
    "post_stratified/linearised/t",
    "regression/linearised/t",
    "beta_binomial/posterior/credible",
)


def drawn(count: int) -> Audits:
    """Audits of 13 forces by 6 groups in one fixed world."""
    world = build_world(WorldOptions())
    options = InspectionOptions(
        forces=SimpleRandom(design="srs", count=13),
        records=Records(allocation="hmic_2014", per_force=160),
    )
    plan = plan_inspection(options, world.frame, world.law.reports, world.expected_no_crimes())
    ledger = world.fixed(SEED, 0)
    chosen = select_forces(plan, ledger, SEED, 0, 0, count)
    return read_reports(plan, reports_strand(ledger), chosen, SEED, 0, 0)


def cut(audits: Audits, count: int) -> Audits:
    """The first *count* audits, small enough to lie in the processor's cache."""
    return Audits(*some_audits(audits, 0, count))


def estimated(spec: EstimatorSpec, audits: Audits) -> None:
    """Force totals from the counts, then the estimates."""
    add_up(audits)
    repeat(spec, audits, level=0.95)


def one(audits: Audits, b: int) -> Audit:
    """Audit *b* of many."""
    return Audit(
        audits.force[b], audits.frame[b], audits.sampled[b], audits.due[b], audits.recorded[b],
        audits.p_inclusion[b], audits.force_stratum[b], audits.recorded_volume[0],
    )  # fmt: skip


def seconds(function: Callable[[], object], rounds: int) -> list[float]:
    """Seconds of each of *rounds* calls, after one to warm up."""
    function()
    spent = []
    for _ in range(rounds):
        started = time.perf_counter()
        function()
        spent.append(time.perf_counter() - started)
    return spent


def audits_a_second(audits: Audits, rounds: int) -> None:
    """Ours alone, one thread."""
    count = len(audits.force)
    print(f"\n{'audits a second, counts drawn, one thread':<44} {'median':>12}  (range)")
    for name in SHOWN:
        few = audits if "bootstrap" not in name and "beta" not in name else cut(audits, 200)
        spec = EstimatorSpec.parse(name)
        speed = sorted(len(few.force) / s for s in seconds(partial(estimated, spec, few), rounds))
        print(
            f"{name:<44} {statistics.median(speed):12,.0f}  ({speed[0]:,.0f} to {speed[-1]:,.0f})"
        )
    print(f"({count:,} audits a call; 200 for the bootstrap and the model)")


def ratio_of(
    label: str, ours: Callable[[], float], theirs: Callable[[], float], pairs: int
) -> None:
    """Seconds an audit of theirs over ours, in turn; the functions give seconds an audit."""
    ratios = []
    for _ in range(pairs):
        spent = ours()
        ratios.append(theirs() / spent)
    ratios.sort()
    print(
        f"{label:<44} {statistics.median(ratios):12,.0f}  ({ratios[0]:,.0f} to {ratios[-1]:,.0f})"
    )


def beside_peers(audits: Audits, pairs: int, calls: int) -> None:
    """A ratio of totals with its standard error, one audit a call for the peers."""
    count = len(audits.force)
    totals = [_totals(one(audits, b)) for b in range(calls)]
    spec = EstimatorSpec.parse(RATIO)

    def ours() -> float:
        return min(seconds(partial(estimated, spec, audits), 3)) / count

    made: dict[str, peers.Peer] = {"NumPy, one audit at a time": peers.numpy_ratio}
    for name, maker in (
        ("samplics", peers.samplics_ratio),
        ("statsmodels", peers.statsmodels_ratio),
    ):
        try:
            made[f"{name} {version(name)}"] = maker()
        except (ImportError, PackageNotFoundError):
            print(f"{name} is not installed and left out: pip install '.[bench]'")
    print(f"\n{'seconds of the peer over ours, per audit':<44} {'ratio':>12}  (range)")
    for label, peer in made.items():
        expected = estimate(one(audits, 0), spec)
        value, se = peer(*totals[0])
        if not np.allclose((value, se), (expected.value, expected.variance**0.5), rtol=1e-9):
            raise SystemExit(f"{label} gives another answer: the comparison is void")

        def theirs(peer: peers.Peer = peer) -> float:
            started = time.perf_counter()
            for recorded, due in totals:
                peer(recorded, due)
            return (time.perf_counter() - started) / calls

        ratio_of(label, ours, theirs, pairs)
    found = peers.survey_seconds(one(audits, 0), 3 if calls < 50 else 30)
    if found is None:
        print("R with survey is not installed and left out: apt install r-base-core r-cran-survey")
        return
    for what, spent in found.items():
        if isinstance(spent, float) and what.startswith("seconds"):
            print(f"{'R survey, ' + what:<44} {spent / ours():12,.0f}")


def bootstraps(audits: Audits, pairs: int) -> None:
    """999 resamples of the forces of one audit."""
    few, spec = cut(audits, 200), EstimatorSpec.parse("combined_ratio/bootstrap/t")
    plain = EstimatorSpec.parse(RATIO)
    totals = [_totals(one(few, b)) for b in range(20)]
    rng = np.random.default_rng(SEED)

    def ours() -> float:
        # The estimate itself is not what is compared.
        whole = min(seconds(partial(estimated, spec, few), 3))
        return (whole - min(seconds(partial(estimated, plain, few), 3))) / len(few.force)

    def theirs() -> float:
        started = time.perf_counter()
        for numerator, denominator in totals:
            peers.bootstrap_by_take(numerator, denominator, rng, 999)
        return (time.perf_counter() - started) / len(totals)

    ratio_of("bootstrap, 999 resamples: NumPy's take", ours, theirs, pairs)


def _totals(audit: Audit) -> tuple[np.ndarray, np.ndarray]:
    weight = audit.frame / audit.sampled / audit.p_inclusion[:, None]
    return (weight * audit.recorded).sum(axis=1), (weight * audit.due).sum(axis=1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a few seconds, for a smoke test")
    quick = parser.parse_args().quick
    pairs, calls = (2, 10) if quick else (7, 200)
    print(f"Python {platform.python_version()}, numpy {version('numpy')}, numba {version('numba')}")
    print("13 forces by 6 groups of one fixed world")
    audits = drawn(1_000)
    audits_a_second(audits, pairs)
    beside_peers(audits, pairs, calls)
    bootstraps(audits, pairs)


if __name__ == "__main__":
    main()
