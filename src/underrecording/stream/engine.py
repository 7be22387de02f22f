"""From a force's stream to its draws and its times: two engines, one model."""

from __future__ import annotations

from typing import Literal

from underrecording.errors import UserError
from underrecording.stream.agenda import MAX_INCIDENTS, MAX_MS
from underrecording.stream.compiled import run_compiled
from underrecording.stream.draws import Draws
from underrecording.stream.force import ForceStream
from underrecording.stream.schedule import HOUR_MS
from underrecording.stream.times import Times

Engine = Literal["compiled", "reference"]


def run_stream(force: ForceStream, draws: Draws, engine: Engine = "compiled") -> Times:
    """Send every incident of *draws* down the pathway.

    Parameters
    ----------
    force : ForceStream
    draws : Draws
    engine : str
        ``compiled``, or ``reference``: the same times, hundreds of times slower,
        from a model written to be read.

    Raises
    ------
    UserError
        If there are more incidents, or more years, than a clock of whole
        milliseconds can number.
    """
    if len(draws.reported) >= MAX_INCIDENTS or len(force.schedule.on_duty) * HOUR_MS >= MAX_MS:
        raise UserError(
            f"{force.name}: {len(draws.reported):,} incidents are more than the "
            f"{MAX_INCIDENTS:,} that a stream may hold; give a lower world.workload.relative"
        )
    times = Times.empty(draws.layout)
    if engine == "reference":
        # SimPy is needed for nothing else, and takes a while to import.
        from underrecording.stream.reference import run_reference

        run_reference(draws, force.schedule, force.rule, times)
    else:
        run_compiled(draws, force.schedule, force.rule, times)
    return times
