"""Functions timed in turn, round by round, so that what slows the machine slows both."""

from __future__ import annotations

import platform
import statistics
import time
from collections.abc import Callable, Sequence
from importlib.metadata import PackageNotFoundError, version

Clock = Callable[[], float]


def rounds(
    pairs: int, first: Callable[[], object], second: Callable[[], object],
    clock: Clock = time.perf_counter,
) -> list[tuple[float, float]]:  # fmt: skip
    """Seconds of two functions, run in turn *pairs* times after once to warm up."""
    first(), second()
    times = []
    for _ in range(pairs):
        spent = []
        for function in (first, second):
            started = clock()
            function()
            spent.append(clock() - started)
        times.append((spent[0], spent[1]))
    return times


def ratios(times: Sequence[tuple[float, float]]) -> list[float]:
    """Seconds of the second over seconds of the first, ascending."""
    return sorted(second / first for first, second in times)


def of(found: Sequence[float]) -> str:
    """The median and the range."""
    places = 2 if max(found) < 100 else 0
    low, middle, high = (f"{x:,.{places}f}" for x in (
        min(found), statistics.median(found), max(found)
    ))  # fmt: skip
    return f"{middle:>8}  ({low} to {high})"


def show(label: str, times: Sequence[tuple[float, float]]) -> None:
    """Print the ratio of two functions."""
    print(f"{label:<58} {of(ratios(times))}")


def versions(*packages: str) -> str:
    """The interpreter's version and those of *packages* that are there."""
    found = [f"Python {platform.python_version()}"]
    for name in packages:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            found.append(f"no {name}")
    return ", ".join(found)


class Quiet:
    """Nobody is told how a study gets on."""

    def say(self, text: str) -> None:
        """Nothing."""

    def start(self, done: int, total: int) -> None:
        """Nothing."""

    def advance(self, count: int) -> None:
        """Nothing."""

    def stand(self, stand: object) -> None:
        """Nothing."""
