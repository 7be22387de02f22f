"""What an engine finds out: when each step began, and what was met at each decision."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Counts = NDArray[np.int32]

NEVER = -1

REFUSED, REVIEWED, ACCEPTED = range(3)
"""What the first decision on a report was; a refusal may be reviewed."""

CALL, HANDLING, ENQUIRIES, REVIEW, RECORDING = range(5)
"""The steps that take time; handling is attendance, or work at the desk."""


class Layout(NamedTuple):
    """Where the steps of n incidents, the first R of them crime reports, lie in one array.

    Calls and handling of all incidents, then enquiries, reviews and recording
    of reports. One array, so that the compiled engine need not ask which.
    """

    incidents: int
    reports: int

    @property
    def size(self) -> int:
        """Length of the array."""
        return 2 * self.incidents + 3 * self.reports

    def of(self, step: int) -> slice:
        """Return the part of the array that holds *step*.

        >>> layout = Layout(incidents=10, reports=4)
        >>> [(part.start, part.stop) for part in map(layout.of, range(5))]
        [(0, 10), (10, 20), (20, 24), (24, 28), (28, 32)]
        """
        begin = min(step, 2) * self.incidents + max(step - 2, 0) * self.reports
        return slice(begin, begin + (self.incidents if step < ENQUIRIES else self.reports))


class Times(NamedTuple):
    """When each step of each incident began, and what each decision met.

    Attributes
    ----------
    started : int array, laid out by `Layout`
        Milliseconds from the start of the warm-up; `NEVER` where it did not begin.
    decision : int8 array (R,)
        `REFUSED`, `REVIEWED` (refused, and sent to a supervisor), `ACCEPTED`.
    open_incidents, on_duty : int32 arrays (R,)
        Other open incidents and officers on duty at the decision.

    `decision` and what follows are `NEVER` where none was taken.
    """

    started: Ints
    decision: NDArray[np.int8]
    open_incidents: Counts
    on_duty: Counts

    @classmethod
    def empty(cls, layout: Layout) -> Times:
        """Return times at which nothing has happened yet."""
        return cls(
            np.full(layout.size, NEVER, np.int64),
            np.full(layout.reports, NEVER, np.int8),
            np.full(layout.reports, NEVER, np.int32),
            np.full(layout.reports, NEVER, np.int32),
        )
