"""How far the read model is behind the journal: what is shown is no newer than that."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.utils import timezone

from fengkong.console.journaled.intake import TAIL
from fengkong.console.journaled.models import Cursor
from fengkong.console.journaled.reading import opened_history
from fengkong.core.errors import RiskError

PATIENCE: Final = timedelta(seconds=60)
"""A tail that has not moved for so long, with entries waiting, has stopped."""
BEHIND_MAX: Final = 20_000
"""Entries behind which the figures of now are those of some other time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Freshness:
    """What was read up to: entry `sequence`, recorded `at`; `behind` entries wait.

    `behind` is None where the journal cannot be asked.
    """

    sequence: int
    at: datetime | None
    behind: int | None
    stale: bool

    @property
    def lamp(self) -> str:
        """A lamp of the shell."""
        if self.stale:
            return "critical"
        return "warning" if self.behind else "ok"


def freshness() -> Freshness:
    """The freshness of this moment."""
    cursor = Cursor.objects.filter(name=TAIL).first()
    head = _head()
    if cursor is None:
        return Freshness(sequence=0, at=None, behind=head, stale=head != 0)
    behind = None if head is None else max(0, head - cursor.sequence)
    stopped = bool(behind) and timezone.now() - cursor.moved_at > PATIENCE
    return Freshness(
        sequence=cursor.sequence,
        at=cursor.at,
        behind=behind,
        stale=behind is None or behind > BEHIND_MAX or stopped,
    )


def _head() -> int | None:
    try:
        with opened_history() as history:
            return history.reading.head().sequence
    except (RiskError, OSError):
        return None
