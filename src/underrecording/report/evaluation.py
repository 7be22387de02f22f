"""What a real audit says, in tables and sentences."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator

from underrecording.estimation.evaluation import (
    DEFAULT_POINT,
    DEFAULT_VARIANCE,
    NATIONAL,
    UNRECORDED,
    Evaluation,
    Row,
)
from underrecording.report.league import league_document, league_words
from underrecording.report.tables import Table, fixed_width

CONTROL = "pooled/binomial/wald"
BASIS = f"{DEFAULT_POINT}/{DEFAULT_VARIANCE}"
HEADLINE = f"{BASIS}/t"
MARKS = "* default, c control (variance as if one simple random sample of the country's records)"


def evaluation_json(evaluation: Evaluation) -> str:
    """Every estimate as one JSON document; null where infinite."""
    rows = [
        {name: _plain(value) for name, value in row._asdict().items()} for row in evaluation.rows
    ]
    document = {
        "estimates": rows,
        "notes": list(evaluation.notes),
        "league": league_document(evaluation),
    }
    return json.dumps(document, indent=2, allow_nan=False)


def evaluation_text(evaluation: Evaluation) -> str:
    """What was read, what follows from it, and what does not."""
    parts = [
        _what_was_read(evaluation),
        f"Under-recording rate, national, %\n{fixed_width(_points(evaluation))}\n{MARKS}",
        f"Intervals around {BASIS}\n{fixed_width(_intervals(evaluation))}",
        *_unrecorded(evaluation),
        *_strata(evaluation),
        *league_words(evaluation),
        _list("Notes", evaluation.notes),
    ]
    return "\n\n".join(parts)


def _what_was_read(evaluation: Evaluation) -> str:
    audit, table = evaluation.audit, evaluation.table
    due, recorded = int(audit.due.sum()), int(audit.recorded.sum())
    sampled = int(audit.sampled.sum())
    lines = [
        f"Read {table.path}: {table.rows:,} rows",
        f"  {len(audit.force)} of {evaluation.n_forces} forces inspected, "
        f"{_number(len(table.strata), 'stratum', 'strata')} of records",
        f"  {sampled:,} records read: {due:,} due and {sampled - due:,} not",
        f"  of those due {recorded:,} recorded and {due - recorded:,} not",
    ]
    return "\n".join(lines)


def _points(evaluation: Evaluation) -> Table:
    """Each point estimator with its first choice of variance, the control first."""
    level = f"{100 * evaluation.rows[0].level:g} % interval" if evaluation.rows else "interval"
    rows: list[tuple[str, ...]] = []
    for row in evaluation.rows:
        whole = row.interval == "credible"
        shown = row.estimator == CONTROL or (row.variance, row.interval) == (DEFAULT_VARIANCE, "t")
        if row.domain == NATIONAL and row.estimand != UNRECORDED and (shown or whole):
            mark = " c" if row.estimator == CONTROL else " *" if row.estimator == HEADLINE else ""
            rows.append(
                (
                    row.estimator + mark,
                    _percent(row.value),
                    _points_of(row.se),
                    _range(row),
                    _df(row),
                )
            )
    return Table(("estimator", "estimate", "SE", level, "df"), rows)


def _intervals(evaluation: Evaluation) -> Table:
    rows: list[tuple[str, ...]] = [
        (row.interval, _range(row))
        for row in evaluation.rows
        if row.domain == NATIONAL
        and row.estimand != UNRECORDED
        and (row.point, row.variance) == (DEFAULT_POINT, DEFAULT_VARIANCE)
    ]
    return Table(("interval", "%"), rows)


def _unrecorded(evaluation: Evaluation) -> Iterator[str]:
    row = evaluation.find(HEADLINE, estimand=UNRECORDED)
    if row is not None:
        yield (
            f"Unrecorded crimes a year ({HEADLINE}): {row.value:,.0f}, "
            f"{row.low:,.0f} to {row.high:,.0f}"
        )


def _strata(evaluation: Evaluation) -> Iterator[str]:
    rows: list[tuple[str, ...]] = [
        (row.domain, _percent(row.value), _points_of(row.se), _range(row))
        for row in evaluation.rows
        if row.domain in evaluation.table.strata
        and row.domain != NATIONAL
        and row.estimator == HEADLINE
        and row.estimand != UNRECORDED
    ]
    if len(evaluation.table.strata) > 1:
        table = Table(("stratum", "estimate", "SE", "interval"), rows)
        yield f"By stratum ({HEADLINE}), %\n{fixed_width(table)}"


def _list(title: str, lines: tuple[str, ...]) -> str:
    return "\n".join([title, *(f"  {line}" for line in lines)])


def _number(count: int, one: str, several: str) -> str:
    return f"{count} {one if count == 1 else several}"


def _percent(share: float) -> str:
    return f"{100 * share:.1f}"


def _points_of(se: float) -> str:
    return f"{100 * se:.1f}"


def _range(row: Row) -> str:
    return f"{_percent(row.low)} to {_percent(row.high)}"


def _df(row: Row) -> str:
    return "inf" if math.isinf(row.df) else f"{row.df:g}"


def _plain(value: str | float) -> str | float | None:
    return None if isinstance(value, float) and not math.isfinite(value) else value
