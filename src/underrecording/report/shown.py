"""Which estimators a figure or a table shows, in what order and under what name."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from underrecording.report.words import point_words

if TYPE_CHECKING:
    from underrecording.study.results import Results

HEADLINE, RECOMMENDED, OTHER = "headline", "recommended", ""


class Shown(NamedTuple):
    """An estimator as it is shown.

    Attributes
    ----------
    place : int
        Its place among the estimators of the scenario.
    spec, point : str
        ``point/variance/interval`` and its first part.
    role : str
        headline, recommended, or empty.
    label : str
        Name with the role; of the point alone where only the point matters.
    """

    place: int
    spec: str
    point: str
    role: str
    label: str


def is_control(spec: str) -> bool:
    """Whether an estimator is there to show what goes wrong: a binomial variance.

    >>> is_control("pooled/binomial/wald"), is_control("pooled/linearised/t")
    (True, False)
    """
    return spec.split("/")[1] == "binomial"


def every(results: Results) -> list[Shown]:
    """Every estimator, in the order of the scenario."""
    scenario = results.plan.scenario
    found = []
    for place, estimator in enumerate(results.plan.estimators):
        spec = str(estimator)
        role = {scenario.recommended: RECOMMENDED, scenario.headline: HEADLINE}.get(spec, OTHER)
        label = f"{spec} ({role})" if role else spec
        found.append(Shown(place, spec, estimator.point, role, label))
    return found


def pair(results: Results) -> list[Shown]:
    """The headline and the recommended estimator; one where they are the same."""
    leading = [shown for shown in every(results) if shown.role]
    return sorted(leading, key=lambda shown: shown.role != HEADLINE)


def points(results: Results) -> list[Shown]:
    """One estimator for each point estimator, headline and recommended ones first.

    Estimators that share a point share its bias, variance and RMSE.
    """
    found: dict[str, Shown] = {}
    roles: dict[str, list[str]] = {}
    for shown in (*pair(results), *every(results)):
        first = found.setdefault(shown.point, shown)
        if shown.role and shown.role not in roles.setdefault(first.point, []):
            roles[first.point].append(shown.role)
    return [
        shown._replace(label=_labelled(shown.point, roles.get(shown.point, [])))
        for shown in found.values()
    ]


def intervals(results: Results, *, most: int) -> list[Shown]:
    """Headline, recommended, then the last honest interval of each other point, *most* in all."""
    leading = pair(results)
    taken = {shown.point for shown in leading if not is_control(shown.spec)}
    last = {
        shown.point: shown
        for shown in every(results)
        if not is_control(shown.spec) and shown.point not in taken
    }
    return [*leading, *last.values()][:most]


def _labelled(point: str, roles: list[str]) -> str:
    name = point_words(point)
    return f"{name} ({' and '.join(roles)})" if roles else name
