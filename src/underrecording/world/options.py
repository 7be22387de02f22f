"""The `world` section of a scenario: what is assumed about forces and their recording.

No effect size of training, supervision, workload or pressure was found
published. Every default marked *assumed* is ours, to be swept, not believed.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from underrecording.options import Section, mistake
from underrecording.world.pathway import Pathway

Share = Annotated[float, Field(ge=0, le=1)]
Rate = Annotated[float, Field(ge=0, le=1000)]
Spread = Annotated[float, Field(ge=0, le=1.5)]
Group = Literal["violence", "sexual", "robbery", "burglary", "damage", "other"]


class Accuracy(Section):
    """National recording accuracy by offence group, and how much forces differ."""

    source: Literal["hmic_2014_final"] = "hmic_2014_final"
    """Published accuracies to calibrate to (four of the six rates are recalled, unchecked)."""
    between_force_sd: Annotated[float, Field(gt=0, le=0.3)] = 0.08
    """Expected standard deviation of accuracy over forces, all sources included (assumed)."""
    by_group: dict[Group, Annotated[float, Field(gt=0, lt=1)]] = {}
    """National accuracies to use in place of the published ones."""


class Effects(Section):
    """How strongly each driver acts, on the logit scale. All assumed."""

    knowledge: Annotated[float, Field(ge=0, le=20)] = 1.5
    """kappa: rise in logit accuracy from no decision maker trained to all (assumed)."""
    workload: Annotated[float, Field(ge=0, le=20)] = 0.1
    """omega: fall per open incident per officer on duty above the baseline median (assumed)."""
    pressure: Annotated[float, Field(ge=0, le=20)] = 0.3
    """psi: fall under full performance pressure, in the groups it acts on (assumed)."""
    review_detection: Share = 0.5
    """e: chance that a supervisor's review finds a wrong decision (assumed)."""


class Training(Section):
    """Knowledge of the counting rules in its steady state, r / (r + d + l)."""

    rate_per_year: Rate = 0.5
    """r: share of untrained decision makers trained each year (assumed)."""
    forgetting_per_year: Rate = 0.25
    """d: share of trained ones whose knowledge lapses each year (assumed)."""
    leavers_per_year: Rate = 0.07
    """l: share of decision makers replaced each year (assumed)."""
    spread: Spread = 0.5
    """Standard deviation over forces of logit knowledge (assumed)."""
    course_days: Annotated[float, Field(ge=0, le=100)] = 2.0
    """Working days off duty for each officer trained (assumed; under `fidelity: events`)."""


class Supervision(Section):
    """Review of decisions not to record."""

    review_share: Share = 0.2
    """s: share of decisions not to record that a supervisor reviews (assumed)."""
    spread: Spread = 0.5
    """Standard deviation over forces of the logit of that share (assumed)."""


class Workload(Section):
    """Open incidents per officer on duty: under `rates` arrivals times time open (Little's law),
    under `events` what the queues make of it.
    """

    relative: Annotated[float, Field(ge=0, le=100)] = 1.0
    """Incidents of every force relative to those its published crimes would make."""
    open_hours: Annotated[float, Field(gt=0, le=8760)] = 48.0
    """Mean hours that an incident stays open (assumed; under `fidelity: rates`)."""
    on_duty_share: Annotated[float, Field(gt=0, le=1)] = 0.2
    """Share of a force's officers on duty at any time (assumed)."""
    incidents_per_crime: Annotated[float, Field(ge=1, le=100)] = 4.73
    """Logged incidents per recorded crime (derived: Gloucestershire 2014, 140,000 / 29,595)."""


class Pressure(Section):
    """Performance pressure on the offence groups that targets name."""

    level: Share = 0.2
    """Typical pressure of a force, 0 none to 1 full (assumed)."""
    spread: Spread = 0.5
    """Standard deviation over forces of logit pressure (assumed)."""


class Staff(Section):
    """How many work where, relative to the published officers of September 2014."""

    officers: Annotated[float, Field(gt=0, le=100)] = 1.0
    """Officers of every force, relative to their published number."""
    officers_year: Annotated[int, Field(ge=2006, le=2015)] = 2014
    """Year whose published national number of officers (30 September) scales every force."""
    call_takers: Annotated[float, Field(gt=0, le=100)] = 1.0
    """Call takers, relative to the default (under `fidelity: events`)."""
    supervisors: Annotated[float, Field(ge=0, le=100)] = 1.0
    """Supervisors' time for reviews, likewise."""
    clerks: Annotated[float, Field(gt=0, le=100)] = 1.0
    """Clerks of the crime recording desk, likewise."""


