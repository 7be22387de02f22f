"""The `inspection` section of a scenario."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal, NamedTuple, Union

from pydantic import Field

from underrecording.inspection.forces import DESIGNS, ForceDesign
from underrecording.options import Section

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


class Auditors(Section):
    """Reading error. No agreement rate between readers was found published."""

    due: Reading = Reading()
    """Should the report have been recorded as a crime?"""
    recorded: Reading = Reading()
    """Was it?"""
    wrong_no_crime: Reading = Reading()
    """Was a no-crime decision wrong?"""


class Records(Section):
    """How many records are read, and where."""

    allocation: Literal["equal", "proportional", "power", "hmic_2014", "census"]
    """How records are shared out over forces; census: all are read."""
    within: Literal["proportional", "equal", "power"] = "proportional"
    """How the records of a force are shared out over its offence groups."""
    per_force: Annotated[float, Field(gt=0, le=1_000_000)] = 160.0
    """Mean records read per force over all forces; the level of 2014 is about 160."""
    exponent: Annotated[float, Field(ge=0, le=2)] = 0.5
    """a of ``power``: records in proportion to the reports on the frame to the power a."""


class NoCrimeReview(Section):
    """A second strand: were cancelled crimes rightly cancelled?"""

    per_force: Annotated[float, Field(gt=0, le=1_000_000)] = 75.0
    """Mean decisions reviewed per force (about 75 in 2014)."""
    groups: Annotated[tuple[Group, ...], Field(min_length=1)] = ("violence", "sexual", "robbery")
    """Offence groups reviewed."""


class InspectionOptions(Section):
    """Forces, then records, then readers."""

    forces: AnyDesign
    records: Records
    auditors: Auditors = Auditors()
    no_crimes: NoCrimeReview | None = None
    """Review of no-crime decisions; none unless asked for."""


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
    >>> forces = DESIGNS["srs"](design="srs", count=13)
    >>> [item.path for item in idle(InspectionOptions(forces=forces, records=records))]
    ['inspection.records.exponent', 'inspection.forces.size_classes']
    """
    records, forces = options.records, options.forces
    found = []
    census = records.allocation == "census"
    if census:
        found += [("records.per_force", "records.allocation", "a census reads every record")]
        found += [("records.within", "records.allocation", "a census reads every record")]
    if census or "power" not in (records.allocation, records.within):
        why = "only allocation: power or within: power does"
        found += [("records.exponent", "records.allocation", why)]
    if getattr(forces, "by", None) != "size":
        found += [("forces.size_classes", "forces.by", "only by: size does")]
    return [Idle(f"inspection.{path}", f"inspection.{other}", why) for path, other, why in found]


def given(options: InspectionOptions, path: str) -> bool:
    """Whether the option at the dotted *path* was given rather than left at its default."""
    section: Section = options
    *parents, last = path.split(".")[1:]
    for name in parents:
        section = getattr(section, name)
    return last in section.model_fields_set
