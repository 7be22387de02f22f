"""Options and published figures to a `World`: calibrate once, then set the drivers."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from underrecording.audit import ForceFrame
from underrecording.errors import UserError, did_you_mean
from underrecording.ledger import Ledger
from underrecording.published import (
    OFFENCE_GROUPS,
    Published,
    load_published,
    recording_accuracy_targets,
)
from underrecording.world.draw import EVERYTHING, draw_worlds, parts_of
from underrecording.world.factors import logit, officers_of, stationary_load, steady_knowledge
from underrecording.world.law import Law
from underrecording.world.options import Drivers, WorldOptions
from underrecording.world.quadrature import Spreads, typical_logit
from underrecording.world.solve import (
    Calibration,
    expected_force_sd,
    expected_p_recorded,
    solve,
)

Floats = NDArray[np.float64]

DEFAULT_NO_CRIME_RATE = 0.03  # Assumed: no national share of recorded crime was found.


@dataclass(frozen=True)
class World:
    """Forces, their volumes, and the law by which their reports are recorded.

    Attributes
    ----------
    frame : ForceFrame
        Names, kinds and published volumes (year to June 2013, without fraud).
    expected_due : float array (F, K)
        Due reports expected on the auditable frame.
    calibration : Calibration
        Solved at the baseline.
    expected_p : float array (F, K)
        Expected chance that a due report is recorded, under today's drivers
        and the force effects that are given.
    expected_sd : float
        Expected standard deviation over forces of accuracy, likewise.
    law : Law
    """

    frame: ForceFrame
    expected_due: Floats
    calibration: Calibration
    expected_p: Floats
    expected_sd: float
    law: Law

    def fresh(
        self,
        seed: int,
        first: int,
        count: int,
        *,
        threads: int = 1,
        fields: Collection[str] = EVERYTHING,
    ) -> Ledger:
        """Return the fresh worlds of replicates *first* to *first* + *count* - 1.

        *threads* may be used by worlds that take long. Counts of the ledger other
        than *fields* may be left at 0, and change nothing in these.
        """
        ledger = Ledger.empty(count, *self.law.reports.shape)
        draw_worlds(self.law, seed, 0, first, parts_of(fields), ledger)
        return ledger

    def fixed(
        self, seed: int, number: int, *, threads: int = 1, fields: Collection[str] = EVERYTHING
    ) -> Ledger:
        """Return fixed world *number*; *threads* and *fields* as in `fresh`."""
        ledger = Ledger.empty(1, *self.law.reports.shape)
        draw_worlds(self.law, seed, number, 0, parts_of(fields), ledger)
        return ledger

    def expected_accuracy(self) -> Floats:
        """Expected national accuracy of each group, (K,): expected recorded over due."""
        recorded = (self.expected_due * self.expected_p).sum(axis=0)
        accuracy: Floats = recorded / self.expected_due.sum(axis=0)
        return accuracy

    def expected_no_crimes(self) -> Floats:
        """Recorded crimes expected to be cancelled in a year, (F, K)."""
        due, law = self.expected_due, self.law
        over_recorded = (law.reports - due) * law.over_recording_rate
        cancelled: Floats = (due * self.expected_p + over_recorded) * law.no_crime_rate
        return cancelled

    def expected_records(self) -> dict[str, Floats]:
        """Records expected in a year, (F, K), by the strand of an inspection that reads them."""
        due, law = self.expected_due, self.law
        recorded: Floats = due * self.expected_p
        made = recorded + (law.reports - due) * law.over_recording_rate
        return {
            "recorded_crimes": recorded,
            "disposals": (made - self.expected_no_crimes()) * law.disposal_share,
            "other_systems": law.other_due.astype(np.float64),
        }

    def expected_unrecorded(self) -> float:
        """Due crimes on the auditable frame expected to go unrecorded in a year."""
        return float((self.expected_due * (1.0 - self.expected_p)).sum())


def build_world(options: WorldOptions) -> World:
    """Build the world that *options* describe, under ``fidelity: rates``.

    The same options give the same object.

    Raises
    ------
    UserError
        If a published accuracy or the between-force spread cannot be met, or a
        force is unknown.
    """
    return _build(options.model_dump_json())


@lru_cache(maxsize=256)
def _build(options_json: str) -> World:
    # Options hold dicts, which cannot be a cache key; their JSON can.
    options = WorldOptions.model_validate_json(options_json)
    # Drivers of today leave the baseline alone: a sweep over them solves once.
    baseline = _baseline_at_rates(options.model_dump_json(include=_AT_BASELINE))
    excess_load = np.maximum(0.0, _stationary_load(options) - baseline.load_0)
    return assemble_world(options, baseline, options, excess_load)


class Baseline(NamedTuple):
    """What the baseline settles: the calibration, and where load and knowledge count from."""

    calibration: Calibration
    load_0: float
    know_0: float


_AT_BASELINE = {"rule", "accuracy", "effects", "pressured_groups", "baseline"}


@lru_cache(maxsize=256)
def _baseline_at_rates(options_json: str) -> Baseline:
    options = WorldOptions.model_validate_json(options_json)
    load = _stationary_load(options.baseline)
    return solve_baseline(options, load, float(np.median(load)))


def solve_baseline(options: WorldOptions, load: Floats, load_0: float) -> Baseline:
    """Solve intercepts and tau at the baseline drivers.

    Parameters
    ----------
    options : WorldOptions
    load : float array (F,) or (F, L)
        Open incidents per officer on duty; L values equally often met where it
        moves within the year.
    load_0 : float
        Where excess load counts from.
    """
    published, drivers = load_published(), options.baseline
    know_0 = steady_knowledge(drivers.training)
    calibration = solve(
        published.forces.recorded.astype(np.float64),
        _accuracy_targets(options, published),
        load_offset=-options.effects.workload * np.maximum(0.0, load - load_0),
        psi=_pressure_effects(options),
        spreads=_spreads(drivers, options, know_0),
        between_force_sd=options.accuracy.between_force_sd,
    )
    return Baseline(calibration, load_0, know_0)


def assemble_world(
    options: WorldOptions, baseline: Baseline, drivers: Drivers, excess_load: Floats
) -> World:
    """Put a solved world together.

    Parameters
    ----------
    options : WorldOptions
    baseline : Baseline
    drivers : Drivers
        State at which the expected chances of recording are given.
    excess_load : float array (F,) or (F, L)
        max(0, load_f - load_0) in that state; see `solve_baseline`.
    """
    published = load_published()
    forces, calibration = published.forces, baseline.calibration
    psi = _pressure_effects(options)
    law = _law(options, forces.name, published, baseline, excess_load, psi)
    load_offset = -options.effects.workload * excess_load
    spreads = _spreads(drivers, options, baseline.know_0)
    return World(
        frame=ForceFrame(
            forces=forces.name,
            regions=forces.region,
            force_types=forces.force_type,
            interim=forces.interim_13,
            groups=OFFENCE_GROUPS,
            recorded_volume=forces.recorded.astype(np.float64),
        ),
        expected_due=calibration.expected_due,
        calibration=calibration,
        expected_p=expected_p_recorded(
            calibration,
            load_offset=load_offset,
            psi=psi,
            spreads=spreads,
            fixed_effect=law.fixed_effect,
        ),
        expected_sd=expected_force_sd(
            calibration,
            load_offset=load_offset,
            psi=psi,
            spreads=spreads,
            fixed_effect=law.fixed_effect,
        ),
        law=law,
    )


def _stationary_load(drivers: Drivers) -> Floats:
    published = load_published()
    return stationary_load(
        drivers.workload,
        published.forces.total.astype(np.float64),
        officers_of(drivers.staff, published),
    )


def _pressure_effects(options: WorldOptions) -> Floats:
    """psi_k: the assumed effect in the groups that pressure acts on, else 0."""
    effect, groups = options.effects.pressure, options.pressured_groups
    return np.array([effect if group in groups else 0.0 for group in OFFENCE_GROUPS])


def _law(
    options: WorldOptions,
    names: tuple[str, ...],
    published: Published,
    baseline: Baseline,
    excess_load: Floats,
    psi: Floats,
) -> Law:
    frame, records, calibration = options.frame, options.crime_records, baseline.calibration
    due = calibration.expected_due
    today = _spreads(options, options, baseline.know_0)
    wrong = published.figure("final_2014", "no_crimes_incorrect").value
    reviewed = published.figure("final_2014", "no_crimes_reviewed").value
    return Law(
        reports=np.rint(due / frame.due_share).astype(np.int64),
        due_share=frame.due_share,
        intercept=calibration.intercept,
        tau=calibration.tau,
        fixed_effect=_fixed_effects(options.force_effects, names),
        excess_load=excess_load if excess_load.ndim == 1 else excess_load.mean(axis=1),
        kappa=options.effects.knowledge,
        omega=options.effects.workload,
        detection=options.effects.review_detection,
        know_0=today.know_0,
        psi=psi,
        knowledge=np.array(today.knowledge),
        review=np.array(today.review),
        pressure=np.array(today.pressure),
        over_recording_rate=frame.over_recording_rate,
        no_crime_rate=_by_group(options.no_crimes.rate, DEFAULT_NO_CRIME_RATE),
        wrong_share=_by_group(options.no_crimes.wrong_share, wrong / reviewed),
        other_due=np.rint(due * frame.other_systems_share).astype(np.int64),
        gap_due=np.rint(due * frame.gap_share).astype(np.int64),
        other_accuracy=frame.other_systems_accuracy,
        late=np.array(
            [typical_logit(records.late_share, records.late_spread), records.late_spread]
        ),
        misclassified_share=options.pathway.misclassified_share,
        disposal_share=options.pathway.disposal_share,
        wrong_disposal_share=(
            _published_wrong_disposals(published)
            if records.wrong_disposal_share is None
            else records.wrong_disposal_share
        ),
        bureau_share=options.pathway.routes.crime_bureau_share,
        bureau_effect=options.pathway.routes.crime_bureau_effect,
    )


def _published_wrong_disposals(published: Published) -> float:
    wrong = published.figure("final_2014", "out_of_court_disposals_wrong").value
    return wrong / published.figure("final_2014", "out_of_court_disposals_reviewed").value


def _spreads(drivers: Drivers, options: WorldOptions, know_0: float) -> Spreads:
    return Spreads(
        knowledge=(logit(steady_knowledge(drivers.training)), drivers.training.spread),
        pressure=(logit(drivers.pressure.level), drivers.pressure.spread),
        review=(logit(drivers.supervision.review_share), drivers.supervision.spread),
        kappa=options.effects.knowledge,
        detection=options.effects.review_detection,
        know_0=know_0,
    )


def _accuracy_targets(options: WorldOptions, published: Published) -> Floats:
    targets = recording_accuracy_targets(published, source=options.accuracy.source)
    given: Mapping[Any, float] = options.accuracy.by_group
    return np.array([given.get(group, targets[group].value) for group in OFFENCE_GROUPS])


def _by_group(given: Mapping[Any, float], default: float) -> Floats:
    return np.array([given.get(group, default) for group in OFFENCE_GROUPS])


def _fixed_effects(given: dict[str, float], names: tuple[str, ...]) -> Floats:
    unknown = [name for name in given if name not in names]
    if unknown:
        raise UserError(
            [
                f"world.force_effects.{name}: unknown force{did_you_mean(name, names)}"
                for name in unknown
            ]
        )
    return np.array([given.get(name, np.nan) for name in names])
