"""The `inspection` section of a scenario."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal, Union

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
