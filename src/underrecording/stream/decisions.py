"""First decisions on due reports, against the workload they were taken under."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from underrecording.published import OFFENCE_GROUPS
from underrecording.stream.draws import DUE, Draws, has
from underrecording.stream.force import ForceStream, Rule
from underrecording.stream.outcome import outcome
from underrecording.stream.schedule import HOUR_MS
from underrecording.stream.times import ACCEPTED, NEVER, Times
from underrecording.world.rules.logistic import logistic

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

BINS = 8


def due_decisions(draws: Draws, times: Times) -> Bools:
    """Due reports on which a first decision was taken, (R,)."""
    taken: Bools = times.decision != NEVER
    return taken & has(draws.traits[: len(draws.group)], DUE)


def load_at_decision(times: Times) -> Floats:
    """Open incidents per officer on duty at each first decision, (R,); NaN where none was taken."""
    on_duty = np.where(times.decision == NEVER, np.nan, times.on_duty)
    load: Floats = times.open_incidents / on_duty
    return load


def chance_of_recording(force: ForceStream, draws: Draws, times: Times) -> Floats:
    """What the rule gave each due report at its first decision, (R,); NaN where none was taken.

    A share in [0, 1], under the knowledge, pressure and load of that hour.
    """
    chance = np.full(len(draws.group), np.nan)
    rows = np.flatnonzero(due_decisions(draws, times))
    hour = outcome(force, draws, times).decided[rows] // HOUR_MS
    schedule, load = force.schedule, load_at_decision(times)[rows]
    chance[rows] = _chance(
        force.rule, draws.group[rows], schedule.knowledge[hour], schedule.pressure[hour], load
    )
    return chance


def _chance(rule: Rule, group: Any, knowledge: Any, pressure: Any, load: Any) -> Floats:
    # Compiled for scalars; as written in Python it takes arrays as well.
    plain: Any = logistic
    predictor = plain.py_func(
        rule.intercept[group], rule.effect, knowledge - rule.know_0,
        np.maximum(0.0, load - rule.load_0), pressure, rule.kappa, rule.omega, rule.psi[group],
    )  # fmt: skip
    share: Floats = 1.0 / (1.0 + np.exp(-predictor))
    return share


def by_load(force: ForceStream, draws: Draws, times: Times, *, bins: int = BINS) -> pd.DataFrame:
    """Accuracy of first decisions on due reports, by load and offence group.

    Of decisions taken in the period: in the follow-up nothing comes in, and loads
    fall that no force would know.

    Parameters
    ----------
    force : ForceStream
    draws : Draws
    times : Times
    bins : int
        Of load, about equally frequent over all groups; fewer where loads tie.

    Returns
    -------
    DataFrame
        One row a group and bin in which there was a decision: ``offence_group``,
        ``bin``, ``load_from``, ``load_to`` (edges of the bin), ``load`` (mean
        met; open incidents per officer on duty), ``decisions``, ``accepted``,
        ``accuracy`` (their ratio), ``expected`` (mean of what the rule gave),
        ``load_alone`` (what it gives at ``load``, with the knowledge and the
        pressure of the period's mean decision: both move in a year, and load too).
    """
    begin = force.pathway.warm_up_days * 24 * HOUR_MS
    end = begin + force.pathway.days * 24 * HOUR_MS
    decided = outcome(force, draws, times).decided
    rows = due_decisions(draws, times) & (decided >= begin) & (decided < end)
    load = load_at_decision(times)[rows]
    edges = _edges(load, bins)
    table = pd.DataFrame(
        {
            "offence_group": draws.group[rows],
            "bin": np.searchsorted(edges[1:-1], load, side="right"),
            "load": load,
            "accepted": times.decision[rows] == ACCEPTED,
            "expected": chance_of_recording(force, draws, times)[rows],
        }
    )
    hour = decided[rows] // HOUR_MS
    knowledge, pressure = (
        levels[hour].mean() if len(hour) else np.nan
        for levels in (force.schedule.knowledge, force.schedule.pressure)
    )
    met = table.groupby(["offence_group", "bin"], as_index=False).agg(
        load=("load", "mean"),
        decisions=("accepted", "size"),
        accepted=("accepted", "sum"),
        accuracy=("accepted", "mean"),
        expected=("expected", "mean"),
    )
    met["load_alone"] = _chance(
        force.rule, met["offence_group"].to_numpy(), knowledge, pressure, met["load"].to_numpy()
    )
    low, high = edges[met["bin"]], edges[met["bin"] + 1]
    met.insert(2, "load_from", low)
    met.insert(3, "load_to", high)
    met["offence_group"] = [OFFENCE_GROUPS[k] for k in met["offence_group"]]
    return met


def _edges(load: Floats, bins: int) -> Floats:
    """Edges of equally frequent bins, each once."""
    if not len(load):
        return np.zeros(2)
    edges: Floats = np.unique(np.quantile(load, np.linspace(0.0, 1.0, bins + 1)))
    return edges if len(edges) > 1 else np.repeat(edges, 2)
