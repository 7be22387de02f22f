"""The law of a world as the compiled code sees it, and one world drawn from it."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from underrecording.compiling import compiled
from underrecording.ledger import Ledger
from underrecording.rng import (
    DISPOSALS,
    DUE,
    FORCE_EFFECTS,
    LATE,
    LATENESS_OF_FORCES,
    MISCLASSIFIED,
    NO_CRIMED,
    OTHER_SYSTEMS,
    OVER_RECORDED,
    RECORDED,
    WRONG_DISPOSALS,
    WRONGLY_NO_CRIMED,
    normals,
)
from underrecording.variates import binomial
from underrecording.world.rules.logistic import after_review, logistic

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


class Law(NamedTuple):
    """Everything that one draw of a world depends on.

    Attributes
    ----------
    reports : int array (F, K)
        Reports on the auditable frame; known, the same in every world.
    due_share : float
        Chance that a report on the frame is due.
    intercept : float array (K,)
    tau : float
        Standard deviation of the unexplained force effect.
    fixed_effect : float array (F,)
        Effect in units of tau where it is given, NaN where it is drawn.
    excess_load : float array (F,)
        max(0, load_f - load_0), open incidents per officer on duty.
    kappa, omega, detection, know_0 : float
    psi : float array (K,)
    knowledge, review, pressure : float array (2,)
        Typical logit and its standard deviation over forces.
    over_recording_rate : float
    no_crime_rate, wrong_share : float arrays (K,)
    other_due, gap_due : int arrays (F, K)
    other_accuracy : float
    late : float array (2,)
        Typical logit and its standard deviation over forces.
    misclassified_share, disposal_share, wrong_disposal_share : float
    """

    reports: Ints
    due_share: float
    intercept: Floats
    tau: float
    fixed_effect: Floats
    excess_load: Floats
    kappa: float
    omega: float
    detection: float
    know_0: float
    psi: Floats
    knowledge: Floats
    review: Floats
    pressure: Floats
    over_recording_rate: float
    no_crime_rate: Floats
    wrong_share: Floats
    other_due: Ints
    gap_due: Ints
    other_accuracy: float
    late: Floats
    misclassified_share: float
    disposal_share: float
    wrong_disposal_share: float


@compiled
def expit(x: Any) -> Any:
    """Inverse of the logit; 0 and 1 at minus and plus infinity.

    >>> expit(0.0)
    0.5
    """
    return 1.0 / (1.0 + math.exp(-x))


@compiled
def force_luck(law: Law, seed: Any, world: Any, replicate: Any, f: Any) -> Any:
    """What sets force *f* apart in one world, in standard deviations.

    Returns
    -------
    effect, knowledge, review, pressure : float
        Of the unexplained effect (as given, where it is), and of the logits of
        knowledge, review share and pressure.
    """
    z_effect, z_knowledge = normals(seed, world, replicate, FORCE_EFFECTS, f, 0, 0)
    z_review, z_pressure = normals(seed, world, replicate, FORCE_EFFECTS, f, 0, 1)
    if not math.isnan(law.fixed_effect[f]):
        z_effect = law.fixed_effect[f]
    return z_effect, z_knowledge, z_review, z_pressure


@compiled
def draw_world(law: Law, seed: Any, world: Any, replicate: Any, ledger: Ledger, row: Any) -> None:
    """Fill row *row* of *ledger* with the world of one address.

    Each count has an address of its own (purpose, force, group), so a change
    of one force, group or rate leaves the luck of all others as it was.
    """
    n_forces, n_groups = law.reports.shape
    for f in range(n_forces):
        z_effect, z_knowledge, z_review, z_pressure = force_luck(law, seed, world, replicate, f)
        knowledge = expit(law.knowledge[0] + law.knowledge[1] * z_knowledge)
        review = expit(law.review[0] + law.review[1] * z_review)
        pressure = expit(law.pressure[0] + law.pressure[1] * z_pressure)
        for k in range(n_groups):
            p = expit(
                logistic(
                    law.intercept[k], law.tau * z_effect, knowledge - law.know_0,
                    law.excess_load[f], pressure, law.kappa, law.omega, law.psi[k],
                )
            )  # fmt: skip
            p = after_review(p, review, law.detection)
            reports = law.reports[f, k]
            due = binomial(reports, law.due_share, seed, world, replicate, DUE, f, k)
            recorded = binomial(due, p, seed, world, replicate, RECORDED, f, k)
            over = binomial(
                reports - due, law.over_recording_rate, seed, world, replicate,
                OVER_RECORDED, f, k,
            )  # fmt: skip
            no_crimed = binomial(
                recorded + over, law.no_crime_rate[k], seed, world, replicate, NO_CRIMED, f, k
            )
            ledger.reports[row, f, k] = reports
            ledger.due[row, f, k] = due
            ledger.recorded[row, f, k] = recorded
            ledger.over_recorded[row, f, k] = over
            ledger.no_crimed[row, f, k] = no_crimed
            ledger.wrongly_no_crimed[row, f, k] = binomial(
                no_crimed, law.wrong_share[k], seed, world, replicate, WRONGLY_NO_CRIMED, f, k
            )
    draw_other_systems(law, seed, world, replicate, ledger, row)


@compiled
def draw_other_systems(
    law: Law, seed: Any, world: Any, replicate: Any, ledger: Ledger, row: Any
) -> None:
    """Fill in what row *row* of *ledger* holds of crimes outside the audited logs."""
    n_forces, n_groups = law.reports.shape
    for f in range(n_forces):
        for k in range(n_groups):
            ledger.other_due[row, f, k] = law.other_due[f, k]
            ledger.other_recorded[row, f, k] = binomial(
                law.other_due[f, k], law.other_accuracy, seed, world, replicate,
                OTHER_SYSTEMS, f, k,
            )  # fmt: skip
            ledger.gap_due[row, f, k] = law.gap_due[f, k]


@compiled
def draw_fresh_worlds(law: Law, seed: Any, first: Any, ledger: Ledger) -> None:
    """Fill *ledger* with the fresh worlds of replicates *first*, *first* + 1, ..."""
    for row in range(ledger.reports.shape[0]):
        draw_world(law, seed, 0, first + row, ledger, row)


@compiled
def draw_crime_records(
    law: Law, seed: Any, world: Any, replicate: Any, ledger: Ledger, row: Any
) -> None:
    """Fill in what row *row* of *ledger* says of crime records besides that there are any.

    The rest of the row has been drawn, and is left as it is.
    """
    n_forces, n_groups = law.reports.shape
    for f in range(n_forces):
        z, _ = normals(seed, world, replicate, LATENESS_OF_FORCES, f, 0, 0)
        late = expit(law.late[0] + law.late[1] * z)
        for k in range(n_groups):
            recorded = ledger.recorded[row, f, k]
            standing = recorded + ledger.over_recorded[row, f, k] - ledger.no_crimed[row, f, k]
            disposals = binomial(
                standing, law.disposal_share, seed, world, replicate, DISPOSALS, f, k
            )
            ledger.late[row, f, k] = binomial(recorded, late, seed, world, replicate, LATE, f, k)
            ledger.misclassified[row, f, k] = binomial(
                recorded, law.misclassified_share, seed, world, replicate, MISCLASSIFIED, f, k
            )
            ledger.disposals[row, f, k] = disposals
            ledger.wrong_disposals[row, f, k] = binomial(
                disposals, law.wrong_disposal_share, seed, world, replicate,
                WRONG_DISPOSALS, f, k,
            )  # fmt: skip


@compiled
def draw_fresh_crime_records(law: Law, seed: Any, first: Any, ledger: Ledger) -> None:
    """Do so for the fresh worlds of replicates *first*, *first* + 1, ..."""
    for row in range(ledger.reports.shape[0]):
        draw_crime_records(law, seed, 0, first + row, ledger, row)
