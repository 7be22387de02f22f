"""One force's period in a dozen numbers."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from underrecording.stream.draws import DUE, Draws, has
from underrecording.stream.force import ForceStream
from underrecording.stream.incidents import late
from underrecording.stream.outcome import outcome
from underrecording.stream.schedule import HOUR_MS
from underrecording.stream.stations import visits
from underrecording.stream.times import NEVER, Times
from underrecording.stream.weeks import mean_open, utilisation
from underrecording.world.pathway import STATIONS


class Summary(NamedTuple):
    """What became of the incidents reported in the period, and how busy staff were in it.

    Attributes
    ----------
    force : str
    incidents, crime_reports, due : int
        Reported in the period; of those, crime reports; of those, due.
    due_recorded, recorded, late : int
        Due reports with a crime record; all with one; those recorded late.
    open_incidents : float
        Mean over the full hours of the period.
    utilisation : mapping of str to float
        Staff time worked over staff time on duty, by station.
    """

    force: str
    incidents: int
    crime_reports: int
    due: int
    due_recorded: int
    recorded: int
    late: int
    open_incidents: float
    utilisation: dict[str, float]

    @property
    def recording_accuracy(self) -> float:
        """Share of due reports with a crime record; NaN where nothing was due."""
        return self.due_recorded / self.due if self.due else float("nan")

    @property
    def late_share(self) -> float:
        """Share of crime records made late; NaN where there is none."""
        return self.late / self.recorded if self.recorded else float("nan")


def summarise(force: ForceStream, draws: Draws, times: Times) -> Summary:
    """Sum up one force's period."""
    ended, n_reports = outcome(force, draws, times), len(draws.group)
    of_period = ended.period[:n_reports]
    due = of_period & has(draws.traits[:n_reports], DUE)
    recorded = of_period & (ended.recorded != NEVER)
    begin = force.pathway.warm_up_days * 24
    edges = np.array([begin, begin + force.pathway.days * 24], np.int64) * HOUR_MS
    worked = utilisation(force, visits(force, draws, times), edges)[0]
    return Summary(
        force=force.name,
        incidents=int(ended.period.sum()),
        crime_reports=int(of_period.sum()),
        due=int(due.sum()),
        due_recorded=int((due & recorded).sum()),
        recorded=int(recorded.sum()),
        late=int((late(force, draws, ended) & of_period).sum()),
        open_incidents=float(mean_open(draws.reported, ended.closed, edges)[0]),
        utilisation=dict(zip(STATIONS, worked.tolist(), strict=True)),
    )
