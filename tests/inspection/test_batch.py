"""Audits read force by force hold what each stratum, read alone, would show."""

import numpy as np
import pytest

from underrecording.audit import BATCH, Totals
from underrecording.inspection.auditor import READ_ONCE
from underrecording.inspection.audits import _read, read_reports
from underrecording.inspection.count_tables import NO_TABLES, count_tables
from underrecording.inspection.counts import read_stratum
from underrecording.inspection.forces.srs import simple_random_plan
from underrecording.inspection.reading import NOTHING_KNOWN, Known, make_reading
from underrecording.inspection.rooms import room_for_audits
from underrecording.inspection.strands import Strand
from underrecording.rng import COUNT_REPORTS
from underrecording.totals import add_up, room_for_totals

SEED, FIRST, N_FORCES = 11, 70, 5
COUNT = 2 * BATCH + 5


def strand_of(worlds, n_strata):
    rng = np.random.default_rng(worlds + n_strata)
    reports = rng.integers(0, 300, (worlds, N_FORCES, n_strata))
    due = rng.binomial(reports, rng.choice([0.0, 0.86, 1.0], reports.shape))
    recorded = rng.binomial(due, 0.8)
    none = np.zeros_like(reports)
    return Strand(reports, due, recorded, none, np.ones((1, N_FORCES, n_strata)))


def forces_of(how, rng):
    """Forces of COUNT audits: each once, some again, or the same one three times in all."""
    if how == "always the same one":
        return np.full((COUNT, 3), 2)
    drawn = [rng.choice(N_FORCES, 3, replace=how == "some again") for _ in range(COUNT)]
    return np.sort(drawn, axis=1)


def one_by_one(reading, strand, chosen):
    """Read, due and recorded, (3, B, m, H): each stratum by `read_stratum`."""
    n_strata = reading.records.shape[1]
    found = np.empty((3, *chosen.shape, n_strata), np.int64)
    faultless, found_all = np.ones(4), np.zeros(4)
    for b, i, h in np.ndindex(*found.shape[1:]):
        w, f = b % len(strand.reports), chosen[b, i]
        truth = [counts[w, f, h] for counts in strand[:4]]
        n = min(reading.records[f, h], truth[0])
        x, y, _, _ = read_stratum(
            *truth, n, faultless, found_all, READ_ONCE, np.zeros((4, 4), np.int64),
            np.uint64(SEED), 0, FIRST + b, COUNT_REPORTS, f, h, int((chosen[b, :i] == f).sum()),
        )  # fmt: skip
        found[:, b, i, h] = n, x, y
    return found


def plan_and_strand(small, worlds, n_strata):
    records = np.random.default_rng(1).integers(0, 40, (N_FORCES, n_strata))
    return small.plan(simple_random_plan(3, N_FORCES), records), strand_of(worlds, n_strata)


def reading_of(plan, strand, tabled=False, known=NOTHING_KNOWN):
    sampled = np.minimum(plan.records, strand.reports[0])
    tables = count_tables(*(c[0] for c in strand[:3]), sampled) if tabled else NO_TABLES
    return make_reading(plan, plan.review("reports"), strand, tables, known)


def read(reading, chosen):
    audits = room_for_audits(reading, *chosen.shape, True)
    audits.force[:] = chosen
    _read(reading, np.uint64(SEED), 0, FIRST, 0, BATCH, audits)
    return audits


WAYS = [(1, False), (1, True), (COUNT, False)]
ways = pytest.mark.parametrize(("worlds", "tabled"), WAYS, ids=["drawn", "tabled", "fresh"])


@ways
@pytest.mark.parametrize("how", ["each once", "some again", "always the same one"])
def test_counts_are_those_of_strata_read_alone(small, worlds, tabled, how):
    """More audits than go together, and more visits to a force than there are audits."""
    plan, strand = plan_and_strand(small, worlds, 3)
    reading, chosen = reading_of(plan, strand, tabled), forces_of(how, np.random.default_rng(3))
    audits = read(reading, chosen)
    found = np.array([audits.sampled, audits.due, audits.recorded])
    np.testing.assert_array_equal(found, one_by_one(reading, strand, chosen))
    frame = np.broadcast_to(strand.reports, (COUNT, *strand.reports.shape[1:]))
    np.testing.assert_array_equal(audits.frame, frame[np.arange(COUNT)[:, None], chosen])
    expected = np.full(chosen.shape, 3 / N_FORCES)
    np.testing.assert_allclose(audits.p_inclusion, expected, rtol=1e-15)


@pytest.mark.parametrize("n_strata", [1, 7, 8, 9, 17])
def test_any_number_of_strata_is_copied_whole(small, n_strata):
    plan, strand = plan_and_strand(small, 1, n_strata)
    chosen = forces_of("each once", np.random.default_rng(5))
    audits = read(reading_of(plan, strand, True), chosen)
    np.testing.assert_array_equal(audits.frame, strand.reports[0][chosen])
    sampled = np.minimum(plan.records, strand.reports[0])
    np.testing.assert_array_equal(audits.sampled, sampled[chosen])


@ways
def test_totals_added_up_on_the_way_are_those_added_up_after(small, worlds, tabled):
    plan, strand = plan_and_strand(small, worlds, 3)
    chosen = forces_of("some again", np.random.default_rng(4))
    audits = read(reading_of(plan, strand, tabled), chosen)
    anew = audits._replace(totals=room_for_totals(*chosen.shape))
    add_up(anew)
    for found, expected in zip(audits.totals, anew.totals, strict=True):
        np.testing.assert_array_equal(found, expected)


def test_counts_found_already_are_those_found_now(small):
    plan, strand = plan_and_strand(small, COUNT, 3)
    chosen = forces_of("each once", np.random.default_rng(6))
    every = np.tile(np.arange(N_FORCES), (COUNT, 1))
    all_read = read_reports(plan, strand, every, SEED, 0, FIRST)
    known = Known(all_read.due, all_read.recorded)
    taken, read_now = (
        read(reading_of(plan, strand, known=k), chosen) for k in (known, NOTHING_KNOWN)
    )
    for name in ("due", "recorded", "frame", "sampled"):
        np.testing.assert_array_equal(getattr(taken, name), getattr(read_now, name))
    for found, expected in zip(taken.totals, read_now.totals, strict=True):
        np.testing.assert_array_equal(found, expected)


def test_what_is_read_does_not_hang_on_the_size_of_a_batch(small):
    plan, strand = plan_and_strand(small, 1, 3)
    chosen = forces_of("some again", np.random.default_rng(7))
    reading = reading_of(plan, strand, True)
    whole = read(reading, chosen)
    for size in (1, 8, 13, COUNT):
        audits = room_for_audits(reading, *chosen.shape, True)
        audits.force[:] = chosen
        _read(reading, np.uint64(SEED), 0, FIRST, 0, size, audits)
        for found, expected in zip(audits, whole, strict=True):
            if isinstance(found, Totals):
                np.testing.assert_array_equal(found.force, expected.force)
                np.testing.assert_array_equal(found.nation, expected.nation)
            else:
                np.testing.assert_array_equal(found, expected)


def test_where_nobody_asks_totals_are_left_out(small):
    plan, strand = plan_and_strand(small, 1, 3)
    reading, chosen = reading_of(plan, strand), forces_of("each once", np.random.default_rng(8))
    audits = room_for_audits(reading, *chosen.shape, False)
    audits.force[:] = chosen
    _read(reading, np.uint64(SEED), 0, FIRST, 0, BATCH, audits)
    assert audits.totals.force.shape == (0, 3, 5)
    np.testing.assert_array_equal(audits.due, read(reading, chosen).due)
