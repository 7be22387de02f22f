"""Names of forces and strata: which are one, and which are known."""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import get_close_matches

from underrecording.estimation.tables.cells import CellError, TooManyError
from underrecording.estimation.tables.table import AuditTable

MAX_LENGTH = 200
_NOT_PART_OF_THE_NAME = {"and", "police", "constabulary", "service"}


class Names:
    """Names in order of first appearance; those that differ in case or blanks are one.

    Parameters
    ----------
    what : str
        What is named, in the plural.
    limit : int
        How many different names there may be.

    >>> names = Names("forces", 43)
    >>> [names.index(given) for given in ("Essex", "North  Wales", " essex", "north wales")]
    [0, 1, 0, 1]
    >>> names.names
    ['Essex', 'North Wales']
    """

    def __init__(self, what: str, limit: int) -> None:
        self.what, self.limit = what, limit
        self.names: list[str] = []
        self._known: dict[str, int] = {}

    def index(self, given: str) -> int:
        """Position of a name, from 0, new or known.

        Raises
        ------
        CellError
            If the name is empty or too long, or (`TooManyError`) one too many.
        """
        # As written names repeat, so nearly every look-up ends here.
        if (index := self._known.get(given)) is not None:
            return index
        shown = " ".join(given.split())
        if not shown:
            raise CellError("is empty; give a name")
        if len(shown) > MAX_LENGTH:
            raise CellError(f"has {len(shown):,} characters; give a name of at most {MAX_LENGTH}")
        folded = shown.casefold()
        if folded not in self._known:
            if len(self.names) == self.limit:
                raise TooManyError(f"more than {self.limit:,} different {self.what}; add some up")
            self._known[folded] = len(self.names)
            self.names.append(shown)
        self._known[given] = self._known[folded]
        return self._known[given]


def known_force(name: str, known: Sequence[str]) -> str | None:
    """The one of the *known* names that *name* means, or None.

    Names are the same that differ in case, punctuation, "&" for "and", or in
    saying "Police", "Constabulary" or "Service".

    >>> known_force("DEVON & CORNWALL POLICE", ["Devon and Cornwall", "Dorset"])
    'Devon and Cornwall'
    >>> known_force("Dorst", ["Devon and Cornwall", "Dorset"])
    """
    return {_essence(force): force for force in known}.get(_essence(name))


def unknown_forces(table: AuditTable, known: Sequence[str]) -> list[str]:
    """One note for each force of a table that means none of the *known* ones.

    A name near to a known one is shown beside it.
    """
    by_essence = {_essence(force): force for force in known}
    notes = []
    for force in table.forces:
        essence = _essence(force)
        if essence not in by_essence:
            near = get_close_matches(essence, by_essence, n=1)
            hint = f"; did you mean '{by_essence[near[0]]}'?" if near else ""
            notes.append(f"force '{force}' is not known{hint}")
    return notes


def _essence(name: str) -> str:
    words = re.findall(r"\w+", name.casefold())
    return " ".join(word for word in words if word not in _NOT_PART_OF_THE_NAME)
