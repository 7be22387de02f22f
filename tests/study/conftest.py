"""Small studies, built from the text of a scenario."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from underrecording.scenario import load_scenario
from underrecording.study import plan_study, run_study
from underrecording.study.store import Store
from underrecording.study.workers import Threads

SCENARIO = """\
title: A small study
aim: To be run by tests
seed: 7
inspection:
  forces: {design: srs, count: 5}
  records: {allocation: proportional, per_force: 40}
estimators: [pooled/binomial/wald, combined_ratio/linearised/t]
study:
  replicates: 120
  block_size: 50
  trajectories: 3
  sweep: {one_at_a_time: {inspection.forces.count: [5, 43]}}
"""


class Silence:
    """A listener that says nothing, counts, and remembers what it was told."""

    def __init__(self):
        self.done = self.total = self.advanced = 0
        self.told = []

    def say(self, text):
        self.told.append(text)

    def start(self, done, total):
        self.done, self.total = done, total

    def advance(self, count):
        self.advanced += count


@pytest.fixture
def loaded(tmp_path):
    """Load the small scenario, with any settings changed."""

    def load(*overrides, text=SCENARIO):
        path = tmp_path / "small.yaml"
        path.write_text(text)
        return load_scenario(path, overrides=overrides)

    return load


@pytest.fixture
def run(loaded, tmp_path):
    """Run the small study: its results and what the listener heard."""

    def run_it(*overrides, jobs=1, folder="run", text=SCENARIO):
        plan = plan_study(loaded(*overrides, text=text))
        store = Store(tmp_path / folder, plan.scenario.digest(), plan.scenario.settings())
        listener = Silence()
        with store.opened(), ThreadPoolExecutor(jobs) as executor:
            results = run_study(plan, store, Threads(plan, executor, in_flight=jobs + 1), listener)
        return results, listener

    return run_it
