"""Rows and trajectories of the first replicates as tables to be stored."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from underrecording.audit import REASONS
from underrecording.study.block import Rows
from underrecording.study.plan import StudyPlan
from underrecording.study.trajectory import Trajectory


def rows_table(plan: StudyPlan, rows: Rows) -> pa.Table:
    """One row per replicate, target and estimator; se is the root of the estimated variance."""
    columns: dict[str, list[Any]] = {
        name: []
        for name in (
            "replicate", "estimand", "domain", "estimator",
            "estimate", "se", "low", "high", "truth", "reason",
        )
    }  # fmt: skip
    for t, target in enumerate(plan.targets):
        for e, spec in enumerate(plan.estimators):
            estimate, variance, low, high = rows.answers[t, e].T
            n = len(rows.replicate)
            columns["replicate"] += rows.replicate.tolist()
            columns["estimand"] += [target.estimand] * n
            columns["domain"] += [target.domain] * n
            columns["estimator"] += [str(spec)] * n
            columns["estimate"] += estimate.tolist()
            columns["se"] += (variance**0.5).tolist()
            columns["low"] += low.tolist()
            columns["high"] += high.tolist()
            columns["truth"] += rows.truth[t].tolist()
            columns["reason"] += [REASONS[code] for code in rows.reasons[t, e].tolist()]
    return pa.table(columns)


def trajectory_table(plan: StudyPlan, trajectory: Trajectory | None) -> pa.Table:
    """One row per replicate, estimator and number of forces; none where none was followed."""
    columns: dict[str, list[Any]] = {
        "replicate": [], "forces": [], "estimator": [], "estimate": [], "truth": [],
    }  # fmt: skip
    if trajectory is not None:
        n_replicates, n_forces = trajectory.estimate.shape[1:]
        for e, spec in enumerate(plan.estimators):
            for r in range(n_replicates):
                columns["replicate"] += [r] * n_forces
                columns["forces"] += list(range(1, n_forces + 1))
                columns["estimator"] += [str(spec)] * n_forces
                columns["estimate"] += trajectory.estimate[e, r].tolist()
                columns["truth"] += [float(trajectory.truth[r])] * n_forces
    return pa.table(columns)
