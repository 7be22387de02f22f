"""The one exception for mistakes a user can mend."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches


class UserError(Exception):
    """One or more mistakes in what the user gave; never a bug.

    Parameters
    ----------
    problems : str or sequence of str
        One line each: where, what was given, what is allowed. All mistakes of
        an input are reported together.

    >>> raise UserError(["a.yaml:3:7: seed: 'abc' is not a whole number"])
    Traceback (most recent call last):
    underrecording.errors.UserError: a.yaml:3:7: seed: 'abc' is not a whole number
    """

    def __init__(self, problems: str | Sequence[str]) -> None:
        self.problems: tuple[str, ...] = (
            (problems,) if isinstance(problems, str) else tuple(problems)
        )
        super().__init__("\n".join(self.problems))


def did_you_mean(given: str, known: Sequence[str]) -> str:
    """Return ``"; did you mean 'x'?"`` for the known word nearest to *given*, or ``""``.

    >>> did_you_mean("srss", ["srs", "pps"])
    "; did you mean 'srs'?"
    >>> did_you_mean("banana", ["srs", "pps"])
    ''
    """
    near = get_close_matches(given, known, n=1)
    return f"; did you mean '{near[0]}'?" if near else ""


def one_of(known: Sequence[str]) -> str:
    """Return the words as a choice.

    >>> one_of(["srs", "pps", "named"])
    'srs, pps or named'
    """
    *others, last = known
    return f"{', '.join(others)} or {last}" if others else last
