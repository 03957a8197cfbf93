"""Which decisions a screen is about, read from its address and written back to it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final
from urllib.parse import urlencode

from django.utils import timezone
from django.utils.dateparse import parse_datetime

from fengkong.console.journaled.models import Outcome
from fengkong.core.money import exponent

_WORD: Final = re.compile(r"[\w.:\-/ ]{1,200}")
_HEX: Final = re.compile(r"[0-9a-f]{1,64}")
_CURRENCY: Final = "CNY"


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """What a decision must be; None or empty asks nothing.

    `start` up to, not including, `end` bound when the event occurred, `confirmed_start` and
    `confirmed_end` when its label, which says fraud, came. Amounts are in minor units.
    """

    start: datetime | None = None
    end: datetime | None = None
    outcomes: tuple[str, ...] = ()
    event_type: str = ""
    policy: str = ""
    version: int | None = None
    rule: str = ""
    event_id: str = ""
    subject: str = ""
    amount_min: int | None = None
    amount_max: int | None = None
    flag: str = ""
    confirmed_start: datetime | None = None
    confirmed_end: datetime | None = None
    found: str = ""

    @property
    def query(self) -> str:
        """The same as the query part of an address."""
        pairs: list[tuple[str, str]] = []
        for field in fields(self):
            value = getattr(self, field.name)
            name = _NAMES[field.name]
            if field.name == "outcomes":
                named = [STOPPED] if set(value) == STOPPING else value
                pairs += [(name, one) for one in named]
            elif field.name.startswith("amount") and value is not None:
                pairs.append((name, format(Decimal(value).scaleb(-exponent(_CURRENCY)), "f")))
            elif isinstance(value, datetime):
                pairs.append((name, timezone.localtime(value).strftime("%Y-%m-%dT%H:%M")))
            elif value:
                pairs.append((name, str(value)))
        return urlencode(pairs)

    def but(self, **changes: Any) -> Filter:
        """Another that differs in these."""
        return replace(self, **changes)

    @property
    def is_of_tallies(self) -> bool:
        """Whether tallies can count it."""
        asked = {field.name for field in fields(self) if getattr(self, field.name)}
        return asked <= _TALLIED and self.start is not None and self.end is not None

    @property
    def is_unindexed(self) -> bool:
        """Whether rows must be looked at one by one to know which fit."""
        if self.event_id or self.subject or self.found or self.confirmed_start:
            return False
        amounts = self.amount_min is not None or self.amount_max is not None
        asked = [bool(one) for one in (self.rule, self.outcomes, self.event_type, self.flag)]
        return amounts or bool(self.policy) or sum(asked) > 1 or len(self.outcomes) > 1


STOPPED: Final = "stopped"
"""What addresses call the two outcomes of an event that does not go on."""
STOPPING: Final = frozenset({"deny", "delay"})
FLAGS: Final = ("degraded", "late", "differs", "canary")
"""Degraded, late, where the policy beside differs, and what a canary answered."""
_TALLIED: Final = frozenset({"start", "end", "outcomes", "event_type", "policy", "version", "rule"})
_NAMES: Final = {
    "start": "from",
    "end": "until",
    "outcomes": "outcome",
    "event_type": "type",
    "policy": "policy",
    "version": "version",
    "rule": "rule",
    "event_id": "event",
    "subject": "subject",
    "amount_min": "least",
    "amount_max": "most",
    "flag": "flag",
    "confirmed_start": "confirmed_from",
    "confirmed_end": "confirmed_until",
    "found": "found",
}
"""What each is called in addresses."""


def filter_of(query: Any) -> Filter:
    """The filter of an address (a QueryDict); what cannot be read asks nothing."""
    named = [one for one in query.getlist("outcome") if one in Outcome.values]
    if STOPPED in query.getlist("outcome"):
        named += sorted(STOPPING)
    outcomes = tuple(named)
    version = query.get("version", "")
    return Filter(
        start=moment(query.get("from")),
        end=moment(query.get("until")),
        outcomes=tuple(dict.fromkeys(outcomes)),
        event_type=_word(query, "type"),
        policy=_word(query, "policy"),
        version=int(version) if version.isascii() and version.isdigit() else None,
        rule=_word(query, "rule"),
        event_id=_word(query, "event"),
        subject=_hexadecimal(query, "subject"),
        amount_min=_minor(query.get("least")),
        amount_max=_minor(query.get("most")),
        flag=query.get("flag") if query.get("flag") in FLAGS else "",
        confirmed_start=moment(query.get("confirmed_from")),
        confirmed_end=moment(query.get("confirmed_until")),
        found=_hexadecimal(query, "found"),
    )


def moment(text: str | None) -> datetime | None:
    """An instant as forms write it, in the time zone of the reader; None for anything else."""
    try:
        found = parse_datetime(text or "")
    except ValueError:
        return None
    if found is None:
        return None
    return timezone.make_aware(found) if timezone.is_naive(found) else found


def _word(query: Mapping[str, str], name: str) -> str:
    text = query.get(name, "").strip()
    return text if _WORD.fullmatch(text) else ""


def _hexadecimal(query: Mapping[str, str], name: str) -> str:
    text = query.get(name, "").strip().lower()
    return text if _HEX.fullmatch(text) else ""


def _minor(text: str | None) -> int | None:
    try:
        amount = Decimal((text or "").replace(",", "").strip())
    except InvalidOperation:
        return None
    if not amount.is_finite() or abs(amount) > 10**12:
        return None
    return int(amount.scaleb(exponent(_CURRENCY)))
