"""What an audit must satisfy before compiled code, which trusts it, may read it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike

from underrecording.audit import Audit, Audits, Floats, Ints, Totals
from underrecording.totals import add_up, room_for_totals


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
        over_recorded=_whole("over_recorded", audit.over_recorded, 2),
        post_stratum=_whole("post_stratum", audit.post_stratum, 1),
        p_joint=_real("p_joint", audit.p_joint, 2),
        readers=_real("readers", audit.readers, 2),
        seed=int(audit.seed),
    )
    if audit.over_recorded.size == 0:
        audit = audit._replace(over_recorded=np.zeros_like(audit.due))
    if audit.post_stratum.size == 0:
        audit = audit._replace(post_stratum=np.zeros(len(audit.recorded_volume), np.int64))
    # Numbers can only be compared where shapes agree.
    problems = list(_shape_problems(audit)) or list(_number_problems(audit))
    if problems:
        raise ValueError("; ".join(problems))
    return with_totals(audit)


def with_totals(audit: Audit) -> Audit:
    """The audit, its arrays as `checked` makes them, with its `Totals`."""
    totals = alone(audit).totals
    return audit._replace(totals=Totals._make(field[0] for field in totals))


def alone(audit: Audit) -> Audits:
    """One audit, its arrays as `checked` makes them, as one of many."""
    shared = ("post_stratum", "p_joint", "seed", "totals")
    audits = Audits(
        **{name: getattr(audit, name)[None] for name in Audit._fields if name not in shared},
        post_stratum=audit.post_stratum,
        p_joint=audit.p_joint,
        seed=np.array([audit.seed]),
        totals=room_for_totals(1, audit.force.size),
    )
    add_up(audits)
    return audits


def _shape_problems(audit: Audit) -> Iterator[str]:
    n_forces, n_strata = audit.frame.shape
    for name in ("sampled", "due", "recorded", "over_recorded"):
        shape = getattr(audit, name).shape
        if shape != (n_forces, n_strata):
            yield f"{name}: expected shape {(n_forces, n_strata)}, as frame has, got {shape}"
    for name in ("force", "p_inclusion", "force_stratum"):
        size = getattr(audit, name).size
        if size != n_forces:
            yield f"{name}: expected one value for each of {n_forces} forces, got {size}"
    if audit.recorded_volume.shape[1] != n_strata:
        yield f"recorded_volume: expected {n_strata} columns, as frame has"
    n_rows = audit.recorded_volume.shape[0]
    if audit.post_stratum.size != n_rows:
        yield f"post_stratum: expected one value for each of {n_rows} forces of the frame"
    if audit.p_joint.shape not in ((0, 0), (n_rows, n_rows)):
        yield f"p_joint: expected shape {(n_rows, n_rows)} or (0, 0), got {audit.p_joint.shape}"
    if audit.readers.shape != (4, 2):
        yield f"readers: expected shape (4, 2), got {audit.readers.shape}"


def _number_problems(audit: Audit) -> Iterator[str]:
    if not (
        (audit.recorded >= 0).all()
        and (audit.recorded <= audit.due).all()
        and (audit.due <= audit.sampled).all()
        and ((audit.sampled <= audit.frame) | (audit.frame == 0)).all()
    ):
        yield "counts: expected 0 <= recorded <= due <= sampled <= frame"
    not_due = audit.sampled - audit.due
    if not ((audit.over_recorded >= 0) & (audit.over_recorded <= not_due)).all():
        yield "over_recorded: expected 0 to sampled - due"
    # With replacement it is the expected number of draws, and no force need be drawn twice.
    n_draws = audit.force.size
    if not ((audit.p_inclusion > 0.0) & (audit.p_inclusion <= max(n_draws, 1))).all():
        yield f"p_inclusion: expected values above 0, up to 1 (with replacement, to {n_draws})"
    n_rows = audit.recorded_volume.shape[0]
    if not ((audit.force >= 0) & (audit.force < n_rows)).all():
        yield f"force: expected rows of recorded_volume, 0 to {n_rows - 1}"
    if not ((audit.recorded_volume >= 0.0) & np.isfinite(audit.recorded_volume)).all():
        yield "recorded_volume: expected finite values of 0 or more"
    if not ((audit.force_stratum >= 0) & (audit.force_stratum < max(n_rows, 1))).all():
        yield f"force_stratum: expected labels 0 to {n_rows - 1}"
    if not ((audit.post_stratum >= 0) & (audit.post_stratum < max(n_rows, 1))).all():
        yield f"post_stratum: expected labels 0 to {n_rows - 1}"
    if not ((audit.p_joint >= 0.0) & (audit.p_joint <= 1.0)).all():
        yield "p_joint: expected values of 0 to 1"
    if not ((audit.readers[:, 0] >= 0) & (audit.readers[:, 0] <= 1)).all():
        yield "readers: expected sensitivities and specificities of 0 to 1"
    if not ((audit.readers[:, 1] >= 0) & np.isfinite(audit.readers[:, 1])).all():
        yield "readers: expected variances of 0 or more"


def _whole(name: str, values: ArrayLike, n_dimensions: int) -> Ints:
    array = np.asarray(values)
    if array.size and not np.issubdtype(array.dtype, np.integer):
        raise ValueError(f"{name}: expected whole numbers, got {array.dtype}")
    return _compilable(_of_dimensions(name, array, n_dimensions), np.int64)


def _real(name: str, values: ArrayLike, n_dimensions: int) -> Floats:
    array = np.asarray(values, dtype=np.float64)
    return _compilable(_of_dimensions(name, array, n_dimensions), np.float64)


def _of_dimensions(name: str, array: np.ndarray, n_dimensions: int) -> np.ndarray:
    if array.ndim != n_dimensions:
        raise ValueError(f"{name}: expected {n_dimensions} dimensions, got {array.ndim}")
    return array


def _compilable(array: np.ndarray, dtype: type) -> np.ndarray:
    # Compiled code takes rows in order and arrays that could be written to.
    return np.require(array, dtype, ("C", "W"))
