"""Errors as people read them: the title and hint of their code in the language of the page."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

import yaml

from fengkong.console.shell.figures import reading_language
from fengkong.core.errors import RiskError


@cache
def _chinese() -> dict[str, dict[str, str]]:
    text = files("fengkong.packs").joinpath("messages/errors.yaml").read_text(encoding="utf-8")
    return {str(code): dict(told) for code, told in yaml.safe_load(text).items()}


def error_words(error: RiskError) -> str:
    """What happened and what to do next, in one text."""
    told = _chinese().get(error.code, {}) if reading_language() == "zh" else {}
    if told:
        return f"{told['title']}：{error.message}。{told['hint']}"
    return f"{error.message}. {error.hint}"
