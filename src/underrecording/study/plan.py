"""A scenario laid out for repetition: cells, their worlds and inspections, targets, blocks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from underrecording.errors import UserError
from underrecording.estimation import EstimatorSpec
from underrecording.inspection.inspect import InspectionPlan, plan_inspection
from underrecording.inspection.questions import QUESTIONS
from underrecording.scenario import LoadedScenario, Scenario
from underrecording.stream import make_world
from underrecording.study.moments import N_ERROR_BINS, N_SHARE_BINS
from underrecording.study.sweep import Cell, cells, swept_keys
from underrecording.world.build import World

if TYPE_CHECKING:
    from underrecording.study.until import Stand

MAX_SUMMARY_BYTES = 2**29
MAX_BLOCKS = 100_000
MAX_ROWS_BYTES = 2**28
ROW_BYTES = 64
"""Of a kept row in memory, about: as it comes, and what its table adds."""
OF_ONE_FORCE = ("binomial", "linearised")
"""Variances that a single force has: nothing between forces is in them."""
WITHOUT_REPLACEMENT = ("linearised", "sen_yates_grundy")
"""Variances made for forces that are inspected at most once."""


class Target(NamedTuple):
    """What is estimated: an estimand in a domain."""

    estimand: str
    domain: str

    @classmethod
    def parse(cls, text: str) -> Target:
        """Read ``estimand/domain``."""
        estimand, domain = text.split("/")
        return cls(estimand, domain)


class Block(NamedTuple):
    """Replicates *start* to *stop* - 1 of one fixed world, or of fresh ones (world 0)."""

    world: int
    start: int
    stop: int

    @property
    def is_first(self) -> bool:
        """Whether it holds the first replicates, whose rows are kept."""
        return self.world == 0 and self.start == 0

    @property
    def name(self) -> str:
        """Name of the part that holds it."""
        return f"world-{self.world:05d}-replicates-{self.start:010d}-{self.stop:010d}"


@dataclass(frozen=True)
class CellPlan:
    """One cell ready to run."""

    cell: Cell
    world: World
    inspection: InspectionPlan

    def strata(self) -> str:
        """Into what the records of a force are divided, and what was too small for it."""
        options, plan = self.cell.scenario.inspection.records, self.inspection
        n_forces, n_strata = plan.records.shape
        words = "offence groups" + ", each by route" * (options.strata == "group_route")
        words += f": {n_strata} in each of {n_forces} forces"
        if plan.strata is not None and plan.strata.by_route is not None:
            words += (
                f"; routes too small and left together in {plan.strata.collapsed} of "
                f"{plan.strata.by_route.size} groups of a force"
            )
        return f"{words}; {plan.short} of fewer than {options.minimum} reports, read whole"


@dataclass(frozen=True)
class StudyPlan:
    """All that a study does, before any of it is done.

    Attributes
    ----------
    name : str
        Of the scenario file, without its ending.
    scenario : Scenario
    text : str
        The scenario as its author wrote it.
    given : mapping
        Its values, with what was set from outside: from them the plan can be made again.
    keys : tuple of str
        Swept keys.
    cells : tuple of CellPlan
    targets : tuple of Target
    estimators : tuple of EstimatorSpec
    stand : Stand or None
        Where it ended, if it had a goal besides its number of replicates and has run.
    """

    name: str
    scenario: Scenario
    text: str
    given: Mapping[str, Any]
    keys: tuple[str, ...]
    cells: tuple[CellPlan, ...]
    targets: tuple[Target, ...]
    estimators: tuple[EstimatorSpec, ...]
    stand: Stand | None = None

    def ended_at(self, stand: Stand | None) -> StudyPlan:
        """The plan of what was run, where it ended as *stand* says."""
        if stand is None:
            return self
        return replace(self, scenario=up_to(self.scenario, stand.replicates), stand=stand)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Cells, targets and estimators: (C, T, E)."""
        return len(self.cells), len(self.targets), len(self.estimators)

    @property
    def reference(self) -> int:
        """Number of the estimator that the others are compared with."""
        return [str(spec) for spec in self.estimators].index(self.scenario.reference)

    @property
    def fresh(self) -> bool:
        """Whether each replicate has a world of its own."""
        return self.scenario.world.draw == "fresh"

    @property
    def keeps_rows(self) -> bool:
        """Whether every estimate is kept, as rows."""
        return self.scenario.study.keep == "rows"

    @property
    def worlds(self) -> int:
        """Number of fixed worlds; 1 where worlds are fresh."""
        return self.scenario.world.worlds

    def blocks(self) -> tuple[Block, ...]:
        """Every block of the study, in the order in which they are merged."""
        return blocks_of(self.scenario)


def blocks_of(scenario: Scenario) -> tuple[Block, ...]:
    """Every block of a study, in the order in which they are merged."""
    replicates, size = scenario.study.replicates, scenario.study.block_size
    return tuple(
        Block(world, start, min(start + size, replicates))
        for world in range(scenario.world.worlds)
        for start in range(0, replicates, size)
    )


def up_to(scenario: Scenario, replicates: int) -> Scenario:
    """The scenario with another number of replicates."""
    study = scenario.study.model_copy(update={"replicates": replicates})
    return scenario.model_copy(update={"study": study})


