"""Plain arithmetic on the published tables: targets, pooled rows, the sample-size law."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from underrecording.errors import did_you_mean
from underrecording.published.facts import (
    OFFENCE_GROUPS,
    Figure,
    ForceAudit,
    Published,
    is_unchecked,
)

_STAGES_BEST_FIRST = ("final_nov2014", "force_report_2014", "interim_may2014")

_UNDER_RECORDING = {
    "hmic_2014_final": (
        "final_2014",
        {
            "violence": "under_recording_violence_against_person",
            "sexual": "under_recording_sexual_offences",
            "robbery": "under_recording_robbery",
            "burglary": "under_recording_burglary",
            "damage": "under_recording_criminal_damage_arson",
            "other": "under_recording_other_excl_fraud",
        },
    )
}


class SourceRow(NamedTuple):
    """One line of ``simulate list sources``."""

    key: str
    title: str
    publisher: str
    date: str
    basis: str
    note: str


def audit_rows(published: Published, stage: str) -> tuple[ForceAudit, ...]:
    """All rows of one stage of 2014, counts or not, in the order of the table.

    Raises
    ------
    ValueError
        If *stage* is not interim_may2014, force_report_2014 or final_nov2014.

    >>> from underrecording.published import load_published
    >>> rows = audit_rows(load_published(), "interim_may2014")
    >>> sum(row.recorded or 0 for row in rows), sum(row.due or 0 for row in rows)
    (1402, 1772)
    """
    if stage not in _STAGES_BEST_FIRST:
        hint = did_you_mean(stage, _STAGES_BEST_FIRST)
        raise ValueError(f"no stage '{stage}'{hint} (known: {', '.join(_STAGES_BEST_FIRST)})")
    return tuple(audit for audit in published.force_audits if audit.stage == stage)


def force_audits_2014(published: Published) -> tuple[ForceAudit, ...]:
    """The best row of each force whose counts were published, in the order of forces.

    The final report goes before the force's own report, that before the interim.
    Not a random subset: forces in the news are the best and the worst.

    >>> from underrecording.published import load_published
    >>> best = force_audits_2014(load_published())
    >>> len(best), sum(row.recorded or 0 for row in best), sum(row.due or 0 for row in best)
    (20, 3030, 3781)
    """
    best: dict[str, ForceAudit] = {}
    for stage in _STAGES_BEST_FIRST:
        for audit in audit_rows(published, stage):
            if audit.due is not None:
                best.setdefault(audit.force, audit)
    return tuple(best[name] for name in published.forces.name if name in best)


def recording_accuracy_targets(
    published: Published, *, source: str = "hmic_2014_final"
) -> Mapping[str, Figure]:
    """Published recording accuracy of each offence group, 1 - under-recording rate.

    Returns
    -------
    mapping of str to Figure
        In the order of ``OFFENCE_GROUPS``. The basis is that of the published
        rate: violence and sexual are verbatim, the other four are unchecked.

    Raises
    ------
    ValueError
        If *source* gives no rates for all six groups.

    Source: HMIC, Crime-recording: making the victim count (2014). The report's
    "other" rate is read as the rate of our group ``other``.

    >>> from underrecording.published import load_published
    >>> targets = recording_accuracy_targets(load_published())
    >>> [target.value for target in targets.values()]
    [0.67, 0.74, 0.86, 0.89, 0.86, 0.83]
    >>> [group for group, target in targets.items() if target.unchecked]
    ['robbery', 'burglary', 'damage', 'other']
    """
    if source not in _UNDER_RECORDING:
        known = tuple(_UNDER_RECORDING)
        hint = did_you_mean(source, known)
        raise ValueError(f"no accuracy source '{source}'{hint} (known: {', '.join(known)})")
    section, metrics = _UNDER_RECORDING[source]
    return MappingProxyType(
        {group: _complement(published, section, metrics[group]) for group in OFFENCE_GROUPS}
    )


def _complement(published: Published, section: str, metric: str) -> Figure:
    """One minus a published rate, saying so in its note."""
    rate = published.figure(section, metric)
    note = "; ".join(part for part in (f"= 1 - {metric}", rate.note) if part)
    # 1 - 0.33 is 0.6699999999999999 in binary; the rates have two decimals.
    return dataclasses.replace(rate, value=round(1 - rate.value, 6), note=note)


def fitted_sample_power(published: Published) -> tuple[float, float]:
    """Power law of due crimes audited in 2014 against the force's recorded volume.

    Returns
    -------
    coefficient, exponent : float
        ``due = coefficient * total ** exponent``, by least squares of log due on
        log total over the forces of :func:`force_audits_2014`. It is the law of
        the typical (geometric mean) force, so sums over it run a little low.

    >>> from underrecording.published import load_published
    >>> coefficient, exponent = fitted_sample_power(load_published())
    >>> f"{coefficient:.5f} {exponent:.3f}"
    '0.00692 0.875'
    """
    volume = dict(zip(published.forces.name, published.forces.total.tolist(), strict=True))
    audits = [(volume[audit.force], audit.due) for audit in force_audits_2014(published)]
    x = [math.log(total) for total, _ in audits]
    y = [math.log(due) for _, due in audits if due]
    x_mean, y_mean = math.fsum(x) / len(x), math.fsum(y) / len(y)
    sxy = math.fsum((a - x_mean) * (b - y_mean) for a, b in zip(x, y, strict=True))
    exponent = sxy / math.fsum((a - x_mean) ** 2 for a in x)
    return math.exp(y_mean - exponent * x_mean), exponent


def unchecked_figures(published: Published) -> Mapping[tuple[str, str], Figure]:
    """Every national figure that nobody has seen in its source, by group and metric.

    >>> from underrecording.published import load_published
    >>> unchecked_figures(load_published())["interim_2014", "crimes_should_be_recorded"].value
    2551.0
    """
    return MappingProxyType(
        {
            key: figure
            for key, figures in published.national.items()
            for figure in figures
            if figure.unchecked
        }
    )


def sources_table(published: Published) -> tuple[SourceRow, ...]:
    """Rows for ``simulate list sources``, tables first, what is unchecked marked so.

    >>> from underrecording.published import load_published
    >>> row = sources_table(load_published())[0]
    >>> row.key, row.basis
    ('forces', 'verbatim, derived, recalled (unchecked)')
    """
    return tuple(
        SourceRow(
            source.key,
            source.title,
            source.publisher,
            source.date,
            ", ".join(f"{b} (unchecked)" if is_unchecked(b) else b for b in source.basis),
            source.note,
        )
        for source in published.sources
    )
