"""Where the variance of an error comes from, as table, text and JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from underrecording.report.rounding import MISSING, decimals, with_error
from underrecording.report.tables import Table, fixed_width
from underrecording.report.words import target_words
from underrecording.study.measures import Measure
from underrecording.study.plan import StudyPlan, Target
from underrecording.study.split import Split

if TYPE_CHECKING:
    pass

SOURCE_WORDS = {
    "world": "world",
    "forces": "force draw",
    "records": "record draw",
    "readings": "reading error",
}
SUM, PLAIN, DIFFERENCE, MONTE_CARLO = "sum", "plain", "difference", "monte_carlo"


def split_table(splits: Sequence[Split]) -> pd.DataFrame:
    """One row an estimator and source, then their sum and what it is held against.

    Returns
    -------
    DataFrame
        estimator, estimand, domain, source, variance, mcse (both of shares squared),
        share (of the sum), units, left_out. ``plain`` is the variance of one error a
        unit, ``difference`` the sum less that, ``monte_carlo`` what the replicates of
        the scenario leave open of the bias; ``records_given_forces`` and
        ``readings_given_forces`` the closed form of the linear part.
    """
    rows = []
    for one in splits:
        parts: dict[str, Measure] = {
            **one.sources, SUM: one.total, PLAIN: one.plain, DIFFERENCE: one.difference,
            MONTE_CARLO: Measure(one.monte_carlo, math.nan),
        }  # fmt: skip
        if one.gain is not None:
            parts["records_given_forces"] = one.gain.records
            parts["readings_given_forces"] = one.gain.readings
        for source, (variance, mcse) in parts.items():
            rows.append(
                {
                    "estimator": one.estimator, "estimand": one.estimand, "domain": one.domain,
                    "source": source, "variance": variance, "mcse": mcse,
                    "share": variance / one.total.value if one.total.value else math.nan,
                    "units": one.units, "left_out": one.left_out,
                }
            )  # fmt: skip
    return pd.DataFrame(rows)


def split_words(splits: Sequence[Split]) -> Table:
    """Components in points squared with their Monte Carlo error, and their sum."""
    header = ("variance of the error, points\N{SUPERSCRIPT TWO}", *SOURCE_WORDS.values(), "sum",
              "unsplit", "difference")  # fmt: skip
    rows = [
        (
            one.estimator,
            *(_squared(one.sources[name]) for name in SOURCE_WORDS),
            _squared(one.total),
            _squared(one.plain),
            _squared(one.difference),
        )
        for one in splits
    ]
    return Table(header, rows)


def gain_words(splits: Sequence[Split]) -> Table:
    """Bias and empirical SE, plain and with the record draw integrated out, in points."""
    header = ("record draw integrated out", "bias", "integrated", "replicates saved",
              "emp. SE", "integrated", "replicates saved")  # fmt: skip
    rows = []
    for one in splits:
        found = one.gain
        if found is None:
            rows.append((one.estimator, *[MISSING] * 6))
            continue
        rows.append(
            (
                one.estimator,
                _hundred(found.bias),
                _hundred(found.integrated_bias),
                _times(found.bias_factor),
                _hundred(found.empirical_se),
                _hundred(found.integrated_se),
                _times(found.variance_factor),
            )
        )
    return Table(header, rows)


def split_text(splits: Sequence[Split], plan: StudyPlan) -> str:
    """The split as plain text."""
    blocks = [plan.scenario.title]
    for target in dict.fromkeys(Target(one.estimand, one.domain) for one in splits):
        some = [one for one in splits if (one.estimand, one.domain) == target]
        unit = "fresh worlds" if plan.fresh else "draws of forces in one fixed world"
        head = f"{target_words(target)}; {some[0].units:,} {unit}, 2 x 2 x 2 in each"
        blocks.append(f"{head}\n{fixed_width(split_words(some))}")
        blocks.append(fixed_width(gain_words(some)))
        lost = [f"{one.estimator} {one.left_out:,}" for one in some if one.left_out]
        if lost:
            blocks.append(f"Left out for want of an answer: {', '.join(lost)}")
        error = 100.0 * math.sqrt(max(0.0, *(one.monte_carlo for one in some)))
        blocks.append(
            f"Monte Carlo: {plan.scenario.study.replicates:,} replicates leave a standard error of "
            f"{error:.{decimals(error)}f} points of the bias at most."
        )
    blocks.append(
        "In brackets: Monte Carlo standard errors. A source that adds nothing is 0 within its\n"
        "error, and may lie below. Unsplit: the variance of errors as an ordinary study has them.\n"
        "Replicates saved: how many times as many a plain study needs for the same error; - where\n"
        "the estimate is no ratio of sums of records, or records are lost or read twice."
    )
    return "\n\n".join(blocks)


def split_json(splits: Sequence[Split], head: dict[str, Any]) -> str:
    """The split as one JSON document, variances of shares squared; null where undefined."""
    rows = split_table(splits).to_dict("records")
    gains = [
        {
            "estimator": one.estimator, "estimand": one.estimand, "domain": one.domain,
            **{name: _plain(value) for name, value in one.gain._asdict().items()},
        }
        for one in splits
        if one.gain is not None
    ]  # fmt: skip
    document = {
        **head,
        "split": [{str(name): _plain(value) for name, value in row.items()} for row in rows],
        "integrated": gains,
    }
    return json.dumps(document, indent=2, allow_nan=False)


def _plain(value: Any) -> Any:
    if isinstance(value, Measure):
        return {"value": _plain(value.value), "mcse": _plain(value.mcse)}
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _squared(measure: Measure) -> str:
    return with_error(1e4 * measure.value, 1e4 * measure.mcse)


def _hundred(measure: Measure) -> str:
    return with_error(100.0 * measure.value, 100.0 * measure.mcse)


def _times(factor: float) -> str:
    return f"x {factor:,.1f}" if math.isfinite(factor) else MISSING
