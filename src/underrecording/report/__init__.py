"""Show it: tables, figures and one page, all functions of what a run has stored.

`write_report` fills the run folder, `headline_text` is what the command line
prints. Nothing here simulates, and nothing is imported before it is asked for.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from underrecording.report.headline import headline_json, headline_text
    from underrecording.report.tables import headline_table
    from underrecording.report.write import write_report

_HOMES = {
    "headline_json": "headline",
    "headline_table": "tables",
    "headline_text": "headline",
    "write_report": "write",
}

__all__ = ["headline_json", "headline_table", "headline_text", "write_report"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
