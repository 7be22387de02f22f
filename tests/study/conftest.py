"""Small studies, built from the text of a scenario."""

import random
from concurrent.futures import Executor, Future, ThreadPoolExecutor

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
        self.stands = []

    def say(self, text):
        self.told.append(text)

    def start(self, done, total):
        self.done, self.total = done, total

    def advance(self, count):
        self.advanced += count

    def stand(self, stand):
        self.stands.append(stand)


class Shuffled(Executor):
    """Computes here, once somebody waits, what it was given, in an order of its own."""

    def __init__(self, seed, at_once):
        self.order, self.at_once, self.tasks = random.Random(seed), at_once, []

    def submit(self, function, /, *args, **kwargs):
        future = Future()
        self.tasks.append((future, function, args))
        if len(self.tasks) == self.at_once:
            self.order.shuffle(self.tasks)
            for waiting, call, given in self.tasks:
                waiting.set_result(call(*given))
            self.tasks.clear()
        return future


@pytest.fixture
def shuffled():
    """An executor that finishes blocks in another order than they were handed over."""
    return Shuffled


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

    def run_it(*overrides, jobs=1, folder="run", text=SCENARIO, executor=None):
        plan = plan_study(loaded(*overrides, text=text))
        store = Store(tmp_path / folder, plan.scenario.digest(), plan.scenario.settings())
        listener = Silence()
        in_flight = jobs + 1 if executor is None else executor.at_once
        with store.opened(), executor or ThreadPoolExecutor(jobs) as at_work:
            results = run_study(plan, store, Threads(plan, at_work, in_flight=in_flight), listener)
        return results, listener

    return run_it
