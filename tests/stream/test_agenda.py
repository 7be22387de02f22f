"""The calendar of the compiled engine: nothing is lost in it, and all comes out in order."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from underrecording.stream.agenda import (
    MAX_INCIDENTS,
    MAX_MS,
    MOST_STEPS,
    NUMBER,
    NUMBER_BITS,
    SPANS_PER_INCIDENT,
    insert,
    new_agenda,
    open_span,
)
from underrecording.stream.schedule import HOUR_MS
from underrecording.world.pathway import Pathway


@given(st.lists(st.integers(0, MAX_MS - 1), max_size=20), st.integers(0, 5))
def test_inserted_keys_rise_and_what_has_happened_stays(times, before):
    # Places before `begin` are completions that have happened: any key may be there.
    present = np.full(before + len(times), 2**62)
    keys = [(time << NUMBER_BITS) | number for number, time in enumerate(times)]
    for count, key in enumerate(keys):
        insert(present, before, before + count, key)
    assert present[before:].tolist() == sorted(keys)
    assert (present[:before] == 2**62).all()


@given(st.lists(st.integers(0, 50 * HOUR_MS - 1), max_size=30))
def test_every_completion_comes_out_of_its_span_in_order(due):
    n = len(due)
    agenda = new_agenda(n, 50 * HOUR_MS)
    for i, time in enumerate(due):
        span = time >> agenda.span_bits
        agenda.due[i], agenda.following[i] = time, agenda.first[span]
        agenda.first[span] = i
    found = []
    for span in range(len(agenda.first)):
        count = 0
        if agenda.first[span] >= 0:
            count = open_span(agenda.first, agenda.following, agenda.due, agenda.present, span)
        keys = agenda.present[:count].tolist()
        assert all(key >> NUMBER_BITS >> agenda.span_bits == span for key in keys)
        found += [(key >> NUMBER_BITS, key & NUMBER) for key in keys]
    assert found == sorted((time, i) for i, time in enumerate(due))


@pytest.mark.parametrize("incidents", [0, 1, 100, 1_000_000])
@pytest.mark.parametrize("hours", [1, 24, 24 * 1_100])
def test_a_calendar_covers_its_horizon_with_spans_as_many_as_stated(incidents, hours):
    horizon = hours * HOUR_MS
    agenda = new_agenda(incidents, horizon)
    spans = len(agenda.first)
    assert (horizon - 1) >> agenda.span_bits < spans
    assert spans - 1 <= SPANS_PER_INCIDENT * incidents
    # One span more than half of what is allowed, or spans of a second.
    assert agenda.span_bits == 10 or 2 * spans + 1 > SPANS_PER_INCIDENT * incidents
    assert len(agenda.present) == MOST_STEPS * incidents
    assert (agenda.first == -1).all()


def test_keys_hold_the_last_incident_of_the_longest_stream():
    longest = 24 * HOUR_MS * sum(
        next(part.le for part in Pathway.model_fields[name].metadata if hasattr(part, "le"))
        for name in ("days", "warm_up_days", "follow_up_days")
    )  # fmt: skip
    assert longest + 2**31 < MAX_MS - 1
    key = np.int64(MAX_MS - 1) << NUMBER_BITS | (MAX_INCIDENTS - 1)
    assert key == 2**63 - 1
    assert (key >> NUMBER_BITS, key & NUMBER) == (MAX_MS - 1, MAX_INCIDENTS - 1)
