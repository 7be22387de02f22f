"""Readings off tables are those drawn one by one, to the last uniform."""

from dataclasses import replace

import numpy as np
import pytest

from underrecording.inspection import readers
from underrecording.inspection.auditor import READ_ONCE
from underrecording.inspection.audits import read_reports
from underrecording.inspection.counts import read_stratum
from underrecording.inspection.forces.srs import simple_random_plan
from underrecording.inspection.strands import Strand
from underrecording.inspection.thinning import SLOTS, thin, thinning_tables
from underrecording.rng import COUNT_REPORTS
from underrecording.variates import binomial_quantile

STEP = 2.0**-52
CHANCES = (0.0, 1e-9, 0.03, 0.5, 0.95, 1.0 - 1e-12, 1.0)
SEED, FIRST, N_FORCES, N_STRATA = 11, 70, 5, 3
RATES = {"good": (0.97, 0.93, 0.99, 0.98), "poor": (0.6, 0.7, 0.55, 0.8), "deaf": (0, 1, 1, 0)}
LOSSES = {"all found": (0, 0, 0, 0), "some lost": (0.05, 0.3, 0.0, 0.2)}


def uniforms_near_slots(rng):
    """Uniforms on both sides of the edges of slots, the ends, and any."""
    edge = np.arange(1, SLOTS) / SLOTS
    ends = [0.5 * STEP, 1.5 * STEP, 1 - 0.5 * STEP, 1 - 1.5 * STEP, 1e-13]
    u = np.concatenate([edge - 0.5 * STEP, edge + 0.5 * STEP, ends, rng.random(300)])
    return (np.floor(u / STEP) + 0.5) * STEP


def mistakes(tables, most):
    """Counts that are not those of the quantiles, over all chances."""
    rng, wrong = np.random.default_rng(3), 0
    u = uniforms_near_slots(rng)
    room, place = np.empty((2, u.size), np.uint64)
    for c, p in enumerate(CHANCES):
        counts, kept = rng.integers(0, most + 1, u.size), np.empty(u.size, np.int64)
        thin(tables, c, counts, u, room, place, kept)
        wrong += sum(
            k != binomial_quantile(v, n, p) for k, v, n in zip(kept, u, counts, strict=True)
        )
    return wrong


@pytest.mark.parametrize("most", [0, 1, 12, 400])
def test_thinning_gives_the_counts_of_the_quantiles(most):
    assert mistakes(thinning_tables(CHANCES, most), most) == 0


def test_the_comparison_catches_one_law_off_by_one():
    tables = thinning_tables(CHANCES, 12)
    guide = tables.guide.copy()
    guide[4 * 13 :] -= (guide[4 * 13 :] > 0).astype(np.uint16)
    assert mistakes(tables._replace(guide=guide), 12) > 0


def strand_of_worlds(worlds):
    """Strata of every kind, one of them large."""
    rng = np.random.default_rng(worlds)
    reports = rng.integers(0, 60, (worlds, N_FORCES, N_STRATA))
    reports[:, 1, 2] = 5_000
    due = rng.binomial(reports, rng.choice([0.0, 0.8, 1.0], reports.shape))
    recorded = rng.binomial(due, 0.8)
    over = rng.binomial(reports - due, 0.3)
    return Strand(reports, due, recorded, over, np.zeros((1, N_FORCES, N_STRATA)))


def plan_of_readers(small, rates, losses):
    records = np.random.default_rng(1).integers(0, 40, (N_FORCES, N_STRATA))
    records[1, 2] = 900
    plan = small.plan(simple_random_plan(3, N_FORCES), records, confusion=rates)
    return replace(plan, unreachable=np.array(losses, float))


def one_by_one(plan, strand, chosen):
    """Read at all, as due, as recorded, as recorded though not due: each by `read_stratum`."""
    found = np.empty((4, *chosen.shape, N_STRATA), np.int64)
    for b, i, h in np.ndindex(*found.shape[1:]):
        w, f = b % len(strand.reports), chosen[b, i]
        draw = int((chosen[b, :i] == f).sum())
        truth = (counts[w, f, h] for counts in strand[:4])
        x, y, z, n = read_stratum(
            *truth, min(plan.records[f, h], strand.reports[w, f, h]),
            plan.confusion, plan.unreachable, READ_ONCE, np.zeros((4, 4), np.int64),
            np.uint64(SEED), 0, FIRST + b, COUNT_REPORTS, f, h, draw,
        )  # fmt: skip
        found[:, b, i, h] = n, x, y, z
    return found


def as_read(audits):
    return np.array([audits.sampled, audits.due, audits.recorded, audits.over_recorded])


CHOSEN = np.array([[0, 1, 4], [1, 2, 3], [1, 1, 1], [0, 3, 3], [0, 1, 2]])
"""Forces of five audits; in some a force was drawn more than once."""


@pytest.mark.parametrize("worlds", [1, 5])
@pytest.mark.parametrize("losses", LOSSES.values(), ids=LOSSES)
@pytest.mark.parametrize("rates", RATES.values(), ids=RATES)
def test_audits_hold_what_each_stratum_read_alone_would_show(small, rates, losses, worlds):
    strand, plan = strand_of_worlds(worlds), plan_of_readers(small, rates, losses)
    audits = read_reports(plan, strand, CHOSEN, SEED, 0, FIRST)
    np.testing.assert_array_equal(as_read(audits), one_by_one(plan, strand, CHOSEN))


def test_strata_too_large_for_tables_are_read_as_if_there_were_none(small, monkeypatch):
    strand, plan = strand_of_worlds(1), plan_of_readers(small, RATES["good"], LOSSES["some lost"])
    off_tables = read_reports(plan, strand, CHOSEN, SEED, 0, FIRST)
    monkeypatch.setattr(readers, "MOST", 800)
    alone = read_reports(plan, strand, CHOSEN, SEED, 0, FIRST)
    np.testing.assert_array_equal(as_read(off_tables), as_read(alone))


def test_readers_who_are_faultless_need_nothing_to_be_misread(small):
    strand = strand_of_worlds(1)
    plan = plan_of_readers(small, (1, 1, 1, 1), LOSSES["all found"])
    assert readers.readers_of(plan.review("reports"), strand)[1] == 0
    erring = plan_of_readers(small, RATES["good"], LOSSES["all found"])
    assert readers.readers_of(erring.review("reports"), strand)[1] != 0
