"""Who is on duty for a kind of risk."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from fengkong.console.notices.models import Shift

if TYPE_CHECKING:
    from fengkong.console.accounts.models import Operator


def on_duty(group: str, *, at: datetime) -> list[Operator]:
    """The operators on duty for a kind of risk, the first to begin first; none locked."""
    shifts = Shift.objects.filter(group=group, starts_at__lte=at, ends_at__gt=at)
    found = [one.operator for one in shifts.select_related("operator") if one.operator.is_active]
    return list(dict.fromkeys(found))
