"""Showing one masked value in the clear: with a reason, within limits, and in the ledger."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from fengkong.console.accounts.models import Operator
from fengkong.console.audit.recording import record
from fengkong.console.journaled.reading import clear_entry
from fengkong.console.personal.masking import may_be_revealed
from fengkong.console.personal.models import Reason, Reveal
from fengkong.core.errors import RiskError

HOUR_MAX: Final = 20
DAY_MAX: Final = 60
SHOWN_SECONDS: Final = 60
TEXT_MIN: Final = 8
"""Fewer characters say nothing about why."""


class TooManyRevealsError(RiskError):
    """An operator has revealed as much as is allowed for now."""

    code = "console.too_many_reveals"
    hint = "Wait, or propose an export if a task needs more."


class NotRevealedError(RiskError):
    """A value that cannot be revealed: never shown, not masked, not there, or erased."""

    code = "console.not_revealed"
    hint = "Passwords, codes and biometrics are shown to nobody; what was erased is gone."


class UnreasonedRevealError(RiskError):
    """A reveal without a reason that says something."""

    code = "console.unreasoned_reveal"
    hint = "Choose a reason and say in a few words what it is needed for."


@transaction.atomic
def reveal(operator: Operator, *, sequence: int, field: str, reason: str, text: str) -> str:
    """The value of a field of an event, in the clear.

    Recorded before it is shown. Raises PermissionDenied, UnreasonedRevealError,
    TooManyRevealsError, NotRevealedError, and what an unreadable journal raises.
    """
    if not operator.may("personal.reveal"):
        raise PermissionDenied("personal.reveal")
    text = text.strip()[:200]
    if reason not in Reason.values or len(text) < TEXT_MIN:
        raise UnreasonedRevealError("say why, in at least a few words")
    if not may_be_revealed(field):
        raise NotRevealedError(f"{field} is not revealed")
    _check_limits(operator)
    entry = clear_entry(sequence)
    value = None if entry.event is None else entry.event.values.get(field)
    if value is None:
        raise NotRevealedError(f"entry {sequence:,} shows no {field}")
    Reveal.objects.create(
        operator=operator, sequence=sequence, field=field, reason=reason, text=text
    )
    record(
        operator,
        "reveal_personal_data",
        target_kind="entry",
        target=str(sequence),
        detail={"field": field, "reason": reason},
    )
    return str(value)


def reveals_left(operator: Operator) -> int:
    """How many values an operator may still reveal now."""
    now, mine = timezone.now(), Reveal.objects.filter(operator=operator)
    hour = mine.filter(at__gt=now - timedelta(hours=1)).count()
    day = mine.filter(at__gt=now - timedelta(days=1)).count()
    return max(0, min(HOUR_MAX - hour, DAY_MAX - day))


def _check_limits(operator: Operator) -> None:
    # Two at the same time wait for each other here, so that a limit is one.
    Operator.objects.select_for_update().get(pk=operator.pk)
    if not reveals_left(operator):
        raise TooManyRevealsError(f"{operator} has revealed {HOUR_MAX} in an hour or {DAY_MAX}")
