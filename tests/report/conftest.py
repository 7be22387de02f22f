"""Small studies of every shape, each run once a session."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property

import pytest

from underrecording.report.figures import draw_all
from underrecording.scenario import load_scenario
from underrecording.study import Results, plan_study, run_study
from underrecording.study.store import Store
from underrecording.study.workers import Threads

HEAD = """\
title: A small study
aim: To be drawn by tests
seed: 7
inspection:
  forces: {design: srs, count: 13}
  records: {allocation: hmic_2014, per_force: 60}
"""
TWO = (
    "estimators: [pooled/binomial/wald, mean_of_forces/linearised/t, combined_ratio/linearised/t]\n"
)
STUDIES = {
    "swept": HEAD + TWO + """\
study:
  replicates: 60
  ranking: true
  trajectories: 12
  estimands: [under_recording_rate/national, under_recording_rate/violence]
  sweep:
    one_at_a_time:
      inspection.forces.count: [5, 43]
      inspection.records:
        - {allocation: equal, per_force: 60}
        - {allocation: power, per_force: 60}
""",
    "grid": HEAD + TWO + """\
world: {draw: fixed}
study:
  replicates: 40
  sweep:
    grid:
      inspection.forces.count: [5, 20]
      inspection.records.per_force: [30, 120]
""",
    "cube": HEAD + TWO + """\
study:
  replicates: 6
  sweep:
    grid:
      inspection.forces.count: [5, 20]
      inspection.records.per_force: [30, 60]
      inspection.records.allocation: [equal, hmic_2014]
""",
    "many": HEAD + TWO + """\
study:
  replicates: 40
  trajectories: 0
  sweep:
    grid:
      inspection.forces.count: [5, 9, 13, 20, 31, 43]
      inspection.records.per_force: [20, 30, 45, 60, 120, 240, 480]
""",
    "zip": HEAD + TWO + """\
study:
  replicates: 20
  trajectories: 0
  sweep:
    zip:
      inspection.forces.count: [5, 13, 26, 43]
      inspection.records.per_force: [156, 60, 30, 18]
""",
    "list": HEAD + TWO + """\
study:
  replicates: 20
  trajectories: 0
  sweep:
    list:
      - {inspection.forces: {design: pps, count: 13}, inspection.records.per_force: 30}
      - {inspection.forces: {design: srs, count: 26}}
      - {inspection.records.per_force: 120}
      - {inspection.forces: {design: srs, count: 43}, inspection.records.per_force: 20}
""",
    "one_cell": HEAD + """\
estimators: [pooled/binomial/wald]
study: {replicates: 20, trajectories: 0}
""",
    "worlds": HEAD + TWO + "world: {draw: fixed, worlds: 4}\nstudy: {replicates: 30}\n",
    "one_each": HEAD + TWO + "world: {draw: fixed, worlds: 3}\nstudy: {replicates: 1}\n",
    "far_off": HEAD + TWO + """\
world:
  draw: fixed
  accuracy:
    between_force_sd: 0.02
    by_group: {violence: 0.95, sexual: 0.95, robbery: 0.95, burglary: 0.95, other: 0.95}
study: {replicates: 30, level: 0.9}
""",
    "moved": HEAD + TWO + """\
world: {draw: fixed, worlds: 3}
study:
  replicates: 40
  sweep: {one_at_a_time: {world.supervision.review_share: [0.6]}}
""",
    "silent": HEAD.replace("count: 13", "count: 1") + """\
estimators: [combined_ratio/linearised/t]
study: {replicates: 20, ranking: true, sweep: {one_at_a_time: {inspection.forces.count: [1, 2]}}}
""",
    "census": HEAD.replace("count: 13", "count: 43").replace("hmic_2014", "census") + TWO
    + "study: {replicates: 4, trajectories: 2}\n",
    "own_rates": HEAD + TWO + """\
world: {draw: fresh, accuracy: {by_group: {robbery: 0.5}}}
study: {replicates: 2}
""",
}  # fmt: skip
"""`silent`: one force with a variance that needs two, so no replicate of cell 0 answers."""


class Silence:
    """A listener that says nothing."""

    def say(self, text):
        pass

    def start(self, done, total):
        pass

    def advance(self, count):
        pass


@dataclass
class Study:
    """A finished study and its store."""

    results: Results
    store: Store

    @cached_property
    def drawn(self):
        """Its drawings by name, drawn when the first of them is looked at."""
        return {drawing.name: drawing for drawing in draw_all(self.results)}


@pytest.fixture(scope="session")
def studies(tmp_path_factory):
    """Run a study by its name, or return what the session has already."""
    made = {}

    def study(name):
        if name not in made:
            folder = tmp_path_factory.mktemp(name)
            path = folder / f"{name}.yaml"
            path.write_text(STUDIES[name])
            plan = plan_study(load_scenario(path))
            settings = plan.scenario.settings()
            with (
                Store(folder / "run", plan.scenario.digest(), settings).opened() as store,
                ThreadPoolExecutor(1) as executor,
            ):
                results = run_study(plan, store, Threads(plan, executor, in_flight=2), Silence())
            made[name] = Study(results, store)
        return made[name]

    return study


LONG = (
    "many",
    "cube",
    "grid",
    "list",
    "moved",
    "own_rates",
    "zip",
    "far_off",
    "one_each",
    "census",
)
"""Studies that take long to draw."""


@pytest.fixture(
    params=[
        pytest.param(name, marks=pytest.mark.slow) if name in LONG else name for name in STUDIES
    ]
)
def any_study(request, studies):
    """Return each of the small studies in turn."""
    return studies(request.param)
