"""How many records a public draw takes from each stratum of a list."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import numpy as np

from underrecording.errors import UserError, did_you_mean
from underrecording.inspection.csv_table import MOST_PROBLEMS, capped
from underrecording.inspection.sharing import share_in_proportion

LEAST = 2
"""Records of each stratum when a total is shared out: one says nothing of the variance."""

RULES = {
    "proportional": "in proportion to the records of each stratum",
    "equal": "equally",
    "power": "in proportion to the square root of the records of each stratum",
}
"""How a total is shared out over strata."""


def stratum_sizes(strata: Mapping[str, str]) -> dict[str, int]:
    """Records of each stratum, in the order of code points.

    >>> stratum_sizes({"C1": "violence", "C2": "robbery", "C3": "violence"})
    {'robbery': 1, 'violence': 2}
    """
    return dict(sorted(Counter(strata.values()).items()))


def numbers_to_draw(
    sizes: Mapping[str, int], each: int | None, named: Mapping[str, int]
) -> dict[str, int]:
    """Records to draw in each stratum: those of *named*, in the others *each*.

    Raises
    ------
    UserError
        If a stratum that was named is not there or one that is there has no
        number, if one holds fewer records, or if nothing is left to draw.

    >>> numbers_to_draw({"robbery": 20, "violence": 900}, 30, {"robbery": 20})
    {'robbery': 20, 'violence': 30}
    """
    known = sorted(sizes)
    shown = ", ".join([*known[:MOST_PROBLEMS], *(["..."] if len(known) > MOST_PROBLEMS else [])])
    problems = [
        f"--stratum: no record is of stratum '{name}'{did_you_mean(name, known)} (strata: {shown})"
        for name in named
        if name not in sizes
    ]
    numbers = {}
    for stratum in known:
        n = named.get(stratum, each)
        if n is None:
            problems.append(f"--stratum: stratum '{stratum}' has no number; give it one, or --n")
        elif n > sizes[stratum]:
            problems.append(_too_many(n, sizes[stratum], stratum))
        else:
            numbers[stratum] = n
    if not problems and not any(numbers.values()):
        problems = ["--stratum: 0 records in every stratum; give at least one more"]
    if problems:
        raise UserError(capped(problems))
    return numbers


def _too_many(n: int, size: int, stratum: str) -> str:
    if not stratum:
        return f"--n: {n:,} records asked for, the list holds {size:,}; give 1 to {size}"
    return (
        f"stratum '{stratum}': {n:,} records asked for, it holds {size:,}; "
        f"give --stratum '{stratum}={size}' or less"
    )


def share_out(sizes: Mapping[str, int], total: int, rule: str) -> dict[str, int]:
    """Records to draw in each stratum, *total* in all, by one of `RULES`.

    At least `LEAST` of each stratum or all of it, whole numbers by largest
    remainders, the first stratum where they tie.

    Raises
    ------
    UserError
        If *total* is more than there are or less than that.

    Source of ``power``: Bankier (1988), Amer. Statist. 42:174.

    >>> share_out({"robbery": 40, "sexual": 1, "violence": 959}, 50, "proportional")
    {'robbery': 2, 'sexual': 1, 'violence': 47}
    """
    strata = sorted(sizes)
    held = np.array([sizes[stratum] for stratum in strata], np.int64)
    least, most = np.minimum(held, LEAST), int(held.sum())
    if not least.sum() <= total <= most:
        raise UserError(
            f"--n: {total:,} records in all; of {most:,} records in {len(strata)} strata, "
            f"with {LEAST} at least of each, give {least.sum()} to {most}"
        )
    size = {"proportional": held, "equal": np.ones_like(held), "power": np.sqrt(held)}[rule]
    numbers = share_in_proportion(total, size.astype(np.float64), least, held)
    return {stratum: int(n) for stratum, n in zip(strata, numbers, strict=True)}
