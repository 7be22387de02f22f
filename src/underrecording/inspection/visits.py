"""The inspections of a batch of audits by force: in which of them each force is read.

A batch is read force by force, so that what is the force's own, its records and its
tables, stays at hand, and all audits that inspect it go through each step together,
in vector instructions.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from underrecording.compiling import compiled, flat
from underrecording.inspection.auditor import DRAWS_OF_A_STRATUM

_POSITION, _INDEX = np.uint64(20), np.uint64(40)
_FIELD = np.uint64(2**20 - 1)


class Visits(NamedTuple):
    """Inspections of each force.

    Attributes
    ----------
    start : int array (F + 1,)
        Where those of each force begin.
    which : uint64 array (N,)
        Of each the audit, the force's position in it, and the index from which the
        force's draws are addressed there: 20 bits each, from the low end.
    """

    start: Any
    which: Any


@compiled
def room_for_visits(n_forces: Any, most: Any) -> Any:
    """Room for *most* visits in all."""
    return Visits(np.empty(n_forces + 1, np.int64), np.empty(most, np.uint64))


@compiled(inline=True)  # type: ignore[untyped-decorator]
def list_visits(forces: Any, visits: Any) -> None:
    """Fill *visits* with those of *forces* (B, m), of each force audit by audit."""
    n_forces = visits.start.size - 1
    end = visits.start[1:]
    visits.start[:] = 0
    for f in flat(forces):
        end[np.uint64(f)] += 1
    # How many of each, where each ends, where each begins; in the end where each ends again.
    for f in range(1, n_forces):
        end[f] += end[f - 1]
    for f in range(n_forces - 1, 0, -1):
        end[f] = end[f - 1]
    end[0] = 0
    for b in range(forces.shape[0]):
        again, before = np.uint64(0), np.int64(-1)
        for i in range(forces.shape[1]):
            f = forces[b, i]
            # A force that stands next to itself was drawn again: its records anew.
            again = again + np.uint64(DRAWS_OF_A_STRATUM) if f == before else np.uint64(0)
            before = f
            n = end[np.uint64(f)]
            visits.which[np.uint64(n)] = np.uint64(b) | np.uint64(i) << _POSITION | again << _INDEX
            end[np.uint64(f)] = n + 1


@compiled(inline=True)  # type: ignore[untyped-decorator]
def unpack_visits(which: Any, m: Any, audit: Any, row: Any, index: Any) -> None:
    """Fill *audit*, *row* and *index* (L,) with those of the visits *which*, L or fewer.

    *row* is the audit's number times *m* plus the position. What is left over is as the last.
    """
    m, last = np.uint64(m), which[which.size - 1]
    for j in range(which.size):
        audit[j] = which[j] & _FIELD
        row[j] = (which[j] & _FIELD) * m + ((which[j] >> _POSITION) & _FIELD)
        index[j] = which[j] >> _INDEX
    for j in range(which.size, audit.size):
        audit[j] = last & _FIELD
        row[j] = (last & _FIELD) * m + ((last >> _POSITION) & _FIELD)
        index[j] = last >> _INDEX
