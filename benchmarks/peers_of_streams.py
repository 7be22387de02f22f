"""The queueing part of the pathway in Ciw and salabim: call, then officers for some.

First come first served, constant staff, the same times in each: whole
milliseconds, drawn beforehand. Each function returns when every call and every
attendance began.
"""

from __future__ import annotations

import itertools

import numpy as np

Starts = dict[str, np.ndarray]


def ciw_starts(
    reported: np.ndarray, call: np.ndarray, handling: np.ndarray, attended: np.ndarray,
    takers: int, officers: int,
) -> Starts:  # fmt: skip
    import ciw

    class Planned(ciw.dists.Distribution):
        def __init__(self, times: np.ndarray) -> None:
            self.times = times.tolist()

        def sample(self, t=None, ind=None):
            return self.times[ind.id_number - 1]

    def route(ind, simulation):
        return [2] if attended[ind.id_number - 1] else []  # Where it goes after the call.

    gaps = np.diff(reported, prepend=0).tolist()
    network = ciw.create_network(
        arrival_distributions=[ciw.dists.Sequential([*gaps, float("inf")]), None],
        service_distributions=[Planned(call), Planned(handling)],
        number_of_servers=[takers, officers],
        routing=ciw.routing.ProcessBased(route),
    )
    simulation = ciw.Simulation(network)
    # Far past the last arrival: stopped at the last one, Ciw would drop who is still there.
    simulation.simulate_until_max_time(float(reported[-1]) + 60 * 86_400_000.0)
    starts = _empty(len(reported))
    for record in simulation.get_all_records():
        name = "call" if record.node == 1 else "handling"
        starts[name][record.id_number - 1] = int(record.service_start_date)
    return starts


def salabim_starts(
    reported: np.ndarray, call: np.ndarray, handling: np.ndarray, attended: np.ndarray,
    takers: int, officers: int,
) -> Starts:  # fmt: skip
    import salabim as sim

    env = sim.Environment(trace=False, yieldless=False)
    call_takers = sim.Resource("call takers", capacity=takers, monitor=False)
    on_patrol = sim.Resource("officers", capacity=officers, monitor=False)
    starts = _empty(len(reported))

    class Incident(sim.Component):
        def setup(self, i: int) -> None:
            self.i = i

        def process(self):
            yield self.request(call_takers)
            starts["call"][self.i] = round(env.now())
            yield self.hold(call[self.i])
            self.release(call_takers)
            if attended[self.i]:
                yield self.request(on_patrol)
                starts["handling"][self.i] = round(env.now())
                yield self.hold(handling[self.i])
                self.release(on_patrol)

    class Arrivals(sim.Component):
        def process(self):
            for i, gap in enumerate(np.diff(reported, prepend=0)):
                yield self.hold(gap)
                Incident(i=i)

    Arrivals()
    env.run()
    return starts


def planned(count: int, seed: int = 1) -> tuple[np.ndarray, ...]:
    """Arrivals of a busy month and their services, milliseconds."""
    random = np.random.default_rng(seed)
    gap = 3_600_000 / 60
    reported = np.cumsum(1 + random.exponential(gap, count)).astype(np.int64)
    call = 1 + random.exponential(0.7 * 10 * gap, count).astype(np.int64)
    handling = 1 + random.exponential(0.7 * 40 * gap / 0.35, count).astype(np.int64)
    return reported, call, handling, random.random(count) < 0.35


TAKERS, OFFICERS = 10, 40


def _empty(count: int) -> Starts:
    return {name: np.full(count, -1, np.int64) for name in ("call", "handling")}


def differ(ours: Starts, theirs: Starts) -> int:
    """Number of starts in which two engines differ."""
    return sum(
        int((a != b).sum()) for a, b in itertools.zip_longest(ours.values(), theirs.values())
    )
