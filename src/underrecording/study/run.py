"""Blocks to an executor, summaries to the store, results out of what is stored."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from underrecording.compiling import cache_folder
from underrecording.study.block import BlockResult, run_block
from underrecording.study.kept import (
    part_names,
    part_tables,
)
from underrecording.study.manifest import is_complete, write_manifest
from underrecording.study.moments import Moments, accumulate
from underrecording.study.plan import Block, StudyPlan
from underrecording.study.results import Results
from underrecording.study.store import Store
from underrecording.study.stored_results import read_moments, read_results
from underrecording.study.until import Merged, Stand
from underrecording.study.workers import Threads, Workers


class Progress(Protocol):
    """Who is told how a study gets on."""

    def say(self, text: str) -> None:
        """Something happens that takes a while."""

    def start(self, done: int, total: int) -> None:
        """Replicates are counted from here, *done* of *total* being there already."""

    def advance(self, count: int) -> None:
        """So many more replicates are done; called from any worker."""

    def stand(self, stand: Stand) -> None:
        """Where a study stands that may stop before its cap."""


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
    workers = jobs or _cores()
    compile_first(plan, progress.say, threads=workers)
    # Blocks share the threads; where there are fewer blocks, their worlds take the rest.
    threads = max(1, workers // len(plan.blocks()))
    with ThreadPoolExecutor(workers) as executor:
        at_work = Threads(plan, executor, in_flight=workers + 1, threads=threads)
        return run_study(plan, store, at_work, progress)


def compile_first(plan: StudyPlan, say: Callable[[str], None], *, threads: int = 1) -> None:
    """Compile what *plan* needs, or fetch what an earlier run compiled; say so if it takes long.

    In one thread, before any workers start: two replicates are run and thrown away.
    """
    if not any(cache_folder().glob(f"**/*.{accumulate.__name__}-*.nbi")):
        say("Compiling the simulator, once for this version: a minute or two ...")
    run_block(plan, Block(world=0, start=1, stop=3), threads=threads)


def run_study(plan: StudyPlan, store: Store, workers: Workers, progress: Progress) -> Results:
    """Run the blocks of *plan* that *store* lacks, and return what all of them say.

    Parameters
    ----------
    plan : StudyPlan
    store : Store
        Opened by the caller.
    workers : Workers
        `Threads` of this process, or `Elsewhere`.
    progress : Progress

    Results are merged in block order, whoever computed a block and when.
    """
    started = datetime.now(UTC)
    merged = Merged(plan)
    missing = _missing(plan, store, merged)
    # A run that is whole keeps the manifest of what computed it.
    whole = not missing and is_complete(plan.ended_at(merged.stand), store)
    if not whole:
        write_manifest(plan, store, started, ended=None)
    if missing:
        store.discard_reports()
    total = sum(block.stop - block.start for block in plan.blocks())
    if merged.stand is not None and merged.reached:
        total = merged.stand.replicates
    again = _computed_again(store, missing)
    if again:
        progress.say(
            f"{again:,} of the replicates that are there are computed again: only whole blocks "
            f"(of {plan.scenario.study.block_size:,}) carry over to another number of them."
        )
    for_more = _computed_for_more(plan, store, missing)
    if for_more:
        progress.say(
            f"{for_more:,} of the replicates that are there are computed again, for what was not "
            "kept of them."
        )
    progress.start(total - sum(block.stop - block.start for block in missing), total)
    _run_blocks(plan, store, workers, progress, missing, merged)
    results = read_results(plan, store)
    if not whole:
        write_manifest(results.plan, store, started, ended=datetime.now(UTC))
    return results


def _missing(plan: StudyPlan, store: Store, merged: Merged) -> list[Block]:
    """Blocks that are to be computed; those that are there are merged where there is a goal."""
    missing = []
    for block in plan.blocks():
        if merged.reached:
            break
        if not _is_finished(plan, store, block):
            missing.append(block)
        elif plan.scenario.study.until is not None:
            merged.add(block, read_moments(store, block))
    return missing


def _run_blocks(
    plan: StudyPlan,
    store: Store,
    workers: Workers,
    progress: Progress,
    missing: Sequence[Block],
    merged: Merged,
) -> None:
    """Have the missing blocks computed and store them, until the goal is reached, if any."""
    stop = threading.Event()

    def advance(count: int) -> None:
        if stop.is_set():
            raise StoppedError
        progress.advance(count)

    waiting: dict[Future[BlockResult], Block] = {}

    def land() -> None:
        for block, moments in _land(plan, store, waiting):
            if not workers.tell:
                progress.advance(block.stop - block.start)
            if plan.scenario.study.until is not None:
                merged.add(block, moments)
                if merged.stand is not None:
                    progress.stand(merged.stand)

    try:
        for block in missing:
            if merged.reached:
                break
            waiting[workers.submit(block, advance)] = block
            if len(waiting) >= workers.in_flight:
                land()
        while waiting and not merged.reached:
            land()
    finally:
        # What is still at work is wanted no more: the goal is reached, or something failed.
        stop.set()
        for future in waiting:
            future.cancel()


def _is_finished(plan: StudyPlan, store: Store, block: Block) -> bool:
    return all(store.read_table(name) is not None for name in part_names(plan, block))


def _computed_again(store: Store, missing: Sequence[Block]) -> int:
    """Replicates that are stored, but in blocks that end elsewhere than those of this run."""
    ends: dict[str, list[int]] = {}
    for name in store.stored_blocks():
        begin, _, end = name.rpartition("-")
        ends.setdefault(begin, []).append(int(end))
    again = 0
    for block in missing:
        others = [end for end in ends.get(block.name.rpartition("-")[0], []) if end != block.stop]
        again += max((min(end, block.stop) - block.start for end in others), default=0)
    return again


def _computed_for_more(plan: StudyPlan, store: Store, missing: Sequence[Block]) -> int:
    """Replicates whose summary is stored, but not all else that is to be kept of them."""
    there = store.stored_parts()
    return sum(
        block.stop - block.start
        for block in missing
        if block.name in there and not there.issuperset(part_names(plan, block))
    )


def _land(
    plan: StudyPlan, store: Store, waiting: dict[Future[BlockResult], Block]
) -> Iterator[tuple[Block, Moments]]:
    """Store whatever has finished, waiting for one block at least; say what it was."""
    done, _ = wait(waiting, return_when=FIRST_COMPLETED)
    for future in done:
        block, result = waiting.pop(future), future.result()
        for name, table in part_tables(plan, block, result):
            store.write_table(name, table)
        yield block, result.moments


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
