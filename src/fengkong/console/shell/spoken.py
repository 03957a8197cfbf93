"""Texts that exist in Chinese and English, in the language of whoever reads the page.

What a screen says itself is translated by Django; this is for what data says: titles of the
catalogue, of indicators and playbooks, reasons of rules.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from django.utils.functional import lazy

from fengkong.console.shell.figures import reading_language
from fengkong.evaluation.trace import OPERATOR_WORDS
from fengkong.events.catalogue import shipped_catalogue


class InBoth(Protocol):
    """Anything that has a text in both languages."""

    @property
    def zh(self) -> str:
        """The Chinese text."""

    @property
    def en(self) -> str:
        """The English text."""


def said(text: InBoth | Mapping[str, Any] | None) -> str:
    """A text in the reader's language; nothing for None."""
    if text is None:
        return ""
    language = reading_language()
    return str(text[language] if isinstance(text, Mapping) else getattr(text, language))


def spoken_later(text: InBoth) -> Any:
    """A text whose language is chosen when it is shown: for tables made when Django starts."""
    return _later(text)


_later = lazy(said, str)


def operator_word(operator: str) -> str:
    """How the operator of a comparison that a rule made is said: signs as they are."""
    words = OPERATOR_WORDS.get(operator)
    return operator if words is None else said(words)


def event_title(name: str) -> str:
    """What an event type is called; its name where the catalogue does not know it."""
    known = shipped_catalogue().types.get(name)
    return name if known is None else said(known.title)


def field_title(name: str) -> str:
    """What a field is called; its name where the catalogue does not know it."""
    known = shipped_catalogue().fields.get(name)
    return name if known is None else said(known.title)
