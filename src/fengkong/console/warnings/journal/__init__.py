"""Rows of the journal, kept and counted as they come."""
