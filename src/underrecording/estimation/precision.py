"""What an interval is made of: an estimate, and all that is known of its precision."""

from __future__ import annotations

import math
from typing import NamedTuple


class Precision(NamedTuple):
    """An estimated share with its precision.

    Attributes
    ----------
    value : float
        In [0, 1].
    variance : float
    level : float
        Nominal coverage, in (0, 1).
    df : float
        Degrees of freedom of the variance; inf for one taken as known.
    quantile : float
        Two-sided: normal or Student's t on `df`, as the interval is registered.
    n_eff : float
        Independent records that would give this variance; inf where nothing was
        left to chance (see `effective_sample_size`).
    n_due : float
        Records read as due.
    """

    value: float
    variance: float
    level: float
    df: float
    quantile: float
    n_eff: float
    n_due: float


def precision(
    value: float,
    variance: float,
    *,
    level: float = 0.95,
    df: float = math.inf,
    n_due: float = math.nan,
) -> Precision:
    """Precision of an estimate strictly between 0 and 1, its quantile Student's t on *df*.

    >>> made = precision(0.8, 0.0004, df=12)
    >>> f"{made.quantile:.4f} {made.n_eff:.1f}"
    '2.1788 400.0'
    """
    from underrecording.special import t_quantile

    n_eff = math.inf if variance == 0.0 else value * (1.0 - value) / variance
    quantile = t_quantile(0.5 + level / 2.0, df)
    return Precision(value, variance, level, df, quantile, n_eff, n_due)
