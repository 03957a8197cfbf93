"""The screen of what a number counted: decisions, events, loans."""

from __future__ import annotations

from datetime import date
from typing import Final
from urllib.parse import urlencode

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from fengkong.console.project.declared import needs
from fengkong.console.project.requests import OperatorRequest
from fengkong.console.shell.spoken import said
from fengkong.console.warnings.following_rows import Behind, behind
from fengkong.console.warnings.forms import BehindForm
from fengkong.console.warnings.library import library_in_force
from fengkong.console.warnings.models import Reading
from fengkong.events.catalogue import shipped_catalogue
from fengkong.indicators.sources import Source
from fengkong.rules.kinds import Kind

COLUMNS: Final = {
    "day": _("Day"),
    "event_type": _("Kind of event"),
    "channel": _("Channel"),
    "outcome": _("Outcome"),
    "amount": _("Amount"),
    "points": _("Points"),
    "label_kind": _("Label"),
    "fund_kind": _("Kind of fund"),
    "drawn_on": _("Drawn on"),
    "product": _("Product"),
    "region": _("Region"),
    "balance": _("Balance"),
    "days_past_due": _("Days past due"),
}
_KINDS: Final = {
    **dict.fromkeys(("amount", "balance"), "money"),
    **dict.fromkeys(("points", "days_past_due"), "number"),
    "outcome": "outcome",
    **dict.fromkeys(("day", "drawn_on"), "day"),
}


@needs("indicators.view")
@require_GET
def events(request: OperatorRequest, name: str) -> HttpResponse:
    """The decisions, events or loans that an indicator counted on a day, perhaps of one part."""
    found = library_in_force().indicators.get(name)
    form = BehindForm(request.GET)
    asked = form.cleaned_data if form.is_valid() else None
    segment = "" if asked is None else asked["segment"]
    if found is None or asked is None or (segment and segment not in found.source.segments):
        raise Http404
    day = asked["day"] or _newest(name)
    listed = behind(found, day=day, of=asked["of"], segment=segment, part=asked["part"])
    chosen = listed.ingredient
    column = None if chosen is None else found.source.columns[chosen.column]
    made = column.aggregate.text if column is not None and column.aggregate is not None else ""
    context = {
        "indicator": found,
        "title": said(found.title),
        "tabs": _tabs(listed, day=day, segment=segment, part=asked["part"]),
        "aggregate": made or ("" if chosen is None else chosen.column),
        "columns": [
            {
                "title": _title(name, source=found.source),
                "numeric": _kind(name, source=found.source) in {"money", "number"},
            }
            for name in listed.columns
        ],
        "rows": [
            {
                "sequence": row.get("sequence"),
                "is_decision": row.get("is_decision", False),
                "cells": [
                    {"kind": _kind(name, source=found.source), "value": _value(name, row[name])}
                    for name in listed.columns
                ],
            }
            for row in listed.rows
        ],
        "segment": segment,
        "segment_title": said(found.source.segments[segment]) if segment else "",
        "part": asked["part"],
        "behind": listed,
        "may_decisions": request.user.may("decisions.view"),
    }
    return render(request, "warnings/events.html", context)


def _tabs(listed: Behind, *, day: date, segment: str, part: str) -> list[dict[str, object]]:
    """A tab for each thing that the formula reads."""
    more = {"segment": segment, "part": part} if segment else {}
    return [
        {
            "name": one.name,
            "address": "?" + urlencode({"day": day.isoformat(), "of": one.name, **more}),
            "is_chosen": one == listed.ingredient,
        }
        for one in listed.choices
    ]


def _title(name: str, *, source: Source) -> object:
    if name in source.segments:
        return said(source.segments[name])
    return COLUMNS.get(name, name)


def _kind(name: str, *, source: Source) -> str:
    if name in source.columns:
        return "money" if source.columns[name].kind is Kind.MONEY else "number"
    return _KINDS.get(name, "text")


def _value(name: str, value: object) -> object:
    """A value in the reader's words where it is the name of a kind of event."""
    types = shipped_catalogue().types
    if name == "event_type" and value in types:
        return said(types[str(value)].title)
    return value


def _newest(name: str) -> date:
    newest = Reading.objects.filter(indicator=name).order_by("-day").first()
    return timezone.localdate() if newest is None else newest.day
