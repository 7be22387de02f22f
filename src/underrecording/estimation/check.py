"""What an audit must satisfy before compiled code, which trusts it, may read it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike

from underrecording.audit import Audit, Floats, Ints


def checked(audit: Audit) -> Audit:
    """The audit as the arrays compiled code takes.

    Raises
    ------
    ValueError
        If shapes differ, or counts or probabilities are impossible; all such
        mistakes at once.

    >>> table, row = [[5]], [0]
    >>> checked(Audit(row, table, [[4]], [[4]], [[6]], [0.5], row, [[9.0]]))
    Traceback (most recent call last):
    ValueError: counts: expected 0 <= recorded <= due <= sampled <= frame
    """
    audit = Audit(
        force=_whole("force", audit.force, 1),
        frame=_whole("frame", audit.frame, 2),
        sampled=_whole("sampled", audit.sampled, 2),
        due=_whole("due", audit.due, 2),
        recorded=_whole("recorded", audit.recorded, 2),
        p_inclusion=_real("p_inclusion", audit.p_inclusion, 1),
        force_stratum=_whole("force_stratum", audit.force_stratum, 1),
        recorded_volume=_real("recorded_volume", audit.recorded_volume, 2),
    )
    # Numbers can only be compared where shapes agree.
    problems = list(_shape_problems(audit)) or list(_number_problems(audit))
    if problems:
        raise ValueError("; ".join(problems))
    return audit


def _shape_problems(audit: Audit) -> Iterator[str]:
    n_forces, n_strata = audit.frame.shape
    for name in ("sampled", "due", "recorded"):
        shape = getattr(audit, name).shape
        if shape != (n_forces, n_strata):
            yield f"{name}: expected shape {(n_forces, n_strata)}, as frame has, got {shape}"
    for name in ("force", "p_inclusion", "force_stratum"):
        size = getattr(audit, name).size
        if size != n_forces:
            yield f"{name}: expected one value for each of {n_forces} forces, got {size}"
    if audit.recorded_volume.shape[1] != n_strata:
        yield f"recorded_volume: expected {n_strata} columns, as frame has"


def _number_problems(audit: Audit) -> Iterator[str]:
    if not (
        (audit.recorded >= 0).all()
        and (audit.recorded <= audit.due).all()
        and (audit.due <= audit.sampled).all()
        and (audit.sampled <= audit.frame).all()
    ):
        yield "counts: expected 0 <= recorded <= due <= sampled <= frame"
    if not ((audit.p_inclusion > 0.0) & (audit.p_inclusion <= 1.0)).all():
        yield "p_inclusion: expected values above 0, up to 1"
    n_rows = audit.recorded_volume.shape[0]
    if not ((audit.force >= 0) & (audit.force < n_rows)).all():
        yield f"force: expected rows of recorded_volume, 0 to {n_rows - 1}"
    if not ((audit.recorded_volume >= 0.0) & np.isfinite(audit.recorded_volume)).all():
        yield "recorded_volume: expected finite values of 0 or more"
    if not ((audit.force_stratum >= 0) & (audit.force_stratum < max(n_rows, 1))).all():
        yield f"force_stratum: expected labels 0 to {n_rows - 1}"


def _whole(name: str, values: ArrayLike, n_dimensions: int) -> Ints:
    array = np.asarray(values)
    if array.size and not np.issubdtype(array.dtype, np.integer):
        raise ValueError(f"{name}: expected whole numbers, got {array.dtype}")
    return np.ascontiguousarray(_of_dimensions(name, array, n_dimensions), dtype=np.int64)


def _real(name: str, values: ArrayLike, n_dimensions: int) -> Floats:
    array = np.asarray(values, dtype=np.float64)
    return np.ascontiguousarray(_of_dimensions(name, array, n_dimensions), dtype=np.float64)


def _of_dimensions(name: str, array: np.ndarray, n_dimensions: int) -> np.ndarray:
    if array.ndim != n_dimensions:
        raise ValueError(f"{name}: expected {n_dimensions} dimensions, got {array.ndim}")
    return array
