"""Raises notices, resolves them, and promises who is told when.

The notice is there with what caused it, or neither is: call it in the transaction of the cause.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from fengkong.console.audit.recording import SYSTEM, record
from fengkong.console.notices.models import Channel, Delivery, Notice, Route, Said, Silence
from fengkong.console.notices.signs import LEVELS, is_at_least
from fengkong.console.outbox.jobs import put

SEND: Final = "send_notices"
_TITLE_MAX: Final = 200
_TEXT_MAX: Final = 4_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Raised:
    """What people must know, in both languages; `path` is a page of the console.

    `key` names what it is about (``indicator:overdue_m1``): said again it is not told again,
    unless it has become worse. `level` is yellow, orange or red.
    """

    key: str
    group: str
    level: str
    title: tuple[str, str]
    text: tuple[str, str] = ("", "")
    path: str = "/notices/"


@transaction.atomic
def raise_notice(raised: Raised, *, now: datetime | None = None) -> Notice:
    """The notice of this key, made or brought up to date; who must be told will be.

    A notice that has become worse is open again, and told again by every route of its new level.
    """
    assert raised.level in LEVELS, f"{raised.level} is not told"
    now = now or timezone.now()
    known = Notice.objects.select_for_update().filter(key=raised.key)
    notice = known.exclude(state=Notice.State.RESOLVED).first()
    if notice is None:
        facts = {"group": raised.group, "level": raised.level, "path": raised.path}
        notice = Notice.objects.create(key=raised.key, raised_at=now, **facts)
        Said.objects.create(notice=notice, **_said(raised, now))
        _record(notice, "raise_notice")
        _promise(notice, now=now)
        return notice
    said = {**_said(raised, now), "count": F("count") + 1}
    Said.objects.filter(notice=notice).update(**said)
    if not is_at_least(notice.level, raised.level):
        notice.level, notice.state = raised.level, Notice.State.OPEN
        notice.save(update_fields=("level", "state"))
        _record(notice, "worsen_notice")
        _promise(notice, now=now)
    return notice


@transaction.atomic
def resolve_notice(key: str, *, now: datetime | None = None) -> bool:
    """End the notice of a key: what it said is over. Whether there was one."""
    now = now or timezone.now()
    open_ones = Notice.objects.select_for_update().filter(key=key)
    notice = open_ones.exclude(state=Notice.State.RESOLVED).first()
    if notice is None:
        return False
    notice.state, notice.resolved_at = Notice.State.RESOLVED, now
    notice.save(update_fields=("state", "resolved_at"))
    drop_waiting(notice, now=now)
    _record(notice, "resolve_notice")
    return True


def drop_waiting(notice: Notice, *, now: datetime) -> None:
    """Tell nobody any more who was not told yet."""
    untold = (Delivery.State.WAITING, Delivery.State.SILENCED)
    notice.deliveries.filter(state__in=untold).update(state=Delivery.State.DROPPED, finished_at=now)


def own_key(channel_id: int) -> str:
    """The key of notices about a channel itself."""
    return f"channel:{channel_id}"


@transaction.atomic
def tell_by(notice: Notice, channel: Channel, *, now: datetime) -> None:
    """Tell a notice by one channel, whatever the routes say; used by tests of a channel."""
    Delivery.objects.create(notice=notice, channel=channel, level=notice.level, due_at=now)
    promise_sending(channel.pk)


@transaction.atomic
def end_silence(*, now: datetime) -> int:
    """Tell what was silenced and is open still, once no silence covers it; how many deliveries."""
    active = list(Silence.objects.filter(until__gt=now))
    silenced = Delivery.objects.filter(state=Delivery.State.SILENCED).select_related("notice")
    freed = [one for one in silenced if not any(s.covers(one.notice) for s in active)]
    for delivery in freed:
        delivery.state = Delivery.State.WAITING
        delivery.due_at = max(delivery.due_at, now)
        delivery.save(update_fields=("state", "due_at"))
    _promise_all((one.channel_id, one.due_at) for one in freed)
    return len(freed)


def promise_sending(channel_id: int, *, due_at: datetime | None = None) -> None:
    """Have the worker send what is due by a channel; one job a second is enough."""
    # A job that runs still has its key, and may have looked already: the next second has another.
    second = int((due_at or timezone.now()).timestamp())
    put(SEND, {"channel": channel_id}, key=f"{channel_id} at {second}", due_at=due_at)


def _promise(notice: Notice, *, now: datetime) -> None:
    """A delivery for each step of each route that this level takes."""
    silent = any(one.covers(notice) for one in Silence.objects.filter(until__gt=now))
    routes = Route.objects.filter(group__in=("", notice.group), channel__is_active=True)
    wanted: dict[tuple[int, int], Delivery] = {}
    for route in routes:
        # A channel that fails is not asked to say so itself.
        if not is_at_least(notice.level, route.level) or notice.key == own_key(route.channel_id):
            continue
        wanted[route.channel_id, route.after_minutes] = Delivery(
            notice=notice,
            channel_id=route.channel_id,
            level=notice.level,
            after_minutes=route.after_minutes,
            due_at=now + timedelta(minutes=route.after_minutes),
            state=Delivery.State.SILENCED if silent else Delivery.State.WAITING,
        )
    Delivery.objects.bulk_create(wanted.values(), ignore_conflicts=True)
    if not silent:
        _promise_all((one.channel_id, one.due_at) for one in wanted.values())


def _promise_all(due: Iterable[tuple[int, datetime]]) -> None:
    now = timezone.now()
    for channel_id, due_at in sorted(set(due)):
        promise_sending(channel_id, due_at=due_at if due_at > now else None)


def _said(raised: Raised, now: datetime) -> dict[str, object]:
    return {
        "title_zh": _storable(raised.title[0])[:_TITLE_MAX],
        "title_en": _storable(raised.title[1])[:_TITLE_MAX],
        "text_zh": _storable(raised.text[0])[:_TEXT_MAX],
        "text_en": _storable(raised.text[1])[:_TEXT_MAX],
        "newest_at": now,
    }


def _storable(text: str) -> str:
    """A text that PostgreSQL takes: what strangers call themselves holds up no warning."""
    return text.replace("\x00", "\N{REPLACEMENT CHARACTER}")


def _record(notice: Notice, action: str) -> None:
    detail = {"level": notice.level, "group": notice.group, "notice": notice.pk}
    record(SYSTEM, action, target_kind="notice", target=notice.key, detail=detail)
