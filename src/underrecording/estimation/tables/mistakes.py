"""All that is wrong with a table, counted in full and shown in part."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from underrecording.errors import UserError

SHOWN = 20
ENOUGH = 100_000
"""Mistakes after which reading on would help nobody."""


class Mistakes:
    """Mistakes of one file by row and column, of which the first 20 are shown.

    >>> mistakes = Mistakes("audit.csv")
    >>> mistakes.add(5, 4, "due", "is empty; give a whole number of 0 or more")
    >>> raise mistakes.error()
    Traceback (most recent call last):
    underrecording.errors.UserError:
    audit.csv:5:4: due: is empty; give a whole number of 0 or more
    """

    def __init__(self, path: str | Path) -> None:
        self.path = path
        self.count = 0
        self._kept: list[tuple[int, int, str]] = []

    def add(self, row: int, column: int, name: str, problem: str) -> None:
        """Note one mistake; *row* is a line of the file and *column* a place in it, from 1."""
        self.count += 1
        self._keep(row, column, name, problem)

    def add_where(
        self,
        wrong: NDArray[np.bool_],
        place: Callable[[int], tuple[int, int, str]],
        problem: Callable[[int], str],
    ) -> None:
        """Note a mistake at each index where *wrong*; indices ascend with the rows."""
        found = np.flatnonzero(wrong)
        self.count += found.size
        for index in found[:SHOWN].tolist():
            self._keep(*place(index), problem(index))

    def _keep(self, row: int, column: int, name: str, problem: str) -> None:
        self._kept.append((row, column, f"{self.path}:{row}:{column}: {name}: {problem}"))
        if len(self._kept) > 10 * SHOWN:
            self._kept = self._shown()

    def _shown(self) -> list[tuple[int, int, str]]:
        # Stable, so that two mistakes of one cell stay in the order they were found.
        return sorted(self._kept, key=lambda mistake: mistake[:2])[:SHOWN]

    def error(self) -> UserError:
        """The mistakes as the one error that a user sees."""
        shown = [text for _, _, text in self._shown()]
        if self.count > len(shown):
            least = "at least " if self.enough else ""
            shown.append(f"... and {least}{self.count - len(shown):,} more")
        return UserError(shown)

    @property
    def enough(self) -> bool:
        """Whether there are so many mistakes that reading should stop."""
        return self.count >= ENOUGH

    def raise_any(self) -> None:
        """Raise the error if there is any mistake."""
        if self.count:
            raise self.error()
