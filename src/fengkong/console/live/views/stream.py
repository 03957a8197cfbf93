"""The live stream: its page, its server-sent events, and the same by asking again and again."""

from __future__ import annotations

from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from fengkong.console.accounts.verification import unattended
from fengkong.console.live.filters import Filter, filter_of
from fengkong.console.live.forms import DecisionForm
from fengkong.console.live.freshness import freshness
from fengkong.console.live.places import PLACES
from fengkong.console.live.sending import beginning, last_seen, look
from fengkong.console.live.streaming import PACE, DecisionSource, held_stream
from fengkong.console.project.declared import needs

_AGAIN_S = 30


@needs("decisions.view")
@transaction.non_atomic_requests
def stream(request: HttpRequest) -> HttpResponse:
    """The page of the stream."""
    wanted = _wanted(request)
    return render(
        request,
        "live/stream.html",
        {
            "form": DecisionForm(request.GET),
            "query": wanted.query,
            # A page that opens with the newest ones says more than an empty one.
            "after": max(0, freshness().sequence - PACE.rows),
        },
    )


@unattended
@needs("decisions.view")
@transaction.non_atomic_requests
def stream_events(request: HttpRequest) -> HttpResponse | StreamingHttpResponse:
    """Server-sent events; 503 where all places are taken, and the page asks in turns instead."""
    held = held_stream(
        _source(request),
        after=last_seen(request.headers.get("Last-Event-ID"), request.GET.get("after")),
        places=PLACES,
        operator=request.user.pk or 0,
    )
    if held is None:
        refused = HttpResponse(_("All places for live streams are taken."), status=503)
        refused["Retry-After"] = str(_AGAIN_S)
        return refused
    response = StreamingHttpResponse(held, content_type="text/event-stream")
    response["Cache-Control"] = "no-store"
    response["X-Accel-Buffering"] = "no"
    return response


@unattended
@needs("decisions.view")
@transaction.non_atomic_requests
def stream_newer(request: HttpRequest) -> JsonResponse:
    """What came behind `after`, for browsers that cannot hold a stream."""
    source = _source(request)
    place = beginning(source, after=last_seen(None, request.GET.get("after")))
    seen = look(source, place=place, pace=PACE)
    return JsonResponse(
        {
            "rows": list(seen.rows),
            "upto": seen.upto,
            "skipped": seen.skipped,
            "state": source.state(),
        }
    )


def _wanted(request: HttpRequest) -> Filter:
    """What the form of the stream asks; times and ids make no sense of what comes."""
    asked = filter_of(request.GET)
    return Filter(
        outcomes=asked.outcomes,
        event_type=asked.event_type,
        rule=asked.rule,
        policy=asked.policy,
        amount_min=asked.amount_min,
        amount_max=asked.amount_max,
        flag=asked.flag,
    )


def _source(request: HttpRequest) -> DecisionSource:
    return DecisionSource(
        _wanted(request),
        language=translation.get_language() or "zh-hans",
        zone=timezone.get_current_timezone(),
    )
