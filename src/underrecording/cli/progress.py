"""Progress on stderr: a bar with time left on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from underrecording.study.until import Stand

_SECONDS_BETWEEN_LINES = 15.0


class Progress:
    """What `run_in_threads` tells while it works.

    Parameters
    ----------
    quiet : bool
        Say nothing at all.
    what : str
        What is counted.
    """

    def __init__(self, *, quiet: bool, what: str = "replicates") -> None:
        self.quiet, self.what = quiet, what
        self._bar: Any = None
        self._task: Any = None
        self._total = self._done = 0
        self._started = self._said = 0.0
        self._errors = ""

    def say(self, text: str) -> None:
        """Print one line of talk."""
        if not self.quiet:
            self.close()
            click.echo(text, err=True)

    def start(self, done: int, total: int) -> None:
        """Begin to count, *done* of *total* having been left by an earlier run."""
        self._total, self._done = total, done
        self._started = self._said = time.monotonic()
        if done:
            self.say(f"Carrying on: {done:,} of {total:,} {self.what} are there.")
        if self.quiet or not sys.stderr.isatty():
            return
        from rich.console import Console
        from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as Bar

        self._bar = Bar(
            TextColumn(self.what.capitalize()),
            BarColumn(),
            TextColumn("{task.completed:,.0f} of {task.total:,.0f}, time left"),
            TimeRemainingColumn(),
            TextColumn("{task.fields[errors]}"),
            console=Console(stderr=True),
            transient=True,
        )
        self._task = self._bar.add_task("", total=total, completed=done, errors="")
        self._bar.start()

    def advance(self, count: int) -> None:
        """Count replicates that are done; called from any worker."""
        self._done += count
        if self._bar is not None:
            self._bar.advance(self._task, count)
        elif not self.quiet and time.monotonic() - self._said > _SECONDS_BETWEEN_LINES:
            self._said = time.monotonic()
            share = min(1.0, self._done / self._total)
            left = (self._said - self._started) * (1.0 - share) / share
            click.echo(
                f"{self._done:,} of {self._total:,} {self.what}, about {left:.0f} s left"
                f"{self._errors}",
                err=True,
            )

    def stand(self, stand: Stand) -> None:
        """Count up to where the study will likely stop, and show its errors as they fall."""
        self._total, self._errors = stand.likely, f"; {stand.words()}"
        if self._bar is not None:
            self._bar.update(self._task, total=self._total, errors=self._errors)

    def close(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None
