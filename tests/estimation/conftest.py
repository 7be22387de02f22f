"""Audits to estimate from, made by hand, at random, or one for every possible sample."""

from collections import Counter
from collections.abc import Callable, Iterator
from itertools import combinations, product
from math import prod

import numpy as np
import pytest

from underrecording.audit import Audit
from underrecording.estimation.check import checked, with_totals
from underrecording.estimation.compile import compiled_point, compiled_variance
from underrecording.estimation.estimate import empty_influence

# A report as the auditors read it: (due, recorded).
RECORDED, UNRECORDED, NOT_DUE = (1, 1), (1, 0), (0, 0)


class Population:
    """Forces with their reports by stratum, how many are read, and how forces are drawn.

    ``reports[f][h]`` lists the reports; ``sampled[f][h]`` says how many are read;
    ``draws`` gives each possible selection of forces its probability. A force
    that a selection holds twice is read twice, other records each time.
    """

    def __init__(self, reports, sampled, draws, force_stratum):
        self.reports, self.sampled = reports, np.array(sampled)
        self.draws, self.force_stratum = draws, np.array(force_stratum)
        self.n_forces = len(reports)
        times = np.array([np.bincount(forces, minlength=self.n_forces) for forces, _ in draws])
        chance = np.array([p for _, p in draws])
        self.p_inclusion = chance @ times
        self.with_replacement = bool((times > 1).any())
        self.p_joint = np.zeros((0, 0)) if self.with_replacement else (times.T * chance) @ times
        self.frame = np.array([[len(stratum) for stratum in force] for force in reports])
        counts = np.array([[np.sum(stratum, axis=0) for stratum in force] for force in reports])
        self.due, self.recorded = counts[..., 0], counts[..., 1]
        self.accuracy = self.recorded.sum() / self.due.sum()

    def audits(self) -> Iterator[tuple[float, Audit]]:
        """Every audit that can come about, with its probability."""
        readings = [self._readings(f) for f in range(self.n_forces)]
        for forces, p_forces in self.draws:
            for chosen in product(*(readings[f] for f in forces)):
                counts = np.array([reading for reading, _ in chosen])
                yield (
                    p_forces * prod(p for _, p in chosen),
                    self._audit(list(forces), counts[..., 0], counts[..., 1]),
                )

    def _readings(self, f):
        """Counts (due, recorded) by stratum of force *f*, each with its probability."""
        by_stratum = []
        for h, stratum in enumerate(self.reports[f]):
            samples = combinations(stratum, self.sampled[f, h])
            tally = Counter(tuple(np.sum(sample, axis=0)) for sample in samples)
            by_stratum.append([(counts, k / tally.total()) for counts, k in tally.items()])
        return [
            ([counts for counts, _ in chosen], prod(p for _, p in chosen))
            for chosen in product(*by_stratum)
        ]

    def _audit(self, forces, due, recorded):
        return Audit(
            np.array(forces),
            self.frame[forces],
            self.sampled[forces],
            np.ascontiguousarray(due),
            np.ascontiguousarray(recorded),
            self.p_inclusion[forces],
            self.force_stratum[forces],
            self.recorded.astype(float),
            p_joint=self.p_joint,
        )


FORCES = [
    [[RECORDED] * 2 + [UNRECORDED, NOT_DUE], [RECORDED, UNRECORDED, UNRECORDED]],
    [[RECORDED] * 3 + [UNRECORDED], [RECORDED, RECORDED, NOT_DUE]],
    [[RECORDED] * 4 + [UNRECORDED] * 2, [RECORDED, RECORDED]],
    [[RECORDED, UNRECORDED, UNRECORDED], [RECORDED, RECORDED, RECORDED, UNRECORDED]],
    [[RECORDED] * 4, [RECORDED, UNRECORDED, NOT_DUE]],
]
READ = [[2, 2]] * 5


def equal_draws(blocks: list[tuple[range, int]]) -> list[tuple[tuple[int, ...], float]]:
    """All sets that take so many forces of each block, equally likely."""
    sets = [
        tuple(f for part in parts for f in part)
        for parts in product(*(combinations(block, m) for block, m in blocks))
    ]
    return [(forces, 1 / len(sets)) for forces in sets]


def unequal_draws(odds: list[float], m: int) -> list[tuple[tuple[int, ...], float]]:
    """Conditional Poisson: sets of m forces, as likely as the product of their odds."""
    sets = list(combinations(range(len(odds)), m))
    weight = np.array([np.take(odds, forces).prod() for forces in sets])
    return [(forces, float(w)) for forces, w in zip(sets, weight / weight.sum(), strict=True)]


def independent_draws(p: list[float], m: int) -> list[tuple[tuple[int, ...], float]]:
    """All ordered selections of m forces with replacement, a force drawn with chance p."""
    return [
        (tuple(sorted(forces)), float(np.take(p, forces).prod()))
        for forces in product(range(len(p)), repeat=m)
    ]


@pytest.fixture(scope="session")
def srs_population() -> Population:
    """Simple random, 3 of 5 forces."""
    return Population(FORCES, READ, equal_draws([(range(5), 3)]), [0] * 5)


@pytest.fixture(scope="session")
def stratified_population() -> Population:
    """Two forces certain, each a stratum of its own; 2 of the 3 others."""
    return Population(FORCES, READ, equal_draws([(range(2), 2), (range(2, 5), 2)]), [0, 1, 2, 2, 2])


