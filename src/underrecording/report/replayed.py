"""One replicate step by step, in words and as JSON."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

from underrecording.report.tables import Table, fixed_width

if TYPE_CHECKING:
    from underrecording.study.plan import StudyPlan, Target
    from underrecording.study.replay import Answer, Read, Replay

STRAND_WORDS = {
    "reports": "crime reports: due, and recorded of these",
    "no_crimes": "no-crime decisions: looked at, and right",
    "late": "recorded crimes: looked at, and in time",
    "misclassified": "recorded crimes: looked at, and rightly classified",
    "disposals": "out-of-court disposals: looked at, and right",
    "other_systems": "crimes on other systems: due, and recorded of these",
}
"""What due and recorded stand for in each strand."""


def replay_text(plan: StudyPlan, found: Replay) -> str:
    """Forces, readings and estimates, one table after the other."""
    blocks = [_heading(plan, found), f"1. Forces inspected\n{fixed_width(_forces(found))}"]
    for number, read in enumerate(found.read, start=2):
        caption = f"{number}. Read: {STRAND_WORDS[read.strand]}"
        blocks.append(f"{caption}\n{fixed_width(_readings(found, read))}")
    level = f"{100 * plan.scenario.study.level:g} per cent"
    caption = f"{len(found.read) + 2}. Estimates, in per cent, with intervals of {level}"
    asked = [f"{'/'.join(target)}\n{_estimates(found, target)}" for target in plan.targets]
    return "\n\n".join([*blocks, caption, *asked])


def _heading(plan: StudyPlan, found: Replay) -> str:
    world = "a fresh world of its own" if plan.fresh else f"fixed world {found.world}"
    values = ", ".join(f"{key} {value}" for key, value in found.values.items())
    cell = f"cell {found.cell}" + (f" ({values})" if values else "")
    return f"{plan.scenario.title}\nReplicate {found.replicate}, {cell}, {world}."


def _forces(found: Replay) -> Table:
    return Table(
        ("force", "inclusion probability", "true accuracy, %"),
        [
            (force, f"{p:.3f}", f"{100 * accuracy:.1f}")
            for force, p, accuracy in zip(
                found.forces, found.p_inclusion, found.accuracy, strict=True
            )
        ],
    )


def _readings(found: Replay, read: Read) -> Table:
    """A row a force and stratum that holds anything, and their sums."""
    counts = {
        "there": read.frame, "read": read.sampled, "due": read.due, "recorded": read.recorded,
    }  # fmt: skip
    if read.over_recorded.any():
        counts["recorded, not due"] = read.over_recorded
    rows = [
        (f"{force}, {group}", *(f"{count[i, h]:,}" for count in counts.values()))
        for i, force in enumerate(found.forces)
        for h, group in enumerate(read.strata[i])
        if read.frame[i, h]
    ]
    total = ("all", *(f"{count.sum():,}" for count in counts.values()))
    return Table(("force, stratum", *counts), [*rows, total])


def _estimates(found: Replay, target: Target) -> str:
    """What every estimator says of *target*; a reason in place of an answer."""
    answers = [one for one in found.answers if (one.estimand, one.domain) == target]
    rows = [
        (
            one.estimator,
            *(_percent(value) for value in (one.estimate, one.se, one.low, one.high, one.truth)),
            _covered(one),
        )
        for one in answers
    ]
    return fixed_width(
        Table(("estimator", "estimate", "SE", "low", "high", "truth", "covered"), rows)
    )


def _percent(value: float) -> str:
    return "-" if math.isnan(value) else f"{100 * value:.2f}"


def _covered(one: Answer) -> str:
    return {True: "yes", False: "no", None: one.reason}[one.covered]


def replay_json(plan: StudyPlan, found: Replay) -> str:
    """The same as one JSON document; null where there is no answer."""
    document = {
        "title": plan.scenario.title,
        "digest": plan.scenario.digest(),
        "replicate": found.replicate,
        "cell": found.cell,
        "values": found.values,
        "world": "fresh" if plan.fresh else found.world,
        "level": plan.scenario.study.level,
        "forces": [
            {"force": force, "p_inclusion": float(p), "accuracy": float(accuracy)}
            for force, p, accuracy in zip(
                found.forces, found.p_inclusion, found.accuracy, strict=True
            )
        ],
        "read": [_read_rows(found, read) for read in found.read],
        "estimates": [_plain(one._asdict()) for one in found.answers],
    }
    return json.dumps(document, indent=2, allow_nan=False)


def _read_rows(found: Replay, read: Read) -> dict[str, Any]:
    names = ("frame", "sampled", "due", "recorded", "over_recorded")
    counts = [
        {"force": force, "stratum": group}
        | {name: int(getattr(read, name)[i, h]) for name in names}
        for i, force in enumerate(found.forces)
        for h, group in enumerate(read.strata[i])
    ]
    return {"strand": read.strand, "counts": counts}


def _plain(row: dict[str, Any]) -> dict[str, Any]:
    return {
        key: None if isinstance(value, float) and not math.isfinite(value) else value
        for key, value in row.items()
    }
