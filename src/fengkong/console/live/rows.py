"""A decision as one row shows it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from fengkong.console.journaled.models import Decision
from fengkong.console.live.forms import FLAG_TITLES
from fengkong.console.shell.spoken import event_title

RULES_SHOWN: Final = 2
_SHORT: Final = {"canary": _("Canary")}
"""What a flag is called where there is little room."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What a row of decisions shows; `more_rules` did not fit."""

    sequence: int
    occurred_at: datetime
    event_id: str
    event_title: str
    outcome: str
    amount_minor: int | None
    currency: str
    points: float
    probability: float | None
    rules: Sequence[str]
    more_rules: int
    policy: str
    flags: Sequence[Any]
    shadow_outcome: str
    erased: bool
    address: str


def row_of(decision: Decision) -> Row:
    """The row of a decision."""
    rules = list(decision.rules)
    flags = [name for name in ("degraded", "late") if getattr(decision, name)]
    flags += ["differs"] if decision.shadow_outcome else []
    flags += ["canary"] if decision.by_canary else []
    return Row(
        sequence=decision.sequence,
        occurred_at=decision.occurred_at,
        event_id=decision.event_id,
        event_title=event_title(decision.event_type),
        outcome=decision.outcome,
        amount_minor=decision.amount_minor,
        currency=decision.currency or "CNY",
        points=decision.points,
        probability=decision.probability,
        rules=rules[:RULES_SHOWN],
        more_rules=max(0, len(rules) - RULES_SHOWN),
        policy=f"{decision.policy} {decision.policy_version}",
        flags=[_SHORT.get(name, FLAG_TITLES[name]) for name in flags],
        shadow_outcome=decision.shadow_outcome,
        erased=decision.erased,
        address=reverse("decision", args=[decision.sequence]),
    )


def rows_of(decisions: Iterable[Decision]) -> list[Row]:
    """The rows of many."""
    return [row_of(decision) for decision in decisions]
