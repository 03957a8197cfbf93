"""Witnesses of ledgers: the one that a firm runs for others, and those that a service asks."""
