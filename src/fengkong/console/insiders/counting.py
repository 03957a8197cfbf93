"""Counts what operators look at; other apps call `counted` where they show something."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from django.db import IntegrityError, transaction
from django.db.models import F
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from fengkong.console.insiders.models import LookUp

if TYPE_CHECKING:
    from fengkong.console.accounts.models import Operator

REFUSED: Final = "refused"
_REFUSALS: Final = frozenset({403, 429})
_DIGITS: Final = 16


def counted(operator: Operator, what: str, target: str = "") -> None:
    """Count that an operator looked at something: `what` such as decision, person, list.

    The same `target` twice in a row within an hour counts once; it is kept as a digest only.
    """
    hour = timezone.now().replace(minute=0, second=0, microsecond=0)
    digest = hashlib.sha256(target.encode()).hexdigest()[:_DIGITS] if target else ""
    mine = LookUp.objects.filter(operator=operator, what=what, hour=hour)
    if target and mine.filter(last_target=digest).exists():
        return
    if mine.update(count=F("count") + 1, last_target=digest):
        return
    try:
        with transaction.atomic():
            LookUp.objects.create(
                operator=operator, what=what, hour=hour, count=1, last_target=digest
            )
    except IntegrityError:  # another request was first
        mine.update(count=F("count") + 1, last_target=digest)


class CountedRefusals:
    """Counts the requests of operators that are refused."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Passes on, and looks at what comes back."""
        response = self._get_response(request)
        operator = getattr(request, "user", None)
        if response.status_code in _REFUSALS and operator is not None and operator.is_authenticated:
            with transaction.atomic():
                counted(operator, REFUSED)
        return response
