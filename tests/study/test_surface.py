"""The response surface, and the smallest sample read off it."""

import itertools
import math

import numpy as np
import pandas as pd
import pytest

from underrecording.errors import UserError
from underrecording.study.effective_forces import shape_by_number, shape_by_volume, shapes
from underrecording.study.sample_size import (
    FORCES,
    RECORDS,
    fewest_forces,
    fewest_records,
    smallest_samples,
    surface_of,
)
from underrecording.study.surface import Points, Scale, fit_surface

VOLUME, NUMBER = shapes()
TRUE = np.array([0.0064, 0.16, 0.8, 0.0])


def grid(coefficients=TRUE, *, shape=VOLUME, noise=0.0, error=0.01, seed=0):
    """Points of a surface that is known, with relative errors of size *noise*."""
    m = np.repeat([5, 9, 13, 18, 25, 31, 37, 43], 7)
    n = np.tile([20.0, 30.0, 50.0, 80.0, 160.0, 300.0, 600.0], 8)
    kish = shape.records[m - 1]
    square = (
        coefficients[0] * shape.between[m - 1]
        + coefficients[1] * kish / n
        + coefficients[2] * kish / n**2
        + coefficients[3]
    )
    luck = np.random.default_rng(seed).normal(size=m.size)
    value = np.sqrt(square) * (1.0 + noise * luck)
    return Points(m, n, value, error * value)


def test_shapes_are_those_of_every_set_of_forces():
    volume = np.array([1.0, 2.0, 3.0, 5.0, 8.0, 30.0])
    found = shape_by_volume(volume)
    nation = volume / volume.sum()
    for m in range(1, 7):
        between, kish, roots = [], [], []
        for chosen in itertools.combinations(range(6), m):
            share = np.zeros(6)
            share[list(chosen)] = volume[list(chosen)] / volume[list(chosen)].sum()
            between.append(((share - nation) ** 2).sum())
            kish.append((share**2).sum())
            roots.append(math.sqrt((share**2 * (1 - 2 * share + (share**2).sum())).sum()))
        # 20,000 random orders: their standard error is far below this.
        assert found.between[m - 1] == pytest.approx(np.mean(between), rel=0.02, abs=1e-12)
        assert found.records[m - 1] == pytest.approx(np.mean(kish), rel=0.02)
        if m > 1:
            known = (1 - m / 6) * m / (m - 1) * np.mean(roots) ** 2
            assert found.estimated[m - 1] == pytest.approx(known, rel=0.02, abs=1e-12)


def test_thirteen_forces_count_as_seven():
    assert 1.0 / VOLUME.records[12] == pytest.approx(6.6, abs=0.15)


def test_a_surface_is_recovered_exactly_and_told_by_its_weights():
    for shape in (VOLUME, NUMBER):
        found = fit_surface(grid(shape=shape), Scale())
        assert found.shape.weights == shape.weights
        np.testing.assert_allclose(found.coefficients, TRUE, rtol=1e-6, atol=1e-9)
        assert found.error < 1e-6


def test_coefficients_lie_within_their_stated_errors():
    z = []
    for seed in range(60):
        found = fit_surface(grid(noise=0.01, seed=seed), Scale(), [VOLUME])
        se = np.sqrt(np.diag(found.covariance))[:2]
        z.append((found.coefficients[:2] - TRUE[:2]) / se)
    # Mean squares of 60 z: 1 give or take 4 times sqrt(2 / 60).
    assert (np.mean(np.square(z), axis=0) < 1 + 4 * math.sqrt(2 / 60)).all()
    assert (np.abs(np.mean(z, axis=0)) < 4 / math.sqrt(60)).all()


def test_a_surface_of_the_wrong_form_says_that_it_does_not_fit():
    right = fit_surface(grid(noise=0.01), Scale(), [VOLUME])
    wrong = fit_surface(grid(noise=0.01), Scale(), [NUMBER])
    assert right.lack_of_fit < 1.0 + 4 * math.sqrt(2 / 52)
    assert right.error < 0.013
    assert wrong.lack_of_fit > 10.0
    assert wrong.error > 0.05


def test_answers_are_the_fewest_records_that_are_enough():
    surface = fit_surface(grid(noise=0.005), Scale(0.95))
    goal = 0.02 * 1.96
    samples = smallest_samples(surface, goal)
    assert [one.forces for one in samples] == list(range(5, 44))
    for one in samples:
        if one.enough and one.records > 20:
            assert surface.predict(one.forces, one.records)[0] <= goal
            assert surface.predict(one.forces, one.records - 1.0)[0] > goal
        assert one.low <= one.records <= one.high
    few, least = fewest_forces(samples), fewest_records(samples)
    assert not samples[few.forces - 6].enough
    assert least.total == min(one.total for one in samples)


def test_nothing_is_enough_where_forces_alone_leave_too_much():
    samples = smallest_samples(fit_surface(grid(), Scale()), 0.0001)
    assert fewest_forces(samples) is None
    assert fewest_records(samples) is None


def test_a_smaller_sample_is_not_asked_for_than_was_simulated():
    samples = smallest_samples(fit_surface(grid(), Scale()), 0.5)
    assert {one.records for one in samples} == {20.0}


def measured(points, estimator="combined_ratio/linearised/t"):
    """A table of measures with these RMSEs."""
    parts = []
    for measure, factor in (("rmse", 1.0), ("mean_width", 4.0)):
        parts.append(
            pd.DataFrame(
                {
                    "cell": np.arange(points.forces.size), FORCES: points.forces,
                    RECORDS: points.records, "estimator": estimator,
                    "estimand": "under_recording_rate", "domain": "national", "measure": measure,
                    "value": factor * points.value, "mcse": factor * points.mcse,
                }
            )
        )  # fmt: skip
    return pd.concat(parts, ignore_index=True)


def test_a_table_of_measures_gives_the_margin_that_errors_keep_to():
    table = measured(grid())
    found = surface_of(table, "combined_ratio/linearised/t", of="error", level=0.95)
    np.testing.assert_allclose(found.coefficients, TRUE, rtol=1e-6, atol=1e-9)
    assert found.predict(13, 160.0)[0] == pytest.approx(
        1.96 * grid().value[np.flatnonzero((grid().forces == 13) & (grid().records == 160.0))[0]],
        rel=1e-4,
    )


def test_tables_that_carry_no_surface_say_why():
    table = measured(grid())
    with pytest.raises(UserError, match="did you mean 'combined_ratio/linearised/t'"):
        surface_of(table, "combined_ratio/linearised/z", of="error", level=0.95)
    few = table[table[RECORDS] < 50.0]
    with pytest.raises(UserError, match="2 values; a surface needs 3 or more"):
        surface_of(few, "combined_ratio/linearised/t", of="error", level=0.95)
    with pytest.raises(UserError, match="no sweep over inspection"):
        surface_of(
            table.drop(columns=FORCES), "combined_ratio/linearised/t", of="error", level=0.95
        )


def test_the_scale_of_a_t_interval_is_its_quantile_times_what_an_se_is_short_of():
    # c4 of 5 values, 0.9400, as in tables of control charts; t of 4 degrees of freedom.
    factor = Scale(0.95, t=True, estimated=True).factor(np.array([5]))
    assert factor[0] == pytest.approx(2.776445 * 0.9400, rel=1e-4)
    assert Scale().factor(np.array([5, 43])).tolist() == [1.0, 1.0]
    assert shape_by_number(4).records.tolist() == [1.0, 0.5, 1 / 3, 0.25]
