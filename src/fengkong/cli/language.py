"""The language of the terminal, and the texts of the command in both."""

from __future__ import annotations

import os
from functools import cache
from importlib.resources import files
from typing import Any, Final, cast

from fengkong.core.bilingual import Bilingual, Language
from fengkong.events.documents import load_document

ENVIRONMENT: Final = ("FENGKONG_LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")


def current_language() -> Language:
    """Chinese where the first language setting of the environment starts with zh, else English."""
    for name in ENVIRONMENT:
        value = os.environ.get(name)
        if value:
            return "zh" if value.lower().startswith("zh") else "en"
    return "en"


@cache
def texts() -> dict[str, Bilingual]:
    """All texts of the command, by key."""
    return {k: Bilingual(zh=entry["zh"], en=entry["en"]) for k, entry in _messages("cli").items()}


@cache
def chinese_errors() -> dict[str, dict[str, str]]:
    """The title and the hint of every error code in Chinese; English stands in the class."""
    return _messages("errors")


@cache
def service_texts() -> dict[str, dict[str, Any]]:
    """What is said of the service: `settings` and `scopes` in both, `metrics` in Chinese."""
    return cast("dict[str, dict[str, Any]]", _messages("service"))


@cache
def console_settings_texts() -> dict[str, dict[str, str]]:
    """What is said of each setting of the console."""
    return _messages("console")


def _messages(name: str) -> dict[str, dict[str, str]]:
    path = files("fengkong") / "packs" / "messages" / f"{name}.yaml"
    document = load_document(path.read_text(encoding="utf-8"), source=path.name)
    return cast("dict[str, dict[str, str]]", document.data)


def text(key: str, **values: object) -> str:
    """A text of the command in the terminal's language, with values put in."""
    sentence = texts()[key].of(current_language())
    for name, value in values.items():
        sentence = sentence.replace(f"{{{name}}}", str(value))
    return sentence
