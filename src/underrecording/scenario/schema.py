"""A scenario: the sections each room owns, and the study and report around them."""

from __future__ import annotations

import hashlib
import json
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from underrecording.errors import UserError
from underrecording.estimation import EstimatorSpec
from underrecording.inspection.options import InspectionOptions
from underrecording.inspection.questions import QUESTIONS, REVIEWED
from underrecording.options import Section, mistake
from underrecording.rng import RESULTS_VERSION
from underrecording.scenario.sweep import Sweep
from underrecording.world.options import WorldOptions

MAX_REPLICATES = 1_000_000_000

ESTIMANDS = tuple(QUESTIONS)


class Estimator(Section):
    """A point estimator, the variance and the interval that go with it."""

    point: str
    variance: str
    interval: str

    @model_validator(mode="after")
    def _known(self) -> Estimator:
        try:
            EstimatorSpec(self.point, self.variance, self.interval)
        except UserError as error:
            raise mistake("; ".join(error.problems)) from None
        return self

    @property
    def name(self) -> str:
        """``point/variance/interval``."""
        return f"{self.point}/{self.variance}/{self.interval}"


def _from_name(given: Any) -> Any:
    """Read ``point/variance/interval`` as the object it stands for."""
    if not isinstance(given, str):
        return given
    try:
        spec = EstimatorSpec.parse(given)
    except UserError as error:
        raise mistake("; ".join(error.problems)) from None
    return {"point": spec.point, "variance": spec.variance, "interval": spec.interval}


EstimatorOption = Annotated[
    Estimator, BeforeValidator(_from_name, json_schema_input_type=str | Estimator)
]


class Until(Section):
    """Monte Carlo standard errors at which a study may stop, before all its replicates are run.

    Judged after every block, in the reference cell, for the headline and the recommended
    estimator and all estimands. Shares, as in measures.csv: 0.001 is a tenth of a point.
    """

    coverage_mcse: Annotated[float, Field(gt=0.0, lt=1.0)] | None = None
    """Largest error of coverage."""
    bias_mcse: Annotated[float, Field(gt=0.0, lt=1.0)] | None = None
    """Largest error of bias."""

    @model_validator(mode="after")
    def _says_when(self) -> Until:
        if self.coverage_mcse is None and self.bias_mcse is None:
            raise mistake("says nothing; give coverage_mcse, bias_mcse or both")
        return self


class StudyOptions(Section):
    """How often the inspection is repeated, and what is measured."""

    replicates: Annotated[int, Field(ge=1, le=MAX_REPLICATES)]
    """Repetitions of the inspection in each cell (and in each fixed world); with `until`, at
    most."""
    until: Until | None = None
    """When to stop before that."""
    level: Annotated[float, Field(ge=0.5, le=0.9999)] = 0.95
    """Nominal coverage of every interval."""
    estimands: Annotated[
        tuple[Literal[ESTIMANDS], ...],  # type: ignore[valid-type]
        Field(min_length=1),
    ] = ("under_recording_rate/national",)
    """What is estimated: estimand/domain."""
    reference: str | None = None
    """Estimator that the others are compared with, replicate by replicate; the first if not
    given."""
    block_size: Annotated[int, Field(ge=1, le=1_000_000)] = 10_000
    """Replicates that are computed, summed and stored together; part of what results rest on."""
    trajectories: Annotated[int, Field(ge=0, le=200)] = 200
    """Replicates of which the estimate after 1, 2, ... F forces is kept."""
    keep: Literal["summaries", "rows"] = "summaries"
    """What is kept of the replicates: sums and histograms, or also every estimate, as rows in
    `parts/`; no result depends on it."""
    ranking: bool = False
    """Whether to look at how well the inspected forces are ranked: in ranking.csv; no other
    result depends on it."""
    sweep: Sweep = Sweep()

    @model_validator(mode="after")
    def _no_repeats(self) -> StudyOptions:
        if len(set(self.estimands)) < len(self.estimands):
            raise mistake("an estimand is listed twice; list each once", "estimands")
        return self


