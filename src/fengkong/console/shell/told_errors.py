"""Errors of the product as people read them: in Chinese by the title and the hint of their code."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from fengkong.console.shell.figures import reading_language
from fengkong.core.errors import RiskError


@cache
def chinese_errors() -> dict[str, dict[str, Any]]:
    """Title and hint of every code of an error, in Chinese."""
    text = files("fengkong.packs").joinpath("messages/errors.yaml").read_text(encoding="utf-8")
    return dict(yaml.safe_load(text))


def told_error(error: RiskError) -> str:
    """What went wrong in the language of the page: the message itself is written in English."""
    told = chinese_errors().get(error.code, {}) if reading_language() == "zh" else {}
    if not told:
        return error.message
    return f"{told['title']}。{told.get('hint', '')}"


def words_of(error: RiskError) -> str:
    """Title and hint of an error in the language of the page, without the message."""
    if reading_language() == "zh":
        told = chinese_errors()[error.code]
        return f"{told['title']}。{told['hint']}"
    title = " ".join((type(error).__doc__ or "").split("\n\n")[0].split())
    return f"{title} {error.hint}"
