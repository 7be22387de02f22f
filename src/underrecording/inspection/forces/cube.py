"""The cube method: samples that are balanced as far as whole forces allow."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from underrecording.compiling import compiled
from underrecording.rng import NATIONAL, SELECT_FORCES, uniforms

_ROUNDING = 1e-9


@compiled
def cube(plan: Any, seed: Any, world: Any, replicate: Any, accuracy: Any, chosen: Any) -> None:
    """Walk from the inclusion probabilities to a corner of the cube, balanced on the way.

    Each step moves the first few forces still open, in an order drawn for the
    replicate, along a direction that leaves every balancing variable as it is,
    until one of them is in or out. The walk goes either way with the chances that
    keep its mean where it was (flight). When too few forces are open for all
    variables, the least important is given up (landing, by suppression).
    The first variable is the number of forces: it is kept to the end.

    Forces in the window move together, so the step number is the address, and
    samples of different designs are not coordinated.

    Source: Deville & Tille (2004), Biometrika 91:893; a few forces at a time as
    in Chauvet & Tille (2006), Computational Statistics 21:53.
    """
    p = plan.p_select.copy()
    n_forces, n_variables = plan.auxiliary.shape
    keys = np.empty(n_forces)
    for f in range(n_forces):
        keys[f], _ = uniforms(seed, world, replicate, SELECT_FORCES, f, 0, 0)
    order = np.argsort(keys)
    window = np.empty(n_variables + 1, np.int64)
    for step in range(n_forces):
        n_open = first_open(p, order, window)
        if n_open < 2:
            break
        direction = balanced_direction(plan.auxiliary, window[:n_open])
        chance, _ = uniforms(seed, world, replicate, SELECT_FORCES, NATIONAL, 0, step)
        walk(p, window[:n_open], direction, chance)
    picked = 0
    for f in range(n_forces):
        # One force may be left beside 0 or 1 by rounding; the fixed size says which.
        if p[f] > 0.5:
            chosen[picked] = f
            picked += 1


@compiled
def first_open(p: Any, order: Any, window: Any) -> Any:
    """Fill *window* with the first forces, in *order*, neither in nor out; how many."""
    n_open = 0
    for f in order:
        if n_open < window.size and 0.0 < p[f] < 1.0:
            window[n_open] = f
            n_open += 1
    return n_open


@compiled
def balanced_direction(auxiliary: Any, window: Any) -> Any:
    """A direction along which n forces can move and leave the leading variables as they are.

    Parameters
    ----------
    auxiliary : float array (F, Q)
        Balancing variables over inclusion probabilities, the most important first.
    window : int array (n,), n >= 2
        Forces that may move.

    Returns
    -------
    direction : float array (n,)
        Orthogonal to as many variables, from the first on, as n - 1 of them that
        are linearly independent allow.

    >>> count_and_size = np.array([[1.0, 1.0], [1.0, 2.0], [1.0, 4.0]])
    >>> (3 * balanced_direction(count_and_size, np.array([0, 1, 2]))).round(12).tolist()
    [-2.0, 3.0, -1.0]
    >>> balanced_direction(count_and_size, np.array([0, 2])).tolist()
    [-1.0, 1.0]
    """
    n = window.size
    rows, pivot = np.empty((n, n)), np.empty(n, np.int64)
    is_pivot = np.zeros(n, np.bool_)
    rank = 0
    for q in range(auxiliary.shape[1]):
        if rank == n - 1:
            break
        for i in range(n):
            rows[rank, i] = auxiliary[window[i], q]
        largest = abs(rows[rank, _largest(rows, rank)])
        for r in range(rank):
            _clear(rows, rank, r, pivot[r])
        best = _largest(rows, rank)
        # What is left of a variable that depends on those before it is rounding.
        if abs(rows[rank, best]) <= _ROUNDING * largest:
            continue
        scale = rows[rank, best]
        for i in range(n):
            rows[rank, i] /= scale
        for r in range(rank):
            _clear(rows, r, rank, best)
        pivot[rank], is_pivot[best] = best, True
        rank += 1
    free = np.argmin(is_pivot)
    direction = np.zeros(n)
    direction[free] = 1.0
    for r in range(rank):
        direction[pivot[r]] = -rows[r, free]
    return direction


@compiled
def _largest(rows: Any, r: Any) -> Any:
    """Column in which row *r* is furthest from 0."""
    best = 0
    for i in range(1, rows.shape[1]):
        if abs(rows[r, i]) > abs(rows[r, best]):
            best = i
    return best


@compiled
def _clear(rows: Any, target: Any, source: Any, column: Any) -> None:
    """Make row *target* 0 at *column*, where row *source* is 1, exactly."""
    factor = rows[target, column]
    if factor != 0.0:
        for i in range(rows.shape[1]):
            rows[target, i] -= factor * rows[source, i]
    rows[target, column] = 0.0


@compiled
def walk(p: Any, window: Any, direction: Any, chance: Any) -> None:
    """Move *p* forward or back along *direction* until a force of the window is in or out."""
    forward = back = math.inf
    for i in range(window.size):
        up, down = 1.0 - p[window[i]], p[window[i]]
        if direction[i] > 0.0:
            forward, back = min(forward, up / direction[i]), min(back, down / direction[i])
        elif direction[i] < 0.0:
            forward, back = min(forward, -down / direction[i]), min(back, -up / direction[i])
    distance = forward if chance * (forward + back) < back else -back
    for i in range(window.size):
        moved = p[window[i]] + distance * direction[i]
        if moved < _ROUNDING:
            moved = 0.0
        elif moved > 1.0 - _ROUNDING:
            moved = 1.0
        p[window[i]] = moved
