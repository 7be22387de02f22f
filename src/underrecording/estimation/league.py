"""Forces side by side: how accurate each is, and which of them can be told apart."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import NamedTuple

import numpy as np

from underrecording.audit import Audit, Floats, Ints
from underrecording.errors import UserError
from underrecording.estimation.check import checked
from underrecording.estimation.compile import compiled
from underrecording.estimation.effective_counts import EffectiveCounts, effective_counts
from underrecording.estimation.intervals.wilson import wilson
from underrecording.estimation.posterior import Posterior, node, posterior
from underrecording.estimation.precision import precision
from underrecording.estimation.priors import UNIFORM
from underrecording.estimation.ranking import (
    accuracy_share,
    holm,
    joint_ranks,
    rank_law,
    score_test,
)

_KNOWN = 1e12  # Records that stand for a force read whole.


class Standing(NamedTuple):
    """One force in the table.

    Attributes
    ----------
    force : str
    n_eff : float
        Effective due records read.
    accuracy, low, high : float
        As audited, with Wilson's interval.
    shrunken, shrunken_low, shrunken_high : float
        Posterior mean and equal-tailed credible interval.
    rank_low, rank_high : int
        Ranks open to the force, 1 the most accurate, all forces jointly.
    mean_rank : float
        Posterior mean of the rank.
    likely_rank_low, likely_rank_high : int
        Equal-tailed credible interval of the rank of this force alone.
    """

    force: str
    n_eff: float
    accuracy: float
    low: float
    high: float
    shrunken: float
    shrunken_low: float
    shrunken_high: float
    rank_low: int
    rank_high: int
    mean_rank: float
    likely_rank_low: int
    likely_rank_high: int


class Pair(NamedTuple):
    """Two forces compared.

    Attributes
    ----------
    higher, lower : str
        By accuracy as audited.
    p_value, p_adjusted : float
        Score test of equal accuracy, alone and after Holm for all pairs.
    p_above : float
        Posterior probability that `higher` is the more accurate.
    """

    higher: str
    lower: str
    p_value: float
    p_adjusted: float
    p_above: float


@dataclass(frozen=True)
class League:
    """A league table, and what it cannot tell.

    Attributes
    ----------
    standings : tuple of Standing
        In order of accuracy as audited, the highest first.
    pairs : tuple of Pair
        All m (m - 1) / 2 of them, in that order.
    level : float
        Nominal coverage of all intervals.
    unread : tuple of str
        Forces of which no record was read as due: not in the table.
    """

    standings: tuple[Standing, ...]
    pairs: tuple[Pair, ...]
    level: float
    unread: tuple[str, ...]

    def alike(self) -> tuple[Pair, ...]:
        """Pairs that the audit does not tell apart at this level, all pairs considered."""
        return tuple(pair for pair in self.pairs if pair.p_adjusted > 1.0 - self.level)


def league(audit: Audit, names: Sequence[str], *, level: float = 0.95) -> League:
    """League table of the inspected forces.

    Formula::

        as audited:  A_f = Y_f / X_f; Wilson's interval on n_eff,f records
        shrunken:    A_f ~ Beta(a + y_f, b + n_f - y_f), mixed over the posterior of (a, b)
        rank_low  =     1 + forces whose interval lies wholly above
        rank_high = m - forces whose interval lies wholly below

    with effective counts y_f of n_f as in `effective_counts`, divided by the
    share left to chance where much of a force's reports were read. The
    intervals that ranks rest on are Wilson's at ``level^(1/m)`` each: forces are
    independent, so all hold at once with probability `level`, and then so do all
    ranks.

    Parameters
    ----------
    audit : Audit
        Volumes and inclusion probabilities are not used.
    names : sequence of str, length m
        One for each row of the audit; a force drawn twice counts once.
    level : float
        Nominal coverage, in (0, 1).

    Raises
    ------
    UserError
        If nothing was read as due anywhere.
    ValueError
        If the audit is impossible, or names are not one for each row.

    Assumes: what `beta_binomial` assumes of forces and records, with its uniform prior.

    Source: Klein, Wright & Wieczorek (2020), J. R. Statist. Soc. A 183:837, for
    joint ranks; Goldstein & Spiegelhalter (1996), J. R. Statist. Soc. A 159:385, for why.

    Essex and the Metropolitan Police, from the interim report of May 2014:

    >>> audit = Audit(
    ...     force=[0, 1], frame=[[0], [0]], sampled=[[120], [1126]], due=[[120], [1126]],
    ...     recorded=[[110], [908]], p_inclusion=[1.0, 1.0], force_stratum=[0, 1],
    ...     recorded_volume=[[0.0], [0.0]],
    ... )
    >>> table = league(audit, ("Essex", "Metropolitan"))
    >>> for row in table.standings:
    ...     print(f"{row.force}: {row.accuracy:.3f}, rank {row.rank_low} to {row.rank_high}")
    Essex: 0.917, rank 1 to 1
    Metropolitan: 0.806, rank 2 to 2
    >>> f"{table.pairs[0].p_adjusted:.4f} {len(table.alike())}"
    '0.0030 0'
    """
    if not 0.0 < level < 1.0:
        raise ValueError(f"level: {level} is not between 0 and 1")
    if len(names) != len(audit.force):
        raise ValueError(f"names: expected {len(audit.force)}, one for each row, got {len(names)}")
    audit = checked(audit)
    counts = effective_counts(audit)
    read = np.nonzero(counts.recorded + counts.unrecorded > 0.0)[0]
    name_of = dict(zip(audit.force.tolist(), names, strict=True))
    unread = tuple(name for f, name in name_of.items() if f not in read)
    if read.size == 0:
        raise UserError("league table: no record of any force was read as due")
    forces = _from_the_top(counts, read)
    named = [name_of[int(f)] for f in forces]
    law = posterior(counts, UNIFORM)
    rank, above = rank_law(law, counts, forces)
    return League(
        tuple(_standings(counts, forces, named, law, rank, level)),
        tuple(_pairs(counts, forces, named, above)),
        level,
        unread,
    )


def _from_the_top(counts: EffectiveCounts, read: Ints) -> Ints:
    """Rows of the forces, by accuracy as audited."""
    accuracy = counts.recorded[read] / (counts.recorded[read] + counts.unrecorded[read])
    forces: Ints = read[np.argsort(-accuracy, kind="stable")]
    return forces


def _of_this_year(counts: EffectiveCounts, forces: Ints) -> tuple[Floats, Floats]:
    """Recorded and unrecorded, as many as make up for the reports that were all read."""
    n = counts.recorded[forces] + counts.unrecorded[forces]
    factor = np.minimum(1.0 / np.maximum(counts.left[forces], 1.0 / _KNOWN), _KNOWN / n)
    return counts.recorded[forces] * factor, counts.unrecorded[forces] * factor


def _standings(
    counts: EffectiveCounts,
    forces: Ints,
    named: Sequence[str],
    law: Posterior,
    rank: Floats,
    level: float,
) -> Iterator[Standing]:
    m, tail = forces.size, 0.5 * (1.0 - level)
    recorded, unrecorded = _of_this_year(counts, forces)
    low, high = _wilson(recorded, unrecorded, level)
    best, worst = joint_ranks(*_wilson(recorded, unrecorded, level ** (1.0 / m)))
    below = rank.cumsum(axis=1)
    for i, f in enumerate(forces):
        yield Standing(
            force=named[i],
            n_eff=float(counts.recorded[f] + counts.unrecorded[f]),
            accuracy=float(recorded[i] / (recorded[i] + unrecorded[i])),
            low=float(low[i]),
            high=float(high[i]),
            shrunken=shrunken_mean(law, counts, f),
            shrunken_low=shrunken_quantile(law, counts, f, tail),
            shrunken_high=shrunken_quantile(law, counts, f, 1.0 - tail),
            rank_low=int(best[i]),
            rank_high=int(worst[i]),
            mean_rank=float(rank[i] @ np.arange(1, m + 1)),
            # Rounding must not carry the last rank past the end.
            likely_rank_low=1 + min(int((below[i] <= tail).sum()), m - 1),
            likely_rank_high=1 + min(int((below[i] < 1.0 - tail).sum()), m - 1),
        )


def _wilson(recorded: Floats, unrecorded: Floats, level: float) -> tuple[Floats, Floats]:
    """Wilson's interval of each share, (m,) low and high."""
    ends = np.empty((recorded.size, 2))
    for i, (y, z) in enumerate(zip(recorded, unrecorded, strict=True)):
        share = float(y / (y + z))
        made = precision(share, share * (1.0 - share) / float(y + z), level=level)
        ends[i] = wilson(made._replace(n_eff=float(y + z)))
    return ends[:, 0], ends[:, 1]


