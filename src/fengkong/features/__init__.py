"""Declared sliding-window features and the one kernel that computes them."""
