"""What one run of the benchmarks was asked to do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.payments import Payments


@dataclass(frozen=True, kw_only=True)
class Settings:
    """`folder` is scratch; `tell` shows progress; without `recovery_entries` no long journal.

    `decisions` are those in the console's store.
    """

    rounds: int
    payments: Payments
    folder: Path
    growth_events_max: int
    recovery_entries: int
    decisions: int
    tell: Callable[[str], None]
