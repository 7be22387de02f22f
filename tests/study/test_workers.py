"""Blocks computed elsewhere, by processes or a cluster that loses a worker: the same bytes."""

import json
import multiprocessing
import platform
import re
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np
import pytest

from underrecording.errors import UserError
from underrecording.study import cluster as cluster_module
from underrecording.study import plan_study, run_study
from underrecording.study.cluster import cluster
from underrecording.study.plan import Block
from underrecording.study.program import ingredients
from underrecording.study.store import Store
from underrecording.study.workers import Elsewhere, run_block_elsewhere

PATIENCE = 120
"""Seconds after which a process that should be there is given up: nothing is measured by it."""


class Silence:
    def __init__(self):
        self.done = 0

    def say(self, text):
        pass

    def start(self, done, total):
        self.done = done

    def advance(self, count):
        self.done += count


TABLES = ("measures", "differences", "failures", "worlds", "ranking", "rows", "trajectory")


def measures(results):
    """Every table of a run, as it is written."""
    return [getattr(results, name).to_csv().encode() for name in TABLES]


def elsewhere(loaded, executor, folder, in_flight):
    plan, progress = plan_study(loaded), Silence()
    with Store(folder, plan.scenario.digest(), plan.scenario.settings()).opened() as store:
        workers = Elsewhere(loaded, executor, in_flight=in_flight)
        return run_study(plan, store, workers, progress), progress


@pytest.mark.slow
@pytest.mark.parametrize("draw", ["fresh", "fixed"])
def test_other_processes_give_the_same_bytes(loaded, run, tmp_path, draw):
    here, _ = run(f"world.draw={draw}")
    with ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as executor:
        there, progress = elsewhere(loaded(f"world.draw={draw}"), executor, tmp_path / "pool", 3)
    assert measures(here) == measures(there)
    assert progress.done == 120


STUDIES = {
    "fresh": ("study.block_size=10", "study.ranking=true"),
    "fixed": ("study.block_size=10", "study.ranking=true", "world.draw=fixed", "world.worlds=3"),
}
rates = pytest.mark.parametrize("study", ["fresh", "fixed"])
MORE = [pytest.param(n, marks=pytest.mark.slow) for n in (2, 3, 4, 5)]


@rates
@pytest.mark.parametrize("jobs", [pytest.param(2, marks=pytest.mark.slow), 7])
def test_any_number_of_threads_gives_the_same_bytes(run, study, jobs):
    one, _ = run(*STUDIES[study])
    many, _ = run(*STUDIES[study], jobs=jobs, folder="many")
    assert measures(one) == measures(many)


@rates
@pytest.mark.parametrize("seed", [1, *MORE])
def test_the_order_in_which_blocks_come_in_changes_nothing(run, shuffled, study, seed):
    here, _ = run(*STUDIES[study])
    there, _ = run(*STUDIES[study], executor=shuffled(seed, 4), folder="shuffled")
    assert measures(here) == measures(there)


def test_the_comparison_catches_one_replicate_more(run):
    few, _ = run("study.replicates=499")
    more, _ = run("study.replicates=500", folder="more")
    assert all(a != b for a, b in zip(measures(few)[:3], measures(more)[:3], strict=True))


def test_the_first_replicates_of_many_are_those_of_few(run):
    few, _ = run("study.replicates=500", "study.keep=rows", folder="few")
    many, _ = run("study.replicates=5000", "study.keep=rows", folder="many")
    assert measures(few)[0] != measures(many)[0]
    again, listener = run("study.replicates=500", "study.keep=rows", folder="many")
    assert listener.advanced == 0
    assert measures(few) == measures(again)


