"""Words and lamps of levels, in the language of whoever reads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from fengkong.core.bilingual import Bilingual

if TYPE_CHECKING:
    from fengkong.console.accounts.duties import Words

LEVEL_WORDS: Final[dict[str, Words]] = {
    "green": _("green"),
    "yellow": _("yellow"),
    "orange": _("orange"),
    "red": _("red"),
    "no_data": _("no data"),
}
LAMP_OF: Final = {
    "green": "ok",
    "yellow": "notice",
    "orange": "warning",
    "red": "critical",
    "no_data": "unknown",
}
"""The lamp of each level: a shape of its own, so that nobody has to tell colours apart."""
SOURCE_LAMPS: Final = {"good": "ok", "partial": "notice", "stale": "warning", "broken": "critical"}


def spoken() -> str:
    """zh or en."""
    return "zh" if (get_language() or "").startswith("zh") else "en"


def said(text: Bilingual) -> str:
    """A text in the language of whoever reads."""
    return text.zh if spoken() == "zh" else text.en
