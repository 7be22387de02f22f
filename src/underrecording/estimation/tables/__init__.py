"""Real audits: a CSV table in, checked counts by force and stratum out."""

from underrecording.estimation.tables.names import known_force, unknown_forces
from underrecording.estimation.tables.read import read_audit_table
from underrecording.estimation.tables.table import AuditTable

__all__ = ["AuditTable", "known_force", "read_audit_table", "unknown_forces"]
