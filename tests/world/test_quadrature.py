"""Offsets condensed to a few: the same chances as when each force is computed."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.special import expit

from underrecording.world.quadrature import condense

CENTRES = np.linspace(-6, 6, 25)


@given(
    st.sampled_from([(43,), (43, 3), (7, 12)]).flatmap(
        lambda shape: arrays(float, shape, elements=st.floats(-8, 0))
    )
)
def test_a_condensed_curve_is_the_curve(offset):
    at, back = condense(offset)
    for centre in CENTRES:
        direct = expit(centre + offset)
        direct = direct if offset.ndim == 1 else direct.mean(axis=1)
        np.testing.assert_allclose(back @ expit(centre + at), direct, atol=1e-13)


@pytest.mark.parametrize("width", [1e-9, 0.01, 0.4, 3.0, 30.0, 3000.0])
def test_few_points_serve_where_forces_are_close(width):
    offset = -width * np.linspace(0, 1, 200)
    at, back = condense(offset)
    assert len(at) <= 200
    if width < 0.5:
        assert len(at) < 20
    np.testing.assert_allclose(back @ expit(2 + at), expit(2 + offset), atol=1e-13)


def test_forces_without_excess_load_need_one_point():
    at, back = condense(np.zeros(43))
    assert at.tolist() == [0.0]
    assert (back == 1).all()


def test_too_few_points_would_be_seen():
    at, back = condense(-np.linspace(0, 3, 200))
    spoilt = back @ (expit(2 + at) + 1e-9 * (-1.0) ** np.arange(len(at)))
    assert np.abs(spoilt - expit(2 - np.linspace(0, 3, 200))).max() > 1e-12


def test_offsets_a_denormal_number_apart_are_condensed_without_overflow():
    offset = np.zeros(43)
    offset[0] = -9.15157785e-309
    at, back = condense(offset)
    np.testing.assert_allclose(back @ at, offset, atol=1e-300)
