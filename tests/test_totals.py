"""Force totals are those of the formulas, however they were added up."""

import numpy as np
import pytest

from underrecording.audit import (
    COVARIANCE,
    DUE,
    RECORDED,
    VAR_DUE,
    VAR_RECORDED,
    Audit,
)
from underrecording.estimation.check import checked
from underrecording.totals import deviation_weight, left_to_chance, record_weight


def audit_of(rng, n_forces=4, n_strata=3):
    sampled = rng.integers(2, 30, (n_forces, n_strata))
    frame = sampled + rng.integers(0, 200, sampled.shape)
    due = rng.integers(0, sampled + 1)
    return Audit(
        force=np.arange(n_forces),
        frame=frame,
        sampled=sampled,
        due=due,
        recorded=rng.integers(0, due + 1),
        p_inclusion=rng.uniform(0.2, 1.0, n_forces),
        force_stratum=np.zeros(n_forces, np.int64),
        recorded_volume=np.ones((9, n_strata)),
    )


def of_records(audit, f):
    """Totals of a force from its records, one by one: X, Y, their variances and covariance."""
    total, spread = np.zeros(2), np.zeros((2, 2))
    for h in range(audit.frame.shape[1]):
        n, x, y = audit.sampled[f, h], audit.due[f, h], audit.recorded[f, h]
        size = audit.frame[f, h]
        records = np.array([np.arange(n) < x, np.arange(n) < y], float)
        total += size * records.mean(axis=1)
        spread += size**2 * (1 - n / size) * np.cov(records) / n
    return [*total, spread[0, 0], spread[1, 1], spread[0, 1]]


@pytest.mark.parametrize("seed", range(10))
def test_totals_are_those_of_records_one_by_one(seed):
    audit = checked(audit_of(np.random.default_rng(seed)))
    for f, found in enumerate(audit.totals.force):
        np.testing.assert_allclose(found, of_records(audit, f), rtol=1e-12, atol=1e-9)
    national = (audit.totals.force[:, : RECORDED + 1] / audit.p_inclusion[:, None]).sum(axis=0)
    np.testing.assert_allclose(audit.totals.nation, national, rtol=1e-14)


def test_where_all_records_agree_nothing_is_left_to_the_last_digit():
    """Whatever the weights: residuals about the ratio are 0, not nearly 0."""
    audit = audit_of(np.random.default_rng(3))
    for recorded, ratio in ((audit.sampled, 1.0), (audit.sampled * 0, 0.0)):
        totals = checked(audit._replace(due=audit.sampled, recorded=recorded)).totals.force
        crossed = 2 * ratio * totals[:, COVARIANCE]
        assert (totals[:, VAR_RECORDED] - crossed + ratio**2 * totals[:, VAR_DUE] == 0).all()
    agreeing = checked(audit._replace(recorded=audit.due)).totals.force
    np.testing.assert_array_equal(agreeing[:, VAR_RECORDED], agreeing[:, COVARIANCE])
    np.testing.assert_array_equal(agreeing[:, DUE], agreeing[:, RECORDED])


def test_a_stratum_read_whole_or_not_at_all_leaves_nothing_to_chance():
    assert deviation_weight(20, 20) == deviation_weight(20, 0) == deviation_weight(0, 0) == 0.0
    assert np.isnan(deviation_weight(20, 1))
    assert deviation_weight(1, 1) == 0.0
    assert record_weight(20, 0) == 0.0


def test_a_frame_of_unknown_size_weighs_records_alike():
    assert (record_weight(0, 7), left_to_chance(0, 7)) == (1.0, 1.0)
    assert deviation_weight(0, 7) == pytest.approx(1 / 6)
