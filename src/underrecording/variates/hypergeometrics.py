"""Many hypergeometric quantiles at once, with the digits of one by one.

Step by step away from the mode, each step for all of them in one plain loop, so
that it is turned into vector instructions. The operations are those of
`hypergeometric_quantile`, in the same order: so are the digits. Laws that
are wide come first, if it is to be fast: what is narrow has no weights left after a
few steps, and drops out from the end.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from underrecording.compiling import compiled, uncounted
from underrecording.variates.counts import NEGLIGIBLE, hypergeometric_quantile

MAX_STEPS = 48
"""Quantiles with weights further than this from the mode are found one by one."""


class Room(NamedTuple):
    """Room for N quantiles, or fewer: parameters and state, (N,) each, and weights by step.

    Attributes
    ----------
    n, a, c : float arrays
        Draws, successes, and failures less draws plus 1.
    mode, target, total, reached, x : float arrays
    up, down : Steps
    """

    n: Any
    a: Any
    c: Any
    mode: Any
    target: Any
    total: Any
    reached: Any
    x: Any
    up: Any
    down: Any


class Steps(NamedTuple):
    """Weights on one side of the mode, step by step.

    Attributes
    ----------
    weight : float array (MAX_STEPS + 1, N)
    wide : int array (MAX_STEPS + 1,)
        How many, from the first, have weights after each step.
    """

    weight: Any
    wide: Any


@compiled
def room_for_hypergeometrics(size: Any) -> Any:
    """Room for *size* quantiles."""
    up = Steps(np.empty((MAX_STEPS + 1, size)), np.empty(MAX_STEPS + 1, np.int64))
    down = Steps(np.empty((MAX_STEPS + 1, size)), np.empty(MAX_STEPS + 1, np.int64))
    return Room(
        np.empty(size), np.empty(size), np.empty(size), np.empty(size), np.empty(size),
        np.empty(size), np.empty(size), np.empty(size), up, down,
    )  # fmt: skip


@compiled
def hypergeometric_quantiles(
    u: Any, population: Any, successes: Any, drawn: Any, room: Any, counts: Any
) -> None:
    """Fill *counts* (N,) with `hypergeometric_quantile` of the rest, (N,) each.

    >>> counts = np.empty(2, np.int64)
    >>> numbers = np.array([50, 50]), np.array([20, 30]), np.array([10, 10])
    >>> u = np.array([0.05, 0.5])
    >>> hypergeometric_quantiles(u, *numbers, room_for_hypergeometrics(2), counts)
    >>> counts
    array([2, 6])
    """
    room = uncounted(room)
    _start(population, successes, drawn, room)
    steps_down, steps_up = _weigh_down(room), _weigh_up(room)
    _count(u, room, steps_down, steps_up)
    for i in range(u.size):
        counts[i] = int(room.x[i])
    for side, steps in ((room.down, steps_down), (room.up, steps_up)):
        for i in range(side.wide[steps]):
            if side.weight[steps, i] > 0.0:
                counts[i] = hypergeometric_quantile(u[i], population[i], successes[i], drawn[i])


@compiled(inline=True)  # type: ignore[untyped-decorator]
def _start(population: Any, successes: Any, drawn: Any, room: Any) -> None:
    for i in range(drawn.size):
        failures = population[i] - successes[i]
        room.n[i], room.a[i] = drawn[i], successes[i]
        room.c[i] = failures - drawn[i] + 1
        # In floats, which divide in vectors. Products to 2**53 are exact, and then so is
        # the whole part of the quotient, which cannot round up to the next whole number.
        mode = np.floor((drawn[i] + 1.0) * (successes[i] + 1.0) / (population[i] + 2.0))
        low, high = max(0, drawn[i] - failures), min(drawn[i], successes[i])
        room.mode[i] = min(max(mode, float(low)), float(high))
    n = drawn.size
    room.down.weight[0, :n], room.down.wide[0] = 1.0, n
    room.up.weight[0, :n], room.up.wide[0] = 1.0, n


@compiled(inline=True)  # type: ignore[untyped-decorator]
def _weigh_down(room: Any) -> Any:
    """Weights below the mode, until none is left or there is no room; the last step."""
    n, a, c, mode, weight = room.n, room.a, room.c, room.mode, room.down.weight
    wide, s = room.down.wide[0], 0
    while wide > 0 and s < MAX_STEPS:
        here, there = weight[s], weight[s + 1]
        for i in range(wide):
            x = mode[i] - s - 1.0
            ratio = (x + 1.0) * (c[i] + x) / ((n[i] - x) * (a[i] - x))
            there[i] = here[i] * ratio if here[i] > NEGLIGIBLE else 0.0
        s += 1
        wide = _still_wide(there, wide)
        room.down.wide[s] = wide
    return s


@compiled(inline=True)  # type: ignore[untyped-decorator]
def _weigh_up(room: Any) -> Any:
    """Likewise above the mode."""
    n, a, c, mode, weight = room.n, room.a, room.c, room.mode, room.up.weight
    wide, s = room.up.wide[0], 0
    while wide > 0 and s < MAX_STEPS:
        here, there = weight[s], weight[s + 1]
        for i in range(wide):
            x = mode[i] + s
            ratio = (n[i] - x) * (a[i] - x) / ((x + 1.0) * (c[i] + x))
            there[i] = here[i] * ratio if here[i] > NEGLIGIBLE else 0.0
        s += 1
        wide = _still_wide(there, wide)
        room.up.wide[s] = wide
    return s


@compiled(inline=True)  # type: ignore[untyped-decorator]
def _still_wide(weight: Any, wide: Any) -> Any:
    size = wide
    while wide > 0 and weight[wide - 1] == 0.0:
        wide -= 1
    return min(size, (wide + 15) // 16 * 16)


@compiled(inline=True)  # type: ignore[untyped-decorator]
def _count(u: Any, room: Any, steps_down: Any, steps_up: Any) -> None:
    """How many steps from the mode the quantile is: `room.x`."""
    target, total, reached, x = room.target, room.total, room.reached, room.x
    below = room.target  # Until the targets are known.
    below[: u.size], total[: u.size] = 1.0, 0.0
    for s in range(1, steps_down + 1):
        weight = room.down.weight[s]
        for i in range(room.down.wide[s]):
            below[i] += weight[i]
    for s in range(1, steps_up + 1):
        weight = room.up.weight[s]
        for i in range(room.up.wide[s]):
            total[i] += weight[i]
    for i in range(u.size):
        reached[i], x[i] = below[i], room.mode[i]
        total[i] += below[i]
    upwards = room.total  # Likewise.
    for i in range(u.size):
        target[i] = u[i] * total[i]
        upwards[i] = reached[i]
    for s in range(steps_down):
        here, there = room.down.weight[s], room.down.weight[s + 1]
        for i in range(room.down.wide[s + 1]):
            reached[i] -= here[i]
            x[i] -= 1.0 if (target[i] <= reached[i]) & (there[i] > 0.0) else 0.0
    for s in range(steps_up):
        there = room.up.weight[s + 1]
        for i in range(room.up.wide[s + 1]):
            x[i] += 1.0 if (upwards[i] < target[i]) & (there[i] > 0.0) else 0.0
            upwards[i] += there[i]