@pytest.fixture(scope="session")
def pps_population() -> Population:
    """Conditional Poisson, 3 of 5 forces, no two with the same probability."""
    return Population(FORCES, READ, unequal_draws([0.7, 0.9, 1.1, 1.4, 2.0], 3), [0] * 5)


@pytest.fixture(scope="session")
def large_pps_population() -> Population:
    """Conditional Poisson, 5 of 12 forces, all their records read."""
    forces = [FORCES[f % 5] for f in range(12)]
    read = [[len(stratum) for stratum in force] for force in forces]
    return Population(forces, read, unequal_draws(list(np.linspace(0.5, 2.0, 12)), 5), [0] * 12)


@pytest.fixture(scope="session")
def pps_wr_population() -> Population:
    """Two draws with replacement from 5 forces, one of them expected more than once."""
    return Population(FORCES, READ, independent_draws([0.05, 0.1, 0.12, 0.18, 0.55], 2), [0] * 5)


AuditMaker = Callable[..., Audit]


@pytest.fixture(scope="session")
def random_audit() -> AuditMaker:
    """A function: seed and sizes to an audit with every count positive."""

    def make(seed: int, *, n_forces: int = 4, n_strata: int = 3, n_frame: int = 9) -> Audit:
        rng = np.random.default_rng(seed)
        shape = (n_forces, n_strata)
        recorded = rng.integers(1, 20, shape)
        due = recorded + rng.integers(0, 10, shape)
        sampled = due + rng.integers(1, 5, shape)
        return checked(
            Audit(
                np.sort(rng.choice(n_frame, n_forces, replace=False)),
                sampled + rng.integers(0, 500, shape),
                sampled,
                due,
                recorded,
                rng.uniform(0.1, 0.9, n_forces),
                np.zeros(n_forces, np.int64),
                rng.uniform(10.0, 1000.0, (n_frame, n_strata)),
                post_stratum=rng.integers(0, 3, n_frame),
                seed=seed,
            )
        )

    return make


@pytest.fixture(scope="session")
def calm_audit() -> Audit:
    """Six of nine forces, much alike: every estimator has an answer, inside (0, 1).

    Stated for 2 forces certain and 4 of the 7 others, simple random, one
    stratum each for the certain ones.
    """
    rng = np.random.default_rng(20141118)
    shape = (6, 3)
    sampled = rng.integers(60, 100, shape)
    due = rng.binomial(sampled, 0.85)
    certain = np.array([1, 1, 0, 0, 0, 0, 0, 0, 0], bool)
    p = np.where(certain, 1.0, 4 / 7)
    p_joint = np.outer(p, p)
    p_joint[2:, 2:] = 4 * 3 / (7 * 6)
    np.fill_diagonal(p_joint, p)
    recorded = rng.binomial(due, rng.uniform(0.7, 0.9, (6, 1)))
    forces = np.array([0, 1, 3, 4, 6, 8])
    return checked(
        Audit(
            forces,
            sampled * rng.integers(4, 8, shape),
            sampled,
            due,
            recorded,
            p[forces],
            np.array([0, 1, 2, 2, 2, 2]),
            rng.uniform(300.0, 500.0, (9, 3)),
            over_recorded=rng.binomial(sampled - due, 0.1),
            post_stratum=np.array([0, 0, 0, 0, 1, 1, 1, 1, 1]),
            p_joint=p_joint,
            seed=7,
        )
    )


@pytest.fixture(scope="session")
def two_forces() -> Audit:
    """Accuracies 0.8 and 0.9, due reports 400 and 100; small enough to work by hand."""
    return checked(
        Audit(
            np.array([0, 2]),
            np.array([[400], [100]]),
            np.array([[40], [50]]),
            np.array([[40], [50]]),
            np.array([[32], [45]]),
            np.array([2 / 3, 2 / 3]),
            np.array([0, 0]),
            np.array([[400.0], [200.0], [90.0]]),
        )
    )


BY_FORCE = (
    "force", "frame", "sampled", "due", "recorded", "p_inclusion", "force_stratum",
    "over_recorded",
)  # fmt: skip


@pytest.fixture(scope="session")
def take_forces():
    """A function: an audit and rows to the audit of these inspected forces, in that order."""

    def take(audit: Audit, rows) -> Audit:
        rows = np.asarray(rows, dtype=np.int64)
        return audit._replace(**{name: getattr(audit, name)[rows] for name in BY_FORCE})

    return take


@pytest.fixture(scope="session")
def point():
    """A function: accuracy, reason and influence by a compiled point estimator."""

    def estimated(name, audit):
        influence = empty_influence(len(audit.force))
        accuracy, reason = compiled_point(name)(with_totals(audit), influence)
        return accuracy, reason, influence

    return estimated


@pytest.fixture(scope="session")
def variance_of(point):
    """A function: variance and reason, by names of a variance and a point estimator."""

    def estimated(variance, name, audit):
        accuracy, reason, influence = point(name, audit)
        assert reason == 0
        return compiled_variance(variance)(
            with_totals(audit), accuracy, influence, compiled_point(name)
        )

    return estimated


@pytest.fixture(scope="session")
def records_variance():
    """A function: s^2 of y - ratio x from the records themselves."""

    def of_records(n, due, recorded, ratio):
        x, y = np.repeat([1, 1, 0], [recorded, due - recorded, n - due]), np.arange(n) < recorded
        return np.var(y - ratio * x, ddof=1)

    return of_records
