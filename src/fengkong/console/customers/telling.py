"""Tells subscribers of webhooks what became of appeals, with the wording for the customer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fengkong.console.customers.models import Appeal
from fengkong.console.webhooks import occurrences
from fengkong.console.webhooks.publishing import Happening, publish


def tell_received(appeal: Appeal) -> None:
    """An appeal came in."""
    content = {**_about(appeal), "due_at": appeal.due_at.isoformat()}
    happening = Happening(
        name=occurrences.APPEAL_RECEIVED, content=content, occurred_at=appeal.received_at
    )
    publish([happening])


def tell_answered(appeal: Appeal, wording: Mapping[str, str]) -> None:
    """An appeal was answered: the core system gives the wording to the customer."""
    assert appeal.answered_at is not None, "it was answered a moment ago"
    content: dict[str, Any] = {**_about(appeal), "result": appeal.outcome, "wording": dict(wording)}
    happening = Happening(
        name=occurrences.APPEAL_ANSWERED, content=content, occurred_at=appeal.answered_at
    )
    publish([happening])


def _about(appeal: Appeal) -> dict[str, Any]:
    return {
        "reference": appeal.reference,
        "sequence": appeal.sequence,
        "event_id": appeal.event_id,
        "language": appeal.language,
    }
