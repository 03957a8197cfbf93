"""Operators: who they are, what their duties let them do, how they sign in."""