def plan_study(loaded: LoadedScenario, say: Callable[[str], None] = lambda _: None) -> StudyPlan:
    """Lay a scenario out: solve its worlds, apply its designs to the frame.

    Parameters
    ----------
    loaded : LoadedScenario
    say : callable
        Told in one line if this takes more than a moment.

    Raises
    ------
    UserError
        If a cell cannot be built; all mistakes at once, with their place in the file.
    """
    scenario = loaded.scenario
    made = cells(loaded)
    try:
        _check_size(scenario, len(made))
    except UserError as error:
        raise UserError(loaded.located(error)) from None
    if scenario.world.fidelity == "events":
        say("Calibrating: the baseline's incidents in every force, about ten seconds ...")
    problems: list[str] = []
    plans = []
    worlds: dict[str, World] = {}
    for cell in made:
        try:
            plans.append(_plan_cell(cell, worlds))
        except UserError as error:
            problems += loaded.located(error, cell.change)
    if problems:
        raise UserError(list(dict.fromkeys(problems)))
    return StudyPlan(
        name=loaded.name,
        scenario=scenario,
        text=loaded.text,
        given=loaded.document.data,
        keys=swept_keys(scenario),
        cells=tuple(plans),
        targets=tuple(Target.parse(text) for text in scenario.study.estimands),
        estimators=tuple(EstimatorSpec.parse(item.name) for item in scenario.estimators),
    )


def _plan_cell(cell: Cell, worlds: dict[str, World]) -> CellPlan:
    """Lay one cell out; *worlds* are those of the cells before it, by their options."""
    _check_variances(cell.scenario)
    _check_domains(cell.scenario)
    # Held here, so that hundreds of cells share a world whatever the cache of worlds lets go.
    asked = cell.scenario.world.model_dump_json()
    if asked not in worlds:
        worlds[asked] = make_world(cell.scenario.world)
    world = worlds[asked]
    inspection = plan_inspection(
        cell.scenario.inspection,
        world.frame,
        world.law.reports,
        world.expected_no_crimes(),
        world.expected_records(),
        bureau_share=world.law.bureau_share,
    )
    return CellPlan(cell, world, inspection)


def _check_variances(scenario: Scenario) -> None:
    """Refuse variances that forces drawn with replacement do not have."""
    forces = scenario.inspection.forces
    if not forces.with_replacement:
        return
    wrong = [e.name for e in scenario.estimators if e.variance in WITHOUT_REPLACEMENT]
    if wrong:
        raise UserError(
            f"inspection.forces.design: {forces.design} draws with replacement, for which "
            f"{', '.join(wrong)} is not made; give ultimate_cluster, jackknife or bootstrap"
        )


def _check_domains(scenario: Scenario) -> None:
    """Refuse estimators that have no meaning in a domain or in the strata of the records."""
    by_route = scenario.inspection.records.strata == "group_route"
    if by_route and any(e.point == "by_group" for e in scenario.estimators):
        raise UserError(
            "inspection.records.strata: by_group weights strata by the volumes that forces "
            "publish, and none is published by route; leave by_group out, or give strata: group"
        )
    questions = {name: QUESTIONS[name] for name in scenario.study.estimands}
    routes = [name for name, question in questions.items() if question.route is not None]
    if routes and not by_route:
        raise UserError(
            f"study.estimands: {', '.join(routes)}: no audit tells routes apart; give "
            "inspection.records.strata: group_route"
        )
    forces = [name for name, question in questions.items() if question.force is not None]
    wrong = [e.name for e in scenario.estimators if e.variance not in OF_ONE_FORCE]
    if forces and wrong:
        raise UserError(
            f"study.estimands: {', '.join(forces)}: of a single force {', '.join(wrong)} sees "
            f"nothing; give {' or '.join(OF_ONE_FORCE)} as variance"
        )


def _check_size(scenario: Scenario, n_cells: int) -> None:
    """Refuse what would not fit into memory, before anything is built."""
    worlds, replicates = scenario.world.worlds, scenario.study.replicates
    size = scenario.study.block_size
    n_blocks = worlds * -(-replicates // size)
    if n_blocks > MAX_BLOCKS:
        raise UserError(
            f"study.block_size: {size:,} makes {n_blocks:,} blocks of {replicates:,} replicates in "
            f"{worlds:,} world(s), more than the allowed {MAX_BLOCKS:,}; give larger blocks, "
            "fewer replicates or fewer worlds"
        )
    n_targets, n_estimators = len(scenario.study.estimands), len(scenario.estimators)
    summary = 8 * (3 * N_ERROR_BINS + 2 * N_SHARE_BINS) * n_cells * n_targets * n_estimators
    if summary > MAX_SUMMARY_BYTES:
        raise UserError(
            f"study: {n_cells} cells, {n_targets} estimands and {n_estimators} estimators need "
            f"{summary / 2**20:,.0f} MiB a block; give fewer, together at most "
            f"{MAX_SUMMARY_BYTES / 2**20:,.0f} MiB"
        )
    replicate = ROW_BYTES * n_cells * n_targets * n_estimators
    if scenario.study.keep == "rows" and replicate * min(size, replicates) > MAX_ROWS_BYTES:
        raise UserError(
            f"study.keep: rows of {n_cells} cells, {n_targets} estimands and {n_estimators} "
            f"estimators need {replicate * min(size, replicates) / 2**20:,.0f} MiB a block, more "
            f"than the allowed {MAX_ROWS_BYTES / 2**20:,.0f} MiB; give study.block_size: "
            f"{_rounded_down(MAX_ROWS_BYTES // replicate)} or less"
        )


def _rounded_down(number: int) -> int:
    """To one digit.

    >>> _rounded_down(4660), _rounded_down(999), _rounded_down(7)
    (4000, 900, 7)
    """
    step = int(10 ** (len(str(number)) - 1))
    return number // step * step