class ReportOptions(Section):
    """What is shown; nothing here changes a result."""

    headline: str | None = None
    """Estimator of the sampling distribution, point/variance/interval; the first if not given."""
    recommended: str | None = None
    """Estimator shown beside it in the sweeps; the last if not given."""


class Scenario(Section):
    """A simulation study of an inspection: aim, world, inspection, estimators, study, report."""

    title: Annotated[str, Field(min_length=1, max_length=200)]
    aim: Annotated[str, Field(min_length=1, max_length=2_000)]
    """The question that the study is to answer."""
    seed: Annotated[int, Field(ge=0, le=2**63 - 1)]
    """Whole number from which all randomness follows."""
    world: WorldOptions = WorldOptions()
    inspection: InspectionOptions
    estimators: Annotated[tuple[EstimatorOption, ...], Field(min_length=1, max_length=200)]
    study: StudyOptions
    report: ReportOptions = ReportOptions()

    @model_validator(mode="after")
    def _hangs_together(self) -> Scenario:
        names = [estimator.name for estimator in self.estimators]
        for i, name in enumerate(names):
            if name in names[:i]:
                raise mistake(
                    f"'{name}' is listed twice; list each estimator once", "estimators", i
                )
        for section, key in (
            ("report", "headline"), ("report", "recommended"), ("study", "reference"),
        ):  # fmt: skip
            chosen = getattr(getattr(self, section), key)
            if chosen is not None and chosen not in names:
                raise mistake(
                    f"'{chosen}' is not among the estimators; give one of: {', '.join(names)}",
                    section, key,
                )  # fmt: skip
        for number, estimand in enumerate(self.study.estimands):
            self._is_reviewed(number, estimand)
        if self.world.draw == "fresh" and self.world.worlds != 1:
            raise mistake(
                f"{self.world.worlds} fixed worlds were asked for, but draw is fresh; "
                "give draw: fixed, or leave worlds out",
                "world", "worlds",
            )  # fmt: skip
        if self.study.until is not None and self.world.worlds > 1:
            raise mistake(
                f"errors over {self.world.worlds} fixed worlds hang on the number of worlds, which "
                "no replicate changes; leave until out",
                "study", "until",
            )  # fmt: skip
        return self

    def _is_reviewed(self, number: int, estimand: str) -> None:
        """Refuse an estimand of records that nobody reads."""
        question = QUESTIONS[estimand]
        if question.strand not in REVIEWED:
            return
        section, records = REVIEWED[question.strand]
        review = getattr(self.inspection, section)
        if review is None:
            raise mistake(
                f"{estimand} needs {records} to be reviewed; add inspection.{section}: {{}}",
                "study", "estimands", number,
            )  # fmt: skip
        if question.group is not None and question.group not in review.groups:
            raise mistake(
                f"{estimand} needs its offence group to be reviewed; add {question.group} to "
                f"inspection.{section}.groups",
                "study", "estimands", number,
            )  # fmt: skip

    @property
    def headline(self) -> str:
        """The estimator whose distribution is shown."""
        return self.report.headline or self.estimators[0].name

    @property
    def recommended(self) -> str:
        """The estimator shown beside the headline one."""
        return self.report.recommended or self.estimators[-1].name

    @property
    def reference(self) -> str:
        """The estimator that the others are compared with."""
        return self.study.reference or self.estimators[0].name

    def settings(self) -> dict[str, Any]:
        """All that changes results.

        Titles, the report, the number of replicates, when to stop and what is kept are
        left out: more replicates extend a run.
        """
        content = self.model_dump(mode="json", exclude={"title", "aim", "report"})
        for key in ("replicates", "until", "keep", "ranking"):
            del content["study"][key]
        # Cells follow the order of the swept keys, and a digest sorts all keys.
        if len(self.study.sweep.columns) > 1:
            content["study"]["swept"] = list(self.study.sweep.columns)
        return content

    def digest(self) -> str:
        """Hash of the settings and of the version of results: 16 hexadecimal digits."""
        content = {"settings": self.settings(), "results_version": RESULTS_VERSION}
        canonical = json.dumps(content, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()[:16]
