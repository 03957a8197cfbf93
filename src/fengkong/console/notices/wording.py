"""What a message says: one notice, or several as a digest, in the language of its channel."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, override

from fengkong.console.notices.models import Notice
from fengkong.console.notices.signs import LEVELS

_CATALOGUES: Final = {"zh": "zh-hans", "en": "en"}
_LISTED: Final = 20
_CONTROLS: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069]")
_MARKUP: Final = str.maketrans(dict(zip("[]<>*_`#|~\\", "［］＜＞＊＿｀＃｜～＼", strict=True)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """A message: `level` is the worst in it, `link` where it is acknowledged."""

    level: str
    title: str
    text: str
    link: str
    link_title: str


def worded(notices: Sequence[Notice], *, language: str) -> Wording:
    """What a message about these notices says; one is told whole, several as a list."""
    with override(_CATALOGUES[language]):
        if len(notices) == 1:
            return _one(notices[0], language=language)
        return _digest(notices, language=language)


def plain(text: str) -> str:
    """A text in which nothing is markup: names in it may come from strangers."""
    return _CONTROLS.sub("", text).translate(_MARKUP)


def shortened(text: str, *, bytes_max: int) -> str:
    """A text of at most so many bytes of UTF-8, with an ellipsis where it was cut."""
    encoded = text.encode()
    if len(encoded) <= bytes_max:
        return text
    return encoded[: bytes_max - 3].decode(errors="ignore") + "…"


def address_of(path: str) -> str:
    """A page of the console as people outside of it reach it."""
    return str(settings.CONSOLE.public_address) + path


def _one(notice: Notice, *, language: str) -> Wording:
    return Wording(
        level=notice.level,
        title=plain(_titled(notice, language)),
        text=plain(notice.said.text(language)),
        link=address_of(f"/notices/{notice.pk}/"),
        link_title=_("Open and acknowledge"),
    )


def _digest(notices: Sequence[Notice], *, language: str) -> Wording:
    worst = max((one.level for one in notices), key=list(LEVELS).index)
    lines = [plain(_titled(one, language)) for one in notices[:_LISTED]]
    if len(notices) > _LISTED:
        more = len(notices) - _LISTED
        lines.append(ngettext("and %(count)s more", "and %(count)s more", more) % {"count": more})
    said = ngettext("%(count)s notice", "%(count)s notices", len(notices))
    return Wording(
        level=worst,
        title=said % {"count": len(notices)},
        text="\n".join(lines),
        link=address_of("/notices/"),
        link_title=_("Open and acknowledge"),
    )


def _titled(notice: Notice, language: str) -> str:
    return f"[{LEVELS[notice.level]}] {notice.said.title(language)}"
