"""How many forces and records: all samples of a small nation, grids of all sizes, closed forms."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from underrecording.errors import UserError
from underrecording.inspection.sizes import (
    Sizes,
    TwoStage,
    best_records_per_force,
    cheapest_sizes,
    optimal_sizes,
    two_stage_variance,
)

CLOSE = 1e-9

designs = st.builds(
    TwoStage,
    between=st.floats(0.0, 0.05),
    within=st.floats(0.0, 0.25),
    forces=st.integers(1, 12),
    records=st.integers(3, 40),
    cost_force=st.floats(0.5, 60.0),
    cost_record=st.floats(0.1, 5.0),
)


def grid(design, least):
    """Forces, records, variance and cost of every sample there is."""
    sizes = itertools.product(range(1, design.forces + 1), range(least, design.records + 1))
    m, n = np.array(list(sizes)).T
    finite = (1 - m / design.forces) * design.between / m
    variance = finite + (1 - n / design.records) * design.within / (m * n)
    return m, n, variance, m * design.cost_force + m * n * design.cost_record


def test_the_variance_is_that_of_all_samples_of_a_small_nation():
    nation = np.array([[0.0, 1.0, 1.0, 0.0], [1.0, 1.0, 1.0, 0.5], [0.3, 0.0, 0.1, 0.0]])
    design = TwoStage(
        nation.mean(axis=1).var(ddof=1), nation.var(axis=1, ddof=1).mean(), 3, 4, 1, 1
    )
    for m, n in [(1, 1), (1, 3), (2, 1), (2, 2), (2, 4), (3, 2), (3, 4)]:
        means = []
        for forces in itertools.combinations(range(3), m):
            drawn = [list(itertools.combinations(nation[f], n)) for f in forces]
            means += [np.mean(sample) for sample in itertools.product(*drawn)]
        assert two_stage_variance(design, m, n) == pytest.approx(np.var(means), abs=1e-15)


@settings(deadline=None, max_examples=200)
@given(designs, st.integers(1, 3), st.floats(1.0, 3_000.0))
def test_no_sample_that_the_budget_pays_for_has_less_variance(design, least, budget):
    _, _, variance, cost = grid(design, least)
    payable = cost <= budget
    if not payable.any():
        with pytest.raises(UserError, match=r"a budget of .* give at least \d+$"):
            optimal_sizes(design, budget, least=least)
        return
    best = optimal_sizes(design, budget, least=least)
    assert best.variance <= variance[payable].min() * (1 + CLOSE) + 1e-15
    check_is_a_sample(best, design, least)
    assert best.cost <= budget * (1 + CLOSE)


@settings(deadline=None, max_examples=200)
@given(designs, st.integers(1, 3), st.floats(1e-5, 0.1))
def test_no_sample_of_that_variance_is_cheaper(design, least, wanted):
    _, _, variance, cost = grid(design, least)
    best = cheapest_sizes(design, wanted, least=least)
    assert best.cost <= cost[variance <= wanted].min() * (1 + CLOSE)
    check_is_a_sample(best, design, least)
    assert best.variance <= wanted * (1 + CLOSE) + 1e-12


def check_is_a_sample(sizes, design, least):
    m, n, variance, cost = grid(design, least)
    (row,) = np.flatnonzero((m == sizes.forces) & (n == sizes.records))
    assert sizes == Sizes(
        *sizes[:2], pytest.approx(variance[row], abs=1e-15), pytest.approx(cost[row])
    )


@pytest.mark.parametrize("fault", ["a force too many", "a record too few", "twice the records"])
def test_the_grid_catches_sizes_beside_the_best(fault):
    design = TwoStage(0.0064, 0.2, 43, 2_000, 100.0, 1.0)
    budget = 2_000.0
    best = optimal_sizes(design, budget, least=2)
    _, _, variance, cost = grid(design, 2)
    least = variance[cost <= budget].min()
    m, n = {
        "a force too many": (best.forces + 1, math.floor(budget / (best.forces + 1)) - 100),
        "a record too few": (best.forces, best.records - 1),
        "twice the records": (budget // (100 + 2 * best.records), 2 * best.records),
    }[fault]
    assert best.variance == pytest.approx(least, rel=CLOSE)
    assert two_stage_variance(design, m, n) > least * (1 + CLOSE)


@settings(deadline=None, max_examples=100)
@given(
    st.floats(0.001, 0.02),
    st.floats(0.05, 0.25),
    st.floats(20.0, 2_000.0),
    st.sampled_from([500.0, 10_000.0, math.inf]),
)
def test_the_closed_form_is_the_best_of_a_fine_grid(between, within, cost_force, records):
    design = TwoStage(between, within, math.inf, records, cost_force, 1.0)
    closed = best_records_per_force(design)
    trial = np.minimum(np.geomspace(1.0, 20_000.0, 4_000), records)
    # At a budget of 1 the number of forces is what it pays for, whole or not.
    variance = two_stage_variance(design, 1 / (cost_force + trial), trial)
    assert two_stage_variance(design, 1 / (cost_force + closed), closed) <= variance.min() * (
        1 + CLOSE
    )
    assert closed == pytest.approx(trial[np.argmin(variance)], rel=0.01)


def test_whole_numbers_come_to_the_closed_form_as_the_budget_grows():
    """sqrt(0.2 / 0.0064 * 100) = 55.9; a nation without end."""
    design = TwoStage(0.0064, 0.2, math.inf, math.inf, 100.0, 1.0)
    assert best_records_per_force(design) == pytest.approx(55.9017, abs=1e-4)
    best = optimal_sizes(design, 1e7, least=2)
    assert abs(best.records - 55.9) < 1
    again = cheapest_sizes(design, best.variance, least=2)
    assert again.cost == pytest.approx(best.cost, rel=1e-3)


def test_where_forces_differ_by_no_more_than_chance_one_is_read_whole():
    design = TwoStage(0.001, 0.2, 10, 100, 5.0, 1.0)
    assert best_records_per_force(design) == 100
    assert optimal_sizes(design, 105.0, least=2)[:2] == (1, 100)


def test_dearer_forces_mean_fewer_of_them_and_more_records_in_each():
    design = TwoStage(0.0064, 0.2, 43, 10_000, 10.0, 1.0)
    cheap = optimal_sizes(design, 2_000.0, least=2)
    dear = optimal_sizes(design._replace(cost_force=100.0), 2_000.0, least=2)
    assert dear.forces < cheap.forces
    assert dear.records > cheap.records


def test_a_census_is_what_a_variance_of_next_to_nothing_takes():
    design = TwoStage(0.0064, 0.2, 43, 1_000, 100.0, 1.0)
    assert cheapest_sizes(design, 1e-12, least=2)[:2] == (43, 1_000)
    assert optimal_sizes(design, 1e9, least=2) == (43, 1_000, 0.0, 43 * 1_100)


def test_records_that_all_agree_are_read_once():
    design = TwoStage(0.0064, 0.0, 43, 1_000, 100.0, 1.0)
    assert cheapest_sizes(design, 0.0064 / 10, least=2)[1] == 2


@pytest.mark.parametrize(
    "change",
    [
        {"between": -1.0}, {"within": math.nan}, {"cost_force": 0.0}, {"cost_record": math.inf},
        {"forces": 0}, {"records": math.nan},
    ],
)  # fmt: skip
def test_a_design_out_of_range_is_refused_by_name(change):
    design = TwoStage(0.0064, 0.2, 43, 1_000, 100.0, 1.0)._replace(**change)
    for sizes in (optimal_sizes, cheapest_sizes):
        with pytest.raises(ValueError, match=f"out of range: {next(iter(change))}"):
            sizes(design, 500.0, least=2)


def test_a_least_out_of_range_and_a_variance_of_none_are_refused():
    design = TwoStage(0.0064, 0.2, 43, 1_000, 100.0, 1.0)
    for least in (0, 1_001):
        with pytest.raises(ValueError, match="out of range: least"):
            optimal_sizes(design, 500.0, least=least)
    with pytest.raises(ValueError, match="variance is 0, not more than 0"):
        cheapest_sizes(design, 0.0, least=2)


def test_a_nation_without_end_and_a_budget_without_end_are_refused():
    design = TwoStage(0.0064, 0.2, math.inf, math.inf, 1.0, 1.0)
    with pytest.raises(UserError, match="forces to be tried"):
        optimal_sizes(design, 1e12, least=2)
