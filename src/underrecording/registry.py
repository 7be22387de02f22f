"""A dict of plug-ins by name that says "did you mean"."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterator, Mapping
from types import ModuleType
from typing import TypeVar

from underrecording.errors import UserError, did_you_mean

T = TypeVar("T")


class Registry(Mapping[str, T]):
    """Plug-ins of one kind, by the name they have in a scenario.

    >>> designs = Registry("design")
    >>> @designs.register("srs")
    ... class SimpleRandom: pass
    >>> designs["srss"]
    Traceback (most recent call last):
    underrecording.errors.UserError: unknown design 'srss'; did you mean 'srs'? (known: srs)
    """

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._items: dict[str, T] = {}

    def register(self, name: str) -> Callable[[T], T]:
        """Return a decorator that files its object under *name*."""

        def file_under(item: T) -> T:
            if name in self._items:
                raise ValueError(f"two plug-ins are called {self.kind} '{name}'")
            self._items[name] = item
            return item

        return file_under

    def __getitem__(self, name: str) -> T:
        if name not in self._items:
            known = sorted(self._items)
            hint = did_you_mean(name, known)
            raise UserError(f"unknown {self.kind} '{name}'{hint} (known: {', '.join(known)})")
        return self._items[name]

    def __contains__(self, name: object) -> bool:
        return name in self._items

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._items))

    def __len__(self) -> int:
        return len(self._items)


def load_plugins(package: ModuleType) -> None:
    """Import every module of *package*, so that each registers what it defines.

    One file is one plug-in: putting it into the folder is all there is to do.
    """
    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"{package.__name__}.{module.name}")
