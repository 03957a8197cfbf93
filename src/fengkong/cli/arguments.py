"""Command lines as people write them: one option may be followed by several files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

EVENTS: Final = "--events"
_EVENT_FILES: Final = (".jsonl", ".ndjson", ".json", ".csv", ".parquet")


def spread_files(arguments: Sequence[str]) -> list[str]:
    """``--events a.csv b.csv`` as ``--events a.csv --events b.csv``."""
    spread: list[str] = []
    inside = False
    for position, argument in enumerate(arguments):
        follows = position > 0 and arguments[position - 1] == EVENTS
        follows = follows and not argument.startswith("-")
        if inside and not follows and argument.endswith(_EVENT_FILES):
            spread.append(EVENTS)
        elif not follows:
            inside = argument == EVENTS
        spread.append(argument)
        inside = inside or follows
    return spread