def _pairs(
    counts: EffectiveCounts, forces: Ints, named: Sequence[str], above: Floats
) -> Iterator[Pair]:
    both = list(combinations(range(forces.size), 2))
    p = score_test(*_of_this_year(counts, forces))
    alone = np.array([p[i, j] for i, j in both])
    for (i, j), single, adjusted in zip(both, alone, holm(alone), strict=True):
        yield Pair(named[i], named[j], float(single), float(adjusted), float(above[i, j]))


@compiled
def shrunken_mean(law: Posterior, counts: EffectiveCounts, f: int) -> float:
    """Posterior mean of the accuracy of force *f*."""
    recorded, records = counts.recorded[f], counts.recorded[f] + counts.unrecorded[f]
    if counts.left[f] == 0.0:
        return recorded / records  # type: ignore[no-any-return]
    total = 0.0
    for k in range(law.weight.size):
        a, b, weight = node(law, k)
        left = counts.left[f]
        total += weight * (left * a + recorded) / (left * (a + b) + records)
    return total


@compiled
def shrunken_quantile(law: Posterior, counts: EffectiveCounts, f: int, p: float) -> float:
    """Accuracy below which force *f* lies with posterior probability *p*."""
    if counts.left[f] == 0.0:
        return shrunken_mean(law, counts, f)
    low, high = 0.0, 1.0
    # Each step halves the bracket.
    for _ in range(45):
        at, below = 0.5 * (low + high), 0.0
        for k in range(law.weight.size):
            a, b, weight = node(law, k)
            if weight > 1e-9:
                below += weight * accuracy_share(at, a, b, counts, f)
        if below < p:
            low = at
        else:
            high = at
    return 0.5 * (low + high)
