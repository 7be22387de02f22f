"""Chances in drawn worlds: what each force's luck makes of the law."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from underrecording.compiling import compiled
from underrecording.elementary import expit
from underrecording.rng import LATENESS_OF_FORCES, in_eights, normals_of_forces
from underrecording.world.law import Law, fill_luck, p_at_bureau
from underrecording.world.rules.logistic import after_review, logistic

Floats = NDArray[np.float64]


def chances_recorded(law: Law, seed: int, world: int, first: int, count: int) -> Floats:
    """Chance that a due report is recorded, (count, F, K), replicates from *first* on."""
    p = np.empty((count, *law.reports.shape))
    _fill_recorded(law, np.uint64(seed), world, first, p)
    return p


@compiled
def _fill_recorded(law: Any, seed: Any, world: Any, first: Any, p: Any) -> None:
    n_rows, n_forces, n_groups = p.shape
    luck, shares = np.empty((4, in_eights(n_forces))), np.empty((3, in_eights(n_forces)))
    logits = np.empty(in_eights(n_forces * n_groups))
    for b in range(n_rows):
        fill_luck(law, seed, world, first + b, luck)
        for f in range(luck.shape[1]):
            shares[0, f] = expit(law.knowledge[0] + law.knowledge[1] * luck[1, f])
            shares[1, f] = expit(law.review[0] + law.review[1] * luck[2, f])
            shares[2, f] = expit(law.pressure[0] + law.pressure[1] * luck[3, f])
        for f in range(n_forces):
            for k in range(n_groups):
                logits[f * n_groups + k] = logistic(
                    law.intercept[k], law.tau * luck[0, f], shares[0, f] - law.know_0,
                    law.excess_load[f], shares[2, f], law.kappa, law.omega, law.psi[k],
                )  # fmt: skip
        for i in range(logits.size):
            logits[i] = expit(logits[i])
        for f in range(n_forces):
            for k in range(n_groups):
                p[b, f, k] = after_review(logits[f * n_groups + k], shares[1, f], law.detection)


def chances_of_lateness(law: Law, seed: int, world: int, first: int, count: int) -> Floats:
    """Chance that a crime is recorded late, (count, F), replicates from *first* on."""
    p = np.empty((count, len(law.reports)))
    _fill_late(law, np.uint64(seed), world, first, p)
    return p


@compiled
def _fill_late(law: Any, seed: Any, world: Any, first: Any, p: Any) -> None:
    z = np.empty((2, p.shape[1]))
    for b in range(p.shape[0]):
        normals_of_forces(seed, world, first + b, LATENESS_OF_FORCES, 0, z[0], z[1])
        for f in range(p.shape[1]):
            p[b, f] = expit(law.late[0] + law.late[1] * z[0, f])


def chances_at_bureau(law: Law, p: Floats) -> tuple[Floats, Floats]:
    """Chance that a due report was made to the bureau: a recorded one, one that is not.

    *p* (B, F, K) is the chance of being recorded over both routes; by Bayes.
    """
    of_recorded, of_unrecorded = np.empty_like(p), np.empty_like(p)
    _fill_bureau(p.ravel(), law.bureau_share, law.bureau_effect, of_recorded, of_unrecorded)
    return of_recorded, of_unrecorded


@compiled
def _fill_bureau(p: Any, share: Any, effect: Any, of_recorded: Any, of_unrecorded: Any) -> None:
    of_recorded, of_unrecorded = of_recorded.ravel(), of_unrecorded.ravel()
    for i in range(p.size):
        at_bureau = p_at_bureau(p[i], share, effect)
        # Where none are expected there are none to share out.
        of_recorded[i] = min(1.0, share * at_bureau / max(p[i], 1e-300))
        of_unrecorded[i] = min(1.0, share * (1.0 - at_bureau) / max(1.0 - p[i], 1e-300))
