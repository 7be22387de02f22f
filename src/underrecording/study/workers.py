"""Who computes the blocks of a study: threads of this process, or processes elsewhere.

Workers elsewhere share nothing with this process. They are sent the scenario and
the name of a block, lay the study out for themselves, once, and send the summary
of the block back. Their results are the same, byte for byte.
"""

from __future__ import annotations

import platform
from collections.abc import Callable, Mapping
from concurrent.futures import Executor, Future
from functools import lru_cache
from typing import Protocol

from underrecording.errors import UserError
from underrecording.scenario import LoadedScenario
from underrecording.study.block import BlockResult, run_block
from underrecording.study.plan import Block, StudyPlan, plan_study
from underrecording.study.program import ingredients


class Workers(Protocol):
    """Who computes blocks.

    Attributes
    ----------
    in_flight : int
        Blocks handed over at once: what bounds the memory of a long study.
    tell : bool
        Whether they tell of replicates as they are done; else blocks are counted as
        they come in.
    """

    in_flight: int
    tell: bool

    def submit(self, block: Block, advance: Callable[[int], None]) -> Future[BlockResult]:
        """Have *block* computed."""


class Threads:
    """Threads of this process.

    Parameters
    ----------
    plan : StudyPlan
    executor : concurrent.futures.Executor
        Whose workers share this process.
    in_flight : int
    threads : int
        Threads that each block may use for worlds that take long.
    """

    tell = True

    def __init__(
        self, plan: StudyPlan, executor: Executor, *, in_flight: int, threads: int = 1
    ) -> None:
        self.in_flight = in_flight
        self._plan, self._executor, self._threads = plan, executor, threads

    def submit(self, block: Block, advance: Callable[[int], None]) -> Future[BlockResult]:
        """Have *block* computed."""
        return self._executor.submit(run_block, self._plan, block, advance, self._threads)


class Elsewhere:
    """Workers of any `concurrent.futures.Executor`, in other processes or on other machines.

    Each needs this version of underrecording, NumPy, SciPy and Numba, and says so if not.

    Parameters
    ----------
    loaded : LoadedScenario
        Of the study: what the workers are sent.
    executor : concurrent.futures.Executor
    in_flight : int
        Two for each worker keep all of them busy.

    Examples
    --------
    From Python, with the processes of this machine (or ``Client(address).get_executor()``
    of ``distributed``, or the executor of another library)::

        loaded = load_scenario(Path("scenarios/interim.yaml"))
        plan = plan_study(loaded)
        with open_store(plan) as store, ProcessPoolExecutor(4) as executor:
            results = run_study(plan, store, Elsewhere(loaded, executor, in_flight=8), progress)
    """

    tell = False

    def __init__(self, loaded: LoadedScenario, executor: Executor, *, in_flight: int) -> None:
        self.in_flight = in_flight
        self._loaded, self._executor = loaded, executor
        self._here = ingredients()

    def submit(self, block: Block, advance: Callable[[int], None]) -> Future[BlockResult]:
        """Have *block* computed."""
        return self._executor.submit(run_block_elsewhere, self._loaded, self._here, block)


def run_block_elsewhere(
    loaded: LoadedScenario, wanted: Mapping[str, str], block: Block
) -> BlockResult:
    """Run one block of the study of *loaded*, in a process that knows nothing of it yet.

    Raises
    ------
    UserError
        If the `ingredients` are not those *wanted*: results might differ.
    """
    ours = ingredients()
    problems = [
        f"worker on {platform.node()}: has {name} {ours.get(name)}, not {expected}"
        for name, expected in wanted.items()
        if ours.get(name) != expected
    ]
    if problems:
        raise UserError([*problems, "install the same versions wherever blocks are computed"])
    return run_block(_planned(_Same(loaded)), block)


class _Same:
    """A scenario as a key: one by which the same blocks are computed and the same is kept."""

    def __init__(self, loaded: LoadedScenario) -> None:
        self.loaded = loaded
        study = loaded.scenario.study
        self._key = loaded.scenario.digest(), study.replicates, study.keep, study.ranking

    def __hash__(self) -> int:
        return hash(self._key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self._key == other._key


@lru_cache(maxsize=2)
def _planned(same: _Same) -> StudyPlan:
    return plan_study(same.loaded)
