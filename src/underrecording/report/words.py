"""Names of keys, values, estimators and targets in the words of a reader."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from underrecording.study.plan import StudyPlan, Target
    from underrecording.study.sweep import Value


class KeyWords(NamedTuple):
    """How a swept key is called: on an axis, with its unit, and within a sentence."""

    axis: str
    phrase: str


_KEYS = {
    "inspection.forces": KeyWords("How the forces are chosen", "way of choosing forces"),
    "inspection.forces.count": KeyWords("Forces inspected (of 43)", "number of forces inspected"),
    "inspection.forces.tilt": KeyWords(
        "Tilt (log weight per SD of accuracy)", "tilt towards worse (-) or better (+) forces"
    ),
    "inspection.records.per_force": KeyWords(
        "Records read per force (mean)", "records read per force"
    ),
    "inspection.records.strata": KeyWords("Strata of records", "strata of records"),
    "inspection.records.allocation": KeyWords(
        "How the records are shared out", "allocation of records"
    ),
    "inspection.auditors.due.sensitivity": KeyWords(
        "Chance that a due report is read as due", "sensitivity of the reading of due"
    ),
    "inspection.auditors.due.specificity": KeyWords(
        "Chance that a report not due is read as not due", "specificity of the reading of due"
    ),
    "inspection.auditors.recorded.sensitivity": KeyWords(
        "Chance that a recorded crime is found recorded", "sensitivity of the reading of recorded"
    ),
    "inspection.auditors.recorded.specificity": KeyWords(
        "Chance that a missing record is found missing", "specificity of the reading of recorded"
    ),
    "world.pathway.interventions": KeyWords("Interventions", "interventions"),
    "world.staff.officers": KeyWords("Officers (relative)", "officers"),
    "world.staff.officers_year": KeyWords("Officers as in September of", "officers"),
    "world.staff.clerks": KeyWords("Clerks (relative)", "clerks"),
    "world.staff.supervisors": KeyWords("Supervisors (relative)", "supervisors"),
    "world.staff.call_takers": KeyWords("Call takers (relative)", "call takers"),
    "world.workload.relative": KeyWords("Incidents (relative)", "incidents"),
    "world.supervision.review_share": KeyWords(
        "Share of refusals reviewed", "share of refusals reviewed"
    ),
    "world.accuracy.between_force_sd": KeyWords(
        "SD of accuracy between forces (share)", "spread between forces"
    ),
}

_ESTIMANDS = {
    "under_recording_rate": "Under-recording rate",
    "wrong_no_crime_share": "No-crime decisions that were wrong",
    "net_under_recording_rate": "Under-recording rate, wrong no-crimes included",
    "unrecorded_per_recorded": "Unrecorded crimes per crime published as recorded",
    "late_share": "Recorded crimes that were late",
    "misclassified_share": "Recorded crimes put under another offence group",
    "wrong_disposal_share": "Out-of-court disposals that were wrong",
}
_DOMAINS = {
    "national": "England and Wales",
    "all_routes": "England and Wales, all routes",
    "other_systems": "England and Wales, other systems",
    "control_room": "England and Wales, reports to the control room",
    "crime_bureau": "England and Wales, reports to the crime bureau",
}


def key_words(key: str) -> KeyWords:
    """Words for a dotted path; the path itself where there are none.

    >>> key_words("inspection.forces.count").axis
    'Forces inspected (of 43)'
    >>> key_words("world.effects.workload").axis
    'world.effects.workload'
    """
    return _KEYS.get(key, KeyWords(key, key))


def target_words(target: Target) -> str:
    """What is estimated, and of whom.

    >>> from underrecording.study.plan import Target
    >>> target_words(Target("under_recording_rate", "violence"))
    'Under-recording rate, violence'
    """
    estimand = _ESTIMANDS.get(target.estimand, target.estimand.replace("_", " "))
    return f"{estimand}, {_DOMAINS.get(target.domain, target.domain)}"


def level_words(plan: StudyPlan) -> str:
    """The nominal level of the intervals, such as ``95 %``."""
    return f"{100.0 * plan.scenario.study.level:g} %"


def point_words(point: str) -> str:
    """Name of a point estimator as prose.

    >>> point_words("mean_of_forces")
    'mean of forces'
    """
    return point.replace("_", " ")


def value_words(value: Value) -> str:
    """Short label of a swept value, objects given as JSON text included.

    >>> value_words(0.5), value_words(13), value_words("hmic_2014")
    ('0.5', '13', 'hmic_2014')
    >>> value_words('{"design": "stratified", "count": 13, "certainty": ["Metropolitan"]}')
    'stratified, 13, certainty Metropolitan'
    >>> value_words('{"design": "stratified", "count": 13, "by": "size", "size_classes": 3}')
    'stratified by size (3 classes), 13'
    >>> value_words("[]"), value_words('[{"name": "a training programme", "date": "2013-01-07"}]')
    ('none', 'a training programme')
    >>> value_words('[{"date": "2013-01-07", "review_share": 0.6}]')
    'date 2013-01-07, review share 0.6'
    """
    if isinstance(value, str) and value.startswith(("{", "[")):
        parsed: Any = json.loads(value)
        return _design_words(parsed) if isinstance(parsed, dict) else _list_words(parsed)
    return f"{value:g}" if isinstance(value, float) else str(value)


def _design_words(options: Mapping[str, Any]) -> str:
    rest = dict(options)
    head = str(rest.pop("design", ""))
    if (by := rest.pop("by", "none")) != "none":
        head += f" by {by.replace('_', ' ')}"
        if (classes := rest.pop("size_classes", None)) is not None:
            head += f" ({classes} classes)"
    parts = [head] if head else []
    if (count := rest.pop("count", None)) is not None:
        parts.append(str(count))
    parts += [f"{name.replace('_', ' ')} {_list_words(given)}" for name, given in rest.items()]
    return ", ".join(parts)


def _list_words(given: Any) -> str:
    if isinstance(given, Mapping):
        return " ".join(f"{name} {_list_words(item)}" for name, item in given.items())
    if isinstance(given, str) or not isinstance(given, Sequence):
        return str(given)
    # Interventions go by their names, others by what they set.
    items = [
        str(item.get("name") or _design_words(item)) if isinstance(item, Mapping) else str(item)
        for item in given
    ]
    if not items:
        return "none"
    return " + ".join(items) if len(items) <= 2 else f"{items[0]} + {len(items) - 1} more"
