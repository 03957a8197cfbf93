"""Sets how much allowed traffic goes to review at random."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from fengkong.console.accounts.models import Operator
from fengkong.console.alerts.closing import locked_position
from fengkong.console.alerts.models import AlertTerms
from fengkong.console.alerts.organising import ORGANISE, current_terms
from fengkong.console.alerts.sampling import SHARE_MAX
from fengkong.console.alerts.taking import keep_first_terms
from fengkong.console.alerts.terms import RANDOM_SAMPLE, shipped_content
from fengkong.console.audit.recording import record


def random_share() -> float:
    """The share that holds for the next decision."""
    return current_terms().random_share


@transaction.atomic
def set_random_share(operator: Operator, share: float) -> None:
    """Change it from here on: what was read before keeps the share it was read under.

    Raises PermissionDenied.
    """
    if not operator.may(ORGANISE):
        raise PermissionDenied(ORGANISE)
    assert 0 <= share <= SHARE_MAX, "the form has checked it"
    keep_first_terms()
    before = AlertTerms.objects.latest("from_sequence")
    content = before.content | {"random_share": share}
    shipped = shipped_content()["typologies"][RANDOM_SAMPLE]
    content["typologies"] = {RANDOM_SAMPLE: shipped} | content["typologies"]
    AlertTerms.objects.update_or_create(
        from_sequence=max(locked_position(), before.from_sequence),
        defaults={
            "content": content,
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
