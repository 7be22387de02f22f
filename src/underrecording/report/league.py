"""Forces side by side, in words: who may be named better, and who may not."""

from __future__ import annotations

from collections.abc import Iterator

from underrecording.estimation.evaluation import Evaluation
from underrecording.estimation.league import League, Pair, Standing, league
from underrecording.report.tables import Table, fixed_width

MOST_PAIRS = 6
"""Pairs that are spelled out; a table of 43 forces has 903."""


def league_words(evaluation: Evaluation) -> Iterator[str]:
    """The league table with what may be said of it, where there is more than one force."""
    names = [evaluation.table.forces[f] for f in evaluation.audit.force]
    if len(names) < 2:
        return
    level = evaluation.rows[0].level if evaluation.rows else 0.95
    made = league(evaluation.audit, names, level=level)
    yield f"By force: under-recording rate, %\n{fixed_width(_table(made))}\n{_how_to_read(made)}"
    yield "\n".join(["What may be said", *(f"  {line}" for line in may_be_said(made))])
    yield "\n".join(["What may not", *(f"  {line}" for line in may_not_be_said(made))])


def league_document(evaluation: Evaluation) -> dict[str, object]:
    """The league table for programs: shares as under-recording rates, rank 1 the lowest."""
    names = [evaluation.table.forces[f] for f in evaluation.audit.force]
    if len(names) < 2:
        return {}
    made = league(evaluation.audit, names, level=evaluation.rows[0].level)
    return {
        "forces": [
            {
                "force": row.force, "rate": 1 - row.accuracy, "low": 1 - row.high,
                "high": 1 - row.low, "shrunken": 1 - row.shrunken,
                "shrunken_low": 1 - row.shrunken_high, "shrunken_high": 1 - row.shrunken_low,
                "rank_low": row.rank_low, "rank_high": row.rank_high,
            }
            for row in made.standings
        ],
        "told_apart": [[pair.higher, pair.lower] for pair in _told_apart(made)],
    }  # fmt: skip


def may_be_said(made: League) -> Iterator[str]:
    """Sentences that hold at the table's level, all of them together."""
    apart = _told_apart(made)
    total = len(made.pairs)
    yield f"{len(apart)} of {total} pairs of forces differ by more than chance (Holm, all pairs)."
    for pair in sorted(apart, key=lambda pair: pair.p_adjusted)[:MOST_PAIRS]:
        yield f"{pair.higher} under-records less than {pair.lower} (p {_p(pair.p_adjusted)})."
    first, last = made.standings[0], made.standings[-1]
    for row, place in ((first, "lowest"), (last, "highest")):
        yield f"{row.force}, with the {place} rate, {_rank(row, len(made.standings))}."


def may_not_be_said(made: League) -> Iterator[str]:
    """What the table seems to say and does not."""
    alike = made.alike()
    m = len(made.standings)
    if alike:
        yield f"Of {len(alike)} pairs, which force records better: the audit cannot tell."
    loose = [row for row in made.standings if row.rank_high - row.rank_low >= m // 2]
    if loose:
        yield (
            f"The places of {len(loose)} of {m} forces: each could take half the places or more."
        )
    if made.standings[-1].rank_low < m:
        yield "Which force is worst: more than one could be."
    if made.standings[0].rank_high > 1:
        yield "Which force is best: more than one could be."
    for name in made.unread:
        yield f"Anything of {name}: no record was read as due."
    yield "Why forces differ: an audit counts, it does not explain."


def _told_apart(made: League) -> list[Pair]:
    return [pair for pair in made.pairs if pair.p_adjusted <= 1.0 - made.level]


def _table(made: League) -> Table:
    """One row a force, the lowest rate first."""
    rows: list[tuple[str, ...]] = [
        (
            row.force,
            f"{row.n_eff:,.0f}",
            f"{100 * (1 - row.accuracy):.1f}",
            f"{100 * (1 - row.high):.1f} to {100 * (1 - row.low):.1f}",
            f"{100 * (1 - row.shrunken):.1f}",
            f"{100 * (1 - row.shrunken_high):.1f} to {100 * (1 - row.shrunken_low):.1f}",
            f"{row.rank_low} to {row.rank_high}",
        )
        for row in made.standings
    ]
    header = ("force", "due read", "audited", "interval", "shrunken", "interval", "rank")
    return Table(header, rows)


def _how_to_read(made: League) -> str:
    level = f"{100 * made.level:g} %"
    return (
        f"Audited: Wilson's {level} interval. Shrunken towards the mean of all forces, "
        f"beta-binomial model.\nRank 1 is the lowest rate; all ranks hold together at {level}."
    )


def _rank(row: Standing, m: int) -> str:
    if row.rank_low == row.rank_high:
        return f"is number {row.rank_low} of {m} inspected"
    return f"lies between number {row.rank_low} and {row.rank_high} of {m} inspected"


def _p(value: float) -> str:
    return f"{value:.3f}" if value >= 0.001 else "below 0.001"
