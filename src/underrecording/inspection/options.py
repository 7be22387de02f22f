"""The `inspection` section of a scenario."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal, NamedTuple, Union, get_args

from pydantic import Field, model_validator

from underrecording.inspection.forces import DESIGNS, ForceDesign
from underrecording.options import Section, mistake

Probability = Annotated[float, Field(ge=0, le=1)]
Group = Literal["violence", "sexual", "robbery", "burglary", "damage", "other"]

if TYPE_CHECKING:
    AnyDesign = ForceDesign
else:
    # The union of whatever is registered: a new design needs no change here.
    AnyDesign = Annotated[
        Union[tuple(DESIGNS[name] for name in DESIGNS)],  # noqa: UP007
        Field(discriminator="design"),
    ]


class Reading(Section):
    """How well an auditor tells one yes from one no."""

    sensitivity: Probability = 1.0
    """Chance that a yes is read as yes (assumed)."""
    specificity: Probability = 1.0
    """Chance that a no is read as no (assumed)."""


class Registrar(Section):
    """Who settles what two readers dispute, question by question."""

    due: Reading = Reading()
    """Should the report have been recorded as a crime?"""
    recorded: Reading = Reading()
    """Was it?"""


class SecondReading(Section):
    """Crime reports read twice, the second time by another reader of the same skill."""

    share: Probability = 0.0
    """Share of the records of each stratum that is read again; 0: nobody reads twice."""
    adjudicate: bool = True
    """Whether a registrar settles disputes; else the first reading stands, and second readings
    only tell how well readers read."""
    registrar: Registrar = Registrar()
    """How well the registrar reads: without error unless given (assumed)."""


class Auditors(Section):
    """Reading error. No agreement rate between readers was found published."""

    due: Reading = Reading()
    """Should the report have been recorded as a crime?"""
    recorded: Reading = Reading()
    """Was it?"""
    wrong_no_crime: Reading = Reading()
    """Was a no-crime decision wrong?"""
    late: Reading = Reading()
    """Was a crime recorded after the time limit?"""
    misclassified: Reading = Reading()
    """Was it recorded under another offence group?"""
    wrong_disposal: Reading = Reading()
    """Was an out-of-court disposal wrong?"""
    second_reading: SecondReading = SecondReading()
    """Reports read twice, and disputes settled; no-crime decisions are read once."""
    held: Literal["known", "faultless", "estimated"] = "known"
    """What the inspectorate holds of its readers, for estimators that correct reading error:
    their rates exactly, that they do not err, or what second readings say (then nothing is held
    against readers of no-crimes)."""

    @model_validator(mode="after")
    def _what_is_estimated_was_read_twice(self) -> Auditors:
        if self.held == "estimated" and self.second_reading.share == 0.0:
            raise mistake(
                "'estimated' needs records read twice; give second_reading.share above 0", "held"
            )
        return self


class Unreachable(Section):
    """Chances that a sampled report cannot be read: the log is lost, the call was not kept."""

    recorded: Probability = 0.0
    """Of a report that was due and recorded (assumed)."""
    unrecorded: Probability = 0.0
    """Of a report that was due and not recorded (assumed)."""
    not_due: Probability = 0.0
    """Of a report that was not due (assumed)."""


class Records(Section):
    """How many records are read, and where."""

    allocation: Literal[
        "equal", "proportional", "power", "hmic_2014", "neyman", "optimal", "census"
    ]
    """How records are shared out over forces; neyman and optimal: over forces and within them at
    once, for the least variance by number of records or by hours; census: all are read."""
    within: Literal["proportional", "equal", "power"] = "proportional"
    """How the records of a force are shared out over its offence groups."""
    strata: Literal["group", "group_route"] = "group"
    """Strata of records in a force: offence groups, or each group by the route of its reports
    (control room, crime bureau); routes too small for two records are left together."""
    per_force: Annotated[float, Field(gt=0, le=1_000_000)] = 160.0
    """Mean records read per force over all forces; the level of 2014 is about 160. Under
    ``allocation: optimal`` the mean hours of reading, which at 1 hour a record are records."""
    exponent: Annotated[float, Field(ge=0, le=2)] = 0.5
    """a of ``power``: records in proportion to the reports on the frame to the power a."""
    minimum: Annotated[int, Field(ge=1, le=1_000_000)] = 2
    """Records read in each stratum at least, smaller strata whole; one says nothing of variance."""
    census_groups: tuple[Group, ...] = ()
    """Offence groups read whole in every inspected force, on top of ``per_force``."""
    anticipated_accuracy: dict[Group, Annotated[float, Field(gt=0, lt=1)]] = {}
    """Recording accuracies that neyman and optimal plan with, by group; where not given the
    published ones (four of the six are recalled, unchecked)."""
    anticipated_due_share: Annotated[float, Field(gt=0, le=1)] = 0.863
    """Due share that neyman and optimal plan with (derived from the force reports of 2014)."""
    hours: dict[Group, Annotated[float, Field(ge=0.01, le=1000)]] = {}
    """Hours to read a record, by group; 1 where not given (assumed; read by optimal alone)."""

    unreachable: Unreachable = Unreachable()
    """Reports that nobody can read, of those sampled; what is left is taken as the sample, which
    is right where all are lost alike and biased where unrecorded ones are lost more often."""

    @model_validator(mode="after")
    def _a_census_has_a_name(self) -> Records:
        if set(self.census_groups) == set(get_args(Group)):
            raise mistake("every offence group; give allocation: census", "census_groups")
        return self


class NoCrimeReview(Section):
    """A second strand: were cancelled crimes rightly cancelled?"""

    per_force: Annotated[float, Field(gt=0, le=1_000_000)] = 75.0
    """Mean decisions reviewed per force (about 75 in 2014)."""
    groups: Annotated[tuple[Group, ...], Field(min_length=1)] = ("violence", "sexual", "robbery")
    """Offence groups reviewed."""


class RecordedCrimesReview(Section):
    """Were the crimes that were rightly recorded also recorded in time, and under their group?"""

    per_force: Annotated[float, Field(gt=0, le=1_000_000)] = 100.0
    """Mean recorded crimes reviewed per force (assumed; four force reports of 2014 have 85, and
    160 reports turn up 112)."""
    groups: Annotated[tuple[Group, ...], Field(min_length=1)] = get_args(Group)
    """Offence groups reviewed."""


class DisposalsReview(Section):
    """Did crimes that ended in a caution, a resolution or a notice rightly do so?"""

    per_force: Annotated[float, Field(gt=0, le=1_000_000)] = 89.0
    """Mean out-of-court disposals reviewed per force (3,842 in 43 forces in 2014)."""
    groups: Annotated[tuple[Group, ...], Field(min_length=1)] = get_args(Group)
    """Offence groups reviewed."""


class OtherSystemsReview(Section):
    """Were due crimes that are held on other systems recorded?"""

    per_force: Annotated[float, Field(gt=0, le=1_000_000)] = 20.0
    """Mean due crimes reviewed per force (60 in three force reports of 2014)."""
    groups: Annotated[tuple[Group, ...], Field(min_length=1)] = get_args(Group)
    """Offence groups reviewed."""


class InspectionOptions(Section):
    """Forces, then records, then readers."""

    forces: AnyDesign
    records: Records
    auditors: Auditors = Auditors()
    no_crimes: NoCrimeReview | None = None
    """Review of no-crime decisions; none unless asked for."""
    recorded_crimes: RecordedCrimesReview | None = None
    """Review of recorded crimes, for lateness and classification; none unless asked for."""
    disposals: DisposalsReview | None = None
    """Review of out-of-court disposals; none unless asked for."""
    other_systems: OtherSystemsReview | None = None
    """Review of crimes held on other systems; none unless asked for."""


class Idle(NamedTuple):
    """An option that nothing reads because of another one.

    Attributes
    ----------
    path, because : str
        Dotted paths of the option and of the one that leaves it unread.
    why : str
    """

    path: str
    because: str
    why: str


def idle(options: InspectionOptions) -> list[Idle]:
    """Options that nothing reads, given or not.

    >>> records = Records(allocation="equal", exponent=0.7)
    >>> options = InspectionOptions(forces=DESIGNS["srs"](design="srs", count=13), records=records)
    >>> [item.path for item in idle(options) if given(options, item.path)]
    ['inspection.records.exponent']
    """
    forces = options.forces
    found = _idle_records(options.records)
    if getattr(forces, "by", None) != "size":
        found += [("forces.size_classes", "forces.by", "only by: size does")]
    found += _idle_second_reading(options.auditors.second_reading)
    return [Idle(f"inspection.{path}", f"inspection.{other}", why) for path, other, why in found]


def _idle_records(records: Records) -> list[tuple[str, str, str]]:
    """What `idle` finds in the section of records: path, because, why."""
    census = records.allocation == "census"
    by_variance = records.allocation in ("neyman", "optimal")
    unread = []
    if census:
        why = "a census reads every record"
        unread += [(key, why) for key in ("per_force", "within", "minimum", "census_groups")]
    if by_variance:
        why = f"allocation: {records.allocation} decides over forces and within them at once"
        unread += [("within", why)]
    if records.allocation != "power" and (census or by_variance or records.within != "power"):
        unread += [("exponent", "only allocation: power or within: power does")]
    if not by_variance:
        why = "only allocation: neyman and optimal plan with it"
        unread += [(key, why) for key in ("anticipated_accuracy", "anticipated_due_share")]
    if records.allocation != "optimal":
        unread += [("hours", "only allocation: optimal does")]
    return [(f"records.{key}", "records.allocation", why) for key, why in unread]


def _idle_second_reading(second: SecondReading) -> list[tuple[str, str, str]]:
    """What `idle` finds in the section of second readings: path, because, why."""
    here = "auditors.second_reading"
    if second.share == 0.0:
        why = "no record is read twice"
        return [(f"{here}.{key}", f"{here}.share", why) for key in ("adjudicate", "registrar")]
    if not second.adjudicate:
        return [(f"{here}.registrar", f"{here}.adjudicate", "nobody settles disputes")]
    return []


def given(options: InspectionOptions, path: str) -> bool:
    """Whether the option at the dotted *path* was given rather than left at its default."""
    section: Section = options
    *parents, last = path.split(".")[1:]
    for name in parents:
        section = getattr(section, name)
    return last in section.model_fields_set
