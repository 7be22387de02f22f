"""Two estimators on the same audits: what is summed of an estimator beside the reference."""

from __future__ import annotations

from typing import Any

from underrecording.audit import OK
from underrecording.compiling import compiled
from underrecording.study.moments import PAIR_COUNTS, PAIR_SUMS, SLACK

(
    D1, D2, Q1, Q2,
    E1, E2, E3, E4, F1, F2, F3, F4, EF, E2F, EF2, E2F2,
    WIDTH, WIDTH2, WINKLER, WINKLER2,
) = range(len(PAIR_SUMS))  # fmt: skip
BOTH, ALONE, REFERENCE_ALONE = range(len(PAIR_COUNTS))


@compiled
def accumulate_pairs(
    moments: Any,
    answers: Any,
    reasons: Any,
    reference: Any,
    reference_reasons: Any,
    truth: Any,
    alpha: Any,
) -> None:
    """Add the replicates that both estimators answered to the pair sums of *moments*, in order.

    Parameters
    ----------
    moments : Moments
        Of one cell, target and estimator; changed in place.
    answers, reference : float arrays (B, 4)
        Estimate, variance, low, high; of the estimator and of the reference.
    reasons, reference_reasons : int arrays (B,)
    truth : float array (W,)
        W is B, or 1 where all replicates share one world.
    alpha : float
        1 - nominal coverage, for the Winkler score.
    """
    sums, counts = moments.pair_sums, moments.pair_counts
    for b in range(answers.shape[0]):
        if reasons[b] != OK or reference_reasons[b] != OK:
            continue
        t = truth[b] if truth.shape[0] > 1 else truth[0]
        e, f = answers[b, 0] - t, reference[b, 0] - t
        ee, ff = e * e, f * f
        d, q = e - f, ee - ff
        width, winkler, covered = _interval(answers[b, 2], answers[b, 3], t, alpha)
        width_f, winkler_f, covered_f = _interval(reference[b, 2], reference[b, 3], t, alpha)
        width -= width_f
        winkler -= winkler_f
        sums[D1] += d
        sums[D2] += d * d
        sums[Q1] += q
        sums[Q2] += q * q
        sums[E1] += e
        sums[E2] += ee
        sums[E3] += ee * e
        sums[E4] += ee * ee
        sums[F1] += f
        sums[F2] += ff
        sums[F3] += ff * f
        sums[F4] += ff * ff
        sums[EF] += e * f
        sums[E2F] += ee * f
        sums[EF2] += e * ff
        sums[E2F2] += ee * ff
        sums[WIDTH] += width
        sums[WIDTH2] += width * width
        sums[WINKLER] += winkler
        sums[WINKLER2] += winkler * winkler
        counts[BOTH] += 1
        counts[ALONE] += covered and not covered_f
        counts[REFERENCE_ALONE] += covered_f and not covered


@compiled(inline=True)  # type: ignore[untyped-decorator]
def _interval(low: Any, high: Any, t: Any, alpha: Any) -> Any:
    """Width, Winkler score, and whether the interval holds the truth, as `accumulate` has them."""
    width = high - low
    winkler = width + 2.0 / alpha * (max(0.0, t - high) + max(0.0, low - t))
    return width, winkler, high >= t - SLACK and low <= t + SLACK
