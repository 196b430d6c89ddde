"""Marking: what was handed in, whose it is, what it earns, and the tables and pages that come of it."""
