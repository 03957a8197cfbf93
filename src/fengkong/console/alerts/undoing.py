"""What somebody closed a moment ago and may still take back."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from fengkong.console.accounts.models import Operator
from fengkong.console.alerts.models import Closing


def undoable(operator: Operator) -> Closing | None:
    """The newest closing of an operator, while it can be undone."""
    return (
        Closing.objects.filter(
            operator=operator,
            undone_at=None,
            labelled_at=None,
            at__gte=timezone.now() - timedelta(minutes=1),
            undo_until__gt=timezone.now(),
        )
        .order_by("-at", "-id")
        .first()
    )
