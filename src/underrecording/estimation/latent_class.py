"""How well two readers read, from how often they agree: a latent class model."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from underrecording.audit import Floats
from underrecording.double_reading import (
    IDENTIFIED,
    NOT_CONVERGED,
    NOT_IDENTIFIED,
    NOTHING_READ,
    fit,
    log_likelihood,
)

LATENT_CLASS_REASONS = {
    IDENTIFIED: "ok",
    NOTHING_READ: "no record read twice",
    NOT_IDENTIFIED: "the table does not determine the rates",
    NOT_CONVERGED: "no maximum found",
}


class LatentClass(NamedTuple):
    """What a table of agreement says of records and of those who read them.

    Attributes
    ----------
    prevalence, prevalence_se : float arrays (4,)
        Shares of records truly due and recorded, due and not recorded, recorded
        though not due, neither; with their standard errors.
    rates, rates_se : float arrays (4,)
        Sensitivity and specificity of "due", then of "recorded".
    deviance : float
        2 x (log-likelihood of the table itself - that of the model); chi-square
        on 2 degrees of freedom if the model holds and no number lies at 0 or 1.
    reason : str
        "ok", or why all else is NaN (see `LATENT_CLASS_REASONS`).
    """

    prevalence: Floats
    prevalence_se: Floats
    rates: Floats
    rates_se: Floats
    deviance: float
    reason: str

    @property
    def readers(self) -> Floats:
        """The rates and their variances as `Audit.readers` has them, (4, 2)."""
        return np.column_stack([self.rates, self.rates_se**2])


def latent_class(table: ArrayLike) -> LatentClass:
    """Prevalences and error rates that make a table of agreement likeliest.

    Parameters
    ----------
    table : int array (4, 4)
        Records by first reading (rows) and second reading (columns): read as due
        and recorded, due and not recorded, recorded though not due, neither.

    Returns
    -------
    LatentClass

    Raises
    ------
    ValueError
        If *table* is not 4 x 4 whole numbers of 0 or more.

    Assumes: two readers of equal skill, who err independently of each other, and
    on each question independently of the other, given the true category; hence
    mirrored cells are added up. A record hard for both readers is hard to see:
    rates then come out too good.

    Identified where readers beat chance (sensitivity + specificity > 1; the
    mirror image fits as well) and the two questions are associated in truth, as
    they are where a report not due is seldom recorded. Two readers of one
    question alone never suffice.

    Standard errors come from the observed information. A number at 0 or 1 is
    held there and given the standard error of a share of which n of n were seen,
    under a uniform prior: about 1 / n, n the readings that show it. So two
    readers who never disagree are faultless as far as anyone knows, and n says
    how far.

    Source: Dawid & Skene (1979), Applied Statistics 28:20, with equal readers;
    Hui & Walter (1980), Biometrics 36:167, for what two readers can tell.

    >>> answer = latent_class(
    ...     [[1122, 74, 72, 8], [62, 257, 6, 40], [63, 7, 9, 19], [5, 40, 13, 203]]
    ... )
    >>> np.round(answer.rates, 3).tolist()
    [0.943, 0.889, 0.958, 0.927]
    >>> np.round(answer.rates_se, 3).tolist(), answer.reason
    ([0.005, 0.02, 0.006, 0.013], 'ok')
    """
    counts = _counts(table)
    theta, variance = np.empty(8), np.empty(8)
    code = fit(counts, theta, variance)
    se = np.sqrt(variance)
    deviance = _deviance(counts, theta) if code == IDENTIFIED else math.nan
    return LatentClass(theta[:4], se[:4], theta[4:], se[4:], deviance, LATENT_CLASS_REASONS[code])


def _counts(table: ArrayLike) -> np.ndarray:
    counts = np.asarray(table)
    if counts.shape != (4, 4) or not np.issubdtype(counts.dtype, np.integer):
        raise ValueError(
            f"table: expected 4 x 4 whole numbers, got {counts.dtype} of shape {counts.shape}"
        )
    if (counts < 0).any():
        raise ValueError("table: expected counts of 0 or more")
    return counts.astype(np.int64)


def _deviance(counts: np.ndarray, theta: Floats) -> float:
    # The model's cells are symmetric, so the table itself means its symmetric part.
    cells = (counts + counts.T) / 2.0
    seen = cells[cells > 0.0]
    saturated = float((seen * np.log(seen / cells.sum())).sum())
    return max(0.0, 2.0 * (saturated - float(log_likelihood(counts, theta))))
