"""An error in the words of the reader: what it means and what to do next."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import cast

from django.utils.translation import get_language

from fengkong.core.errors import RiskError
from fengkong.events.documents import load_document


def words_of(error: RiskError) -> str:
    """Title and hint of an error in the language of the request."""
    if (get_language() or "").startswith("zh"):
        chinese = _chinese()[error.code]
        return f"{chinese['title']}。{chinese['hint']}"
    title = " ".join((type(error).__doc__ or "").split("\n\n")[0].split())
    return f"{title} {error.hint}"


@cache
def _chinese() -> dict[str, dict[str, str]]:
    path = files("fengkong") / "packs" / "messages" / "errors.yaml"
    document = load_document(path.read_text(encoding="utf-8"), source=path.name)
    return cast("dict[str, dict[str, str]]", document.data)
