"""Policies, and the pure function that decides an event by one."""
