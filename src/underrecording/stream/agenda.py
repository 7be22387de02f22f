"""What is to be completed when: a calendar of short spans, for the compiled engine.

A heap costs as many steps as its size has digits; a calendar's spans hold a few
completions each, whatever the size of the force. An incident has at most one
completion to come, so a span is a chain through incidents.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from underrecording.compiling import compiled

NUMBER_BITS = 26
MAX_INCIDENTS, MAX_MS = 2**NUMBER_BITS, 2 ** (63 - NUMBER_BITS)
NUMBER = MAX_INCIDENTS - 1

SPANS_PER_INCIDENT = 0.3
"""Spans of the calendar; between 0.1 and 1 the engine was equally fast."""

MOST_STEPS = 5
"""Completions that one incident can have: call, handling, enquiries, review, recording."""


class Agenda(NamedTuple):
    """Completions to come.

    Attributes
    ----------
    first : int32 array (spans,)
        First incident of each span's chain, -1 where it is empty.
    following : int32 array (n,)
        Next incident of the chain.
    due : int array (n,)
        When the incident's present step is completed, milliseconds.
    present : int array (5 n,)
        The present span's completions, rising: time shifted by `NUMBER_BITS`, and incident.
    span_bits : int
        A span lasts 2**span_bits milliseconds.
    """

    first: NDArray[np.int32]
    following: NDArray[np.int32]
    due: NDArray[np.int64]
    present: NDArray[np.int64]
    span_bits: int


@compiled
def new_agenda(incidents: Any, horizon: Any) -> Any:
    """Return an empty agenda; what is due in a span after *horizon* is not kept."""
    bits = 10
    while (horizon >> bits) > SPANS_PER_INCIDENT * incidents:
        bits += 1
    return Agenda(
        np.full((horizon >> bits) + 1, -1, np.int32),
        np.empty(incidents, np.int32),
        np.empty(incidents, np.int64),
        np.empty(MOST_STEPS * incidents, np.int64),
        bits,
    )


@compiled
def open_span(first: Any, following: Any, due: Any, present: Any, span: Any) -> Any:
    """Sort the completions of *span* into *present*; return their number."""
    i, count = first[span], 0
    while i >= 0:
        insert(present, 0, count, (due[i] << NUMBER_BITS) | np.int64(i))
        count += 1
        i = following[i]
    return count


@compiled
def insert(present: Any, begin: Any, end: Any, key: Any) -> None:
    """Put *key* into its place among the rising *present* [*begin*, *end*)."""
    place = end
    while place > begin and present[place - 1] > key:
        present[place] = present[place - 1]
        place -= 1
    present[place] = key
