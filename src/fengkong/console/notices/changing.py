"""What operators do with notices, channels, routes, duty and silence; each act is recorded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils import timezone

from fengkong.console.audit.recording import record
from fengkong.console.notices.formats import PER_MINUTE
from fengkong.console.notices.models import (
    Channel,
    ChannelHealth,
    Delivery,
    Notice,
    Route,
    Shift,
    Silence,
)
from fengkong.console.notices.raising import (
    Raised,
    drop_waiting,
    promise_sending,
    raise_notice,
    tell_by,
)
from fengkong.console.notices.sending import DUTY, address_of
from fengkong.console.notices.signs import GROUPS
from fengkong.console.personal.sealing import seal_text
from fengkong.console.webhooks.destinations import destination_of
from fengkong.core.errors import RiskError

if TYPE_CHECKING:
    from fengkong.console.accounts.models import Operator

VIEW: Final = "notices.view"
ACKNOWLEDGE: Final = "notices.acknowledge"
ROUTE: Final = "notices.route"
CHANNELS: Final = "system.edit"
SILENCE_MAX: Final = timedelta(days=7)
SHIFT_MAX: Final = timedelta(days=7)
CHANNELS_MAX: Final = 50


class InvalidChannelError(RiskError):
    """A channel of notices leads nowhere, or there is one of this name."""

    code = "notices.invalid_channel"
    hint = "Give mail addresses separated by commas, duty:GROUP, or the address of the robot."


class InvalidTimeError(RiskError):
    """A shift or a silence ends before it begins, or lasts too long."""

    code = "notices.invalid_time"
    hint = "Give an end after the beginning and within seven days."


class SettledNoticeError(RiskError):
    """The notice was acknowledged before, or is over."""

    code = "notices.settled_notice"
    hint = "Open the notice again to see who acknowledged it and when."


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What an operator says of a channel; an empty `address` or `secret` keeps the one before."""

    name: str
    kind: str
    language: str
    address: str
    secret: str = ""

    def check(self) -> None:
        """Raise what is wrong with them."""
        if not self.address:
            return
        if self.kind == Channel.Kind.EMAIL:
            _check_mail(self.address)
        else:
            destination_of(self.address, allowed=settings.CONSOLE.webhook_networks)


@transaction.atomic
def acknowledge(by: Operator, notice_id: int, *, note: str = "") -> Notice:
    """Say that somebody is at it: nobody else is told any more, until it becomes worse.

    Raises PermissionDenied, SettledNoticeError, Notice.DoesNotExist.
    """
    _demand(by, ACKNOWLEDGE)
    notice = Notice.objects.select_for_update().get(pk=notice_id)
    if notice.state != Notice.State.OPEN:
        raise SettledNoticeError(f"{notice.key} is {notice.state}")
    now = timezone.now()
    notice.state, notice.acknowledged_by = Notice.State.ACKNOWLEDGED, by.username
    notice.acknowledged_at, notice.note = now, note.strip()[:400]
    notice.save()
    drop_waiting(notice, now=now)
    seconds = round((now - notice.raised_at).total_seconds())
    _record(by, "acknowledge_notice", "notice", notice.key, notice=notice.pk, seconds=seconds)
    return notice


@transaction.atomic
def send_again(by: Operator, delivery_id: int) -> None:
    """Tell again what was given up, or perhaps never arrived. Raises PermissionDenied."""
    _demand(by, ACKNOWLEDGE)
    ended = (Delivery.State.FAILED, Delivery.State.UNKNOWN)
    delivery = Delivery.objects.select_for_update().get(pk=delivery_id, state__in=ended)
    delivery.state, delivery.attempts = Delivery.State.WAITING, 0
    delivery.due_at, delivery.finished_at = timezone.now(), None
    delivery.save()
    promise_sending(delivery.channel_id)
    channel = Channel.objects.get(pk=delivery.channel_id)
    _record(by, "resend_notice", "channel", channel.name, notice=delivery.notice_id)


