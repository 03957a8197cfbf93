"""What else the one box finds: alerts, gangs, notes, policies, rules, lists and operators.

Each gives a few, and only what the operator may see.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import TYPE_CHECKING, Final

from django.db import transaction
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext as _

from fengkong.console.accounts.models import Operator
from fengkong.console.alerts.queries import all_alerts
from fengkong.console.cases.models import Note
from fengkong.console.cases.notes import clear_note
from fengkong.console.governance.models import PolicyVersion
from fengkong.console.insiders.counting import counted
from fengkong.console.lists.declared import live_lists
from fengkong.console.live.titles import in_force, policy_of, rule_titles
from fengkong.console.shell.search import Found
from fengkong.console.shell.spoken import said
from fengkong.core.errors import RiskError

if TYPE_CHECKING:
    from collections.abc import Iterator

FEW: Final = 5
LEAST: Final = 2
ALERT_LEAST: Final = 6
NOTES_MAX: Final = 300
"""Notes are sealed: the newest so many are opened and looked through, nothing older."""


def find_alerts(operator: Operator, text: str) -> Iterable[Found]:
    """Alerts whose number begins so."""
    sought = text.lower()
    if not operator.may("alerts.view") or len(sought) < ALERT_LEAST or not sought.isalnum():
        return
    for alert in all_alerts().filter(pk__startswith=sought).order_by("pk")[:FEW]:
        title = _("Alert %(number)s: %(typology)s") % {
            "number": alert.pk[:8],
            "typology": alert.typology,
        }
        yield Found(title, _("Alerts"), reverse("alerts:alert", args=[alert.pk]), "bell")


def find_notes(operator: Operator, text: str) -> Iterable[Found]:
    """The newest notes of cases that hold a text; that somebody looked is counted."""
    if not operator.may("cases.view") or len(text) < LEAST:
        return
    with transaction.atomic():
        counted(operator, "search")
    yield from islice(_notes_with(text.casefold()), FEW)


def _notes_with(folded: str) -> Iterator[Found]:
    for note in Note.objects.exclude(sealed=b"").order_by("-at", "-pk")[:NOTES_MAX]:
        opened = clear_note(note).text
        if opened is not None and folded in opened.casefold():
            title = _("Note by %(author)s in case %(number)s") % {
                "author": note.author,
                "number": note.case_id,
            }
            yield Found(title, _("Notes"), reverse("cases:case", args=[note.case_id]), "note")


def find_policies(operator: Operator, text: str) -> Iterable[Found]:
    """Policies by name or title, the newest version of each, and rules of the live one."""
    if not operator.may("policies.view") or len(text) < LEAST:
        return
    named = Q(name__icontains=text) | Q(title_zh__icontains=text) | Q(title_en__icontains=text)
    seen: set[str] = set()
    for version in PolicyVersion.objects.filter(named).order_by("-changed_at")[: 4 * FEW]:
        if version.name not in seen and len(seen) < FEW:
            seen.add(version.name)
            address = reverse("policy_version", args=[version.pk])
            yield Found(str(version), _("Policies"), address, "versions")
    yield from islice(_rules_with(text.casefold()), FEW)


def _rules_with(folded: str) -> Iterator[Found]:
    live = in_force()
    policy = None if live is None else policy_of(live.policy_hash)
    if policy is None:
        return
    titles = rule_titles(policy)
    for rule in policy.rules:
        title = titles.get(rule.id, "")
        if folded in rule.id.casefold() or folded in title.casefold():
            address = f"{reverse('decisions')}?rule={rule.id}"
            yield Found(f"{rule.id} {title}".strip(), _("Rules"), address, "gavel")


def find_lists(operator: Operator, text: str) -> Iterable[Found]:
    """Lists of the policies in force by name or title."""
    if not operator.may("lists.view") or len(text) < LEAST:
        return
    try:
        declared = live_lists()
    except (RiskError, OSError):
        return
    folded = text.casefold()
    found = [
        (name, said(one.title))
        for name, one in sorted(declared.items())
        if folded in name.casefold() or folded in said(one.title).casefold()
    ]
    for name, title in found[:FEW]:
        yield Found(title, _("Lists"), reverse("list", args=[name]), "list-check")


def find_operators(operator: Operator, text: str) -> Iterable[Found]:
    """Operators by their names."""
    if not operator.may("operators.view") or len(text) < LEAST:
        return
    for one in Operator.objects.filter(username__icontains=text).order_by("username")[:FEW]:
        address = reverse("operator", args=[one.username])
        yield Found(one.username, _("Operators"), address, "user-cog")


OTHER_FINDERS: Final = (*(find_alerts, find_policies, find_lists, find_operators, find_notes),)
"""In the order in which the box shows what they find."""
