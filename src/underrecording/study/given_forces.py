"""The record draw integrated out: what is known of an estimate once the forces are drawn.

Given the forces, counts of records drawn without replacement have known means
and variances, with reading error too. So the linear part of what the draw adds to
a ratio estimate has mean 0 exactly and a variance in closed form. Taken off each
error it leaves the bias as it was and takes the noise of the record draw out of
it; in the empirical variance its known variance stands for the simulated one.
Nothing is approximated: what is not linear stays in the error and is simulated.
Source of the idea: control variates, as in Owen (2013), Monte Carlo theory,
methods and examples, ch. 8.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from underrecording.audit import Audits
from underrecording.estimation import EstimatorSpec
from underrecording.inspection.questions import Question, as_read
from underrecording.inspection.review import Review
from underrecording.inspection.strands import Strand
from underrecording.study.measures import UNDEFINED, Measure
from underrecording.study.replicates import WHOLE, Domain

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

INTEGRATED = ("combined_ratio", "pooled")
"""Points that are a ratio of weighted sums of records: those that can be integrated."""


class Controls(NamedTuple):
    """What is known of B errors once their forces are drawn.

    Attributes
    ----------
    control : float array (B,)
        Linear part of what records and readings add to the error: mean 0.
    records, readings : float arrays (B,)
        Its variance given the forces, by the draw of records and by reading error.
    """

    control: Floats
    records: Floats
    readings: Floats

    @classmethod
    def joined(cls, some: Sequence[Controls]) -> Controls:
        """One after the other."""
        return cls(*(np.concatenate(fields) for fields in zip(*some, strict=True)))

    def at(self, which: NDArray[np.bool_]) -> Controls:
        """Those of some errors."""
        return Controls(*(field[which] for field in self))


class Gain(NamedTuple):
    """Bias and empirical SE from the same replicates, plain and integrated.

    Attributes
    ----------
    bias, integrated_bias : Measure
    empirical_se, integrated_se : Measure
    records, readings : Measure
        Mean variance given the forces by record draw and reading error, to first
        order; by far surer than the components of nested replicates.
    bias_factor, variance_factor : float
        How many times the replicates a plain study needs for the same MCSE of
        the bias, of the empirical variance.
    """

    bias: Measure
    integrated_bias: Measure
    empirical_se: Measure
    integrated_se: Measure
    records: Measure
    readings: Measure
    bias_factor: float
    variance_factor: float


def integrate(
    spec: EstimatorSpec,
    question: Question,
    review: Review,
    strand: Strand,
    audits: Audits,
    domain: Domain = WHOLE,
) -> Controls | None:
    """What is known of the errors of *audits* given their forces; None where it cannot be done.

    Parameters
    ----------
    spec : EstimatorSpec
        Its point is one of `INTEGRATED`.
    question : Question
        Answered as it is read.
    review : Review
        Without records out of reach or second readings.
    strand : Strand
        In the worlds of the audits.
    audits : Audits
        B of them, of the strata of *domain* alone if it is not `WHOLE`.

    For a stratum of N records with a share p_t of true category t, of which a reader
    finds a mean residual mu_t with variance s2_t (residual y - A x, A the ratio of
    expected sums), n records add n sum_t p_t mu_t in the mean, with variance::

        records   n (N - n) / (N - 1) (sum_t p_t mu_t^2 - (sum_t p_t mu_t)^2)
        readings  n sum_t p_t s2_t
    """
    if spec.point not in INTEGRATED or question.answer is not as_read:
        return None
    if review.rereading.share > 0.0 or review.unreachable.any():
        return None
    share, found_due, found_recorded = _categories(strand, review, audits, domain)
    n, size = audits.sampled.astype(float), audits.frame.astype(float)
    weight = np.ones(n.shape)
    if spec.point == "combined_ratio":
        weight = np.divide(size, n, out=np.zeros(n.shape), where=n > 0)
        weight /= audits.p_inclusion[:, :, None]
    due = (weight * n * (share @ found_due)).sum(axis=(1, 2))
    recorded = (weight * n * (share @ (found_due * found_recorded))).sum(axis=(1, 2))
    a = (recorded / due)[:, None, None, None]
    # Of one record, by its true category: mean and mean square of y - A x as read.
    mean = found_due * (found_recorded - a)
    square = found_due * (found_recorded * (1.0 - a) ** 2 + (1.0 - found_recorded) * a**2)
    expected = (share * mean).sum(axis=-1)
    between = (share * mean**2).sum(axis=-1) - expected**2
    within = (share * (square - mean**2)).sum(axis=-1)
    left = np.divide(size - n, size - 1.0, out=np.zeros(n.shape), where=size > 1)
    slope = weight / due[:, None, None]
    residual = audits.recorded - a[..., 0] * audits.due
    return Controls(
        # Under-recording is 1 less the accuracy.
        control=-(slope * (residual - n * expected)).sum(axis=(1, 2)),
        records=(slope**2 * n * left * between).sum(axis=(1, 2)),
        readings=(slope**2 * n * within).sum(axis=(1, 2)),
    )


def _categories(
    strand: Strand, review: Review, audits: Audits, domain: Domain
) -> tuple[Floats, Floats, Floats]:
    """Share of each true category (B, m, H, 4); chance to be read as due, then as recorded (4,)."""
    world = np.arange(len(audits.force))[:, None] if len(strand.reports) > 1 else 0

    def of(counts: Ints) -> Floats:
        found: Floats = counts[world, audits.force].astype(float)
        return found if domain == WHOLE else found[..., domain.columns]

    size, due = of(strand.reports), of(strand.due)
    recorded, over = of(strand.recorded), of(strand.over_recorded)
    counts = np.stack([recorded, due - recorded, over, size - due - over], axis=-1)
    share = np.divide(
        counts, size[..., None], out=np.zeros(counts.shape), where=size[..., None] > 0
    )
    sensitive_due, specific_due, sensitive_recorded, specific_recorded = review.confusion
    found_due = np.array([sensitive_due] * 2 + [1.0 - specific_due] * 2)
    found_recorded = np.array([sensitive_recorded, 1.0 - specific_recorded] * 2)
    return share, found_due, found_recorded


def gain(errors: Floats, known: Controls) -> Gain:
    """What integrating over the record draw saves, from B errors and what is known of them.

    The variance of an error e with control c, r = e - c, is
    Var(r) + 2 E[(r - E r) c] + E[Var(c | forces)].
    """
    n = errors.size
    rest = errors - known.control
    plain = (errors - errors.mean()) ** 2
    centred = rest - rest.mean()
    known_variance = known.records + known.readings
    integrated = centred**2 + 2.0 * centred * known.control + known_variance
    return Gain(
        bias=mean_of(errors),
        integrated_bias=mean_of(rest),
        empirical_se=_root(plain, n),
        integrated_se=_root(integrated, n),
        records=mean_of(known.records),
        readings=mean_of(known.readings),
        bias_factor=_ratio(float(errors.var()), float(rest.var())),
        variance_factor=_ratio(float(plain.var()), float(integrated.var())),
    )


def mean_of(values: Floats) -> Measure:
    """Mean over independent units and its standard error; NaN for fewer than two."""
    if values.size < 2:
        return UNDEFINED
    return Measure(float(values.mean()), float(values.std(ddof=1) / math.sqrt(values.size)))


def _root(squares: Floats, n: int) -> Measure:
    """Root of a mean of squares about a mean, with its error by the delta method."""
    if n < 2:
        return UNDEFINED
    value, mcse = mean_of(squares)
    root = math.sqrt(max(0.0, value * n / (n - 1)))
    return Measure(root, mcse / (2.0 * root) if root > 0.0 else 0.0)


def _ratio(before: float, after: float) -> float:
    return before / after if after > 0.0 else math.inf