@pytest.mark.slow
def test_the_page_on_other_machines_does_what_it_says(tmp_path):
    page = (Path(__file__).parents[2] / "docs/clusters.md").read_text()
    (code,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    script = tmp_path / "elsewhere.py"
    script.write_text(code)
    done = subprocess.run(
        [sys.executable, str(script)], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "combined_ratio/linearised/t" in done.stdout


@pytest.mark.slow
@rates
def test_seven_processes_give_the_same_bytes(loaded, run, tmp_path, study):
    here, _ = run(*STUDIES[study])
    with ProcessPoolExecutor(7, multiprocessing.get_context("spawn")) as executor:
        there, _ = elsewhere(loaded(*STUDIES[study]), executor, tmp_path / "pool", 9)
    assert measures(here) == measures(there)


def test_workers_of_other_versions_are_refused_by_name(loaded):
    block = Block(0, 0, 5)
    wanted = ingredients() | {"numpy": "1.0", "source": "0" * 16}
    with pytest.raises(UserError) as refused:
        run_block_elsewhere(loaded(), wanted, block)
    numpy, source, remedy = refused.value.problems
    assert numpy == f"worker on {platform.node()}: has numpy {np.__version__}, not 1.0"
    assert source.endswith(f"has source {ingredients()['source']}, not {'0' * 16}")
    assert remedy.startswith("install the same versions")
    assert run_block_elsewhere(loaded(), ingredients(), block).moments is not None


@pytest.mark.parametrize(
    "address",
    [
        "10.0.0.5:8786", "tcp://host", "http://host:80", "tcp://:1", "tcp://host:99999",
        "tcp://host:0", "tcp://::1:8786", "tcp://[::1:8786", "tcp://host:80/path", "",
        "tcp://a host:80", "tcp://host:80\n",
    ],
)  # fmt: skip
def test_an_address_that_cannot_be_one_is_refused(loaded, address):
    with pytest.raises(UserError, match="expected an address such as"), cluster(loaded(), address):
        pass


def test_a_scheduler_that_does_not_answer_is_told_of(loaded, monkeypatch):
    monkeypatch.setattr(cluster_module, "TIMEOUT", 1)
    with (
        pytest.raises(UserError, match="no Dask scheduler answers there within 1 s"),
        cluster(loaded(), "tcp://127.0.0.1:9"),
    ):
        pass


def test_without_the_extra_the_message_says_how_to_get_it(loaded, monkeypatch):
    monkeypatch.setattr(cluster_module, "find_spec", lambda _: None)
    with (
        pytest.raises(UserError, match=r"underrecording\[cluster\]"),
        cluster(loaded(), "tcp://127.0.0.1:9"),
    ):
        pass


def until(condition):
    """Wait for what must come."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "given up"
        time.sleep(0.05)


@contextmanager
def process(*words, log):
    with log.open("wb") as output:
        started = subprocess.Popen(
            [sys.executable, *words], stdout=output, stderr=subprocess.STDOUT
        )
        try:
            yield started
        finally:
            started.kill()
            started.wait()


@contextmanager
def scheduler(folder, *words):
    """A Dask scheduler as a process of its own: its address, and the process."""
    where = folder / "scheduler.json"
    given = (
        "-m",
        "dask",
        "scheduler",
        "--port",
        "0",
        "--no-dashboard",
        "--scheduler-file",
        str(where),
    )
    with process(*given, *words, log=folder / "scheduler.log") as started:
        until(lambda: where.exists() and where.read_text().endswith("}"))
        yield json.loads(where.read_text())["address"], started


def worker(address, folder, name, *words):
    """A Dask worker with one thread, as a process of its own."""
    given = ("-m", "dask", "worker", "--no-nanny", "--nthreads", "1", "--no-dashboard")
    return process(*given, *words, address, log=folder / f"{name}.log")


LARGE = ("study.replicates=4000", "study.block_size=50")


class OnceThere(Silence):
    """Does something once 500 replicates are there."""

    def __init__(self, act):
        super().__init__()
        self.act, self.acted_at = act, None

    def advance(self, count):
        super().advance(count)
        if self.acted_at is None and self.done >= 500:
            self.acted_at = self.done
            self.act()


def on_cluster(study, address, folder, progress, say=lambda _: None):
    plan = plan_study(study)
    store = Store(folder, plan.scenario.digest(), plan.scenario.settings())
    with cluster(study, address, say) as workers, store.opened() as opened:
        return run_study(plan, opened, workers, progress)


@pytest.mark.slow
@pytest.mark.parametrize("draw", ["fresh", "fixed"])
def test_a_cluster_that_loses_a_worker_gives_the_same_bytes(loaded, run, tmp_path, draw):
    large = (*LARGE, f"world.draw={draw}")
    here, _ = run(*large)
    with (
        scheduler(tmp_path) as (address, _),
        worker(address, tmp_path, "one") as one,
        worker(address, tmp_path, "two"),
    ):
        _wait_for_workers(address, 2)
        progress = OnceThere(one.kill)
        there = on_cluster(loaded(*large), address, tmp_path / "cluster", progress)
    assert 500 <= progress.acted_at < 4000
    assert measures(here) == measures(there)


@pytest.mark.slow
def test_a_cluster_that_loses_all_workers_says_so_and_goes_on_with_others(
    loaded, run, tmp_path, monkeypatch
):
    monkeypatch.setattr(cluster_module, "LOOKS", 0.1)
    here, _ = run(*LARGE)
    told = []
    with scheduler(tmp_path) as (address, _), ExitStack() as stack:
        one = stack.enter_context(worker(address, tmp_path, "one"))
        _wait_for_workers(address, 1)

        def say(text):
            told.append(text)
            if "No workers" in text:
                stack.enter_context(worker(address, tmp_path, "two"))

        progress = OnceThere(one.kill)
        there = on_cluster(loaded(*LARGE), address, tmp_path / "cluster", progress, say)
        until(lambda: len(told) >= 2)
    assert "Finished blocks are kept" in told[0]
    assert told[1] == "There are workers again."
    assert measures(here) == measures(there)


@pytest.mark.slow
def test_a_lost_scheduler_is_told_of_and_what_is_finished_is_kept(loaded, run, tmp_path):
    here, _ = run(*LARGE)
    folder = tmp_path / "cluster"
    with scheduler(tmp_path) as (address, process_of_it), worker(address, tmp_path, "one"):
        _wait_for_workers(address, 1)
        progress = OnceThere(process_of_it.kill)
        with pytest.raises(UserError, match=r"the scheduler was lost; finished blocks are kept"):
            on_cluster(loaded(*LARGE), address, folder, progress)
    there, listener = run(*LARGE, folder="cluster")
    assert listener.done >= 500
    assert measures(here) == measures(there)


LACKS = """
import importlib.metadata
def version(name):
    raise importlib.metadata.PackageNotFoundError(name)
importlib.metadata.version = version
"""


@pytest.mark.slow
def test_a_worker_without_the_package_is_refused(loaded, tmp_path):
    (tmp_path / "lacks.py").write_text(LACKS)
    preload = ("--preload", str(tmp_path / "lacks.py"))
    with (
        scheduler(tmp_path, "--host", "tcp://[::1]") as (address, _),
        worker(address, tmp_path, "bare", *preload),
    ):
        assert address.startswith("tcp://[::1]:")
        _wait_for_workers(address, 1)
        with pytest.raises(UserError) as caught, cluster(loaded(), address):
            pass
    first, second = caught.value.problems
    assert "No package metadata was found for underrecording" in first
    assert second.startswith("install underrecording")


@pytest.mark.slow
def test_a_client_that_is_killed_carries_on_where_it_was(loaded, run, tmp_path):
    study = loaded("study.replicates=20000", "study.block_size=50")
    here, _ = run("study.replicates=20000", "study.block_size=50")
    folder = tmp_path / "cluster"
    with scheduler(tmp_path) as (address, _), worker(address, tmp_path, "one"):
        _wait_for_workers(address, 1)
        words = (
            "-c", "from underrecording.cli import main; main()", "run", str(study.document.path),
            "--replicates", "20000", "--set", "study.block_size=50", "--cluster", address,
            "--out", str(folder), "--quiet",
        )  # fmt: skip
        for parts in (30, 100, 200):
            with process(*words, log=tmp_path / f"client-{parts}.log") as client:
                until(lambda n=parts: len(list(folder.glob("parts/*.parquet"))) >= n)
                assert client.poll() is None
        with process(*words, log=tmp_path / "client.log") as client:
            assert client.wait(PATIENCE) == 0
    assert (folder / "measures.csv").read_bytes() == here.measures.to_csv(
        index=False, lineterminator="\n"
    ).encode()


def _wait_for_workers(address, count):
    from distributed import Client

    with Client(address, set_as_default=False) as client:
        client.wait_for_workers(count, timeout=PATIENCE)
