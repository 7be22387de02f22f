"""Counts off tables are those drawn one by one, to the last uniform."""

import numpy as np
import pytest

from underrecording.inspection.count_tables import (
    DUE_SLOTS,
    RECORDED_SLOTS,
    count_tables,
    look_up,
    size_of,
)
from underrecording.study.drawn import MAX_TABLE_BYTES
from underrecording.variates import hypergeometric_quantile

STEP = 2.0**-52


def edges(slots):
    """Uniforms on both sides of the edges of slots, and the ends: odd halves of a step."""
    edge = np.arange(1, slots) / slots
    ends = [0.5 * STEP, 1.5 * STEP, 1 - 0.5 * STEP, 1 - 1.5 * STEP]
    return np.concatenate([edge - 0.5 * STEP, edge + 0.5 * STEP, ends])


def world(rng, n_forces, n_strata, most, sampled):
    """Strata of every kind: empty, none due, all recorded, read whole."""
    reports = rng.integers(0, most, (n_forces, n_strata))
    share = rng.choice([0.0, 0.3, 0.86, 0.999, 1.0], reports.shape)
    due = rng.binomial(reports, share)
    recorded = rng.binomial(due, rng.choice([0.0, 0.5, 0.81, 1.0], reports.shape))
    return reports, due, recorded, np.minimum(rng.integers(0, sampled, reports.shape), reports)


def as_drawn(u):
    """The uniform next to *u*: uniforms are odd multiples of half of 2^-52."""
    return (np.floor(np.asarray(u) * 2.0**52) + 0.5) / 2.0**52


def counts(tables, n_cells, first, second):
    """Counts of all cells at the same uniforms, (C, n) each."""
    size = n_cells * first.size
    law, room, place = np.empty((3, size), np.uint64)
    due, recorded = np.empty((2, size), np.int64)
    luck = np.tile(first, n_cells), np.tile(second, n_cells)
    look_up(tables, 0, n_cells, *luck, law, room, place, due, recorded)
    return due.reshape(n_cells, -1), recorded.reshape(n_cells, -1)


def mistakes(tables, made_of, first, second):
    """Counts that are not those of the quantiles, over all strata and uniforms."""
    cells = list(zip(*(numbers.ravel() for numbers in made_of), strict=True))
    found, wrong = counts(tables, len(cells), first, second), 0
    for (reports, due, recorded, sampled), x, y in zip(cells, *found, strict=True):
        for j, (u, v) in enumerate(zip(first, second, strict=True)):
            expected = hypergeometric_quantile(u, reports, due, sampled)
            wrong += x[j] != expected
            wrong += y[j] != hypergeometric_quantile(v, due, recorded, expected)
    return wrong


@pytest.mark.parametrize(("most", "sampled"), [(30, 30), (100_000, 60), (5_000, 900)])
def test_tables_give_the_counts_of_the_quantiles(most, sampled):
    rng = np.random.default_rng(most)
    made_of = world(rng, 4, 3, most, sampled)
    tables = count_tables(*made_of)
    first, second = edges(DUE_SLOTS), edges(RECORDED_SLOTS)
    first, second = np.concatenate([first, rng.random(200)]), np.resize(second, first.size + 200)
    first, second = as_drawn(first), as_drawn(second)
    rng.shuffle(second)
    assert mistakes(tables, made_of, first, second) == 0


def test_the_comparison_catches_one_wrong_slot():
    reports = np.array([[1_000, 2_000]])
    made_of = reports, reports * 4 // 5, reports // 2, np.array([[30, 40]])
    tables = count_tables(*made_of)
    settled = np.argwhere(tables.due_guide < 2**15)[0]
    tables.due_guide[tuple(settled)] += 1
    u = (np.arange(DUE_SLOTS) + 0.5) / DUE_SLOTS
    assert mistakes(tables, made_of, u, u) > 0


def test_counts_of_a_thousand_records_and_more_fit_in():
    reports = np.array([[1_000_000]])
    made_of = reports, reports // 2, reports // 4, np.array([[1_500]])
    tables = count_tables(*made_of)
    luck = np.random.default_rng(3).random(500)
    u = as_drawn(np.concatenate([edges(64), luck, [1e-15]]))
    assert mistakes(tables, made_of, u, u[::-1].copy()) == 0


def test_counts_that_would_not_fit_are_never_tabled():
    many = np.array([[2**15]])
    assert size_of(many, many) > MAX_TABLE_BYTES


def test_the_size_of_tables_is_told_before_they_are_made():
    made_of = world(np.random.default_rng(5), 5, 3, 3_000, 80)
    tables = count_tables(*made_of)
    room = tables.due_guide.nbytes + tables.recorded_guide.nbytes + tables.cuts.nbytes
    assert size_of(made_of[3], made_of[1]) >= room
