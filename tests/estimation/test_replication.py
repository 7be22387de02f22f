"""Variances that take forces as drawn with replacement: spread of contributions, deletion."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from underrecording.audit import NOTHING_DUE, OK, ONE_FORCE
from underrecording.estimation.compile import compiled_point, compiled_variance
from underrecording.estimation.registries import POINTS

seeds = st.integers(0, 10**6)
points = pytest.mark.parametrize("name", list(POINTS))
replicating = pytest.mark.parametrize("variance", ["ultimate_cluster", "jackknife", "bootstrap"])


def strata_of(audit):
    """Rows of the inspected forces of each stratum of forces."""
    return [np.flatnonzero(audit.force_stratum == s) for s in np.unique(audit.force_stratum)]


def ultimate_cluster_twin(audit, contribution):
    return sum(
        len(rows) * contribution[rows].var(ddof=1) for rows in strata_of(audit) if len(rows) > 1
    )


def jackknife_twin(audit, accuracy, without):
    """*without(rows, f)*: the estimate without force f of the stratum with these rows."""
    total = 0.0
    for rows in strata_of(audit):
        m = len(rows)
        if m > 1:
            total += (m - 1) / m * sum((without(rows, f) - accuracy) ** 2 for f in rows)
    return total


def in_two_strata(audit):
    return audit._replace(force_stratum=np.array([4, 1, 4, 1, 1, 4, 4]))


@points
@given(seed=seeds)
def test_ultimate_cluster_is_its_twin(name, random_audit, point, variance_of, seed):
    audit = in_two_strata(random_audit(seed, n_forces=7))
    _, reason, influence = point(name, audit)
    if reason != OK:
        return
    expected = ultimate_cluster_twin(audit, influence.contribution)
    assert variance_of("ultimate_cluster", name, audit) == (pytest.approx(expected, rel=1e-11), OK)


def multiplicity_without(audit, rows, f):
    """Weights of a deletion: 0 for force f, m / (m - 1) for the others of its stratum."""
    t = np.ones(len(audit.force))
    t[rows] = len(rows) / (len(rows) - 1)
    t[f] = 0.0
    return t


def array_ratio(name, audit, t):
    """Two estimators in array language, forces weighted by t (m,)."""
    if name == "pooled":
        return (t @ audit.recorded.sum(1)) / (t @ audit.due.sum(1))
    w, weight = audit.frame / audit.sampled, t / audit.p_inclusion
    return (weight @ (w * audit.recorded).sum(1)) / (weight @ (w * audit.due).sum(1))


@pytest.mark.parametrize("name", ["pooled", "combined_ratio"])
@given(seed=seeds)
def test_jackknife_of_a_ratio_is_its_twin(name, random_audit, variance_of, seed):
    audit = in_two_strata(random_audit(seed, n_forces=7))
    expected = jackknife_twin(
        audit,
        array_ratio(name, audit, np.ones(7)),
        lambda rows, f: array_ratio(name, audit, multiplicity_without(audit, rows, f)),
    )
    assert variance_of("jackknife", name, audit) == (pytest.approx(expected, rel=1e-9), OK)


def deleted(audit, take_forces, rows, f):
    """The audit without force f, weights of the others of its stratum scaled by hand."""
    t = multiplicity_without(audit, rows, f)
    others = np.flatnonzero(np.arange(len(audit.force)) != f)
    scaled = audit._replace(p_inclusion=audit.p_inclusion / np.where(t > 0.0, t, 1.0))
    return take_forces(scaled, others)


# The unweighted control does not look at the weights that are scaled here.
@pytest.mark.parametrize("name", sorted(set(POINTS) - {"pooled"}))
def test_jackknife_is_the_deletion_of_forces_one_by_one(
    name, calm_audit, point, variance_of, take_forces
):
    one_stratum = calm_audit._replace(
        force_stratum=np.zeros(6, np.int64), p_inclusion=np.full(6, 4 / 7)
    )
    audits = [one_stratum]
    if name != "mean_of_forces":  # which knows no weights of forces either
        audits += [calm_audit, one_stratum._replace(force_stratum=np.array([0, 1, 1, 0, 1, 0]))]
    for audit in audits:
        expected = jackknife_twin(
            audit,
            point(name, audit)[0],
            lambda rows, f, audit=audit: point(name, deleted(audit, take_forces, rows, f))[0],
        )
        variance, reason = variance_of("jackknife", name, audit)
        assert (variance, reason) == (pytest.approx(expected, rel=1e-9), OK)
        # Were the others of the stratum not weighted up, strata would show it.
        unscaled = jackknife_twin(
            audit,
            point(name, audit)[0],
            lambda rows, f, audit=audit: point(
                name, take_forces(audit, np.delete(np.arange(6), f))
            )[0],
        )
        several = len(strata_of(audit)) > 1
        assert not several or unscaled != pytest.approx(variance, rel=1e-4)


@given(seed=seeds)
def test_jackknife_of_a_plain_mean_is_ultimate_cluster_exactly(random_audit, variance_of, seed):
    audit = random_audit(seed, n_forces=7)
    expected, _ = variance_of("ultimate_cluster", "mean_of_forces", audit)
    variance, _ = variance_of("jackknife", "mean_of_forces", audit)
    assert variance == pytest.approx(expected, rel=1e-9)


@points
def test_jackknife_is_ultimate_cluster_to_first_order(name, random_audit, variance_of):
    """They differ by the order of 1 / m: with 16 times the forces, at least 8 times less."""

    def difference(m):
        relative = []
        for seed in range(8):
            audit = random_audit(seed, n_forces=m, n_frame=2 * m)
            # Alike in weight, as one extreme weight would rule however many there are.
            audit = audit._replace(p_inclusion=np.full(m, 0.5), frame=audit.sampled * 9)
            jackknife, _ = variance_of("jackknife", name, audit)
            ultimate, _ = variance_of("ultimate_cluster", name, audit)
            relative.append(jackknife / ultimate - 1.0)
        return np.sqrt(np.mean(np.square(relative)))

    few, many = difference(40), difference(640)
    assert many < 0.01
    assert many < few / 8 or few < 1e-12


def with_certain(audit):
    """Forces 1 and 4 of seven certain, each a stratum of its own, two strata for the others."""
    p = audit.p_inclusion.copy()
    p[[1, 4]] = 1.0
    return audit._replace(p_inclusion=p, force_stratum=np.array([0, 3, 0, 1, 4, 1, 0]))


@points
def test_forces_certain_add_nothing_to_ultimate_cluster(name, random_audit, point):
    audit = with_certain(random_audit(2, n_forces=7))
    accuracy, _, influence = point(name, audit)
    function, anyone = compiled_variance("ultimate_cluster"), compiled_point(name)
    before = function(audit, accuracy, influence, anyone)
    influence.contribution[[1, 4]] = 123.0
    assert function(audit, accuracy, influence, anyone) == before
    influence.contribution[0] += 0.1
    assert function(audit, accuracy, influence, anyone) != before


@pytest.mark.parametrize("variance", ["ultimate_cluster", "jackknife", "bootstrap"])
@points
def test_with_all_forces_certain_nothing_is_left(variance, name, random_audit, point, variance_of):
    audit = random_audit(2)._replace(p_inclusion=np.ones(4), force_stratum=np.arange(4))
    assert point(name, audit)[1] == OK
    assert variance_of(variance, name, audit) == (0.0, OK)


def test_jackknife_never_leaves_out_a_force_that_is_certain(random_audit, variance_of):
    audit = with_certain(random_audit(2, n_forces=7))
    expected = jackknife_twin(
        audit,
        array_ratio("combined_ratio", audit, np.ones(7)),
        lambda rows, f: array_ratio("combined_ratio", audit, multiplicity_without(audit, rows, f)),
    )
    assert {len(rows) for rows in strata_of(audit)} == {1, 2, 3}
    assert variance_of("jackknife", "combined_ratio", audit)[0] == pytest.approx(expected, rel=1e-9)


@replicating
@points
def test_one_force_left_to_chance_alone_has_no_variance(
    variance, name, calm_audit, variance_of, take_forces
):
    one = take_forces(calm_audit, [0, 1, 3])
    value, reason = variance_of(variance, name, one)
    assert math.isnan(value)
    assert reason == ONE_FORCE


@pytest.mark.parametrize("variance", ["jackknife", "bootstrap"])
@pytest.mark.parametrize("name", ["combined_ratio", "by_group"])
def test_where_some_replicate_has_no_estimate_there_is_no_variance(
    variance, name, two_forces, variance_of
):
    """All that was due was due in one force: without it there is nothing."""
    audit = two_forces._replace(
        due=np.array([[40], [0]]),
        recorded=np.array([[32], [0]]),
        over_recorded=np.zeros((2, 1), int),
    )
    value, reason = variance_of(variance, name, audit)
    assert math.isnan(value)
    assert reason == NOTHING_DUE
