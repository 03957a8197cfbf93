"""Finding entities by what is typed: through blind indexes, and without keeping what was typed.

A typed text is tried as an identifier of every kind, or of one: ``phone:13812341234``, and as a
whole name of a person or a firm. It is turned into blind indexes here and dropped; it stands in no
address, no log and no table.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from fengkong.console.entities.calling import called
from fengkong.console.entities.forms import FindForm
from fengkong.console.entities.kinds import KINDS, NAME
from fengkong.console.entities.naming import named
from fengkong.console.entities.queries import is_entity, known
from fengkong.console.entities.taking import key_of
from fengkong.console.insiders.counting import counted
from fengkong.console.journaled.models import Decision
from fengkong.console.journaled.reading import opened_history
from fengkong.console.live.reader import reader_of
from fengkong.console.project.declared import needs
from fengkong.console.shell.search import Found, found_for
from fengkong.console.shell.spoken import event_title
from fengkong.core.errors import RiskError
from fengkong.protection.subjects import subject_text

if TYPE_CHECKING:
    from fengkong.console.accounts.models import Operator

LEAST: Final = 2
_ICONS: Final = {
    "customer": "user",
    "account": "building-bank",
    "card": "credit-card",
    "device": "device-mobile",
    "ip": "world",
    "merchant": "briefcase",
    "payee": "wallet",
}


@needs("entities.view", act="entities.view")
def find(request: HttpRequest) -> HttpResponse:
    """One box for everything; what is typed is posted, so that it stands in no address."""
    form = FindForm(request.POST or None)
    found: list[Found] | None = None
    if request.method == "POST" and form.is_valid():
        found = found_for(reader_of(request), form.cleaned_data["q"])
    return render(request, "entities/find.html", {"form": form, "found": found})


def find_entities(operator: Operator, text: str) -> Iterable[Found]:
    """The entities that a text identifies; the search is counted as a look-up."""
    if not operator.may("entities.view") or len(text) < LEAST:
        return
    with transaction.atomic():
        counted(operator, "search")
    named_by = _bearing(text)
    keys = dict.fromkeys([*(key_of(blind) for blind in _blinds(text)), *named_by])
    for key, (kind, entity) in sorted(known(keys).items(), key=lambda one: one[0] in named_by):
        about = named([key])[key]
        yield Found(
            about.name,
            _("%(kind)s of this name") % {"kind": about.title} if key in named_by else about.title,
            reverse("entities:entity", args=[kind, entity]),
            _ICONS.get(kind, "fingerprint"),
        )


def find_decisions(operator: Operator, text: str) -> Iterable[Found]:
    """The decision of an event's id, or of a number in the journal."""
    if not operator.may("decisions.view") or " " in text:
        return
    rows = Decision.objects.filter(event_id=text)
    if text.isascii() and text.isdigit() and len(text) < 19:
        rows = rows | Decision.objects.filter(sequence=int(text))
    for row in rows.order_by("sequence")[:2]:
        yield Found(
            _("Decision %(number)s: %(event)s")
            % {"number": row.sequence, "event": event_title(row.event_type)},
            _("Decision"),
            reverse("decision", args=[row.sequence]),
            "list-search",
        )


def _bearing(text: str) -> set[int]:
    """The entities that are called by a text as by their whole name."""
    try:
        with opened_history() as history:
            return set(called(history.vault.subject(subject_text(text, entity=NAME))))
    except (RiskError, OSError):
        return set()


def _blinds(text: str) -> list[bytes]:
    """The blind indexes that a text may stand for."""
    if is_entity(text):
        return [bytes.fromhex(text)]
    kind, colon, value = text.partition(":")
    asked = {kind: value.strip()} if colon and kind in KINDS else dict.fromkeys(KINDS, text)
    try:
        with opened_history() as history:
            return [
                history.vault.subject(subject_text(value, entity=kind))
                for kind, value in asked.items()
            ]
    except (RiskError, OSError):
        return []
