"""What the newest decisions of a case say in plain words: why, with what was seen; where, on what.

Read from the journal for a few decisions only: a page shows these and leads to the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from fengkong.console.cases.models import Case
from fengkong.console.journaled.models import Decision
from fengkong.console.journaled.reading import ClearEntry, clear_entry
from fengkong.console.live.judgement import FieldSeen, Judgement, Seen
from fengkong.console.live.titles import policy_of
from fengkong.console.shell.spoken import event_title
from fengkong.core.errors import RiskError

READ_MAX: Final = 5
PLACE_FIELDS: Final = (
    *("device", "device_model", "operating_system", "ip", "ip_country", "ip_kind", "channel"),
    *("country", "region", "city", "place", "emulator", "rooted", "gps_mocked"),
    *("remote_controlled", "screen_shared", "call_in_progress", "malware_found", "app_tampered"),
)
"""What tells of device and place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """A rule that hit, in words; `seen` are the values it saw, against which limits."""

    rule: str
    title: str
    sentence: str
    outcome: str | None
    points: float
    seen: Sequence[Seen]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """A decision of a case with what it was made of; empty where nobody can read it any more."""

    sequence: int
    at: datetime
    event_title: str
    outcome: str
    amount_minor: int | None
    currency: str
    points: float
    probability: float | None
    reasons: Sequence[Reason] = ()
    places: Sequence[FieldSeen] = ()
    readable: bool = False


def evidence_of(case: Case, *, newest: int = READ_MAX) -> list[Evidence]:
    """The newest decisions of a case that were not simply allowed, then the others."""
    mine = list(case.gathered.values_list("sequence", flat=True))
    found = Decision.objects.filter(sequence__in=mine).order_by("-occurred_at", "-sequence")
    striking = list(found.exclude(outcome="allow")[:newest])
    rest = newest - len(striking)
    chosen = striking + (list(found.filter(outcome="allow")[:rest]) if rest else [])
    return [_evidence(one) for one in chosen]


def channel_of(sequence: int) -> str:
    """The channel that an event names (app, web, counter); empty where it cannot be read."""
    entry = _entry(sequence)
    value = None if entry is None or entry.event is None else entry.event.values.get("channel")
    return str(value or "")[:64]


def _evidence(decision: Decision) -> Evidence:
    entry = _entry(decision.sequence)
    reasons: list[Reason] = []
    places: list[FieldSeen] = []
    if entry is not None and entry.event is not None and entry.decision is not None:
        policy = policy_of(decision.policy_hash)
        judged = Judgement(entry.decision, event=entry.event, policy=policy)
        reasons = [
            Reason(
                rule=one.rule,
                title=one.title or one.rule,
                sentence=one.reason,
                outcome=one.outcome,
                points=one.points,
                seen=one.seen,
            )
            for one in judged.traces()
            if one.verdict == "hit"
        ]
        places = [one for one in judged.fields() if one.name in PLACE_FIELDS]
    return Evidence(
        sequence=decision.sequence,
        at=decision.occurred_at,
        event_title=event_title(decision.event_type),
        outcome=decision.outcome,
        amount_minor=decision.amount_minor,
        currency=decision.currency or "CNY",
        points=decision.points,
        probability=decision.probability,
        reasons=reasons,
        places=places,
        readable=entry is not None and entry.event is not None,
    )


def _entry(sequence: int) -> ClearEntry | None:
    """The entry in the clear, None where it cannot be read."""
    try:
        return clear_entry(sequence)
    except (RiskError, OSError):
        return None