@transaction.atomic
def add_channel(by: Operator, terms: Terms) -> Channel:
    """A new channel.

    Raises PermissionDenied, InvalidChannelError, RefusedDestinationError,
    UnresolvedDestinationError.
    """
    _demand(by, CHANNELS)
    terms.check()
    if not terms.address or Channel.objects.count() >= CHANNELS_MAX:
        raise InvalidChannelError("it has no address, or there are too many channels")
    if Channel.objects.filter(name=terms.name).exists():
        raise InvalidChannelError(f"there is a channel {terms.name[:40]!r}")
    channel = Channel.objects.create(
        name=terms.name,
        kind=terms.kind,
        language=terms.language,
        sealed_address=b"",
        address_shown=_shown(terms),
        per_minute=PER_MINUTE[Channel.Kind(terms.kind)],
        created_by=by.username,
    )
    _seal(channel, terms)
    _record(by, "add_channel", "channel", channel.name, kind=channel.kind)
    return channel


@transaction.atomic
def change_channel(by: Operator, channel_id: int, terms: Terms) -> Channel:
    """Change a channel; its kind stays. Raises as `add_channel`."""
    _demand(by, CHANNELS)
    channel = Channel.objects.select_for_update().get(pk=channel_id)
    if terms.kind != channel.kind:
        raise InvalidChannelError("a channel stays of its kind")
    terms.check()
    others = Channel.objects.exclude(pk=channel.pk)
    if others.filter(name=terms.name).exists():
        raise InvalidChannelError(f"there is a channel {terms.name[:40]!r}")
    before = {"name": channel.name, "language": channel.language}
    channel.name, channel.language = terms.name, terms.language
    if terms.address:
        channel.address_shown = _shown(terms)
    _seal(channel, terms)
    after = {"name": channel.name, "language": channel.language}
    _record(
        *(by, "change_channel", "channel", channel.name),
        before=before,
        after=after,
        new_address=bool(terms.address),
    )
    return channel


@transaction.atomic
def switch_channel(by: Operator, channel_id: int, *, on: bool) -> None:
    """Send by a channel, or no more. Raises PermissionDenied."""
    _demand(by, CHANNELS)
    channel = Channel.objects.select_for_update().get(pk=channel_id)
    channel.is_active = on
    channel.save()
    ChannelHealth.objects.filter(channel=channel).update(rest_until=None)
    if on:
        promise_sending(channel.pk)
    _record(by, "enable_channel" if on else "disable_channel", "channel", channel.name)


@transaction.atomic
def remove_channel(by: Operator, channel_id: int) -> None:
    """Remove a channel with its routes and its log. Raises PermissionDenied."""
    _demand(by, CHANNELS)
    channel = Channel.objects.select_for_update().get(pk=channel_id)
    _record(by, "remove_channel", "channel", channel.name, kind=channel.kind)
    channel.delete()


@transaction.atomic
def test_channel(by: Operator, channel_id: int) -> Notice:
    """Send a test by a channel. Raises PermissionDenied, InvalidChannelError."""
    _demand(by, CHANNELS)
    channel = Channel.objects.get(pk=channel_id)
    if not channel.is_active:
        raise InvalidChannelError(f"{channel.name} is disabled")
    now = timezone.now()
    notice = raise_notice(
        Raised(
            key=f"test:{channel.pk}:{now.timestamp():.3f}",
            group="technical",
            level="yellow",
            title=("测试通知", "A test of a channel"),
            text=(f"{by.username} 发送的测试", f"Sent by {by.username}"),
            path=f"/notices/channels/{channel.pk}/",
        ),
        now=now,
    )
    notice.deliveries.all().delete()
    tell_by(notice, channel, now=now)
    notice.state, notice.resolved_at = Notice.State.RESOLVED, now
    notice.save()
    _record(by, "test_channel", "channel", channel.name)
    return notice


@transaction.atomic
def add_route(
    by: Operator, *, channel: Channel, group: str, level: str, after_minutes: int
) -> Route:
    """Tell a kind of risk by a channel, from a level on. Raises PermissionDenied."""
    _demand(by, ROUTE)
    route, is_new = Route.objects.get_or_create(
        channel=channel, group=group, level=level, after_minutes=after_minutes
    )
    if is_new:
        _record(by, "add_route", "channel", channel.name, **_route_facts(route))
    return route


@transaction.atomic
def remove_route(by: Operator, route_id: int) -> None:
    """Tell it no more by this channel. Raises PermissionDenied, Route.DoesNotExist."""
    _demand(by, ROUTE)
    route = Route.objects.select_related("channel").get(pk=route_id)
    _record(by, "remove_route", "channel", route.channel.name, **_route_facts(route))
    route.delete()


