"""The logistic recording rule."""

from __future__ import annotations

from typing import Any

from underrecording.compiling import compiled
from underrecording.world.rules import RULES


@RULES.register("logistic")
@compiled
def logistic(
    intercept: Any, effect: Any, knowledge_gain: Any, excess_load: Any, pressure: Any,
    kappa: Any, omega: Any, psi: Any,
) -> Any:  # fmt: skip
    """Logit of the chance that a due report is recorded at the first decision.

    logit p = a_k + u_f + kappa (know_f - know_0) - omega max(0, load_f - load_0) - psi_k press_f

    Parameters
    ----------
    intercept : float
        a_k, of the offence group.
    effect : float
        u_f, the unexplained effect of the force.
    knowledge_gain : float
        know_f - know_0, in shares of decision makers with current training.
    excess_load : float
        max(0, load_f - load_0), open incidents per officer on duty.
    pressure : float
        press_f, 0 to 1.
    kappa, omega, psi : float
        Effects of knowledge, workload and pressure (assumed, none is published).

    >>> round(logistic(1.5, 0.2, 0.1, 2.0, 0.5, 1.5, 0.1, 0.3), 12)
    1.5
    """
    return intercept + effect + kappa * knowledge_gain - omega * excess_load - psi * pressure


@compiled
def after_review(p: Any, review_share: Any, detection: Any) -> Any:
    """Chance that a due report ends up recorded, review of refusals included.

    p* = p + (1 - p) s e: of the wrong decisions not to record, a share s is
    reviewed and a share e of those is found and put right.

    >>> round(after_review(0.8, 0.2, 0.5), 6)
    0.82
    """
    return p + (1.0 - p) * review_share * detection
