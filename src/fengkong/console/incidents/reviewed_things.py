"""Thresholds, rules and lists as what an action of a review may change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.urls import reverse
from django.utils import timezone

from fengkong.console.governance.actions import live_version
from fengkong.console.governance.models import PolicyVersion
from fengkong.console.governance.policy_texts import policy_or_none
from fengkong.console.incidents.changeable import Changeable
from fengkong.console.incidents.models import SwitchedPolicy
from fengkong.console.lists.declared import live_lists
from fengkong.console.lists.models import ListEntry, ListImport
from fengkong.console.shell.spoken import said
from fengkong.console.warnings.library import library_in_force
from fengkong.console.warnings.models import ThresholdChange

if TYPE_CHECKING:
    from datetime import datetime

    from fengkong.console.incidents.changeable import Choices

_SHOWN: Final = 50
_RAN: Final = (
    *(PolicyVersion.State.SHADOW, PolicyVersion.State.CANARY),
    *(PolicyVersion.State.LIVE, PolicyVersion.State.RETIRED),
)


def _indicators() -> Choices:
    found = library_in_force().indicators
    return [(name, f"{said(one.title)} ({name})") for name, one in found.items()]


def _thresholds(indicator: str, since: datetime) -> Choices:
    found = ThresholdChange.objects.filter(indicator=indicator, at__gte=since).order_by("-at")
    return [
        (f"{indicator} {one.effective_from}", f"{one.effective_from} · {one.by}, {one.approved_by}")
        for one in found[:_SHOWN]
    ]


def _of_indicator(indicator: str, _changed: str) -> str:
    return reverse("warnings:indicator", args=[indicator])


def _rules() -> Choices:
    """The live policy as a whole, and each rule of it."""
    live = live_version()
    policy = None if live is None else policy_or_none(live.text)
    if live is None or policy is None:
        return []
    return [(live.name, live.name), *((one.id, one.id) for one in policy.rules)]


def _policies(_rule: str, since: datetime) -> Choices:
    """Versions of the policy that ran and were written since; not those that only have switches."""
    live = live_version()
    if live is None:
        return []
    found = PolicyVersion.objects.filter(name=live.name, state__in=_RAN, changed_at__gte=since)
    found = found.exclude(pk__in=SwitchedPolicy.objects.values("version"))
    return [
        (str(one), f"{one} · {one.get_state_display()}")
        for one in found.order_by("-number")[:_SHOWN]
    ]


def _of_policy(_rule: str, changed: str) -> str:
    name, _, number = changed.rpartition(" ")
    found = (
        PolicyVersion.objects.filter(name=name, number=int(number)).first()
        if number.isdecimal()
        else live_version()
    )
    return "" if found is None else reverse("policy_version", args=[found.pk])


def _lists() -> Choices:
    return [(name, name) for name in live_lists()]


def _entries(name: str, since: datetime) -> Choices:
    """Imports that were confirmed and entries that were made since."""
    imports = ListImport.objects.filter(list_name=name, created_at__gte=since, state="added")
    entries = ListEntry.objects.filter(list_name=name, added_at__gte=since, imported=None)
    return [
        *((f"import {one.pk}", str(one)) for one in imports[:_SHOWN]),
        *((f"entry {one.pk}", f"{one.masked} · {_day(one.added_at)}") for one in entries[:_SHOWN]),
    ]


def _day(instant: datetime) -> str:
    return timezone.localtime(instant).strftime("%Y-%m-%d %H:%M")


def _of_list(name: str, changed: str) -> str:
    sort, _, number = changed.partition(" ")
    pages = {"import": "list_import", "entry": "list_entry"}
    if sort in pages and number.isdecimal():
        return reverse(pages[sort], args=[int(number)])
    return reverse("list", args=[name])


REVIEWED: Final[dict[str, Changeable]] = {
    "threshold": Changeable(_indicators, _thresholds, _of_indicator),
    "rule": Changeable(_rules, _policies, _of_policy),
    "list": Changeable(_lists, _entries, _of_list),
}
"""What of these there is; the library of playbooks says its own."""
