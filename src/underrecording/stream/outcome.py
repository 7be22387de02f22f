"""What became of each crime report, and the counts of it that make a ledger."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from underrecording.compiling import compiled
from underrecording.ledger import Ledger
from underrecording.stream.draws import (
    ATTENDED,
    BUREAU,
    DETECTED,
    DISPOSAL,
    DUE,
    NO_CRIME,
    WRONG_DISPOSAL,
    WRONG_NO_CRIME,
    Draws,
    has,
)
from underrecording.stream.force import ForceStream
from underrecording.stream.schedule import HOUR_MS
from underrecording.stream.times import (
    CALL,
    ENQUIRIES,
    HANDLING,
    NEVER,
    RECORDING,
    REFUSED,
    REVIEW,
    REVIEWED,
    Times,
)

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


class Outcome(NamedTuple):
    """How each incident ended: milliseconds from the start of the warm-up, or `NEVER`.

    Attributes
    ----------
    period : bool array (n,)
        Whether it was reported in the period, not in the warm-up.
    decided, recorded : int arrays (R,)
        When the first decision was taken; when the crime record was made.
    closed : int array (n,)
        When nothing was left to do; `NEVER` where that had not come when the
        follow-up ended.
    """

    period: Bools
    decided: Ints
    recorded: Ints
    closed: Ints


def outcome(force: ForceStream, draws: Draws, times: Times) -> Outcome:
    """Read off when each incident was decided upon, recorded and closed."""
    horizon = len(force.schedule.on_duty) * HOUR_MS
    layout, n_reports = draws.layout, len(draws.group)

    def completed(step: int) -> Ints:
        part = layout.of(step)
        begun, took = times.started[part], draws.service[part]
        done = begun + took
        return np.where((begun != NEVER) & (done < horizon), done, NEVER)

    found = found_by_review(draws, times)
    recorded = completed(RECORDING)
    ended = np.select(
        [times.decision == REFUSED, (times.decision == REVIEWED) & ~found],
        [completed(ENQUIRIES), completed(REVIEW)],
        recorded,
    )
    # Of other incidents, the attended end there, the rest with the call.
    others = np.where(has(draws.traits, ATTENDED), completed(HANDLING), completed(CALL))
    return Outcome(
        period=draws.reported >= _warm_up(force),
        decided=np.where(times.decision == NEVER, NEVER, completed(ENQUIRIES)),
        recorded=recorded,
        closed=np.concatenate((ended, others[n_reports:])),
    )


def found_by_review(draws: Draws, times: Times) -> Bools:
    """Reports wrongly refused that a supervisor finds, or will find, (R,)."""
    found: Bools = times.decision == REVIEWED
    return found & has(draws.traits[: len(draws.group)], DUE | DETECTED)


def count(force: ForceStream, draws: Draws, times: Times, ledger: Ledger, row: int) -> None:
    """Count the reports of the period into row *row* of *ledger*.

    A report that is still undecided, or unrecorded, when the follow-up ends
    has no crime record for an inspector to find.
    """
    counts = _count(
        draws.reported, draws.traits, draws.group, draws.fate, draws.classified_as, draws.service,
        times.started, force.schedule.time_limit_hours * HOUR_MS,
        _warm_up(force), len(force.schedule.on_duty) * HOUR_MS, ledger.reports.shape[2],
    )  # fmt: skip
    for field, by_group in zip(_COUNTED, counts, strict=True):
        getattr(ledger, field)[row, force.number] = by_group


_COUNTED = (
    "reports", "due", "recorded", "over_recorded", "no_crimed", "wrongly_no_crimed",
    "disposals", "wrong_disposals", "late", "misclassified",
    "bureau_reports", "bureau_due", "bureau_recorded", "bureau_over_recorded",
)  # fmt: skip


@compiled
def _count(
    reported: Any, traits: Any, group: Any, fate: Any, classified_as: Any, service: Any,
    started: Any, limit_ms: Any, begin: Any, horizon: Any, n_groups: Any,
) -> Any:  # fmt: skip
    """Counts of `_COUNTED` by offence group, (14, K)."""
    counts = np.zeros((14, n_groups), np.int64)
    n, n_reports = len(reported), len(group)
    recording = 2 * n + 2 * n_reports
    for i in range(n_reports):
        if reported[i] < begin:
            continue
        k, due, at_bureau = group[i], traits[i] & DUE, traits[i] & BUREAU != 0
        counts[0, k] += 1
        counts[1, k] += due != 0
        counts[10, k] += at_bureau
        counts[11, k] += at_bureau and due != 0
        begun = started[recording + i]
        made = begun + service[recording + i]
        if begun == NEVER or made >= horizon:
            continue
        counts[2 if due else 3, k] += 1
        counts[12 if due else 13, k] += at_bureau
        counts[4, k] += fate[i] & NO_CRIME != 0
        counts[5, k] += fate[i] & WRONG_NO_CRIME != 0
        counts[6, k] += fate[i] & DISPOSAL != 0
        counts[7, k] += fate[i] & WRONG_DISPOSAL != 0
        if due:
            counts[8, k] += made - reported[i] > limit_ms[reported[i] // HOUR_MS]
            counts[9, k] += classified_as[i] != k
    return counts


def _warm_up(force: ForceStream) -> int:
    return force.pathway.warm_up_days * 24 * HOUR_MS
