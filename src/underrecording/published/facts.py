"""What a published fact is: a figure, a force, an audit, an inspection, a source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt

from underrecording.errors import did_you_mean

OFFENCE_GROUPS = ("violence", "sexual", "robbery", "burglary", "damage", "other")
"""The K = 6 groups. ``damage`` is criminal damage and arson; ``other`` is the rest
of recorded crime without fraud: theft other than burglary, drugs, weapons, public
order, miscellaneous crimes against society."""


def is_unchecked(basis: str) -> bool:
    """Whether *basis* says that nobody has seen the figure in its source.

    >>> is_unchecked("recalled"), is_unchecked("verbatim")
    (True, False)
    """
    return basis.startswith("recalled")


@dataclass(frozen=True)
class Figure:
    """One published number with its provenance.

    >>> Figure(0.14, "share", "", "recalled", "HMIC final report", "").unchecked
    True
    """

    value: float
    unit: str
    period: str
    basis: str
    source: str
    note: str

    @property
    def unchecked(self) -> bool:
        """Whether the figure is recalled, so that a reader must be told."""
        return is_unchecked(self.basis)


@dataclass(frozen=True, eq=False)
class Forces:
    """The 43 territorial police forces, in alphabetical order.

    Attributes
    ----------
    name, region, force_type, interim_13 : tuple of str, length F
        ``force_type`` is metropolitan or county (recalled); ``interim_13`` says
        whether the force was in the interim report: yes, no, probable, unknown.
    population : ndarray of int64, shape (F,)
        Census 2011.
    officers_fte : ndarray of float, shape (F,)
        Full-time equivalents on 30 September 2014.
    recorded : ndarray of int64, shape (F, K)
        Recorded crime by offence group, year to June 2013, without fraud.
    total : ndarray of int64, shape (F,)
        Its row sums, as printed.
    bases : mapping of str to tuple of str, length F
        Basis of ``recorded``, ``population``, ``officers_fte`` and ``force_type``.

    All arrays are read-only.
    """

    name: tuple[str, ...]
    region: tuple[str, ...]
    force_type: tuple[str, ...]
    interim_13: tuple[str, ...]
    population: npt.NDArray[np.int64]
    officers_fte: npt.NDArray[np.float64]
    recorded: npt.NDArray[np.int64]
    total: npt.NDArray[np.int64]
    bases: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class ForceAudit:
    """Audit counts of one force at one stage of 2014; None where not published.

    ``due`` crimes should have been recorded and ``recorded`` of them were, out of
    ``incidents_examined``. ``rate_published`` is a share that came without counts.
    ``late`` were recorded after 72 hours. The ``other_`` fields are reports by
    another route: ``direct`` to the force, or on an ``other_system``.
    """

    force: str
    stage: str
    interim_13: str
    incidents_examined: int | None
    due: int | None
    recorded: int | None
    rate_published: float | None
    misclassified: int | None
    late: int | None
    no_crimes_reviewed: int | None
    no_crimes_incorrect: int | None
    other_route: str
    other_reviewed: int | None
    other_due: int | None
    other_recorded: int | None
    basis: str
    source: str
    note: str


@dataclass(frozen=True)
class FirstInspection:
    """A force's first inspection in the rolling programme of 2016 to 2020.

    Rates and half-widths (95 %) are shares in [0, 1], None where not published;
    ``n_audited`` is the stated sample, ``n_implied`` (derived) the simple random
    sample that would give the printed half-width.
    """

    force: str
    year: int
    published: date | None
    audit_start: date | None
    audit_end: date | None
    rate: float
    half_width: float | None
    violence_rate: float | None
    violence_half_width: float | None
    sexual_rate: float | None
    unrecorded_per_year: int
    judgment: str
    n_audited: int | None
    n_implied: int | None
    basis: str
    source: str
    note: str


@dataclass(frozen=True)
class Source:
    """A table of this room or a document that one rests on.

    ``file`` and ``rests_on`` (keys of other sources) belong to tables only; ``basis``
    lists every basis that occurs among the figures taken from it.
    """

    key: str
    title: str
    publisher: str
    date: str
    licence: str
    url: str
    basis: tuple[str, ...]
    used_for: str
    note: str
    file: str = ""
    rests_on: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Published:
    """Everything published that the simulator knows.

    ``national`` maps (group, metric) to its figures: one, or one for each period.
    ``attribution`` is the line that the Open Government Licence asks for.
    """

    forces: Forces
    national: Mapping[tuple[str, str], tuple[Figure, ...]]
    force_audits: tuple[ForceAudit, ...]
    first_inspections: tuple[FirstInspection, ...]
    sources: tuple[Source, ...]
    attribution: str

    def figure(self, group: str, metric: str, *, period: str | None = None) -> Figure:
        """Return the one figure of that name.

        Parameters
        ----------
        group, metric : str
            As in ``hmic_2014_national.csv``.
        period : str, optional
            Needed where a metric is published for several periods.

        Raises
        ------
        ValueError
            If there is no such figure, or more than one.

        >>> from underrecording.published import load_published
        >>> load_published().figure("final_2014", "under_recording_rate").value
        0.19
        >>> load_published().figure("final_2014", "under_recording_rat")
        Traceback (most recent call last):
        ValueError: no figure 'final_2014.under_recording_rat'; did you mean
        'final_2014.under_recording_rate'?
        """
        wanted = f"{group}.{metric}"
        if (group, metric) not in self.national:
            known = [".".join(key) for key in self.national]
            raise ValueError(f"no figure '{wanted}'{did_you_mean(wanted, known)}")
        figures = self.national[group, metric]
        found = [figure for figure in figures if period in (None, figure.period)]
        if len(found) != 1:
            periods = ", ".join(figure.period for figure in figures)
            raise ValueError(f"{wanted}: {len(found)} figures; say which period of: {periods}")
        return found[0]
