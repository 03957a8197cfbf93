"""The screens of notices: the inbox, one notice, channels, routes, duty."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from fengkong.console.accounts.verification import recently_verified
from fengkong.console.notices import changing
from fengkong.console.notices.changing import ACKNOWLEDGE, CHANNELS, ROUTE, VIEW
from fengkong.console.notices.duty import on_duty
from fengkong.console.notices.forms import (
    ChannelForm,
    NoteForm,
    NoticesForm,
    RouteForm,
    ShiftForm,
    SilenceForm,
)
from fengkong.console.notices.models import Channel, Delivery, Notice, Route, Shift, Silence
from fengkong.console.notices.queries import (
    active_silences,
    channels,
    lamp_of,
    notices,
    open_notices,
    shifts_to_come,
)
from fengkong.console.notices.sending import health_of
from fengkong.console.notices.signs import GROUPS
from fengkong.console.project.declared import needs
from fengkong.console.project.requests import OperatorRequest
from fengkong.console.shell.paging import page_by_cursor
from fengkong.console.shell.told_errors import told_error
from fengkong.core.errors import RiskError


@needs(VIEW)
@require_GET
def inbox(request: OperatorRequest) -> HttpResponse:
    """What people must know, the newest first."""
    form = NoticesForm(request.GET or {"state": "open"})
    found = notices(form.cleaned_data) if form.is_valid() else Notice.objects.none()
    shown = {
        "form": form,
        "page": page_by_cursor(request, found, order=("-id",), total=found.count()),
        "open": open_notices().count(),
        "silences": active_silences(),
        "silence_form": SilenceForm(initial={"until": timezone.now() + timedelta(hours=2)}),
        "may_act": request.user.may(ACKNOWLEDGE),
    }
    return render(request, "notices/inbox.html", shown)


@needs(VIEW)
@require_GET
def notice(request: OperatorRequest, pk: int) -> HttpResponse:
    """One notice: what it says, who is on duty, and who was told when."""
    found = get_object_or_404(Notice.objects.select_related("said"), pk=pk)
    language = "zh" if request.LANGUAGE_CODE.startswith("zh") else "en"
    shown = {
        "notice": found,
        "title": found.said.title(language),
        "text": found.said.text(language),
        "on_duty": on_duty(found.group, at=timezone.now()),
        "deliveries": found.deliveries.select_related("channel", "message"),
        "form": NoteForm(),
        "may_act": request.user.may(ACKNOWLEDGE),
    }
    return render(request, "notices/notice.html", shown)


@needs(ACKNOWLEDGE)
@require_POST
def acknowledge(request: OperatorRequest, pk: int) -> HttpResponse:
    """Somebody is at it."""
    get_object_or_404(Notice, pk=pk)
    form = NoteForm(request.POST)
    note = form.cleaned_data["note"] if form.is_valid() else ""
    _tell(request, lambda: changing.acknowledge(request.user, pk, note=note))
    return redirect("notices:notice", pk=pk)


@needs(ACKNOWLEDGE)
@require_POST
def resend(request: OperatorRequest, pk: int) -> HttpResponse:
    """Tell again what was given up, or perhaps never arrived."""
    ended = (Delivery.State.FAILED, Delivery.State.UNKNOWN)
    delivery = get_object_or_404(Delivery, pk=pk, state__in=ended)
    _tell(request, lambda: changing.send_again(request.user, pk))
    return redirect("notices:notice", pk=delivery.notice_id)


@needs(ACKNOWLEDGE)
@require_POST
def silence(request: OperatorRequest) -> HttpResponse:
    """Tell nothing of it until a time."""
    form = SilenceForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Give an end and a reason."))
    else:
        said = dict(form.cleaned_data)
        said["prefix"] = said.pop("starts_with")
        _tell(request, lambda: changing.silence(request.user, **said))
    return redirect("notices:inbox")


@needs(ACKNOWLEDGE)
@require_POST
def end_silence(request: OperatorRequest, pk: int) -> HttpResponse:
    """Tell again what was silenced."""
    get_object_or_404(Silence, pk=pk)
    changing.end_silence_early(request.user, pk)
    return redirect("notices:inbox")


@needs(VIEW)
@require_GET
def routes(request: OperatorRequest) -> HttpResponse:
    """Who is told what, and who is on duty."""
    now = timezone.now()
    duty = [(title, on_duty(group, at=now)) for group, title in GROUPS.items()]
    shown = {
        "routes": Route.objects.select_related("channel"),
        "shifts": shifts_to_come(),
        "duty": duty,
        "route_form": RouteForm(),
        "shift_form": ShiftForm(initial=_next_day()),
        "may_route": request.user.may(ROUTE),
    }
    return render(request, "notices/routes.html", shown)


@needs(ROUTE)
@require_POST
def add_route(request: OperatorRequest) -> HttpResponse:
    """Tell a kind of risk by a channel."""
    form = RouteForm(request.POST)
    if form.is_valid():
        changing.add_route(request.user, **form.cleaned_data)
    else:
        messages.error(request, _("Choose a channel and a level."))
    return redirect("notices:routes")


@needs(ROUTE)
@require_POST
def remove_route(request: OperatorRequest, pk: int) -> HttpResponse:
    """Tell it no more."""
    get_object_or_404(Route, pk=pk)
    changing.remove_route(request.user, pk)
    return redirect("notices:routes")


@needs(ROUTE)
@require_POST
def add_shift(request: OperatorRequest) -> HttpResponse:
    """Put somebody on duty."""
    form = ShiftForm(request.POST)
    if form.is_valid():
        _tell(request, lambda: changing.add_shift(request.user, **form.cleaned_data))
    else:
        messages.error(request, _("Choose an operator, a beginning and an end."))
    return redirect("notices:routes")


@needs(ROUTE)
@require_POST
def remove_shift(request: OperatorRequest, pk: int) -> HttpResponse:
    """Take somebody off duty."""
    get_object_or_404(Shift, pk=pk)
    changing.remove_shift(request.user, pk)
    return redirect("notices:routes")


@needs(CHANNELS)
@require_GET
def channel_list(request: OperatorRequest) -> HttpResponse:
    """Every way out."""
    rows = [{"channel": one, "lamp": lamp_of(one)} for one in channels()]
    return render(request, "notices/channels.html", {"rows": rows})


@needs(CHANNELS)
@require_http_methods(["GET", "POST"])
@recently_verified
def add_channel(request: OperatorRequest) -> HttpResponse:
    """A new way out."""
    form = ChannelForm(request.POST or None)
    return _edited(request, form, None, lambda terms: changing.add_channel(request.user, terms))


@needs(CHANNELS)
@require_http_methods(["GET", "POST"])
@recently_verified
def edit_channel(request: OperatorRequest, pk: int) -> HttpResponse:
    """Change a way out; what is secret in it is never shown."""
    found = get_object_or_404(Channel, pk=pk)
    said = {
        "name": found.name,
        "kind": found.kind,
        "language": found.language,
        "address": changing.channel_address(found),
    }
    form = ChannelForm(request.POST or None, initial=said, channel=found)
    change = lambda terms: changing.change_channel(request.user, pk, terms)  # noqa: E731
    return _edited(request, form, found, change)


@needs(CHANNELS)
@require_GET
def channel(request: OperatorRequest, pk: int) -> HttpResponse:
    """One way out with every message of it."""
    found = get_object_or_404(Channel, pk=pk)
    log = found.messages.all()
    shown = {
        "channel": found,
        "lamp": lamp_of(found),
        "health": health_of(found),
        "routes": found.routes.all(),
        "page": page_by_cursor(request, log, order=("-id",), total=log.count()),
    }
    return render(request, "notices/channel.html", shown)


@needs(CHANNELS)
@require_POST
def test_channel(request: OperatorRequest, pk: int) -> HttpResponse:
    """Send a test."""
    get_object_or_404(Channel, pk=pk)
    said = _("A test is on its way; it appears below.")
    _tell(request, lambda: changing.test_channel(request.user, pk), said=said)
    return redirect("notices:channel", pk=pk)


@needs(CHANNELS)
@require_POST
def switch_channel(request: OperatorRequest, pk: int) -> HttpResponse:
    """Send by it, or no more."""
    found = get_object_or_404(Channel, pk=pk)
    changing.switch_channel(request.user, pk, on=not found.is_active)
    return redirect("notices:channel", pk=pk)


@needs(CHANNELS)
@require_POST
@recently_verified
def remove_channel(request: OperatorRequest, pk: int) -> HttpResponse:
    """Remove it with its log."""
    get_object_or_404(Channel, pk=pk)
    changing.remove_channel(request.user, pk)
    return redirect("notices:channels")


def _edited(
    request: OperatorRequest,
    form: ChannelForm,
    found: Channel | None,
    act: Callable[[changing.Terms], Channel],
) -> HttpResponse:
    if request.method == "POST" and form.is_valid():
        try:
            made = act(form.terms())
        except RiskError as error:
            form.add_error("address", told_error(error))
        else:
            return redirect("notices:channel", pk=made.pk)
    return render(request, "notices/edit_channel.html", {"form": form, "channel": found})


def _tell(request: OperatorRequest, act: Callable[[], object], *, said: str = "") -> None:
    try:
        act()
    except RiskError as error:
        messages.error(request, told_error(error))
    else:
        if said:
            messages.success(request, said)


def _next_day() -> dict[str, Any]:
    now = timezone.localtime().replace(second=0, microsecond=0)
    return {"starts_at": now, "ends_at": now + timedelta(days=1)}
