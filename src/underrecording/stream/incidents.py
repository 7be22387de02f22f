"""A stream as a table: one row an incident reported in the period, in order of report."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from underrecording.ledger import ROUTES
from underrecording.published import OFFENCE_GROUPS
from underrecording.stream.draws import (
    ATTENDED,
    BUREAU,
    DISPOSAL,
    DUE,
    EMERGENCY,
    NO_CRIME,
    WRONG_DISPOSAL,
    WRONG_NO_CRIME,
    Draws,
    has,
)
from underrecording.stream.force import ForceStream
from underrecording.stream.outcome import Outcome, outcome
from underrecording.stream.schedule import HOUR_MS
from underrecording.stream.times import CALL, HANDLING, NEVER, REVIEWED, Times

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

BATCH_ROWS = 100_000

_WORD = pa.dictionary(pa.int8(), pa.string())
_HOURS, _YES_NO = pa.float64(), pa.bool_()


class Column(NamedTuple):
    """A column of the table.

    Attributes
    ----------
    name : str
    type : pyarrow DataType
    unit : str
        Empty where there is none.
    meaning : str
        What it says, and what null means.
    """

    name: str
    type: Any
    unit: str
    meaning: str


_FROM_START = "hours from the start of the period"

COLUMNS = (
    Column("force", _WORD, "", "Force that was told."),
    Column("incident", pa.int32(), "", "1, 2, ... in order of report."),
    Column("reported_at", _HOURS, _FROM_START, "When it was reported."),
    Column(
        "route", _WORD, "", "control_room: with an incident log; crime_bureau: made directly there."
    ),
    Column("emergency", _YES_NO, "", "Whether it goes first in every queue."),
    Column(
        "offence_group", _WORD, "",
        "Of the crime reported; null for an incident that is no crime report.",
    ),
    Column(
        "due", _YES_NO, "", "Whether it should be recorded; null where it is no crime report."
    ),
    Column(
        "answered_at", _HOURS, _FROM_START,
        "When a call taker took the call; null if made to the crime bureau, or not by the end of "
        "the follow-up.",
    ),
    Column(
        "attended_at", _HOURS, _FROM_START,
        "When an officer took it on, travel included; null if nobody was to attend, or not by the "
        "end of the follow-up.",
    ),
    Column(
        "decided_at", _HOURS, _FROM_START,
        "When the first decision was taken; null where it is no crime report, or not by the end "
        "of the follow-up.",
    ),
    Column(
        "load_at_decision", _HOURS, "open incidents per officer on duty",
        "Met at the first decision, itself not counted; null where there was none.",
    ),
    Column(
        "recorded", _YES_NO, "",
        "Whether there is a crime record when the follow-up ends, cancelled or not; null where it "
        "is no crime report.",
    ),
    Column(
        "reviewed", _YES_NO, "",
        "Whether it was refused and sent to a supervisor, reached or not; null where there was no "
        "decision.",
    ),
    Column(
        "recorded_at", _HOURS, _FROM_START, "When the record was made; null where there is none."
    ),
    Column(
        "classified_as", _WORD, "", "Offence group of the record; null where there is none."
    ),
    Column(
        "no_crime", _YES_NO, "", "Whether the record was cancelled; null where there is none."
    ),
    Column(
        "no_crime_wrong", _YES_NO, "", "Whether wrongly; null where it was not cancelled."
    ),
    Column(
        "disposal", _YES_NO, "",
        "Whether it ended in an out-of-court disposal; null where there is no record.",
    ),
    Column(
        "disposal_wrong", _YES_NO, "", "Whether wrongly; null where it did not end in one."
    ),
    Column(
        "closed_at", _HOURS, _FROM_START,
        "When nothing was left to do; null if not by the end of the follow-up.",
    ),
    Column(
        "late", _YES_NO, "",
        "Whether recorded later after the report than the time limit in force at the report; null "
        "where there is no record.",
    ),
    Column("open_at_end", _YES_NO, "", "Whether it was not closed when the period ended."),
)  # fmt: skip


def incident_schema() -> Any:
    """Names, types, units and meanings of the columns, as a pyarrow Schema.

    >>> incident_schema().field("due").type
    DataType(bool)
    """
    return pa.schema(
        [
            pa.field(name, type_, metadata={"unit": unit, "meaning": meaning})
            for name, type_, unit, meaning in COLUMNS
        ]
    )


def incidents(
    force: ForceStream, draws: Draws, times: Times, *, rows: int = BATCH_ROWS
) -> Iterator[Any]:
    """Yield the incidents of the period in order of report, *rows* at a time.

    Incidents of the warm-up are left out, whatever became of them later. Of two
    reported in one millisecond the crime report comes first. Times are hours
    from the start of the period, exact to the millisecond; those of the
    follow-up lie beyond its end. A value is null where what it tells of did not
    happen; `COLUMNS` says for each column when that is.

    Parameters
    ----------
    force : ForceStream
    draws : Draws
    times : Times
    rows : int
        Of each batch but the last, which may have fewer; at least 1.

    Yields
    ------
    pyarrow RecordBatch
        With `incident_schema`; none where nothing was reported. A batch alone is
        held in memory besides the arrays of the stream.

    >>> from underrecording.stream import draw_stream, make_world, run_stream
    >>> from underrecording.world.options import WorldOptions
    >>> from underrecording.world.pathway import Pathway
    >>> pathway = Pathway(days=7, warm_up_days=0, follow_up_days=7)
    >>> world = make_world(WorldOptions(fidelity="events", pathway=pathway))
    >>> force = world.force(4, seed=1, world=0, replicate=0)
    >>> draws = draw_stream(force, 1, 0, 0)
    >>> first = next(incidents(force, draws, run_stream(force, draws), rows=100))
    >>> first.num_rows, first["force"][0].as_py(), first["incident"][99].as_py()
    (100, 'City of London', 100)
    """
    if rows < 1:
        raise ValueError(f"rows: expected at least 1, got {rows}")
    ended = outcome(force, draws, times)
    stream = _Stream(force, draws, times, ended, late(force, draws, ended))
    # Stable: both kinds are numbered in order of report, crime reports first.
    order = np.argsort(draws.reported, kind="stable")
    in_period = order[stream.ended.period[order]]
    schema = incident_schema()
    for first in range(0, len(in_period), rows):
        made = _batch(stream, in_period[first : first + rows], first)
        yield pa.RecordBatch.from_arrays([made[name] for name in schema.names], schema=schema)


def late(force: ForceStream, draws: Draws, ended: Outcome) -> Bools:
    """Whether each report was recorded, and later than its time limit, (R,).

    The limit is the one in force in the hour of the report.
    """
    reported = draws.reported[: len(draws.group)]
    limit_ms = force.schedule.time_limit_hours[reported // HOUR_MS] * HOUR_MS
    is_late: Bools = (ended.recorded != NEVER) & (ended.recorded - reported > limit_ms)
    return is_late


class _Stream(NamedTuple):
    force: ForceStream
    draws: Draws
    times: Times
    ended: Outcome
    late: Bools

    @property
    def begin(self) -> int:
        """Start of the period, milliseconds from that of the warm-up."""
        return self.force.pathway.warm_up_days * 24 * HOUR_MS

    @property
    def end(self) -> int:
        """End of the period."""
        return self.begin + self.force.pathway.days * 24 * HOUR_MS


def _batch(stream: _Stream, chosen: Ints, first: int) -> dict[str, Any]:
    """Columns of the incidents number *chosen*, of which *first* came before."""
    force, draws, times, ended, _ = stream
    layout, traits = draws.layout, draws.traits[chosen]
    everyone = np.ones(len(chosen), np.bool_)
    closed = ended.closed[chosen]
    on_way = has(traits, ATTENDED)
    attended_at = np.where(on_way, times.started[layout.of(HANDLING)][chosen], NEVER)
    return {
        "force": _words(np.zeros(len(chosen), np.int8), (force.name,), everyone),
        "incident": pa.array(first + 1 + np.arange(len(chosen), dtype=np.int32)),
        "reported_at": _hours(draws.reported[chosen], stream.begin),
        "route": _words(has(traits, BUREAU).astype(np.int8), ROUTES, everyone),
        "emergency": pa.array(has(traits, EMERGENCY)),
        "answered_at": _hours(times.started[layout.of(CALL)][chosen], stream.begin),
        "attended_at": _hours(attended_at, stream.begin),
        "closed_at": _hours(closed, stream.begin),
        "open_at_end": pa.array((closed == NEVER) | (closed >= stream.end)),
        **_of_reports(stream, chosen, traits),
    }


def _of_reports(stream: _Stream, chosen: Ints, traits: NDArray[np.uint8]) -> dict[str, Any]:
    """Columns that are null for incidents which are no crime reports."""
    _, draws, times, ended, is_late = stream
    is_report = chosen < len(draws.group)
    report = chosen[is_report]

    def of(values: NDArray[Any], otherwise: int) -> NDArray[Any]:
        taken = np.full(len(chosen), otherwise, values.dtype)
        taken[is_report] = values[report]
        return taken

    recorded_at, fate = of(ended.recorded, NEVER), of(draws.fate, 0)
    decision, on_duty = of(times.decision, NEVER), of(times.on_duty, 1)
    decided, recorded = decision != NEVER, recorded_at != NEVER
    no_crime, disposal = recorded & has(fate, NO_CRIME), recorded & has(fate, DISPOSAL)
    load = of(times.open_incidents, 0) / on_duty
    return {
        "offence_group": _words(of(draws.group, 0), OFFENCE_GROUPS, is_report),
        "due": pa.array(has(traits, DUE), mask=~is_report),
        "decided_at": _hours(of(ended.decided, NEVER), stream.begin),
        "load_at_decision": pa.array(load, mask=~decided),
        "recorded": pa.array(recorded, mask=~is_report),
        "reviewed": pa.array(decision == REVIEWED, mask=~decided),
        "recorded_at": _hours(recorded_at, stream.begin),
        "classified_as": _words(of(draws.classified_as, 0), OFFENCE_GROUPS, recorded),
        "no_crime": pa.array(no_crime, mask=~recorded),
        "no_crime_wrong": pa.array(has(fate, WRONG_NO_CRIME), mask=~no_crime),
        "disposal": pa.array(disposal, mask=~recorded),
        "disposal_wrong": pa.array(has(fate, WRONG_DISPOSAL), mask=~disposal),
        "late": pa.array(of(is_late, 0), mask=~recorded),
    }


def _hours(at: Ints, begin: int) -> Any:
    """Milliseconds of the engines as hours from the start of the period; `NEVER` as null."""
    return pa.array((at - begin) / HOUR_MS, mask=at == NEVER)


def _words(codes: NDArray[Any], words: tuple[str, ...], known: Bools) -> Any:
    return pa.DictionaryArray.from_arrays(
        pa.array(codes.astype(np.int8), mask=~known), pa.array(words, pa.string())
    )
