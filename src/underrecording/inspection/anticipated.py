"""What an inspector who plans ahead takes the residuals of records to vary by."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from underrecording.inspection.options import Records
from underrecording.published import load_published, recording_accuracy_targets

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


def residual_variance(accuracy: Floats, national: float, due_share: float) -> Floats:
    """Variance of y - A x over the reports of a stratum.

    A report is due (x = 1) with probability q; a due one is recorded (y = 1)
    with probability p; so y - A x is 1 - A, -A or 0, its mean is q (p - A), and
    its mean square q (p (1 - A)**2 + (1 - p) A**2).

    Parameters
    ----------
    accuracy : float array
        p of each stratum.
    national : float
        A, the accuracy from which the residuals are taken.
    due_share : float
        q.

    Returns
    -------
    float array of the shape of *accuracy*

    At A = p it is q p (1 - p):

    >>> residual_variance(np.array([0.8, 0.5]), 0.8, 0.5).round(4)
    array([0.08  , 0.1475])
    """
    mean = due_share * (accuracy - national)
    missed, met = national**2, (1.0 - national) ** 2
    square: Floats = due_share * (accuracy * met + (1.0 - accuracy) * missed)
    return square - mean**2


def anticipated_accuracy(groups: tuple[str, ...], options: Records) -> Floats:
    """Recording accuracy of each of *groups* that an allocation plans with, (K,).

    Where *options* give none it is the published one: violence and sexual
    offences as printed, the other four recalled and unchecked.

    >>> options = Records(allocation="neyman", anticipated_accuracy={"robbery": 0.9})
    >>> anticipated_accuracy(("violence", "sexual", "robbery"), options)
    array([0.67, 0.74, 0.9 ])
    """
    published = recording_accuracy_targets(load_published())
    given: Mapping[Any, float] = options.anticipated_accuracy
    return np.array([given.get(name, published[name].value) for name in groups])


def anticipated_sd(reports: Ints, groups: tuple[str, ...], options: Records) -> Floats:
    """Standard deviation of y - A x by offence group, alike in all forces, (K,).

    A is the national accuracy that follows from those of the groups: one due
    share for all, so due crimes are in proportion to *reports*, (F, K).

    >>> options = Records(allocation="neyman")
    >>> anticipated_sd(np.array([[300, 100]]), ("violence", "burglary"), options).round(3)
    array([0.437, 0.296])
    """
    accuracy = anticipated_accuracy(groups, options)
    national = float(np.average(accuracy, weights=reports.sum(axis=0)))
    return np.sqrt(residual_variance(accuracy, national, options.anticipated_due_share))
