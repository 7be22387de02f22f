"""Frames, ledgers and plans of a few forces, made by hand."""

from collections import Counter

import numpy as np
import pytest
from scipy import stats

from underrecording.audit import ForceFrame
from underrecording.inspection.audits import select_forces
from underrecording.inspection.forces.design import selection_name
from underrecording.inspection.forces.srs import SimpleRandom
from underrecording.inspection.inspect import InspectionPlan
from underrecording.ledger import Ledger
from underrecording.world.build import build_world
from underrecording.world.options import WorldOptions

PERFECT = np.ones(4)


def small_frame(volume, *, regions=None, force_types=None, interim=None):
    """Frame of forces called a, b, c, ... with one group of recorded volume."""
    n_forces = len(volume)
    return ForceFrame(
        forces=tuple("abcdefghijklmnopqrstuvwxyz"[:n_forces]),
        regions=regions or ("r",) * n_forces,
        force_types=force_types or ("county",) * n_forces,
        interim=interim or ("unknown",) * n_forces,
        groups=("violence",),
        recorded_volume=np.array(volume, float).reshape(n_forces, 1),
    )


def ledger_of(reports, due, recorded, over_recorded=None):
    """One world from tables (F, H)."""
    reports = np.asarray(reports)
    ledger = Ledger.empty(1, *reports.shape)
    ledger.reports[0], ledger.due[0], ledger.recorded[0] = reports, due, recorded
    if over_recorded is not None:
        ledger.over_recorded[0] = over_recorded
    return ledger


def plan_of(forces, records, *, confusion=PERFECT, select=SimpleRandom.select):
    """Plan of reports alone, built directly."""
    return InspectionPlan(
        forces=forces,
        select=selection_name(select),
        records=np.asarray(records),
        confusion=np.asarray(confusion, float),
        no_crime_groups=(),
        no_crime_records=np.zeros((len(forces.p_declared), 0), np.int64),
        no_crime_confusion=PERFECT,
        force_type=np.zeros(len(forces.p_declared), np.int64),
    )


def selections(design, frame, count, *, accuracy=None, seed=20140501, first=0, world=0):
    """Forces that *design* selects in *count* replicates, (count, m)."""
    n_forces = len(frame.forces)
    if accuracy is None:
        accuracy = np.linspace(0.6, 0.9, n_forces)
    due = np.full((n_forces, 1), 10**6)
    recorded = np.rint(np.reshape(accuracy, (-1, 1)) * due).astype(np.int64)
    plan = plan_of(design.plan(frame), np.zeros_like(due), select=type(design).select)
    return select_forces(plan, ledger_of(due, due, recorded), seed, world, first, count)


def frequency(chosen, n_forces):
    """Selections of each force per replicate, (F,)."""
    return np.bincount(chosen.ravel(), minlength=n_forces) / len(chosen)


def p_sets(chosen, sets):
    """Chi-square p-value that samples are *sets* with the stated chances."""
    tally = Counter(map(tuple, chosen.tolist()))
    assert set(tally) <= set(sets)
    observed = [tally[forces] for forces in sets]
    expected = np.array(list(sets.values())) * len(chosen)
    return stats.chisquare(observed, expected).pvalue


class Small:
    """What the files of this folder share."""

    frame = staticmethod(small_frame)
    ledger = staticmethod(ledger_of)
    plan = staticmethod(plan_of)
    selections = staticmethod(selections)
    frequency = staticmethod(frequency)
    p_sets = staticmethod(p_sets)


@pytest.fixture(scope="session")
def small():
    """Builders of small frames, ledgers, plans and selections."""
    return Small


@pytest.fixture(scope="session")
def nation():
    """The default world of 43 forces."""
    return build_world(WorldOptions())


@pytest.fixture(scope="session")
def frame(nation):
    """Its frame."""
    return nation.frame
