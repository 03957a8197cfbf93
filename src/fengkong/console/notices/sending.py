"""Sends what is due by a channel, keeps to its limit, and never sends one twice knowingly.

A message is written down as under way before it leaves. Where the worker dies between that and the
answer, nobody knows whether it arrived: a webhook is sent again under the same id, which its
receiver knows; what goes to people is not, and the log says `perhaps sent`.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.db import transaction
from django.db.models import Case, IntegerField, Value, When
from django.utils import timezone

from fengkong import __version__
from fengkong.console.notices.duty import on_duty
from fengkong.console.notices.formats import Verdict, outgoing, verdict_of
from fengkong.console.notices.mailing import send_mail
from fengkong.console.notices.models import Channel, ChannelHealth, Delivery, Message, Notice
from fengkong.console.notices.raising import (
    Raised,
    end_silence,
    own_key,
    promise_sending,
    raise_notice,
)
from fengkong.console.notices.signs import LEVELS
from fengkong.console.notices.wording import worded
from fengkong.console.outbox.models import Job
from fengkong.console.personal.sealing import open_text
from fengkong.console.webhooks.destinations import (
    RefusedDestinationError,
    UnresolvedDestinationError,
    destination_of,
)
from fengkong.console.webhooks.posting import Answer, post

WAITS: Final = (5, 15, 60, 300, 900)
"""Seconds between the attempts of one notice by one channel; then it is given up."""
LOST_AFTER: Final = timedelta(seconds=60)
"""A message that is under way for so long has nobody who waits for its answer."""
KEPT: Final = timedelta(days=90)
TURN_S: Final = 20.0
DIGEST_MAX: Final = 200
DUTY: Final = "duty:"
"""Before a kind of risk: mail goes to whoever is on duty for it."""
_MINUTE: Final = timedelta(minutes=1)
_WORST_FIRST: Final = Case(
    *(When(level=level, then=Value(-place)) for place, level in enumerate(LEVELS)),
    output_field=IntegerField(),
)


def send_notices(job: Job) -> None:
    """Send what is due by one channel; a job of the outbox."""
    channel = Channel.objects.filter(pk=job.content["channel"], is_active=True).first()
    until = time.monotonic() + TURN_S
    while channel is not None:
        batch = _taken(channel, now=timezone.now())
        if batch is None or not _sent(channel, *batch):
            return
        if time.monotonic() > until:
            with transaction.atomic():
                promise_sending(channel.pk)
            return


def sweep_notices(_job: Job) -> None:
    """End silences, find what was lost, promise what no job is at, forget what is old."""
    now = timezone.now()
    end_silence(now=now)
    _settle_lost(now=now)
    due = Delivery.objects.filter(state=Delivery.State.WAITING, due_at__lte=now)
    with transaction.atomic():
        for channel_id in due.order_by().values_list("channel_id", flat=True).distinct():
            promise_sending(channel_id)
        Message.objects.filter(at__lt=now - KEPT).delete()


def address_of(channel: Channel) -> str:
    """Where a channel leads, with what is secret in it."""
    return open_text(bytes(channel.sealed_address), context=f"notices:{channel.pk}:address")


def secret_of(channel: Channel) -> str:
    """What signs its messages; empty where nothing does."""
    if channel.sealed_secret is None:
        return ""
    return open_text(bytes(channel.sealed_secret), context=f"notices:{channel.pk}:secret")


def health_of(channel: Channel) -> ChannelHealth:
    """How a channel does."""
    return ChannelHealth.objects.get_or_create(channel_id=channel.pk)[0]


@transaction.atomic
def _taken(channel: Channel, *, now: datetime) -> tuple[Message, list[Delivery]] | None:
    """The next message with what it tells, written down as under way; None where none may leave."""
    channel = Channel.objects.select_for_update().get(pk=channel.pk)
    rest_until = health_of(channel).rest_until
    if rest_until is not None and rest_until > now:
        promise_sending(channel.pk, due_at=rest_until)
        return None
    waiting = channel.deliveries.filter(state=Delivery.State.WAITING, due_at__lte=now)
    ordered = waiting.select_related("notice__said").order_by(_WORST_FIRST, "due_at", "pk")
    due = list(ordered[:DIGEST_MAX])
    if not due:
        return None
    recent = channel.messages.filter(at__gt=now - _MINUTE)
    left = channel.per_minute - recent.count()
    if left <= 0:
        oldest = recent.order_by("at").values_list("at", flat=True).first() or now
        promise_sending(channel.pk, due_at=oldest + _MINUTE)
        return None
    one_by_one = channel.kind == Channel.Kind.WEBHOOK or len(due) <= max(1, left // 2)
    chosen = due[:1] if one_by_one else due
    message = Message.objects.create(channel=channel, at=now, notices=len(chosen))
    for delivery in chosen:
        delivery.state, delivery.message = Delivery.State.SENDING, message
        delivery.attempts += 1
        delivery.save(update_fields=("state", "message", "attempts"))
    return message, chosen


def _sent(channel: Channel, message: Message, deliveries: Sequence[Delivery]) -> bool:
    """Send a message and write down what came of it; whether the receiver took it."""
    answer, verdict = _tried(channel, message, deliveries)
    now = timezone.now()
    with transaction.atomic():
        message.finished_at, message.succeeded = now, verdict.accepted
        message.status, message.code = answer.status, verdict.code
        message.failure, message.elapsed_ms = verdict.failure[:200], answer.elapsed_ms
        message.save()
        for delivery in deliveries:
            _end(delivery, verdict, now=now)
        _note_health(channel, verdict, now=now)
    return verdict.accepted


def _tried(
    channel: Channel, message: Message, deliveries: Sequence[Delivery]
) -> tuple[Answer, Verdict]:
    notices = [delivery.notice for delivery in deliveries]
    wording = worded(notices, language=channel.language)
    ids = "-".join(str(one.pk) for one in deliveries[:1])
    message_id = f"ntc_{channel.pk}_{ids}" if len(deliveries) == 1 else f"ntc_m{message.pk}"
    address = address_of(channel)
    if channel.kind == Channel.Kind.EMAIL:
        to = _mail_addresses(address, at=message.at)
        answer = send_mail(wording, to=to, message_id=message_id)
        return answer, Verdict(accepted=answer.accepted, failure=answer.failure)
    request = outgoing(
        channel.kind,
        wording,
        secret=secret_of(channel),
        timestamp=int(message.at.timestamp()),
        message_id=message_id,
    )
    if request.query:
        address += ("&" if "?" in address else "?") + request.query
    try:
        destination = destination_of(address, allowed=settings.CONSOLE.webhook_networks)
    except (RefusedDestinationError, UnresolvedDestinationError) as error:
        return Answer(status=0), Verdict(accepted=False, failure=error.code)
    headers = {"User-Agent": f"Fengkong/{__version__}", "Connection": "close"}
    answer = post(destination, headers={**request.headers, **headers}, body=request.body)
    return answer, verdict_of(channel.kind, answer)


def _mail_addresses(address: str, *, at: datetime) -> list[str]:
    """Every mail address of a channel, those on duty looked up now."""
    found: list[str] = []
    for part in address.split(","):
        if part.startswith(DUTY):
            found += [one.email for one in on_duty(part.removeprefix(DUTY), at=at) if one.email]
        else:
            found.append(part)
    return list(dict.fromkeys(found))


def _end(delivery: Delivery, verdict: Verdict, *, now: datetime) -> None:
    if verdict.accepted:
        delivery.state, delivery.finished_at = Delivery.State.SENT, now
    elif delivery.attempts > len(WAITS):
        delivery.state, delivery.finished_at = Delivery.State.FAILED, now
    elif delivery.notice.state == Notice.State.RESOLVED:
        delivery.state, delivery.finished_at = Delivery.State.DROPPED, now
    else:
        delivery.state = Delivery.State.WAITING
        wait = max(WAITS[delivery.attempts - 1], verdict.rest_s)
        delivery.due_at = now + timedelta(seconds=wait)
        promise_sending(delivery.channel_id, due_at=delivery.due_at)
    delivery.save(update_fields=("state", "due_at", "finished_at"))


def _note_health(channel: Channel, verdict: Verdict, *, now: datetime) -> None:
    """Keep how a channel does; one that fails is itself told, by those that do not."""
    health = health_of(channel)
    is_new = not verdict.accepted and health.failing_since is None
    if verdict.accepted:
        health.failing_since = health.rest_until = None
    else:
        health.failing_since = health.failing_since or now
    if verdict.rest_s:
        health.rest_until = now + timedelta(seconds=verdict.rest_s)
    health.save()
    if is_new:
        raise_notice(
            Raised(
                key=own_key(channel.pk),
                group="technical",
                level="orange",
                title=(
                    f"通知渠道发送失败：{channel.name}",
                    f"A channel of notices fails: {channel.name}",
                ),
                text=(verdict.failure, verdict.failure),
                path=f"/notices/channels/{channel.pk}/",
            ),
            now=now,
        )


@transaction.atomic
def _settle_lost(*, now: datetime) -> None:
    """Settle what was under way when its worker died."""
    lost = Delivery.objects.select_for_update().filter(
        state=Delivery.State.SENDING, message__at__lt=now - LOST_AFTER
    )
    for delivery in lost.select_related("channel"):
        if delivery.channel.kind == Channel.Kind.WEBHOOK:
            delivery.state, delivery.due_at = Delivery.State.WAITING, now
        else:
            delivery.state, delivery.finished_at = Delivery.State.UNKNOWN, now
        delivery.save(update_fields=("state", "due_at", "finished_at"))
