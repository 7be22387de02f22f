"""What is kept of many replicates: power sums and fixed-bin histograms, never rows.

Sums are taken in replicate order within a block and blocks are added in block
order, so a study gives the same bytes whatever the number of workers.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from underrecording.audit import OK, REASONS
from underrecording.compiling import compiled

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

(
    E1, E2, E3, E4,
    ESTIMATE, TRUTH, TRUTH2, E_TRUTH,
    VARIANCE, VARIANCE2, VARIANCE_E, VARIANCE_E2,
    WIDTH, WIDTH2, WINKLER, WINKLER2,
) = range(16)  # fmt: skip
SUMS = (
    "e1", "e2", "e3", "e4", "estimate", "truth", "truth2", "e_truth",
    "variance", "variance2", "variance_e", "variance_e2", "width", "width2", "winkler", "winkler2",
)  # fmt: skip
"""Power sums over answered replicates: e = estimate - truth, variance = estimated."""

COVERED, MISS_LOW, MISS_HIGH, WITHIN = 0, 1, 2, 3
COUNTS = ("covered", "miss_low", "miss_high", "within_one_point")
"""Replicates whose interval holds the truth, lies below it, above it; with |e| <= 0.01."""

PAIR_SUMS = (
    "d1", "d2", "q1", "q2",
    "e1", "e2", "e3", "e4", "f1", "f2", "f3", "f4", "ef", "e2f", "ef2", "e2f2",
    "width", "width2", "winkler", "winkler2",
)  # fmt: skip
"""Power sums over replicates that both answered: e of the estimator, f of the reference.

d = e - f, q = e^2 - f^2; width and winkler are differences too.
"""
PAIR_COUNTS = ("both", "covered_alone", "reference_covered_alone")
"""Replicates that both answered; in which one interval holds the truth and the other does not."""

ERROR_BIN, ERROR_LIMIT = 2e-4, 0.2
N_ERROR_BINS = round(2 * ERROR_LIMIT / ERROR_BIN) + 2
SHARE_BIN = 1e-3
N_SHARE_BINS = round(1 / SHARE_BIN) + 2
"""Bins are of fixed width; the first and the last hold what lies outside."""

SLACK = 1e-12  # An interval of width 0 at the truth holds it, whatever the last digit.
_CLOSE = 0.01


class Moments(NamedTuple):
    """Summary of the replicates of one cell, target and estimator.

    Leading axes may be added; `merge` adds two summaries of any equal shape.

    Attributes
    ----------
    sums : float array (len(SUMS),)
    counts : int array (len(COUNTS),)
    reasons : int array (len(REASONS),)
        Replicates by reason; reason 0 counts the answered ones.
    errors, lows, highs : int arrays (N_ERROR_BINS,)
        Histograms of estimate, low and high, each minus truth.
    estimates, truths : int arrays (N_SHARE_BINS,)
        Histograms of the estimate and of the truth.
    pair_sums : float array (len(PAIR_SUMS),)
    pair_counts : int array (len(PAIR_COUNTS),)
        What `accumulate_pairs` adds: the estimator beside the reference; zeros of the
        reference itself.
    """

    sums: Floats
    counts: Ints
    reasons: Ints
    errors: Ints
    lows: Ints
    highs: Ints
    estimates: Ints
    truths: Ints
    pair_sums: Floats
    pair_counts: Ints

    @classmethod
    def empty(cls, *shape: int) -> Moments:
        """Return zeros with leading axes *shape*."""

        def ints(n: int) -> Ints:
            return np.zeros((*shape, n), np.int64)

        return cls(
            sums=np.zeros((*shape, len(SUMS))),
            counts=ints(len(COUNTS)),
            reasons=ints(len(REASONS)),
            errors=ints(N_ERROR_BINS),
            lows=ints(N_ERROR_BINS),
            highs=ints(N_ERROR_BINS),
            estimates=ints(N_SHARE_BINS),
            truths=ints(N_SHARE_BINS),
            pair_sums=np.zeros((*shape, len(PAIR_SUMS))),
            pair_counts=ints(len(PAIR_COUNTS)),
        )

    def at(self, *index: int) -> Moments:
        """Return a view of one summary of many."""
        return Moments._make(field[index] for field in self)


def merge(first: Moments, second: Moments) -> Moments:
    """Summary of two runs of replicates, *first* before *second*."""
    return Moments._make(a + b for a, b in zip(first, second, strict=True))


@compiled
def bin_of(value: Any, low: Any, width: Any, n_bins: Any) -> Any:
    """Bin of *value*: 0 below *low*, n_bins - 1 past the last edge.

    >>> [bin_of(value, 0.0, 0.25, 6) for value in (-0.1, 0.0, 0.3, 0.99, 1.0)]
    [0, 1, 2, 4, 5]
    """
    position = math.floor((value - low) / width) + 1
    return int(min(max(position, 0), n_bins - 1))


@compiled
def accumulate(moments: Moments, answers: Any, reasons: Any, truth: Any, alpha: Any) -> None:
    """Add replicates to *moments*, in order.

    Parameters
    ----------
    moments : Moments
        Of one cell, target and estimator; changed in place.
    answers : float array (B, 4)
        Estimate, variance, low, high.
    reasons : int array (B,)
    truth : float array (W,)
        W is B, or 1 where all replicates share one world.
    alpha : float
        1 - nominal coverage, for the Winkler score.
    """
    sums, counts = moments.sums, moments.counts
    for b in range(answers.shape[0]):
        moments.reasons[reasons[b]] += 1
        if reasons[b] != OK:
            continue
        t = truth[b] if truth.shape[0] > 1 else truth[0]
        estimate, variance, low, high = answers[b]
        e = estimate - t
        e_squared = e * e
        width = high - low
        below = max(0.0, t - high)
        above = max(0.0, low - t)
        winkler = width + 2.0 / alpha * (below + above)
        sums[E1] += e
        sums[E2] += e_squared
        sums[E3] += e_squared * e
        sums[E4] += e_squared * e_squared
        sums[ESTIMATE] += estimate
        sums[TRUTH] += t
        sums[TRUTH2] += t * t
        sums[E_TRUTH] += e * t
        sums[VARIANCE] += variance
        sums[VARIANCE2] += variance * variance
        sums[VARIANCE_E] += variance * e
        sums[VARIANCE_E2] += variance * e_squared
        sums[WIDTH] += width
        sums[WIDTH2] += width * width
        sums[WINKLER] += winkler
        sums[WINKLER2] += winkler * winkler
        if high < t - SLACK:
            counts[MISS_LOW] += 1
        elif low > t + SLACK:
            counts[MISS_HIGH] += 1
        else:
            counts[COVERED] += 1
        if abs(e) <= _CLOSE + SLACK:
            counts[WITHIN] += 1
        moments.errors[bin_of(e, -ERROR_LIMIT, ERROR_BIN, N_ERROR_BINS)] += 1
        moments.lows[bin_of(low - t, -ERROR_LIMIT, ERROR_BIN, N_ERROR_BINS)] += 1
        moments.highs[bin_of(high - t, -ERROR_LIMIT, ERROR_BIN, N_ERROR_BINS)] += 1
        moments.estimates[bin_of(estimate, 0.0, SHARE_BIN, N_SHARE_BINS)] += 1
        moments.truths[bin_of(t, 0.0, SHARE_BIN, N_SHARE_BINS)] += 1
