"""Bounds of the public page: so many requests a minute from one origin, and so many from all.

Origins are kept as keyed digests and forgotten after an hour. No header of the sender is believed;
behind a proxy all come from it, which the second bound allows for.
"""

from __future__ import annotations

import hashlib
import hmac
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone

from fengkong.console.customers.models import PublicTry

if TYPE_CHECKING:
    from datetime import datetime

    from django.http import HttpRequest

    from fengkong.console.outbox.models import Job

ORIGIN_MAX: Final = 30
"""Requests of one origin within a minute."""
ALL_MAX: Final = 600
EVERYBODY: Final = "all"
_KEPT: Final = timedelta(hours=1)


def is_too_much(request: HttpRequest) -> bool:
    """Count a request, and say whether it is beyond what is allowed."""
    minute = timezone.now().replace(second=0, microsecond=0)
    own = _count(origin_of(request), minute)
    return own > ORIGIN_MAX or _count(EVERYBODY, minute) > ALL_MAX


def origin_of(request: HttpRequest) -> str:
    """The digest of where a request comes from."""
    address = str(request.META.get("REMOTE_ADDR") or "")
    key = settings.SECRET_KEY.encode()
    return hmac.new(key, b"public\0" + address.encode(), hashlib.sha256).hexdigest()[:32]


def forget_tries(_job: Job) -> None:
    """Forget the counts of more than an hour ago."""
    with transaction.atomic():
        PublicTry.objects.filter(minute__lt=timezone.now() - _KEPT).delete()


def _count(origin: str, minute: datetime) -> int:
    mine = PublicTry.objects.filter(origin=origin, minute=minute)
    if not mine.update(count=F("count") + 1):
        try:
            with transaction.atomic():
                PublicTry.objects.create(origin=origin, minute=minute, count=1)
        except IntegrityError:  # another request was first
            mine.update(count=F("count") + 1)
    return mine.values_list("count", flat=True).get()
