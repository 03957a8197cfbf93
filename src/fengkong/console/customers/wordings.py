"""What customers are told, from a pack: nothing is filled in, so nothing can be given away.

A wording follows from the outcome, the event type, the language and the day alone. Which rule hit,
what it saw and which limit it has never come near it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any, Final

from fengkong.core.bilingual import Bilingual, Language
from fengkong.events.documents import load_document

_FILE: Final = "packs/customers/wording.yaml"


@dataclass(frozen=True, slots=True)
class Wording:
    """A title, what happened, and what the customer can do next."""

    title: Bilingual
    text: Bilingual
    following: Bilingual

    def told(self, language: Language) -> dict[str, str]:
        """The three texts in one language: ``title``, ``text``, ``next``."""
        return {
            "title": self.title.of(language),
            "text": self.text.of(language),
            "next": self.following.of(language),
        }


@dataclass(frozen=True, slots=True)
class Wordings:
    """The wordings that count from a day on; `name` is what an answer is recorded with."""

    since: date
    name: str
    outcomes: Mapping[str, Wording]
    event_types: Mapping[str, Mapping[str, Wording]]
    appeals: Mapping[str, Wording]

    def of_outcome(self, outcome: str, *, event_type: str) -> Wording:
        """What is said of an outcome, in the words of the event's type where it has some."""
        own = self.event_types.get(event_type, {})
        return own.get(outcome) or self.outcomes[outcome]

    def everything(self) -> list[Wording]:
        """Every wording there is."""
        own = [one for by_outcome in self.event_types.values() for one in by_outcome.values()]
        return [*self.outcomes.values(), *own, *self.appeals.values()]


@cache
def shipped_wordings() -> tuple[Wordings, ...]:
    """The wordings that come with Fengkong, the oldest first."""
    text = (files("fengkong") / _FILE).read_text(encoding="utf-8")
    return parse_wordings(load_document(text, source=_FILE).data)


def parse_wordings(data: Any) -> tuple[Wordings, ...]:
    """Wordings from plain data, the oldest first; raises KeyError, ValueError on other shapes."""
    found = [
        Wordings(
            since=date.fromisoformat(one["from"]),
            name=one["name"],
            outcomes=_wordings(one["outcomes"]),
            event_types={name: _wordings(by) for name, by in one["event_types"].items()},
            appeals=_wordings(one["appeals"]),
        )
        for one in data["wordings"]
    ]
    return tuple(sorted(found, key=lambda one: one.since))


def wordings_at(day: date, *, among: Sequence[Wordings] | None = None) -> Wordings:
    """The wordings that count on a day; before every one of them, the first."""
    known = shipped_wordings() if among is None else among
    counting = [one for one in known if one.since <= day]
    return counting[-1] if counting else known[0]


def _wordings(data: Mapping[str, Any]) -> dict[str, Wording]:
    return {
        name: Wording(
            title=Bilingual(**one["title"]),
            text=Bilingual(**one["text"]),
            following=Bilingual(**one["next"]),
        )
        for name, one in data.items()
    }
