"""The truth I: forces with real volumes, and the rule by which they record."""
