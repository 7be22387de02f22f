"""Expectations over what differs between forces, by Gauss-Hermite quadrature."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.polynomial.hermite_e import hermegauss
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import expit

from underrecording.world.factors import logit

Floats = NDArray[np.float64]

_NODES = {"effect": 21, "knowledge": 9, "pressure": 7, "review": 9}


class Spreads(NamedTuple):
    """What differs between forces at the baseline, on the logit scale.

    Each of knowledge, pressure and review share is logit-normal over forces:
    typical logit and standard deviation.
    """

    knowledge: tuple[float, float]
    pressure: tuple[float, float]
    review: tuple[float, float]
    kappa: float
    detection: float
    know_0: float


class Grid:
    """Gauss-Hermite nodes over (u, knowledge, pressure); review enters linearly."""

    def __init__(self, spreads: Spreads) -> None:
        z_u, w_u = _nodes(_NODES["effect"])
        z_n, w_n = _nodes(_NODES["knowledge"])
        z_p, w_p = _nodes(_NODES["pressure"])
        know = expit(spreads.knowledge[0] + spreads.knowledge[1] * z_n)
        shift = spreads.kappa * (know - spreads.know_0)
        press = expit(spreads.pressure[0] + spreads.pressure[1] * z_p)
        self.z = np.repeat(z_u, len(z_n) * len(z_p))
        self.shift = np.tile(np.repeat(shift, len(z_p)), len(z_u))
        self.pressure = np.tile(press, len(z_u) * len(z_n))
        self.weight = np.einsum("i,j,k->ijk", w_u, w_n, w_p).ravel()
        self._pressures = len(z_p)
        z_s, w_s = _nodes(_NODES["review"])
        found = spreads.detection * expit(spreads.review[0] + spreads.review[1] * z_s)
        self.found_mean = float(w_s @ found)
        self.found_square = float(w_s @ found**2)

    def p(self, offset: Floats, tau: float | Floats, psi: float) -> Floats:
        """Chance of recording before review, (F, nodes).

        *offset* is a logit, (F,), or (F, L) where it moves within the year: L
        values equally often met, over which the chance is averaged.
        """
        node = np.multiply.outer(tau, self.z) + self.shift - psi * self.pressure
        if offset.ndim == 1:
            return np.asarray(expit(offset[:, None] + node))
        chances = [expit(column[:, None] + node) for column in offset.T]
        mean: Floats = sum(chances[1:], chances[0]) / len(chances)
        return mean

    def mean_and_slope(self, offset: Floats, tau: float, psi: float) -> tuple[Floats, Floats]:
        """E[p*] and its derivative in *offset*, both (J,)."""
        # Fast path: where pressure has no effect, one of its nodes stands for all (7 times faster).
        step = self._pressures if psi == 0.0 else 1
        node = (tau * self.z + self.shift - psi * self.pressure)[::step]
        weight = self.weight.reshape(-1, step).sum(axis=1)
        with np.errstate(over="ignore"):
            p = np.reciprocal(1.0 + np.exp(-(offset[:, None] + node)))
        mean, slope = p @ weight, (p * (1.0 - p)) @ weight
        return mean + (1.0 - mean) * self.found_mean, slope * (1.0 - self.found_mean)

    def mean_after_review(self, offset: Floats, tau: float | Floats, psi: float) -> Floats:
        """E[p*], (F,); *offset* as in `p`."""
        mean = self.p(offset, tau, psi) @ self.weight
        after: Floats = mean + (1.0 - mean) * self.found_mean
        return after


class Condensed(NamedTuple):
    """The offsets of many forces in terms of a few at which a chance has to be computed.

    Attributes
    ----------
    offset : float array (J,)
    back : float array (F, J)
        ``back @ p(offset)`` is p at the offset of each force, or its mean over
        the L offsets that a force meets equally often.
    """

    offset: Floats
    back: Floats


_ONE_OFFSET = 1e-100  # Closer together, offsets are one; differences of theirs would overflow.


def condense(offset: Floats) -> Condensed:
    """Condense the offsets of forces, (F,) or (F, L), logits.

    Any mean of logistic curves is interpolated at Chebyshev points to less than
    1e-13, unless there are fewer distinct offsets than points needed. The curve
    has no pole within pi of the real line; Trefethen (2013), Approximation
    Theory and Approximation Practice, theorem 8.2, then bounds the error.

    >>> offset, back = condense(np.linspace(-0.5, 0.0, 40))
    >>> offset.shape
    (14,)
    >>> bool(np.allclose(back @ expit(1.5 + offset), expit(np.linspace(1.0, 1.5, 40)), atol=1e-14))
    True
    """
    distinct, place = np.unique(offset, return_inverse=True)
    half = (distinct[-1] - distinct[0]) / 2.0
    if half < _ONE_OFFSET:
        distinct, place, half = distinct[:1], np.zeros_like(place), 0.0
    a = 0.9 * math.pi / half if half > 0.0 else math.inf
    # 1 in 10**16, with the size of the curve in its strip, at most 3.3, allowed for.
    points = math.ceil(39.0 / math.log(a + math.hypot(a, 1.0))) + 1 if half > 0.0 else 1
    if len(distinct) <= points:
        basis = np.eye(len(distinct))
    else:
        angle = np.pi * (np.arange(points) + 0.5) / points
        nodes = distinct[0] + half * (1.0 + np.cos(angle))
        basis = _lagrange(nodes, np.sin(angle) * (-1.0) ** np.arange(points), distinct)
        distinct = nodes
    back = basis[place.reshape(offset.shape)]
    return Condensed(distinct, back if offset.ndim == 1 else back.mean(axis=1))


def _lagrange(nodes: Floats, weight: Floats, at: Floats) -> Floats:
    """Lagrange polynomials of *nodes* at *at*, (len(at), len(nodes)), barycentric."""
    distance = at[:, None] - nodes
    hit = distance == 0.0
    share = weight / np.where(hit, 1.0, distance)
    share[hit.any(axis=1)] = 0.0
    share[hit] = 1.0
    basis: Floats = share / share.sum(axis=1, keepdims=True)
    return basis


def typical_logit(mean: float, spread: float) -> float:
    """Logit of the median of a logit-normal share of given mean; infinite for a mean of 0 or 1.

    >>> round(typical_logit(0.115, 0.0), 4), round(typical_logit(0.115, 1.0), 4)
    (-2.0407, -2.391)
    """
    if not 0.0 < mean < 1.0:
        return logit(mean)
    z, weight = _nodes(21)
    return float(brentq(lambda typical: weight @ expit(typical + spread * z) - mean, -60.0, 60.0))


def _nodes(count: int) -> tuple[Floats, Floats]:
    z, w = hermegauss(count)
    return z, w / w.sum()
