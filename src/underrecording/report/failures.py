"""Replicates in which an estimator had no answer: how many, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from underrecording.audit import REASONS

if TYPE_CHECKING:
    from underrecording.study.results import Results


class Failed(NamedTuple):
    """An estimator that had no answer in some replicates of a cell.

    Attributes
    ----------
    cell : int
    estimator, estimand, domain : str
    failures, replicates : int
    reasons : dict of str to int
        Why, and how often; most frequent first.
    """

    cell: int
    estimator: str
    estimand: str
    domain: str
    failures: int
    replicates: int
    reasons: dict[str, int]

    @property
    def why(self) -> str:
        """The reasons in words; with their counts where there are several.

        >>> Failed(0, "e", "r", "d", 3, 9, {"nothing due": 2, "one force": 1}).why
        'nothing due 2, one force 1'
        """
        if len(self.reasons) == 1:
            return next(iter(self.reasons))
        return ", ".join(f"{reason} {count:,}" for reason, count in self.reasons.items())


def failed_rows(
    results: Results, *, cell: int | None = None, target: int | None = None
) -> list[Failed]:
    """Estimators with failures, of one cell and target or of all, in the order of failures.csv."""
    table = results.failures
    table = table[table["answered"] < table["replicates"]]
    if cell is not None:
        table = table[table["cell"] == cell]
    if target is not None:
        wanted = results.plan.targets[target]
        table = table[(table["estimand"] == wanted.estimand) & (table["domain"] == wanted.domain)]
    found = []
    for row in table.to_dict("records"):
        counts = {text: int(row[text]) for code, text in REASONS.items() if code and row[text]}
        found.append(
            Failed(
                int(row["cell"]), str(row["estimator"]), str(row["estimand"]), str(row["domain"]),
                int(row["replicates"] - row["answered"]), int(row["replicates"]),
                dict(sorted(counts.items(), key=lambda item: -item[1])),
            )
        )  # fmt: skip
    return found


def failure_lines(results: Results, *, target: int) -> list[str]:
    """What a reader of the headline table must know of failures; none where there are none."""
    lines = [
        f"No answer in {row.failures:,} of {row.replicates:,}, left out: {row.estimator} "
        f"({row.why})"
        for row in failed_rows(results, cell=0, target=target)
    ]
    elsewhere = {row.cell for row in failed_rows(results, target=target) if row.cell}
    if elsewhere:
        cells = f"{len(elsewhere)} other cell{'s' * (len(elsewhere) > 1)}"
        lines.append(f"Replicates without an answer in {cells} too: see failures.csv")
    return lines
