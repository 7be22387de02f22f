"""Expectations over what differs between forces, by Gauss-Hermite quadrature."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.polynomial.hermite_e import hermegauss
from numpy.typing import NDArray
from scipy.special import expit

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

    def mean_after_review(self, offset: Floats, tau: float | Floats, psi: float) -> Floats:
        """E[p*], (F,); *offset* as in `p`."""
        mean = self.p(offset, tau, psi) @ self.weight
        after: Floats = mean + (1.0 - mean) * self.found_mean
        return after


def _nodes(count: int) -> tuple[Floats, Floats]:
    z, w = hermegauss(count)
    return z, w / w.sum()
