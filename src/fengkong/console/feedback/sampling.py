"""Sets how much allowed traffic goes to review at random."""

from __future__ import annotations

from typing import Final

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from fengkong.console.accounts.models import Operator
from fengkong.console.alerts.closing import locked_position
from fengkong.console.alerts.models import AlertTerms
from fengkong.console.alerts.sampling import SHARE_MAX
from fengkong.console.alerts.taking import known_terms
from fengkong.console.audit.recording import record

ORGANISE: Final = "alerts.organise"
_NEWEST: Final = 2**62


def random_share() -> float:
    """The share that holds for the next decision."""
    return known_terms()(_NEWEST).random_share


@transaction.atomic
def set_random_share(operator: Operator, share: float) -> None:
    """Change it from here on: what was read before keeps the share it was read under.

    Raises PermissionDenied.
    """
    if not operator.may(ORGANISE):
        raise PermissionDenied(ORGANISE)
    assert 0 <= share <= SHARE_MAX, "the form has checked it"
    known_terms()  # makes the first terms where there are none
    before = AlertTerms.objects.latest("from_sequence")
    AlertTerms.objects.update_or_create(
        from_sequence=max(locked_position(), before.from_sequence),
        defaults={
            "content": before.content | {"random_share": share},
            "set_by": operator.username,
            "set_at": timezone.now(),
        },
    )
    record(
        operator,
        "set_random_share",
        target_kind="loop_settings",
        target="random_share",
        detail={"before": before.content.get("random_share", 0), "after": share},
    )