@transaction.atomic
def add_shift(
    by: Operator, *, group: str, operator: Operator, starts_at: datetime, ends_at: datetime
) -> Shift:
    """Put somebody on duty. Raises PermissionDenied, InvalidTimeError."""
    _demand(by, ROUTE)
    if not starts_at < ends_at <= starts_at + SHIFT_MAX:
        raise InvalidTimeError("a shift ends after it begins, and within seven days")
    shift = Shift.objects.create(
        group=group, operator=operator, starts_at=starts_at, ends_at=ends_at
    )
    span = {"since": starts_at.isoformat(), "until": ends_at.isoformat()}
    _record(by, "add_shift", "operator", operator.username, group=group, **span)
    return shift


@transaction.atomic
def remove_shift(by: Operator, shift_id: int) -> None:
    """Take somebody off duty. Raises PermissionDenied, Shift.DoesNotExist."""
    _demand(by, ROUTE)
    shift = Shift.objects.select_related("operator").get(pk=shift_id)
    _record(by, "remove_shift", "operator", shift.operator.username, group=shift.group)
    shift.delete()


@transaction.atomic
def silence(by: Operator, *, group: str, prefix: str, until: datetime, reason: str) -> Silence:
    """Tell nothing of it until a time. Raises PermissionDenied, InvalidTimeError."""
    _demand(by, ACKNOWLEDGE)
    now = timezone.now()
    if not now < until <= now + SILENCE_MAX:
        raise InvalidTimeError("a silence ends in the future, and within seven days")
    made = Silence.objects.create(
        group=group, prefix=prefix, until=until, reason=reason[:400], by=by.username
    )
    _record(by, "add_silence", "silence", str(made.pk), **_silence_facts(made))
    return made


@transaction.atomic
def end_silence_early(by: Operator, silence_id: int) -> None:
    """Tell again what was silenced. Raises PermissionDenied, Silence.DoesNotExist."""
    _demand(by, ACKNOWLEDGE)
    found = Silence.objects.select_for_update().get(pk=silence_id)
    found.until = timezone.now()
    found.save()
    _record(by, "end_silence", "silence", str(found.pk), **_silence_facts(found))


def _seal(channel: Channel, terms: Terms) -> None:
    """Seal what is new of a channel's address and secret, under its own number."""
    if terms.address:
        channel.sealed_address = seal_text(terms.address, context=f"notices:{channel.pk}:address")
    if terms.secret:
        channel.sealed_secret = seal_text(terms.secret, context=f"notices:{channel.pk}:secret")
    channel.save()


def _check_mail(address: str) -> None:
    for part in address.split(","):
        if part.startswith(DUTY) and part.removeprefix(DUTY) in GROUPS:
            continue
        try:
            validate_email(part)
        except ValidationError:
            raise InvalidChannelError(f"{part[:60]!r} is no mail address") from None


def _shown(terms: Terms) -> str:
    """As much of an address as a screen may show: robots keep their key in it."""
    if terms.kind == Channel.Kind.EMAIL:
        return terms.address[:200]
    return f"{urlsplit(terms.address).hostname}/…{terms.address[-4:]}"


def channel_address(channel: Channel) -> str:
    """The address of a mail channel, which its form shows; of others, nothing."""
    return address_of(channel) if channel.kind == Channel.Kind.EMAIL else ""


def _route_facts(route: Route) -> dict[str, object]:
    return {"group": route.group, "level": route.level, "after_minutes": route.after_minutes}


def _silence_facts(made: Silence) -> dict[str, object]:
    return {
        "group": made.group,
        "prefix": made.prefix,
        "until": made.until.isoformat(),
        "reason": made.reason,
    }


def _demand(by: Operator, permission: str) -> None:
    if not by.may(permission):
        raise PermissionDenied(permission)


def _record(by: Operator, action: str, about: str, target: str, **detail: object) -> None:
    record(by, action, target_kind=about, target=target, detail=detail)


def groups_of(by: Operator) -> Sequence[str]:
    """The kinds of risk for which an operator is on duty now."""
    now = timezone.now()
    mine = Shift.objects.filter(operator=by, starts_at__lte=now, ends_at__gt=now)
    return list(dict.fromkeys(mine.values_list("group", flat=True)))
