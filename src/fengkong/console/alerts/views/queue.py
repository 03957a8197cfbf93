"""The queue: what waits, kept true while it is looked at, and many alerts closed at once."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from fengkong.console.accounts.verification import unattended
from fengkong.console.alerts.claiming import take_next
from fengkong.console.alerts.closing import CLOSED_AT_ONCE_MAX, WORK, dispose
from fengkong.console.alerts.filtering import page_of
from fengkong.console.alerts.forms import CloseForm, QueueForm, ViewForm
from fengkong.console.alerts.models import Alert, Handover, SavedView
from fengkong.console.alerts.organising import current_terms
from fengkong.console.alerts.queries import all_alerts, desk_of
from fengkong.console.alerts.rows import fingerprint, rows_of, version
from fengkong.console.alerts.undoing import undoable
from fengkong.console.alerts.words import KEYS, reasons_for
from fengkong.console.project.declared import needs
from fengkong.console.project.requests import OperatorRequest
from fengkong.console.shell.figures import count_text
from fengkong.console.shell.told_errors import told_error
from fengkong.core.errors import RiskError


@needs("alerts.view")
@require_GET
def queue(request: OperatorRequest) -> HttpResponse:
    """What waits, the most urgent first."""
    page = page_of(request, request.user)
    views = SavedView.objects.filter(operator=request.user) | SavedView.objects.filter(shared=True)
    shown = _listed(request, page) | {
        "form": QueueForm(request.GET),
        "view_form": ViewForm(initial={"query": request.GET.urlencode(), "sharing": "own"}),
        "views": views.select_related("operator"),
        "desk": desk_of(request.user),
        "handovers": Handover.objects.filter(taker=request.user, read_at=None).select_related(
            "giver"
        ),
        "closing": undoable(request.user),
        "newer": f"{reverse('alerts:newer')}?{request.GET.urlencode()}",
    }
    return render(request, "alerts/queue.html", shown)


@unattended
@needs("alerts.view")
@require_GET
def newer(request: OperatorRequest) -> JsonResponse:
    """The rows as they are now, where they are others than the page has."""
    now = version()
    if request.GET.get("version") == now:
        return JsonResponse({"version": now})
    page = page_of(request, request.user)
    known = fingerprint(page.rows, page.total)
    if request.GET.get("known") == known:
        return JsonResponse({"known": known, "version": now})
    shown = _listed(request, page)
    html = render_to_string("alerts/parts/rows.html", shown, request=request)
    count = page.total or 0
    total = ngettext("%(shown)s row", "%(shown)s rows", count) % {"shown": count_text(count)}
    told = {"known": known, "version": now, "html": html, "total_text": total}
    return JsonResponse(told)


@needs(WORK)
@require_POST
def take(request: OperatorRequest) -> HttpResponse:
    """Claim the next alert and show it."""
    alert = take_next(request.user)
    if alert is None:
        messages.info(request, _("Nothing waits in your inbox."))
        return redirect("alerts:queue")
    return redirect("alerts:alert", alert_id=alert.pk)


@needs(WORK)
@require_POST
def batch(request: OperatorRequest) -> HttpResponse:
    """Show what would be closed together; close it where it was said how."""
    picked = request.POST.getlist("picked")[:CLOSED_AT_ONCE_MAX]
    alerts = list(all_alerts().filter(pk__in=picked).order_by("rank_at", "id"))
    if not alerts:
        messages.error(request, _("Pick alerts first."))
        return redirect("alerts:queue")
    form = CloseForm(request.POST if "disposition" in request.POST else None)
    if form.is_bound and form.is_valid():
        seen = {one.pk: _seen(request, one) for one in alerts}
        given = form.cleaned_data
        try:
            closing = dispose(
                [one.pk for one in alerts],
                given["disposition"],
                given["reason_code"],
                request.user,
                remark=given["remark"],
                seen=seen,
            )
        except RiskError as error:
            messages.error(request, told_error(error))
        else:
            count = closing.alerts.count()
            messages.success(
                request,
                ngettext("%(count)d alert was closed.", "%(count)d alerts were closed.", count)
                % {"count": count},
            )
            return redirect("alerts:queue")
    shown = {
        "form": form,
        "rows": rows_of(alerts, terms=current_terms()),
        "loss_minor": sum(one.expected_loss_minor for one in alerts),
        "exposure_minor": sum(one.exposure_minor for one in alerts),
        "currency": alerts[0].currency,
        "decisions": sum(one.decisions for one in alerts),
        "subjects": len({one.subject for one in alerts}),
        "choices": disposition_choices(),
    }
    return render(request, "alerts/batch.html", shown)


def disposition_choices() -> list[dict[str, Any]]:
    """Every disposition with its key and its reasons."""
    return [
        {"value": one.value, "label": one.label, "key": key, "reasons": reasons_for(one.value)}
        for one, key in KEYS.items()
    ]


def _listed(request: OperatorRequest, page: Any) -> dict[str, Any]:
    return {
        "page": page,
        "rows": rows_of(page.rows, terms=current_terms()),
        "known": fingerprint(page.rows, page.total),
        "closed": request.GET.get("state") == Alert.State.CLOSED,
        "may_work": request.user.may(WORK),
        "may_open_case": request.user.may("cases.work"),
    }


def _seen(request: OperatorRequest, alert: Alert) -> int:
    written = request.POST.get(f"seen-{alert.pk}", "")
    return int(written) if written.isdecimal() and len(written) < 19 else 0
