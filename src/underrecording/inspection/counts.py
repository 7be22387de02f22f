"""What auditors count: exact draws for a stratum, reading error on top.

Drawing n records of a stratum without replacement is a hypergeometric draw on
its category counts, one category after the other; misreading thins each count.
Every draw has an address of its own and is an inverse CDF, so equal luck stays
equal luck when a design changes. Auditors without error use two numbers a
stratum and those who err nine more, which leaves the first two as they were.
"""

from __future__ import annotations

from typing import Any

from underrecording.compiling import compiled
from underrecording.rng import uniforms
from underrecording.variates import binomial_quantile, hypergeometric_quantile


@compiled
def read_stratum(
    reports: Any, due: Any, recorded: Any, over_recorded: Any, sampled: Any, confusion: Any,
    seed: Any, world: Any, replicate: Any, purpose: Any, force: Any, group: Any,
) -> Any:  # fmt: skip
    """Read *sampled* records of one stratum: counts read as due, and as due and recorded.

    Parameters
    ----------
    reports, due, recorded, over_recorded : int
        The stratum: all reports; due; due and recorded; recorded though not due.
    sampled : int
        Records read, at most *reports*.
    confusion : float array (4,)
        Sensitivity and specificity of "due", then of "recorded".
    seed, world, replicate, purpose, force, group
        The address of the stratum.

    >>> import numpy as np
    >>> faultless = np.ones(4)
    >>> read_stratum(1000, 860, 700, 10, 50, faultless, np.uint64(7), 0, 3, 2, 12, 0)
    (42, 30)
    """
    u, v = uniforms(seed, world, replicate, purpose, force, group, 0)
    x = hypergeometric_quantile(u, reports, due, sampled)
    y = hypergeometric_quantile(v, due, recorded, x)
    due_seen, not_due_seen, recorded_seen, not_recorded_seen = confusion
    if (
        due_seen == 1.0
        and not_due_seen == 1.0
        and recorded_seen == 1.0
        and not_recorded_seen == 1.0
    ):
        return x, y
    # The four true categories: due or not, recorded or not.
    u, v = uniforms(seed, world, replicate, purpose, force, group, 1)
    z = hypergeometric_quantile(u, reports - due, over_recorded, sampled - x)
    read_due_recorded = binomial_quantile(v, y, due_seen)
    u, v = uniforms(seed, world, replicate, purpose, force, group, 2)
    read_due_unrecorded = binomial_quantile(u, x - y, due_seen)
    read_over_recorded = binomial_quantile(v, z, 1.0 - not_due_seen)
    u, v = uniforms(seed, world, replicate, purpose, force, group, 3)
    read_rest = binomial_quantile(u, sampled - x - z, 1.0 - not_due_seen)
    seen = binomial_quantile(v, read_due_recorded, recorded_seen)
    u, v = uniforms(seed, world, replicate, purpose, force, group, 4)
    seen += binomial_quantile(u, read_due_unrecorded, 1.0 - not_recorded_seen)
    seen += binomial_quantile(v, read_over_recorded, recorded_seen)
    u, _ = uniforms(seed, world, replicate, purpose, force, group, 5)
    seen += binomial_quantile(u, read_rest, 1.0 - not_recorded_seen)
    return read_due_recorded + read_due_unrecorded + read_over_recorded + read_rest, seen
