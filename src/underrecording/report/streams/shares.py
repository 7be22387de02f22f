"""Shares with their binomial error, for drawing."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from underrecording.estimation.intervals.wilson import wilson
from underrecording.estimation.precision import Precision

Z_95 = 1.959964
ERROR_NOTE = "95 % Wilson intervals: what chance alone leaves open in so many decisions."
BASIS = (
    "Simulated: one force in one world. Volumes and officers published; effect sizes, service "
    "times, routes and rosters assumed."
)


def with_interval(table: pd.DataFrame, count: str, whole: str, prefix: str) -> pd.DataFrame:
    """Add ``<prefix>_low`` and ``<prefix>_high`` to *table*: of *count* in *whole*, 95 per cent.

    NaN where nothing was counted.

    >>> table = with_interval(pd.DataFrame({"x": [7, 0], "n": [50, 0]}), "x", "n", "share")
    >>> table.round(4).to_numpy()[0].tolist()
    [7.0, 50.0, 0.0695, 0.2619]
    """
    limits = [_wilson(int(k), int(n)) for k, n in zip(table[count], table[whole], strict=True)]
    low, high = np.array(limits, float).reshape(-1, 2).T
    return table.assign(**{f"{prefix}_low": low, f"{prefix}_high": high})


def _wilson(count: int, whole: int) -> tuple[float, float]:
    if whole == 0:
        return np.nan, np.nan
    value = count / whole
    variance = value * (1.0 - value) / whole
    share = Precision(value, variance, 0.95, math.inf, Z_95, float(whole), float(whole))
    low, high = wilson(share)
    return float(low), float(high)
