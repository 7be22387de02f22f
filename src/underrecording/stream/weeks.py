"""A force's period week by week: what was open, how busy staff were, how it decided."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from underrecording.stream.decisions import chance_of_recording, due_decisions
from underrecording.stream.draws import Draws
from underrecording.stream.force import ForceStream
from underrecording.stream.incidents import late
from underrecording.stream.outcome import outcome
from underrecording.stream.schedule import HOUR_MS
from underrecording.stream.stations import Visits, busy_ms, present, visits
from underrecording.stream.times import ACCEPTED, NEVER, Times
from underrecording.world.pathway import STATIONS

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


def weekly(force: ForceStream, draws: Draws, times: Times) -> pd.DataFrame:
    """The period in weeks; what is left of it, less than a week, goes with the last.

    Counted is what happened in the week, to reports of the warm-up too: a
    period that began with nothing under way would look easier than it was.

    Parameters
    ----------
    force : ForceStream
    draws : Draws
    times : Times

    Returns
    -------
    DataFrame
        One row a week:

        ``week`` (from 1), ``begins`` (date), ``days``;
        ``reported``: incidents reported;
        ``open_incidents``: mean over its full hours;
        ``utilisation_<station>``: staff hours worked over staff hours on duty,
        which passes 1 where work goes on when its shift has ended; NaN where
        nobody was on duty;
        ``asked_<station>``: staff hours asked for by those who joined its queue,
        over staff hours on duty;
        ``queue_<station>``: how many were waiting when the week ended;
        ``overloaded_<station>``: asked for more than it could do, its queue grew;
        ``decisions``, ``accepted``, ``accuracy``: first decisions on due
        reports, those to record, their ratio;
        ``expected``: mean of what the recording rule gave these decisions;
        ``recorded``, ``late``, ``late_share``: crime records made, those later
        than their time limit, their ratio. Ratios are NaN where nothing was counted.

    >>> from underrecording.stream import draw_stream, make_world, run_stream
    >>> from underrecording.world.options import WorldOptions
    >>> from underrecording.world.pathway import Pathway
    >>> pathway = Pathway(days=16, warm_up_days=0, follow_up_days=7)
    >>> world = make_world(WorldOptions(fidelity="events", pathway=pathway))
    >>> force = world.force(4, seed=1, world=0, replicate=0)
    >>> draws = draw_stream(force, 1, 0, 0)
    >>> weeks = weekly(force, draws, run_stream(force, draws))
    >>> weeks["days"].tolist()
    [7, 9]
    """
    edges = week_edges(force)
    ended = outcome(force, draws, times)
    rows = np.flatnonzero(due_decisions(draws, times))
    decided, accepted = ended.decided[rows], times.decision[rows] == ACCEPTED
    recorded = ended.recorded[ended.recorded != NEVER]
    recorded_late = ended.recorded[late(force, draws, ended)]
    decisions, made = _count(decided, edges), _count(recorded, edges)
    chance = chance_of_recording(force, draws, times)[rows]
    n_accepted, n_late = _count(decided[accepted], edges), _count(recorded_late, edges)
    first_day = (edges[:-1] - edges[0]) // (24 * HOUR_MS)
    return pd.DataFrame(
        {
            "week": np.arange(1, len(edges)),
            "begins": [force.pathway.start + timedelta(days=int(day)) for day in first_day],
            "days": np.diff(edges) // (24 * HOUR_MS),
            "reported": _count(draws.reported, edges),
            "open_incidents": mean_open(draws.reported, ended.closed, edges),
            **_of_stations(force, visits(force, draws, times), edges),
            "decisions": decisions,
            "accepted": n_accepted,
            "accuracy": ratio(n_accepted, decisions),
            "expected": ratio(_count(decided, edges, weights=chance), decisions),
            "recorded": made,
            "late": n_late,
            "late_share": ratio(n_late, made),
        }
    )


def week_edges(force: ForceStream) -> Ints:
    """Where the weeks of the period begin and the last ends, milliseconds, (weeks + 1,)."""
    days = np.arange(0, force.pathway.days - 6, 7)
    whole = np.append(days, force.pathway.days) + force.pathway.warm_up_days
    edges: Ints = whole * 24 * HOUR_MS
    return edges


def mean_open(reported: Ints, closed: Ints, edges: Ints) -> Floats:
    """Open incidents between successive *edges*, whole hours: mean over the full hours there."""
    hours = np.arange(edges[0], edges[-1], HOUR_MS)
    still = present(reported, closed, hours)
    mean: Floats = np.add.reduceat(still, (edges[:-1] - edges[0]) // HOUR_MS) / (
        np.diff(edges) // HOUR_MS
    )
    return mean


def staff_ms(force: ForceStream, edges: Ints) -> Floats:
    """Staff on duty at each station times milliseconds, between *edges*, whole hours, (P, 4)."""
    hours = edges // HOUR_MS
    capacity = force.schedule.capacity[: hours[-1]].astype(np.float64)
    on_duty: Floats = np.add.reduceat(capacity, hours[:-1], axis=0) * HOUR_MS
    return on_duty


def utilisation(force: ForceStream, visited: tuple[Visits, ...], edges: Ints) -> Floats:
    """Staff time worked over staff time on duty between *edges*, whole hours, (P, 4)."""
    worked = np.stack([busy_ms(station, edges) for station in visited], axis=1)
    return ratio(worked, staff_ms(force, edges))


def ratio(part: Any, whole: Any) -> Floats:
    """*part* over *whole*, NaN where *whole* is 0.

    >>> ratio(np.array([1, 0]), np.array([4, 0])).tolist()
    [0.25, nan]
    """
    part, whole = np.asarray(part, np.float64), np.asarray(whole, np.float64)
    over: Floats = np.divide(part, whole, out=np.full(whole.shape, np.nan), where=whole > 0.0)
    return over


def _of_stations(
    force: ForceStream, visited: tuple[Visits, ...], edges: Ints
) -> dict[str, NDArray[Any]]:
    on_duty, worked = staff_ms(force, edges), utilisation(force, visited, edges)
    columns: dict[str, NDArray[Any]] = {}
    for s, (name, station) in enumerate(zip(STATIONS, visited, strict=True)):
        asked = ratio(_count(station.joined, edges, weights=station.work), on_duty[:, s])
        # An instant before the edge, so that what happens on it belongs to the week it opens.
        queue = present(station.joined, station.started, edges - 1)
        columns |= {
            f"utilisation_{name}": worked[:, s],
            f"asked_{name}": asked,
            f"queue_{name}": queue[1:],
            f"overloaded_{name}": (asked > 1.0) & (np.diff(queue) > 0),
        }
    return columns


def _count(at: Ints, edges: Ints, weights: NDArray[Any] | None = None) -> NDArray[Any]:
    """How many instants, or what sum of their weights, lie in each [edge, next edge)."""
    week = np.searchsorted(edges, at, side="right")
    counts = np.bincount(week, weights, minlength=len(edges) + 1)
    between: NDArray[Any] = counts[1 : len(edges)]
    return between
