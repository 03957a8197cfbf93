"""Warnings reach people: channels, routes, duty, silence, acknowledgement, and every message."""
