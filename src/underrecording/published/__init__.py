"""Facts as printed: four tables, where each figure comes from, and one loader.

Nothing here is modelled. A figure keeps the value its source prints and a basis:
*verbatim* (seen in the named source), *derived* (arithmetic on such figures) or
*recalled* (background knowledge nobody has checked, so marked wherever it shows).
"""

from underrecording.published.facts import (
    OFFENCE_GROUPS,
    Figure,
    FirstInspection,
    ForceAudit,
    Forces,
    Published,
    Source,
)
from underrecording.published.load import load_published
from underrecording.published.shipped import example_tables, find_example
from underrecording.published.summaries import (
    SourceRow,
    audit_rows,
    fitted_sample_power,
    force_audits_2014,
    recording_accuracy_targets,
    sources_table,
    unchecked_figures,
)

__all__ = [
    "OFFENCE_GROUPS",
    "Figure",
    "FirstInspection",
    "ForceAudit",
    "Forces",
    "Published",
    "Source",
    "SourceRow",
    "audit_rows",
    "example_tables",
    "find_example",
    "fitted_sample_power",
    "force_audits_2014",
    "load_published",
    "recording_accuracy_targets",
    "sources_table",
    "unchecked_figures",
]
