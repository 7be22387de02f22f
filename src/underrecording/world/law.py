"""The law of a world as the compiled code sees it, and what sets its forces apart."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from underrecording.compiling import compiled
from underrecording.rng import FORCE_EFFECTS, normals_of_forces

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
    bureau_share : float
        Chance that a report on the frame was made directly to the crime bureau.
    bureau_effect : float
        By how much the logit of being recorded is higher there; see `p_at_bureau`.
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
    bureau_share: float
    bureau_effect: float


def luck_of_forces(law: Law, seed: int, world: int, replicate: int) -> Floats:
    """What sets forces apart in one world, in standard deviations.

    Returns
    -------
    float array (4, F)
        The unexplained effect (as given, where it is); then of the logits of
        knowledge, review share and pressure.
    """
    luck = np.empty((4, len(law.fixed_effect)))
    fill_luck(law, np.uint64(seed), world, replicate, luck)
    return luck


@compiled
def fill_luck(law: Any, seed: Any, world: Any, replicate: Any, luck: Any) -> None:
    """Fill *luck* (4, F) as `luck_of_forces` returns it; or (4, more than F): forces unheard of."""
    normals_of_forces(seed, world, replicate, FORCE_EFFECTS, 0, luck[0], luck[1])
    normals_of_forces(seed, world, replicate, FORCE_EFFECTS, 1, luck[2], luck[3])
    for f in range(law.fixed_effect.size):
        if not math.isnan(law.fixed_effect[f]):
            luck[0, f] = law.fixed_effect[f]


@compiled
def p_at_bureau(p: Any, share: Any, effect: Any) -> Any:
    """Chance that a due report made to the crime bureau is recorded.

    Over both routes the chance is *p*: a share of *share* is made to the bureau,
    where the logit is higher by *effect*. So x, the chance in the control room,
    solves share r x / (1 - x + r x) + (1 - share) x = p with r = exp(effect).

    >>> round(p_at_bureau(0.8, 0.4, 0.0), 12)
    0.8
    >>> at_bureau = p_at_bureau(0.8, 0.4, 1.0)
    >>> elsewhere = (0.8 - 0.4 * at_bureau) / 0.6
    >>> round(math.log(at_bureau / (1 - at_bureau)) - math.log(elsewhere / (1 - elsewhere)), 12)
    1.0
    """
    more = math.exp(effect) - 1.0
    half = 1.0 + more * (share - p)
    x = 2.0 * p / (half + math.sqrt(half * half + 4.0 * (1.0 - share) * more * p))
    return (1.0 + more) * x / (1.0 + more * x)
