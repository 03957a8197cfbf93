"""Regulatory clocks: what must be reported to whom by when, as dated data with its article.

A clock begins when an incident is classified so that its condition holds. Its time runs from when
the firm knew of the incident, not from the classification: a late classification wins nobody time.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from functools import cache
from typing import Final, Literal

import msgspec

from fengkong.response.strict import Reader, Record, Text, document_of, read_all

From = Literal["aware", "classified", "contained", "closed"]
_WARNINGS: Final = (50, 75, 90)
"""The shares of its time at which a clock warns, in percent, unless its data say otherwise."""


class When(Record, frozen=True):
    """Which incidents a clock is for; everything that is given must hold.

    `kinds` empty means every kind; `severity` is the mildest level that it is for; `all_of` are
    facts that must hold, `any_of` facts of which one must, `none_of` facts that must not.
    """

    kinds: tuple[str, ...] = ()
    severity: int = 4
    all_of: tuple[str, ...] = ()
    any_of: tuple[str, ...] = ()
    none_of: tuple[str, ...] = ()

    def holds(self, *, kind: str, severity: int, facts: Mapping[str, bool]) -> bool:
        """Whether an incident is one of those."""
        return (
            (not self.kinds or kind in self.kinds)
            and severity <= self.severity
            and all(facts.get(name, False) for name in self.all_of)
            and (not self.any_of or any(facts.get(name, False) for name in self.any_of))
            and not any(facts.get(name, False) for name in self.none_of)
        )


class ClockTerms(Record, frozen=True):
    """One duty to report.

    `article` is that of the regulation; `verified` says that its text was read for this entry
    (false: from memory, to be checked before anybody relies on it). `hours` is the time there is;
    `at_once` marks a law that says "immediately", where `hours` is what this platform sets itself.
    """

    id: str
    title: Text
    article: str
    verified: bool
    recipient: Text
    content: Text
    hours: float
    when: When
    begins: From = "aware"
    at_once: bool = False
    note: Text | None = None
    warnings: tuple[int, ...] = _WARNINGS

    def due_at(self, started: datetime) -> datetime:
        """When its time is over."""
        return started + timedelta(hours=self.hours)


class Regulation(Record, frozen=True):
    """A law or rule with its clocks, in force from a day until another one, if any."""

    id: str
    title: Text
    issued_by: Text
    reference: str
    source: str
    effective_from: date
    effective_until: date | None = None
    clocks: tuple[ClockTerms, ...] = ()

    def in_force(self, day: date) -> bool:
        """Whether it holds on a day."""
        ended = self.effective_until is not None and day >= self.effective_until
        return self.effective_from <= day and not ended


_KEYS: Final = {
    *("regulation", "title", "issued_by", "reference", "source"),
    *("effective_from", "effective_until", "clocks"),
}


def read_regulation(text: str, source: str) -> Regulation:
    """The regulation in a text; raises FaultsError with every fault at its line."""
    reader = Reader(document_of(text, source=source))
    data = reader.document.data
    assert isinstance(data, dict), "checked when it was read"
    for name in data.keys() - _KEYS:
        reader.fault(f"unknown part {name}", name)
    clocks = reader.parts(data.get("clocks"), ClockTerms, "clocks")
    reader.unique([one.id for one in clocks], "clocks")
    for place, one in enumerate(clocks):
        if one.hours <= 0:
            reader.fault("a clock has some time", "clocks", place, "hours")
        if list(one.warnings) != sorted(set(one.warnings)) or not all(
            0 < share < 100 for share in one.warnings
        ):
            reader.fault("warnings are shares of the time, rising", "clocks", place, "warnings")
    head = {name: value for name, value in data.items() if name not in {"clocks", "regulation"}}
    made = reader.part(head | {"id": data.get("regulation")}, Regulation)
    reader.finish()
    assert made is not None, "its absence is a fault"
    return msgspec.structs.replace(made, clocks=clocks)


@cache
def shipped_regulations() -> Mapping[str, Regulation]:
    """The regulations that come with Fengkong, by id."""
    return {one.id: one for one in read_all("regulations", read_regulation).values()}


def clocks_for(
    *, kind: str, severity: int, facts: Mapping[str, bool], day: date
) -> list[tuple[Regulation, ClockTerms]]:
    """The clocks that begin for an incident of a day, the shortest first."""
    found = [
        (regulation, terms)
        for regulation in shipped_regulations().values()
        if regulation.in_force(day)
        for terms in regulation.clocks
        if terms.when.holds(kind=kind, severity=severity, facts=facts)
    ]
    return sorted(found, key=lambda pair: (pair[1].hours, pair[1].id))


def warnings_due(
    *, started: datetime, due: datetime, now: datetime, shares: tuple[int, ...]
) -> tuple[int, ...]:
    """The shares of a clock's time that are over, in percent; 100 where it is overdue."""
    whole = (due - started).total_seconds()
    gone = 100 * (now - started).total_seconds() / whole if whole > 0 else 100.0
    return tuple(share for share in (*shares, 100) if gone >= share)
