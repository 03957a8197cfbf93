"""What the desk assumes about costs and how much it looks at twice."""

from __future__ import annotations

from typing import Final

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from fengkong.console.accounts.models import Operator
from fengkong.console.audit.recording import record
from fengkong.console.feedback.models import LoopSettings

ORGANISE: Final = "feedback.organise"


def loop_settings() -> LoopSettings:
    """What is set, or what holds where nothing was set."""
    return LoopSettings.objects.first() or LoopSettings()


@transaction.atomic
def set_loop(operator: Operator, *, quality_share: float, hour_cost_minor: int) -> LoopSettings:
    """Change what is assumed; raises PermissionDenied."""
    if not operator.may(ORGANISE):
        raise PermissionDenied(ORGANISE)
    assert 0 <= quality_share <= 1, "the form has checked it"
    row = LoopSettings.objects.select_for_update().first() or LoopSettings()
    before = {"quality_share": row.quality_share, "hour_cost_minor": row.hour_cost_minor}
    after = {"quality_share": quality_share, "hour_cost_minor": hour_cost_minor}
    row.quality_share, row.hour_cost_minor = quality_share, hour_cost_minor
    row.changed_at = timezone.now()
    row.save()
    record(
        operator,
        "set_loop",
        target_kind="loop_settings",
        target="1",
        detail={"before": before, "after": after},
    )
    return row
