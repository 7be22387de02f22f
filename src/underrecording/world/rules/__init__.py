"""Recording rules: scalar functions that every engine calls. One file, one rule."""

from collections.abc import Callable
from typing import Any

from underrecording.registry import Registry

RULES: Registry[Callable[..., Any]] = Registry("rule")
