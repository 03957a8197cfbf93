"""Sessions that know whose they are: kept in one table, listed and ended by operator.

A session ends when nobody uses it (PCI DSS 4.0.1, 8.2.8), when it has lasted its longest, when
its operator is locked or changes role, and when somebody ends it.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from django.conf import settings
from django.contrib.sessions.backends.db import SessionStore as DatabaseSessions
from django.db.models import QuerySet
from django.utils import timezone

from fengkong.console.accounts.models import SignedIn

if TYPE_CHECKING:
    from django.http import HttpRequest

    from fengkong.console.accounts.models import Operator

ABOUT: Final = "signed_in"
"""Where a session keeps when and whence it began."""
SEEN: Final = "seen_at"
TOUCH_SECONDS: Final = 30
"""A session that was written so lately is not written again for another request."""


class SessionStore(DatabaseSessions):
    """Django's sessions in the database, with whose they are beside the data."""

    @classmethod
    def get_model_class(cls) -> type[SignedIn]:
        """The table of sessions."""
        return SignedIn

    def create_model_instance(self, data: dict[str, Any]) -> SignedIn:
        """The row of a session; the columns repeat what the data say."""
        row = super().create_model_instance(data)
        assert isinstance(row, SignedIn)
        about = data.get(ABOUT, {})
        owner = data.get("_auth_user_id")
        row.operator_id = None if owner is None else int(owner)
        row.handle = handle_of(row.session_key)
        row.began_at = _instant(about.get("at"))
        row.seen_at = _instant(data.get(SEEN)) or timezone.now()
        row.address = about.get("address", "")
        row.agent = about.get("agent", "")
        return row


def handle_of(session_key: str | None) -> str:
    """What stands for a session where it is shown."""
    return hashlib.sha256(str(session_key).encode()).hexdigest()[:20]


def begin_session(request: HttpRequest) -> None:
    """Note in a session that somebody has just signed in, and whence."""
    now = timezone.now().timestamp()
    request.session[ABOUT] = {
        "at": now,
        "address": request.META.get("REMOTE_ADDR", "")[:45],
        "agent": request.META.get("HTTP_USER_AGENT", "")[:200],
    }
    request.session[SEEN] = now
    SessionStore.clear_expired()


def touch_session(request: HttpRequest) -> None:
    """Note that somebody used a session; at most once in TOUCH_SECONDS."""
    now = timezone.now().timestamp()
    if now - request.session.get(SEEN, 0) >= TOUCH_SECONDS:
        request.session[SEEN] = now


def is_too_old(request: HttpRequest) -> bool:
    """Whether a session has lasted its longest, however busy it was, or says not since when."""
    began = request.session.get(ABOUT, {}).get("at")
    longest = timedelta(hours=settings.CONSOLE.session_hours)
    return began is None or timezone.now().timestamp() - began > longest.total_seconds()


def sessions_of(operator: Operator) -> QuerySet[SignedIn]:
    """The sessions of an operator that have not ended."""
    return SignedIn.objects.filter(operator=operator, expire_date__gt=timezone.now())


def all_sessions() -> QuerySet[SignedIn]:
    """The sessions of all operators that have not ended."""
    return SignedIn.objects.filter(operator__isnull=False, expire_date__gt=timezone.now())


def end_sessions(operator: Operator, *, but: str | None = None) -> int:
    """End the sessions of an operator, all or `but` the one of a key; how many there were.

    A request that runs meanwhile cannot bring its session back: Django writes only over a row
    that is there.
    """
    found = sessions_of(operator).exclude(session_key=but or "")
    return found.delete()[0]


def _instant(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, tz=UTC)
