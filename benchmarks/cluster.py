"""A study on a local Dask cluster beside the same on threads, in one run.

    pip install '.[cluster]'
    python benchmarks/cluster.py [--quick]

Two worker processes of one thread each, and a scheduler of its own, against two
threads of this process: from the plan to the stored results, everything compiled and
the workers having laid the study out before. What is compared is what it costs to
send blocks there and sums back.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from distributed import Client
from turns import Quiet, of, ratios, rounds, versions

from underrecording.scenario import LoadedScenario, load_scenario, shipped_scenarios
from underrecording.study import open_store, plan_study, run_in_threads, run_study
from underrecording.study.cluster import cluster


@contextmanager
def local_cluster(folder: Path, workers: int) -> Iterator[str]:
    """A scheduler and *workers* workers of one thread, as processes: the address."""
    where = folder / "scheduler.json"
    dask = [sys.executable, "-m", "dask"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with ExitStack() as stack:

        def start(*words: str) -> None:
            process = stack.enter_context(subprocess.Popen([*dask, *words], **quiet))
            stack.callback(process.kill)

        start("scheduler", "--port", "0", "--no-dashboard", "--scheduler-file", str(where))
        while not (where.exists() and where.read_text().endswith("}")):
            time.sleep(0.05)
        address = json.loads(where.read_text())["address"]
        for _ in range(workers):
            start("worker", "--nthreads", "1", "--no-nanny", "--no-dashboard", address)
        with Client(address, set_as_default=False) as client:
            client.wait_for_workers(workers, timeout=60)
        yield address


def study(quick: bool) -> LoadedScenario:
    """`interim` as it is shipped, in some twenty blocks of each."""
    replicates = 2_000 if quick else 40_000
    overrides = [f"study.replicates={replicates}", f"study.block_size={replicates // 20}"]
    return load_scenario(shipped_scenarios()["interim"], overrides=overrides)


def ratio(quick: bool) -> list[float]:
    """Seconds on the cluster over seconds on two threads, ascending."""
    loaded = study(quick)
    plan = plan_study(loaded)

    def threads() -> None:
        with tempfile.TemporaryDirectory() as name, open_store(plan, Path(name)) as store:
            run_in_threads(plan, store, jobs=2, progress=Quiet())

    def elsewhere(address: str) -> None:
        with (
            tempfile.TemporaryDirectory() as name,
            open_store(plan, Path(name)) as store,
            cluster(loaded, address) as workers,
        ):
            run_study(plan, store, workers, Quiet())

    with tempfile.TemporaryDirectory() as name, local_cluster(Path(name), 2) as address:
        return ratios(rounds(2 if quick else 5, threads, lambda: elsewhere(address)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a few seconds, for a smoke test")
    print(versions("numpy", "numba", "distributed"))
    found = ratio(parser.parse_args().quick)
    print(f"{'Dask, 2 local workers, over 2 threads':<50} {of(found)}")


if __name__ == "__main__":
    main()
