"""A run killed again and again, and read all the while: nothing half written, nothing lost."""

import json
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from underrecording.report.write import csv_text, tables_of
from underrecording.scenario import load_scenario, shipped_scenarios
from underrecording.study import open_store, plan_study, run_in_threads

QUICK = str(shipped_scenarios()["quick"])
LONGEST_WAIT = 300
"""Seconds after which a process that neither writes nor ends is taken for stuck."""


def settings(replicates, block_size):
    return [
        f"study.replicates={replicates}",
        f"study.block_size={block_size}",
        "study.trajectories=2",
        "study.keep=rows",
    ]


def start(folder, *chosen):
    words = ["run", QUICK, "--jobs", 2, "--quiet", "--out", folder]
    words += [word for setting in settings(*chosen) for word in ("--set", setting)]
    code = "from underrecording.cli import main; main()"
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, words)],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


class Nobody:
    def say(self, text): ...
    def start(self, done, total): ...
    def advance(self, count): ...


def undisturbed(folder, *chosen):
    """Tables of the same study, run at one go and on one thread, as text."""
    plan = plan_study(load_scenario(Path(QUICK), overrides=settings(*chosen)))
    with open_store(plan, folder) as store:
        results = run_in_threads(plan, store, jobs=1, progress=Nobody())
    return {name: csv_text(table) for name, table in tables_of(results).items()}


def parse(path):
    """Read a file as what its name says it is, to the end."""
    raw = path.read_bytes()
    match path.suffix:
        case ".json":
            json.loads(raw)
        case ".parquet":
            assert pq.read_table(path).num_rows > 0
        case ".csv":
            assert raw.endswith(b"\n")
            assert not pd.read_csv(path).empty
        case ".png":
            assert raw.startswith(b"\x89PNG")
            assert raw.endswith(b"IEND\xaeB`\x82")
        case ".html":
            assert raw.rstrip().endswith(b"</html>")
        case ".svg":
            assert raw.rstrip().endswith(b"</svg>")


class Reader(threading.Thread):
    """Reads every final file of a run folder, over and over, until told to stop."""

    def __init__(self, folder):
        super().__init__(daemon=True)
        self.folder, self.stopped = folder, threading.Event()
        self.seen, self.rounds, self.wrong = set(), 0, []

    def run(self):
        while not self.stopped.is_set():
            self.read_all()
            self.stopped.wait(0.01)

    def read_all(self):
        for path in list(self.folder.rglob("[!.]*.*")):
            try:
                parse(path)
                self.seen.add(path.suffix)
            except FileNotFoundError:
                pass  # Tables of a shorter run are removed; that is not half written.
            except Exception as error:
                self.wrong.append(f"{path.name}: {error!r}")
        self.rounds += 1


def n_parts(folder):
    return sum(1 for _ in folder.glob("parts/world-*.parquet"))


def kill_after(process, folder, new_parts, waits):
    """Kill *process* when it has written *new_parts* and some moments have passed.

    Nothing is asked of how long that takes: a process that ends first was not killed.
    """
    before, deadline = n_parts(folder), time.monotonic() + LONGEST_WAIT
    while n_parts(folder) < before + new_parts and process.poll() is None:
        assert time.monotonic() < deadline, "the run is stuck"
        time.sleep(0.001)
    for _ in range(waits):
        if process.poll() is None:
            time.sleep(0.001)
    process.send_signal(signal.SIGKILL)
    killed = process.wait() == -signal.SIGKILL
    assert killed or process.returncode == 0, process.stderr.read()
    process.stderr.close()
    return killed


def check_chaos(tmp_path, *, kills, parts_a_kill, block_size):
    """Kill a run *kills* times; whatever is left must end in the bytes of an undisturbed one."""
    folder, rng = tmp_path / "killed", np.random.default_rng(2014)
    n_blocks = parts_a_kill * (kills + 1) + 8
    replicates = n_blocks * block_size
    reader = Reader(folder)
    reader.start()
    killed = 0
    while killed < kills:
        before = {path.name: path.stat().st_mtime_ns for path in folder.glob("parts/w*.parquet")}
        # None: before its first part, while it starts, looks at what is there, or draws.
        new = int(rng.integers(0, parts_a_kill + 1))
        waits = int(rng.integers(0, 10 if new else 2_000))
        killed += kill_after(start(folder, replicates, block_size), folder, new, waits)
        for name, modified in before.items():
            assert (folder / "parts" / name).stat().st_mtime_ns == modified
    last = start(folder, replicates, block_size)
    assert last.wait() == 0, last.stderr.read()
    last.stderr.close()
    reader.stopped.set()
    reader.join()
    reader.read_all()
    assert reader.wrong == []
    assert reader.rounds > kills
    assert reader.seen >= {".parquet", ".json", ".csv", ".png", ".html"}
    assert not list(folder.rglob("*.partial"))

    for name, text in undisturbed(tmp_path / "whole", replicates, block_size).items():
        assert (folder / name).read_text() == text
    assert n_parts(folder) == n_blocks
    for part in (tmp_path / "whole/parts").iterdir():
        assert (folder / "parts" / part.name).read_bytes() == part.read_bytes()


@pytest.mark.slow
def test_a_run_that_was_killed_ends_in_the_same_bytes(tmp_path):
    check_chaos(tmp_path, kills=1, parts_a_kill=4, block_size=25)


@pytest.mark.slow
def test_a_run_killed_fifty_times_ends_in_the_same_bytes(tmp_path):
    check_chaos(tmp_path, kills=50, parts_a_kill=3, block_size=400)


@pytest.mark.parametrize(
    ("name", "half"),
    [
        ("manifest.json", b'{"name": "qui'),
        ("measures.csv", b"cell,estimator\n0,pooled"),
        ("report.html", b"<html><body>"),
        ("zip.png", b"\x89PNG\r\n"),
        ("part.parquet", b"PAR1"),
    ],
)
def test_the_reader_would_see_a_file_that_is_half_written(tmp_path, name, half):
    (tmp_path / name).write_bytes(half)
    reader = Reader(tmp_path)
    reader.read_all()
    assert len(reader.wrong) == 1
