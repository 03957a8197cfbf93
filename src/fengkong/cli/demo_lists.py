"""Listed values of a demonstration: what was learned of its frauds, and who is trusted."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.db import connection
from django.utils import timezone, translation

from fengkong.cli.language import current_language
from fengkong.console.accounts.models import Operator
from fengkong.console.journaled.models import Decision, Label
from fengkong.console.journaled.reading import clear_entry
from fengkong.console.lists.changing import NewEntry, add_entries
from fengkong.console.lists.models import ListEntry
from fengkong.core.bilingual import Bilingual
from fengkong.core.errors import RiskError

LOOKED_AT: Final = 60
MOST: Final = 6
"""Values of a list."""
_EXPIRES: Final = timedelta(days=90)
_BAD: Final = Bilingual(zh="已确认的欺诈所用", en="Used in a confirmed fraud")
_GOOD: Final = Bilingual(zh="老客户，多次人工核实", en="A customer of years, verified often")
_LISTS: Final = (
    ("blocked_devices", "device", True, _BAD),
    ("blocked_cards", "card", True, _BAD),
    ("trusted_customers", "customer", False, _GOOD),
)


def made_demo_lists() -> int:
    """List values of labelled payments; how many. None where something is listed already.

    Needs a started Django, and the roles' demo operators.
    """
    try:
        with translation.override("zh-hans" if current_language() == "zh" else "en"):
            author = Operator.objects.filter(username="analyst").first()
            if author is None or ListEntry.objects.exists():
                return 0
            return sum(
                _listed(author, name, field=field, fraud=fraud, why=why.of(current_language()))
                for name, field, fraud, why in _LISTS
            )
    finally:
        connection.close()


def _listed(author: Operator, name: str, *, field: str, fraud: bool, why: str) -> int:
    until = timezone.now() + _EXPIRES
    values = _values(field, fraud=fraud)
    if not values:
        return 0
    entries = [NewEntry(value=value, reason=why, expires_at=until) for value in values]
    return len(add_entries(author, name, entries))


def _values(field: str, *, fraud: bool) -> list[str]:
    """Values that labelled payments name, each once."""
    labels = Label.objects.filter(is_fraud=fraud).order_by("-at")
    events = list(labels.values_list("event_id", flat=True)[:LOOKED_AT])
    found: dict[str, None] = {}
    for sequence in Decision.objects.filter(event_id__in=events).values_list("sequence", flat=True):
        try:
            event = clear_entry(sequence).event
        except RiskError:
            continue
        value = None if event is None else event.values.get(field)
        if isinstance(value, str):
            found[value] = None
        if len(found) >= MOST:
            break
    return list(found)
