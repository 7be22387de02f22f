"""Blocks to an executor, summaries to the store, results out of what is stored."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import threading
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ThreadPoolExecutor, wait
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from functools import reduce
from importlib.metadata import version
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa

from underrecording.audit import REASONS
from underrecording.compiling import cache_folder
from underrecording.study.block import BlockResult, Rows, run_block
from underrecording.study.moments import Moments, merge
from underrecording.study.plan import Block, StudyPlan
from underrecording.study.results import Results
from underrecording.study.store import MANIFEST, Store
from underrecording.study.trajectory import Trajectory

_OF_FIRST_BLOCK = ("rows", "trajectory")
_LIBRARIES = ("numpy", "numba", "llvmlite", "scipy", "pandas", "pyarrow", "pydantic")


class Progress(Protocol):
    """Who is told how a study gets on."""

    def say(self, text: str) -> None:
        """Something happens that takes a while."""

    def start(self, done: int, total: int) -> None:
        """Replicates are counted from here, *done* of *total* being there already."""

    def advance(self, count: int) -> None:
        """So many more replicates are done; called from any worker."""


class StoppedError(Exception):
    """Ends the blocks that are running when a study is interrupted."""


def open_store(plan: StudyPlan, folder: Path | None = None) -> AbstractContextManager[Store]:
    """Open the run folder of *plan*: *folder*, or ``outputs/NAME/DIGEST``."""
    digest = plan.scenario.digest()
    folder = folder or Path("outputs") / plan.name / digest
    return Store(folder, digest, plan.scenario.settings()).opened()


def run_in_threads(
    plan: StudyPlan, store: Store, *, jobs: int | None, progress: Progress
) -> Results:
    """Run a study on *jobs* threads of this machine, all cores if None.

    The compiled loops release the interpreter lock. The results do not depend
    on the number of threads.
    """
    first_time = not any(cache_folder().glob("**/*.nbi"))
    if first_time:
        progress.say("Compiling the simulator, once for this version: about half a minute ...")
    # In one thread, before the workers start; its two replicates are thrown away.
    run_block(plan, Block(world=0, start=1, stop=3))
    workers = jobs or _cores()
    with ThreadPoolExecutor(workers) as executor:
        return run_study(plan, store, executor, in_flight=workers + 1, progress=progress)


def run_study(
    plan: StudyPlan, store: Store, executor: Executor, *, in_flight: int, progress: Progress
) -> Results:
    """Run the blocks of *plan* that *store* lacks, and return what all of them say.

    Parameters
    ----------
    plan : StudyPlan
    store : Store
        Opened by the caller.
    executor : concurrent.futures.Executor
        Its workers share this process: they report to *progress*.
    in_flight : int
        Blocks handed over at once: what bounds the memory of a long study.
    progress : Progress
    """
    started = datetime.now(UTC)
    _write_manifest(plan, store, started, ended=None)
    blocks = plan.blocks()
    missing = [block for block in blocks if not _is_finished(store, block)]
    total = sum(block.stop - block.start for block in blocks)
    progress.start(total - sum(block.stop - block.start for block in missing), total)

    stop = threading.Event()

    def advance(count: int) -> None:
        if stop.is_set():
            raise StoppedError
        progress.advance(count)

    waiting: dict[Future[BlockResult], Block] = {}
    try:
        for block in missing:
            waiting[executor.submit(run_block, plan, block, advance)] = block
            if len(waiting) >= in_flight:
                _land(plan, store, waiting)
        while waiting:
            _land(plan, store, waiting)
    except BaseException:
        stop.set()
        for future in waiting:
            future.cancel()
        raise
    results = read_results(plan, store)
    _write_manifest(plan, store, started, ended=datetime.now(UTC))
    return results


def read_results(plan: StudyPlan, store: Store) -> Results:
    """Merge the stored blocks, in block order, into results.

    Raises
    ------
    ValueError
        If a part is missing or damaged.
    """
    worlds: list[Moments] = []
    blocks = plan.blocks()
    for world in range(plan.worlds):
        parts = [_read(store, block) for block in blocks if block.world == world]
        worlds.append(reduce(merge, parts))
    rows, path = (store.read_table(f"{kind}-{blocks[0].name}") for kind in _OF_FIRST_BLOCK)
    if rows is None or path is None:
        raise ValueError(f"{store.parts}: rows or trajectory of the first block are missing")
    return Results(plan, tuple(worlds), rows.to_pandas(), path.to_pandas())


def _read(store: Store, block: Block) -> Moments:
    moments = store.read_block(block)
    if moments is None:
        raise ValueError(f"{store.parts}: part {block.name} is missing or damaged")
    return moments


def _is_finished(store: Store, block: Block) -> bool:
    names = [block.name]
    if block.is_first:
        names += [f"{kind}-{block.name}" for kind in _OF_FIRST_BLOCK]
    return all(store.read_table(name) is not None for name in names)


def _land(plan: StudyPlan, store: Store, waiting: dict[Future[BlockResult], Block]) -> None:
    """Store whatever has finished, waiting for one block at least."""
    done, _ = wait(waiting, return_when=FIRST_COMPLETED)
    for future in done:
        block = waiting.pop(future)
        result = future.result()
        if result.rows is not None:
            # Before the summary, whose presence says that the block is finished.
            store.write_table(f"rows-{block.name}", _rows_table(plan, result.rows))
            store.write_table(
                f"trajectory-{block.name}", _trajectory_table(plan, result.trajectory)
            )
        store.write_block(block, result.moments)


def _rows_table(plan: StudyPlan, rows: Rows) -> pa.Table:
    columns: dict[str, list[Any]] = {
        name: []
        for name in (
            "replicate", "estimand", "domain", "estimator",
            "estimate", "se", "low", "high", "truth", "reason",
        )
    }  # fmt: skip
    for t, target in enumerate(plan.targets):
        for e, spec in enumerate(plan.estimators):
            estimate, variance, low, high = rows.answers[t, e].T
            n = len(rows.replicate)
            columns["replicate"] += rows.replicate.tolist()
            columns["estimand"] += [target.estimand] * n
            columns["domain"] += [target.domain] * n
            columns["estimator"] += [str(spec)] * n
            columns["estimate"] += estimate.tolist()
            columns["se"] += (variance**0.5).tolist()
            columns["low"] += low.tolist()
            columns["high"] += high.tolist()
            columns["truth"] += rows.truth[t].tolist()
            columns["reason"] += [REASONS[code] for code in rows.reasons[t, e].tolist()]
    return pa.table(columns)


def _trajectory_table(plan: StudyPlan, trajectory: Trajectory | None) -> pa.Table:
    columns: dict[str, list[Any]] = {
        "replicate": [], "forces": [], "estimator": [], "estimate": [], "truth": [],
    }  # fmt: skip
    if trajectory is not None:
        n_replicates, n_forces = trajectory.estimate.shape[1:]
        for e, spec in enumerate(plan.estimators):
            for r in range(n_replicates):
                columns["replicate"] += [r] * n_forces
                columns["forces"] += list(range(1, n_forces + 1))
                columns["estimator"] += [str(spec)] * n_forces
                columns["estimate"] += trajectory.estimate[e, r].tolist()
                columns["truth"] += [float(trajectory.truth[r])] * n_forces
    return pa.table(columns)


def _write_manifest(
    plan: StudyPlan, store: Store, started: datetime, *, ended: datetime | None
) -> None:
    store.write_text(
        MANIFEST,
        json.dumps(
            {
                "name": plan.name,
                "title": plan.scenario.title,
                "digest": store.digest,
                "seed": plan.scenario.seed,
                "replicates": plan.scenario.study.replicates,
                "cells": len(plan.cells),
                "started": started.isoformat(timespec="seconds"),
                "ended": ended.isoformat(timespec="seconds") if ended else None,
                "versions": {
                    "underrecording": version("underrecording"),
                    "python": platform.python_version(),
                    **{name: version(name) for name in _LIBRARIES},
                },
                "machine": platform.machine(),
                "cpu_features": _cpu_features(),
                "commit": _commit(),
                "settings": store.settings,
                "scenario": plan.text,
            },
            indent=2,
        )
        + "\n",
    )


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _cpu_features() -> str:
    from llvmlite import binding

    return f"{binding.get_host_cpu_name()} {binding.get_host_cpu_features().flatten()}"


def _commit() -> str | None:
    """Commit of the source, where it is run from a clone that git can read."""

    def git(*words: str) -> str:
        return subprocess.run(
            ["git", *words],
            cwd=Path(__file__).parent, capture_output=True, text=True, timeout=5, check=True,
        ).stdout.strip()  # fmt: skip

    try:
        # An installed package may lie in somebody else's repository.
        git("ls-files", "--error-unmatch", Path(__file__).name)
        dirty = "-dirty" if git("status", "--porcelain", "--untracked-files=no") else ""
        return git("rev-parse", "HEAD") + dirty
    except (OSError, subprocess.SubprocessError):
        return None