class Drivers(Section):
    """The state of the drivers of recording; the baseline is one, the world of today another."""

    training: Training = Training()
    supervision: Supervision = Supervision()
    workload: Workload = Workload()
    pressure: Pressure = Pressure()
    staff: Staff = Staff()


class Frame(Section):
    """What the audited logs hold, and what lies outside them."""

    due_share: Annotated[float, Field(gt=0, le=1)] = 0.863
    """Share of audited reports that are due (derived from the force reports of 2014)."""
    over_recording_rate: Share = 0.01
    """Share of reports not due that are recorded all the same (assumed)."""
    gap_share: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Due crimes logged under codes nobody audits, per due crime on the frame (assumed)."""
    other_systems_share: Annotated[float, Field(ge=0, le=1)] = 0.03
    """Due crimes held on other systems, per due crime on the frame (assumed)."""
    other_systems_accuracy: Share = 0.35
    """Recording accuracy there (derived: 21 of 60 crimes in three force reports of 2014)."""


class NoCrimes(Section):
    """Recorded crimes cancelled later, rightly or wrongly."""

    rate: dict[Group, Share] = {}
    """Share of recorded crimes cancelled, by group; 0.03 where not given (assumed)."""
    wrong_share: dict[Group, Share] = {}
    """Share of cancellations that are wrong; where not given, 664 of 3,246 as published."""


class CrimeRecords(Section):
    """What inspectors find in crime records besides whether there is one.

    Misclassification and the number of disposals are under `pathway`, and hold at
    either fidelity.
    """

    late_share: Share = 0.115
    """Mean over forces of the share of recorded due crimes recorded after the time limit (derived:
    39 of 339 in four force reports of 2014; `fidelity: rates`: under `events` queues make it)."""
    late_spread: Spread = 0.95
    """Standard deviation over forces of the logit of that share (derived from the same four
    reports, 3 to 31 per cent, by maximum likelihood; forces in the news; `fidelity: rates`)."""
    wrong_disposal_share: Share | None = None
    """Share of out-of-court disposals that are wrong; if not given 500 of 3,842 as published."""


class WorldOptions(Drivers):
    """The world: 43 forces with real volumes, and the rule by which they record.

    Recording is calibrated once, at the *baseline* drivers; the drivers beside
    it say how things stand now. Where the two are equal, the nation records as
    published.
    """

    fidelity: Literal["rates", "events"] = "rates"
    """rates: the recording rule at a stationary workload; events: every incident through its
    pathway, with workload out of the queues and interventions at their dates."""
    rule: Literal["logistic"] = "logistic"
    """The recording rule; see `simulate list rules`."""
    draw: Literal["fresh", "fixed"] = "fresh"
    """fresh: a new world for each replicate; fixed: the same world, inspected again and again."""
    worlds: Annotated[int, Field(ge=1, le=65536)] = 1
    """Number of fixed worlds, each inspected `study.replicates` times."""
    accuracy: Accuracy = Accuracy()
    effects: Effects = Effects()
    pressured_groups: tuple[Group, ...] = ("violence", "robbery", "burglary")
    """Offence groups that performance pressure acts on (assumed)."""
    baseline: Drivers = Drivers()
    """The drivers at which intercepts and tau are solved."""
    force_effects: dict[str, Annotated[float, Field(ge=-6, le=6)]] = {}
    """Unexplained effect of named forces, in standard deviations tau, in place of a drawn one."""
    frame: Frame = Frame()
    no_crimes: NoCrimes = NoCrimes()
    crime_records: CrimeRecords = CrimeRecords()
    pathway: Pathway = Pathway()

    @model_validator(mode="after")
    def _interventions_need_events(self) -> WorldOptions:
        if self.pathway.interventions and self.fidelity != "events":
            raise mistake("need fidelity: events", "pathway", "interventions")
        return self

    @model_validator(mode="after")
    def _an_effect_of_the_route_needs_rates(self) -> WorldOptions:
        if self.pathway.routes.crime_bureau_effect and self.fidelity != "rates":
            raise mistake(
                "needs fidelity: rates: under events a report is decided upon by the same rule "
                "whatever its route",
                "pathway", "routes", "crime_bureau_effect",
            )  # fmt: skip
        return self
