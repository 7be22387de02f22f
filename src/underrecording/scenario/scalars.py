"""What one YAML scalar means under the core schema of YAML 1.2.2 (section 10.3.2)."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

MAX_DIGITS = 18  # All of them fit 64 bits; past 4,300 int() itself gives up.

CORE_TAG = "tag:yaml.org,2002:"
UNPRINTABLE = re.compile(
    "[^\t\n\r\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
)


def read_scalar(text: str, tag: str | None, *, is_plain: bool) -> Any:
    """Return the value of a scalar: text, a finite number, true, false or None.

    Parameters
    ----------
    text : str
        Without quotes, escapes resolved.
    tag : str or None
        The full tag, if one was written.
    is_plain : bool
        Whether it stood without quotes.

    Raises
    ------
    ValueError
        If the tag is none of the core schema, or the value cannot be taken.

    ruamel's own resolver would also take ``1_000`` and dates, as YAML 1.1 did.

    >>> [read_scalar(text, None, is_plain=True) for text in ("no", "1e3", "1_000", "~")]
    ['no', 1000.0, '1_000', None]
    """
    if bad := UNPRINTABLE.search(text):  # By an escape, say "\\x1b".
        raise ValueError(f"the control character {bad[0]!a}; remove it")
    if tag:
        name = tag.removeprefix(CORE_TAG)
        if name == tag or name not in _CORE:
            raise ValueError(f"the tag {tag} is not allowed: remove it")
    elif is_plain:
        name = next(name for name, (form, _) in _CORE.items() if form.fullmatch(text))
    else:
        name = "str"
    form, convert = _CORE[name]
    if not form.fullmatch(text):
        raise ValueError(f"{text[:60]!a} is not what its tag !!{name} says")
    return convert(text)


def _int(text: str) -> int:
    if len(digits := text.lstrip("+-")) > MAX_DIGITS:
        raise ValueError(f"a whole number of {len(digits)} digits; give at most {MAX_DIGITS}")
    return int(text, {"0o": 8, "0x": 16}.get(text[:2], 10))


def _float(text: str) -> float:
    number = float(re.sub(r"\.(?=[iInN])", "", text))
    if not math.isfinite(number):
        raise ValueError("NaN and infinity are not allowed: give a finite number")
    return number


# In the order in which a plain scalar is tried.
_CORE: dict[str, tuple[re.Pattern[str], Callable[[str], Any]]] = {
    "null": (re.compile(r"|~|null|Null|NULL"), lambda _: None),
    "bool": (re.compile(r"[tT]rue|TRUE|[fF]alse|FALSE"), lambda text: text.lower() == "true"),
    "int": (re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+"), _int),
    "float": (
        re.compile(
            r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?"
            r"|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)"
        ),
        _float,
    ),
    "str": (re.compile(r"(?s).*"), str),
}
