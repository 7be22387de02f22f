"""Where the variance of an error comes from: world, forces, records, readings.

Each unit is a fresh world (or, of one fixed world, a draw of forces) in which
forces are drawn twice, in each of these records twice, and each of those read
twice: eight errors, e[s, c, q]. With the mean over a suffix written as a dot, the
expected mean squares of a balanced nested design give unbiased components::

    reading = mean (e[s,c,0] - e[s,c,1])^2 / 2
    records = mean (e[s,0,.] - e[s,1,.])^2 / 2 - reading / 2
    forces  = (e[0,.,.] - e[1,.,.])^2 / 2 - (records + reading / 2) / 2
    world   = var(e[.,.,.] over units) - (forces + (records + reading / 2) / 2) / 2

and their sum is the variance of an error, E Var(e | ...) added up by the law of
total variance. Units are independent, so each component is a mean over units and
its Monte Carlo error their spread. Source: Searle, Casella & McCulloch (1992),
Variance Components, ch. 4 (balanced data).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from underrecording.audit import Audits
from underrecording.errors import UserError
from underrecording.estimation import EstimatorSpec
from underrecording.estimation.many import only_strata, repeat
from underrecording.inspection.audits import select_forces
from underrecording.inspection.inspect import InspectionPlan
from underrecording.inspection.layers import read_in_layers
from underrecording.inspection.questions import QUESTIONS
from underrecording.inspection.review import Review
from underrecording.inspection.strands import Strand
from underrecording.ledger import Ledger
from underrecording.scenario import Scenario
from underrecording.study.drawn import Drawn
from underrecording.study.given_forces import Controls, Gain, gain, integrate, mean_of
from underrecording.study.measures import Measure
from underrecording.study.needs import needs_of, question_of
from underrecording.study.plan import StudyPlan
from underrecording.study.replicates import WHOLE

Floats = NDArray[np.float64]

SOURCES = ("world", "forces", "records", "readings")
"""What the variance of an error is split into, from the outside in."""

LAYER = 2**32
"""Second draws are at addresses this far from the replicate's own, which no study reaches."""

_CHUNK = 256


class Split(NamedTuple):
    """The variance of one estimator's error, taken apart.

    Attributes
    ----------
    estimator, estimand, domain : str
        The estimator is a point: its variance and interval move no error.
    units : int
        That answered all eight times.
    left_out : int
        Units that did not.
    sources : dict of str to Measure
        Variance by source, with its Monte Carlo error; see `SOURCES`. An estimate
        of a variance that is 0 may lie below 0, within its error.
    total : Measure
        Their sum.
    plain : Measure
        Variance of the first error of each unit: what an ordinary study finds.
    difference : Measure
        total - plain, which should be 0 within its error.
    monte_carlo : float
        What a study of as many replicates as the scenario asks for leaves open of
        the bias: total / replicates.
    gain : Gain or None
        What integrating over the record draw saves; None where it cannot be done.
    """

    estimator: str
    estimand: str
    domain: str
    units: int
    left_out: int
    sources: dict[str, Measure]
    total: Measure
    plain: Measure
    difference: Measure
    monte_carlo: float
    gain: Gain | None


def refuse_unsplittable(scenario: Scenario) -> None:
    """Refuse a scenario of several fixed worlds, and estimands of single forces.

    Raises
    ------
    UserError
    """
    forces = [name for name in scenario.study.estimands if QUESTIONS[name].force is not None]
    if forces:
        raise UserError(
            f"study.estimands: {', '.join(forces)}: a force is not in every sample, so its error "
            "cannot be split; leave it out"
        )
    if scenario.world.worlds > 1:
        raise UserError(
            f"world.worlds: {scenario.world.worlds} fixed worlds cannot be split; give draw: "
            "fresh, of which every unit has its own, or one fixed world"
        )


def split_variance(
    plan: StudyPlan,
    *,
    units: int,
    threads: int = 1,
    advance: Callable[[int], None] = lambda _: None,
) -> list[Split]:
    """Split the variance of every point estimator's error, for every target, in the reference cell.

    Parameters
    ----------
    plan : StudyPlan
    units : int
        Fresh worlds, or draws of forces where the world is fixed; two or more.
    threads : int
        Threads for worlds that take long.
    advance : callable
        Told how many more units are done.

    Raises
    ------
    UserError
        If the scenario has several fixed worlds, or asks about single forces.
    """
    refuse_unsplittable(plan.scenario)
    n_targets, n_estimators = len(plan.targets), len(points_of(plan))
    errors = np.empty((n_targets, n_estimators, 2, 2, 2, units))
    controls: dict[tuple[int, int], list[Controls]] = {}
    needs = needs_of(plan)
    at_once = 1 if plan.fresh and plan.scenario.world.fidelity == "events" else _CHUNK
    for first in range(0, units, at_once):
        count = min(at_once, units - first)
        if plan.fresh:
            drawn = Drawn.fresh(plan, needs, first, count, threads)
        else:
            drawn = Drawn.fixed(plan, needs, 0, threads)
        for t in range(n_targets):
            _fill(plan, drawn, t, first, count, errors[t, ..., first : first + count], controls)
        advance(count)
    return [
        _split(plan, t, e, errors[t, e], controls.get((t, e)))
        for e in range(n_estimators)
        for t in range(n_targets)
    ]


