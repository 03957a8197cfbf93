"""How soon an appeal is answered: dated data of a pack, each with what it rests on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from importlib.resources import files
from typing import Any, Final

from django.utils import timezone

from fengkong.core.bilingual import Bilingual
from fengkong.events.documents import load_document

_FILE: Final = "packs/customers/deadlines.yaml"


@dataclass(frozen=True, slots=True)
class Deadline:
    """Days until an appeal of `since` or later is answered, and at the very most."""

    since: date
    name: str
    days: int
    longest_days: int
    reference: Bilingual
    remark: Bilingual

    def due(self, received_at: datetime, *, extended: int = 0) -> datetime:
        """The end of the last day on which an appeal is answered in time, in the firm's zone.

        The day of its arrival is not counted (民法典, article 201).
        """
        days = min(self.days + extended, self.longest_days)
        last = timezone.localtime(received_at) + timedelta(days=days)
        return last.replace(hour=23, minute=59, second=59, microsecond=0)


@cache
def shipped_deadlines() -> tuple[Deadline, ...]:
    """The deadlines that come with Fengkong, the oldest first."""
    text = (files("fengkong") / _FILE).read_text(encoding="utf-8")
    return parse_deadlines(load_document(text, source=_FILE).data)


def parse_deadlines(data: Any) -> tuple[Deadline, ...]:
    """Deadlines from plain data, the oldest first; raises KeyError, ValueError on other shapes."""
    found = []
    for one in data["appeals"]:
        if not 0 < one["days"] <= one["longest_days"]:
            raise ValueError(f"{one['name']}: days and longest_days do not fit")
        found.append(
            Deadline(
                since=date.fromisoformat(one["from"]),
                name=one["name"],
                days=one["days"],
                longest_days=one["longest_days"],
                reference=Bilingual(**one["reference"]),
                remark=Bilingual(**one["remark"]),
            )
        )
    return tuple(sorted(found, key=lambda one: one.since))


def deadline_at(received_at: datetime, *, among: Sequence[Deadline] | None = None) -> Deadline:
    """The deadline that counts for an appeal of a day; before every one of them, the first."""
    known = shipped_deadlines() if among is None else among
    day = timezone.localdate(received_at)
    counting = [one for one in known if one.since <= day]
    return counting[-1] if counting else known[0]


def deadline_named(name: str) -> Deadline:
    """The deadline that an appeal was given; raises KeyError."""
    return {one.name: one for one in shipped_deadlines()}[name]
