"""A small force's stream, whatever it is asked to be."""

import numpy as np
import pytest

from underrecording.stream import Luck, draw_stream, force_stream
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
