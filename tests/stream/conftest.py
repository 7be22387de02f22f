"""A small force's stream, whatever it is asked to be."""

import numpy as np
import pytest

from underrecording.stream import Luck, draw_stream, force_stream, outcome, run_stream
from underrecording.stream.draws import ATTENDED, DUE, has
from underrecording.stream.schedule import HOUR_MS
from underrecording.stream.stations import busy_ms, visits
from underrecording.stream.times import ACCEPTED, CALL, HANDLING, NEVER
from underrecording.world.build import build_world
from underrecording.world.options import WorldOptions

CITY_OF_LONDON = 4


@pytest.fixture(scope="session")
def stream_of():
    """Return the stream of the smallest force under any options, and its draws.

    *reports* is how many times its own it is given; times are rounded to
    *coarse_ms*, so that things happen at one instant.
    """
    law = build_world(WorldOptions()).law

    def made(options, luck=(0.0, 0.0, 0.0, 0.0), *, reports=1.0, coarse_ms=1):
        share = reports * options.pathway.days / 365
        force = force_stream(
            options,
            law._replace(
                reports=np.rint(law.reports * share).astype(np.int64),
                kappa=options.effects.knowledge,
                omega=options.effects.workload,
                detection=options.effects.review_detection,
                psi=np.where(law.psi > 0, options.effects.pressure, 0.0),
            ),
            load_0=0.2,
            drivers=options,
            force=CITY_OF_LONDON,
            luck=Luck(*luck),
        )
        draws = draw_stream(force, 3, 0, 0)
        return force, draws._replace(
            reported=draws.reported // coarse_ms * coarse_ms,
            service=-(-draws.service // coarse_ms) * coarse_ms,
        )

    return made


@pytest.fixture(scope="session")
def year(stream_of):
    """Return what became of one small force's period.

    Of every report, NaN where it does not apply: whether it was recorded, of the due
    (*accuracy*), whether late, of the accepted (*late*), the load that its decision met (*load*),
    and its hours in the officers' queue (*wait*).
    """

    def judged(options, **more):
        force, draws = stream_of(options, **more)
        times = run_stream(force, draws)
        ended = outcome(force, draws, times)
        n, layout = len(draws.group), draws.layout
        due = has(draws.traits[:n], DUE) & ended.period[:n]
        recorded = ended.recorded != NEVER
        in_time = recorded & (ended.recorded - draws.reported[:n] <= 72 * HOUR_MS)
        decided, accepted = times.decision != NEVER, times.decision == ACCEPTED
        call, handling = (times.started[layout.of(step)][:n] for step in (CALL, HANDLING))
        waited = handling - call - draws.service[layout.of(CALL)][:n]
        attended = has(draws.traits[:n], ATTENDED) & (handling != NEVER)
        visited = visits(force, draws, times)
        able = np.maximum(1, force.schedule.capacity.sum(axis=0)) * HOUR_MS
        whole = np.array([0, len(force.schedule.on_duty) * HOUR_MS], np.int64)
        return {
            "accuracy": np.where(due, recorded, np.nan),
            "late": np.where(accepted, ~in_time, np.nan),
            "load": np.where(decided, times.open_incidents / times.on_duty, np.nan),
            "wait": np.where(attended, waited / HOUR_MS, np.nan),
            "busy": [busy_ms(at_station, whole)[0] for at_station in visited] / able,
            "on_duty": force.schedule.on_duty.sum(),
            "group": draws.group,
            "traits": draws.traits,
            "decision": times.decision,
            "visits": visited,
        }

    return judged
