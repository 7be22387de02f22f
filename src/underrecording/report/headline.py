"""What `simulate run` prints: the headline table, plain text of fixed width, or JSON."""

from __future__ import annotations

import json
import math
import textwrap
from collections.abc import Mapping
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from underrecording.published import load_published
from underrecording.report.failures import failed_rows, failure_lines
from underrecording.report.provenance import (
    SET_HERE,
    calibration,
    departures,
    expected_when,
    how_run,
    period,
    what_it_rests_on,
)
from underrecording.report.ranking import (
    CAPTION,
    EXPLAINED,
    ranking_document,
    ranking_words,
    with_all,
)
from underrecording.report.rounding import with_error
from underrecording.report.sweeps import sweep_tables
from underrecording.report.tables import (
    MARKS,
    fixed_width,
    headline_table,
    headline_words,
    split_words,
    worlds_words,
)
from underrecording.report.words import level_words, target_words
from underrecording.study.manifest import until_of

if TYPE_CHECKING:
    from underrecording.study.plan import StudyPlan
    from underrecording.study.results import Results

WIDTH = 110


def headline_text(results: Results, width: int = WIDTH) -> str:
    """The findings of a study as plain text.

    Parameters
    ----------
    results : Results
    width : int
        Columns at which prose is wrapped; tables take what they need.
    """
    blocks = [_heading(results, width)]
    for target in range(len(results.plan.targets)):
        table = headline_words(results, target=target, short=target > 0)
        blocks.append(f"{target_line(results, target)}\n{fixed_width(table)}")
        if target == 0:
            blocks[-1] += f"\n{MARKS}"
        for line in failure_lines(results, target=target):
            blocks[-1] += "\n" + textwrap.fill(line, width, subsequent_indent="  ")
    if results.plan.worlds > 1:
        blocks.append(f"{fixed_width(worlds_words(results))}\n{_split_lines(results)}")
    for caption, tables in groupby(sweep_tables(results), key=lambda swept: swept.caption):
        words = "\n\n".join(fixed_width(swept.table) for swept in tables)
        blocks.append(f"{caption}:\n{words}")
    ranking = ranking_words(results)
    if ranking is not None:
        words = textwrap.fill(f"{EXPLAINED} {with_all(results)}".strip(), width)
        blocks.append(f"{CAPTION}:\n{fixed_width(ranking)}\n{words}")
    blocks.append(_calibration_text(results.plan, width))
    return "\n\n".join(blocks)


def headline_json(results: Results, folder: Path) -> str:
    """The headline table of every target as one JSON document; null where undefined.

    ``failures`` lists every cell, the headline table the reference cell alone.
    """
    plan = results.plan
    document = {
        "title": plan.scenario.title,
        "name": plan.name,
        "digest": plan.scenario.digest(),
        "seed": plan.scenario.seed,
        "folder": str(folder),
        "cells": len(plan.cells),
        "replicates": plan.scenario.study.replicates,
        "until": until_of(plan),
        "worlds": "fresh" if plan.fresh else plan.worlds,
        "level": plan.scenario.study.level,
        "reference_cell": [
            {"estimand": target.estimand, "domain": target.domain, **_plain(row)}
            for index, target in enumerate(plan.targets)
            for row in headline_table(results, target=index).to_dict("records")
        ],
        "ranking": [_plain(row) for row in ranking_document(results)],
        "failures": [row._asdict() for row in failed_rows(results)],
        "expected": {
            "recording_accuracy": {row.group: row.expected for row in calibration(plan)},
            "between_force_sd": plan.cells[0].world.expected_sd,
            "unrecorded_crimes": plan.cells[0].world.expected_unrecorded(),
            "unrecorded_crimes_period": period(plan),
        },
        "notes": [what_it_rests_on(plan)],
    }
    return json.dumps(document, indent=2, allow_nan=False)


def calibration_lines(plan: StudyPlan) -> list[str]:
    """What the reference world was built to: accuracies, spread, unrecorded crimes."""
    world = plan.cells[0].world
    accuracies = ", ".join(
        f"{row.group} {100.0 * row.expected:.1f} ({100.0 * row.published:.0f}{_flag(row.basis)})"
        for row in calibration(plan)
    )
    legend = "in brackets: HMIC, Nov. 2014"
    bases = {_flag(row.basis) for row in calibration(plan)}
    legend += "; * recalled, unchecked" * ("*" in bases)
    legend += "; + replaced by the scenario" * ("+" in bases)
    return [
        f"Recording accuracy, %: {accuracies}; {legend}.",
        f"Standard deviation of accuracy between forces: {100.0 * world.expected_sd:.1f} points "
        "(assumed).",
        f"Due crimes unrecorded {period(plan)}: {round(world.expected_unrecorded(), -3):,.0f}; "
        + _beside_hmic(plan),
    ]


def target_line(results: Results, target: int) -> str:
    """What is estimated, and its mean truth over the replicates of the reference cell."""
    table = headline_table(results, target=target).dropna(subset="mean_truth")
    what = target_words(results.plan.targets[target])
    if table.empty:
        where = " in each world" if results.plan.worlds > 1 else ""
        return f"{what}: no estimator gave two answers{where}"
    truth = with_error(
        100.0 * float(table["mean_truth"].iloc[0]), 100.0 * float(table["mean_truth_mcse"].iloc[0])
    )
    return f"{what}: mean truth {truth} %"


def _heading(results: Results, width: int) -> str:
    plan = results.plan
    cells = f"{len(plan.cells)} cells" if len(plan.cells) > 1 else "1 cell"
    run = (
        f"{cells}; {how_run(plan)} Measures of the reference cell, MCSE in brackets; "
        f"coverage of {level_words(plan)} intervals."
    )
    return f"{plan.scenario.title}\n{textwrap.fill(run, width)}"


def _split_lines(results: Results) -> str:
    return "\n".join(
        f"Variance of the error, {label}: {within} points² within worlds, {between} between them"
        + f" ({reason})" * bool(reason)
        for label, within, between, reason in split_words(results)
    )


def _beside_hmic(plan: StudyPlan) -> str:
    """The published total, where the reference world was built to agree with it."""
    changed = departures(plan)
    if changed:
        return f"not to be held against HMIC's total: the scenario sets {', '.join(changed)}."
    if period(plan) != "a year":
        return "HMIC's total is of a year."
    over = load_published().figure("final_2014", "unrecorded_per_year").value
    return f'HMIC, Nov. 2014: "over {over:,.0f}". A calibration check, not a finding.'


def _calibration_text(plan: StudyPlan, width: int) -> str:
    lines = [*calibration_lines(plan), what_it_rests_on(plan)]
    wrapped = (
        textwrap.fill(line, width, initial_indent="- ", subsequent_indent="  ") for line in lines
    )
    return f"What the reference world was built to expect{expected_when(plan)}:\n" + "\n".join(
        wrapped
    )


def _flag(basis: str) -> str:
    if basis == SET_HERE:
        return "+"
    return "*" * basis.startswith("recalled")


def _plain(row: Mapping[Any, Any]) -> dict[str, Any]:
    return {
        name: None if isinstance(value, float) and math.isnan(value) else value
        for name, value in row.items()
    }
