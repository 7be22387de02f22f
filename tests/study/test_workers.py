"""Blocks computed elsewhere, by processes or a cluster that loses a worker: the same bytes."""

import json
import multiprocessing
import subprocess
import sys
import time
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from contextlib import contextmanager

import pytest

from underrecording.errors import UserError
from underrecording.study import cluster as cluster_module
from underrecording.study import plan_study, run_study
from underrecording.study.cluster import cluster
from underrecording.study.plan import Block
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


class Backwards(Executor):
    """Computes here what it is given, the last first, once somebody waits for it."""

    def __init__(self):
        self.tasks = []

    def submit(self, function, /, *args, **kwargs):
        future = Future()
        self.tasks.append((future, function, args))
        if len(self.tasks) == 3:
            for waiting, call, given in reversed(self.tasks):
                waiting.set_result(call(*given))
            self.tasks.clear()
        return future


def measures(results):
    return results.measures.to_csv().encode()


def elsewhere(loaded, executor, folder, in_flight):
    plan, progress = plan_study(loaded), Silence()
    with Store(folder, plan.scenario.digest(), plan.scenario.settings()).opened() as store:
        workers = Elsewhere(loaded, executor, in_flight=in_flight)
        return run_study(plan, store, workers, progress), progress


@pytest.mark.parametrize("draw", ["fresh", "fixed"])
def test_other_processes_give_the_same_bytes(loaded, run, tmp_path, draw):
    here, _ = run(f"world.draw={draw}")
    with ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as executor:
        there, progress = elsewhere(loaded(f"world.draw={draw}"), executor, tmp_path / "pool", 3)
    assert measures(here) == measures(there)
    assert progress.done == 120


def test_the_order_in_which_blocks_come_in_changes_nothing(loaded, run, tmp_path):
    here, _ = run()
    there, _ = elsewhere(loaded(), Backwards(), tmp_path / "backwards", 3)
    assert measures(here) == measures(there)


def test_workers_of_another_version_are_refused(loaded):
    with pytest.raises(UserError, match="another version of underrecording"):
        run_block_elsewhere(loaded(), "0" * 16, Block(0, 0, 5))


@pytest.mark.parametrize("address", ["10.0.0.5:8786", "tcp://host", "http://host:80", "tcp://:1"])
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
            [sys.executable, "-m", *words], stdout=output, stderr=subprocess.STDOUT
        )
        try:
            yield started
        finally:
            started.kill()
            started.wait()


@pytest.mark.slow
def test_a_cluster_that_loses_a_worker_gives_the_same_bytes(loaded, run, tmp_path):
    large = ("study.replicates=4000", "study.block_size=50")
    here, _ = run(*large)
    where = tmp_path / "scheduler.json"
    scheduler = ("dask", "scheduler", "--port", "0", "--no-dashboard", "--scheduler-file")
    worker = ("dask", "worker", "--no-nanny", "--nthreads", "1", "--no-dashboard")
    with process(*scheduler, str(where), log=tmp_path / "scheduler.log"):
        until(lambda: where.exists() and where.read_text().endswith("}"))
        address = json.loads(where.read_text())["address"]
        with (
            process(*worker, address, log=tmp_path / "one.log") as one,
            process(*worker, address, log=tmp_path / "two.log"),
        ):
            study = loaded(*large)
            plan, folder = plan_study(study), tmp_path / "cluster"
            _wait_for_workers(address, 2)

            class Killer(Silence):
                killed_at = None

                def advance(self, count):
                    super().advance(count)
                    if self.killed_at is None and self.done >= 500:
                        self.killed_at = self.done
                        one.kill()

            progress = Killer()
            store = Store(folder, plan.scenario.digest(), plan.scenario.settings())
            with store.opened() as opened, cluster(study, address) as workers:
                there = run_study(plan, opened, workers, progress)
    assert 500 <= progress.killed_at < 4000
    assert measures(here) == measures(there)


def _wait_for_workers(address, count):
    from distributed import Client

    with Client(address, set_as_default=False) as client:
        client.wait_for_workers(count, timeout=PATIENCE)