def _fill(
    plan: StudyPlan,
    drawn: Drawn,
    t: int,
    first: int,
    count: int,
    errors: Floats,
    controls: dict[tuple[int, int], list[Controls]],
) -> None:
    """Fill *errors* (E, 2, 2, 2, B) of target *t*, and note what is known given the forces."""
    inspection, seed, level = (
        plan.cells[0].inspection,
        plan.scenario.seed,
        plan.scenario.study.level,
    )
    question, domain, truth = question_of(plan.targets[t]), drawn.domain(0, t), drawn.truth(0, t)
    review = inspection.review(question.strand)
    strand = drawn.reading(0, question.strand).strand
    for (s, c, q), audits in in_layers(
        inspection, review, strand, drawn.ledger(0), seed=seed, first=first, count=count
    ):
        asked = audits
        if domain != WHOLE:
            asked = only_strata(audits, domain.first, domain.step, domain.strata)
        for e, spec in enumerate(points_of(plan)):
            answers, _ = question.answer(*repeat(spec, asked, level=level))
            errors[e, s, c, q] = answers[:, 0] - truth
            if s == c == q == 0:
                known = integrate(spec, question, review, strand, asked, domain)
                if known is not None:
                    controls.setdefault((t, e), []).append(known)


def in_layers(
    inspection: InspectionPlan,
    review: Review,
    strand: Strand,
    ledger: Ledger,
    *,
    seed: int,
    first: int,
    count: int,
) -> Iterator[tuple[tuple[int, int, int], Audits]]:
    """The eight audits of each of *count* units, by draw of forces, of records, and of readings.

    Units are replicates *first* and those after it; (0, 0, 0) is the audit that an
    ordinary study makes in them.
    """
    for s in range(2):
        chosen = select_forces(inspection, ledger, seed, 0, first + s * LAYER, count)
        for c in range(2):
            for q in range(2):
                yield (
                    (s, c, q),
                    read_in_layers(
                        inspection, review, strand, chosen, seed, 0,
                        records_at=first + (2 * s + c) * LAYER,
                        readings_at=first + (4 * s + 2 * c + q) * LAYER,
                    ),
                )  # fmt: skip


def points_of(plan: StudyPlan) -> list[EstimatorSpec]:
    """The first estimator of each point: those that share a point share its error."""
    return list({spec.point: spec for spec in reversed(plan.estimators)}.values())[::-1]


def _split(
    plan: StudyPlan, t: int, e: int, errors: Floats, controls: list[Controls] | None
) -> Split:
    answered: NDArray[np.bool_] = np.asarray(np.isfinite(errors).all(axis=(0, 1, 2)))
    target, kept = plan.targets[t], errors[..., answered]
    parts = unit_variances(kept, between_worlds=plan.fresh)
    first = kept[0, 0, 0]
    n = first.size
    plain = (first - first.mean()) ** 2 * n / max(1, n - 1) if n else first
    total = sum(parts.values(), np.zeros(n))
    return Split(
        estimator=points_of(plan)[e].point,
        estimand=target.estimand,
        domain=target.domain,
        units=n,
        left_out=int((~answered).sum()),
        sources={name: mean_of(part) for name, part in parts.items()},
        total=mean_of(total),
        plain=mean_of(plain),
        difference=mean_of(total - plain),
        monte_carlo=mean_of(total).value / plan.scenario.study.replicates,
        gain=gain(first, Controls.joined(controls).at(answered)) if controls else None,
    )


def unit_variances(errors: Floats, *, between_worlds: bool) -> dict[str, Floats]:
    """What each unit says of each source, (U,): components are the means.

    Parameters
    ----------
    errors : float array (2, 2, 2, U)
        By draw of forces, of records, of readings, and unit.
    between_worlds : bool
        Whether units are worlds; if not, all are of one world, whose share is 0.

    >>> errors = np.zeros((2, 2, 2, 3))
    >>> errors[:] = [1.0, 2.0, 3.0]
    >>> {name: float(v.mean()) for name, v in unit_variances(errors, between_worlds=True).items()}
    {'world': 1.0, 'forces': 0.0, 'records': 0.0, 'readings': 0.0}
    """
    by_records = errors.mean(axis=2)
    by_forces = by_records.mean(axis=1)
    by_unit = by_forces.mean(axis=0)
    readings = (np.diff(errors, axis=2) ** 2 / 2.0).mean(axis=(0, 1, 2))
    records = (np.diff(by_records, axis=1) ** 2 / 2.0).mean(axis=(0, 1))
    forces = (np.diff(by_forces, axis=0) ** 2 / 2.0).mean(axis=0)
    world = np.zeros(by_unit.shape)
    if between_worlds and by_unit.size > 1:
        n = by_unit.size
        world = (by_unit - by_unit.mean()) ** 2 * n / (n - 1) - forces / 2.0
    # Each mean square holds half of the one below it.
    return dict(
        zip(
            SOURCES,
            (world, forces - records / 2.0, records - readings / 2.0, readings),
            strict=True,
        )
    )
