"""The words of reports about models, in both languages, from the messages pack."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Final, cast

from fengkong.core.bilingual import Language
from fengkong.events.documents import load_document

_FILE: Final = "packs/messages/models.yaml"


@cache
def _messages() -> dict[str, dict[str, str]]:
    text = (files("fengkong") / _FILE).read_text(encoding="utf-8")
    return cast("dict[str, dict[str, str]]", load_document(text, source=_FILE).data)


def known() -> tuple[str, ...]:
    """The keys of all texts."""
    return tuple(_messages())


def raw(key: str, language: Language) -> str:
    """A text as it is kept, with the names of its values in braces."""
    return _messages()[key][language]


def words(key: str, language: Language, **values: object) -> str:
    """A text by its key, with values in their places."""
    return raw(key, language).format(**values)
