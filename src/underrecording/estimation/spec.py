"""Which estimator: the names of its plug-ins."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from underrecording.errors import UserError, one_of
from underrecording.estimation.registries import INTERVALS, MODELS, POINTS, VARIANCES, Volumes


@dataclass(frozen=True, slots=True)
class EstimatorSpec:
    """The names of a point estimator, a variance and an interval.

    Raises
    ------
    UserError
        If a name is unknown; all unknown names at once.

    >>> str(EstimatorSpec.parse("combined_ratio/linearised/t"))
    'combined_ratio/linearised/t'
    >>> EstimatorSpec("pooled", "binomal", "wilson")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    underrecording.errors.UserError: unknown variance 'binomal'; did you mean 'binomial'? (known:
    binomial, ...)
    """

    point: str
    variance: str
    interval: str

    def __post_init__(self) -> None:
        if str(self) in MODELS:
            return
        whole = [name for name in MODELS if name.startswith(f"{self.point}/")]
        if whole:
            raise UserError(f"estimator '{self}': {self.point} comes whole; give {one_of(whole)}")
        problems: list[str] = []
        registries: tuple[tuple[Mapping[str, object], str], ...] = (
            (POINTS, self.point),
            (VARIANCES, self.variance),
            (INTERVALS, self.interval),
        )
        for registry, name in registries:
            try:
                registry[name]
            except UserError as error:
                problems.extend(error.problems)
        if problems:
            raise UserError(problems)

    @classmethod
    def parse(cls, text: str) -> EstimatorSpec:
        """Read ``point/variance/interval``.

        >>> EstimatorSpec.parse("combined_ratio")
        Traceback (most recent call last):
        underrecording.errors.UserError: estimator 'combined_ratio': expected
        point/variance/interval, such as combined_ratio/linearised/t
        """
        names = text.split("/")
        if len(names) != 3:
            raise UserError(
                f"estimator '{text}': expected point/variance/interval, "
                "such as combined_ratio/linearised/t"
            )
        return cls(*names)

    @property
    def is_model(self) -> bool:
        """Whether it comes whole, its variance and interval its own."""
        return str(self) in MODELS

    @property
    def volumes(self) -> Volumes:
        """Forces whose recorded volumes it uses.

        >>> EstimatorSpec.parse("volume_weighted/linearised/t").volumes
        'of inspected'
        """
        plug_in = MODELS[str(self)] if self.is_model else POINTS[self.point]
        return plug_in.volumes

    def __str__(self) -> str:
        return f"{self.point}/{self.variance}/{self.interval}"
