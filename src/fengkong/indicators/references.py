"""What a definition or a threshold rests on: a law, a standard, literature, data, or the house."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from fengkong.core.bilingual import Bilingual


class Basis(StrEnum):
    """What kind of ground it is."""

    LAW = "law"
    STANDARD = "standard"
    LITERATURE = "literature"
    MEASURED = "measured"
    HOUSE = "house"

    @property
    def word(self) -> Bilingual:
        """Its name in both languages."""
        return _WORDS[self]


_WORDS: Final = {
    Basis.LAW: Bilingual(zh="法规", en="law"),
    Basis.STANDARD: Bilingual(zh="标准", en="standard"),
    Basis.LITERATURE: Bilingual(zh="文献", en="literature"),
    Basis.MEASURED: Bilingual(zh="实测", en="measured"),
    Basis.HOUSE: Bilingual(zh="自定起点", en="house default"),
}
_UNREAD: Final = Bilingual(zh="（条文与数字未核对原文）", en=" (not checked in the text itself)")


@dataclass(frozen=True, slots=True)
class Reference:
    """One ground: its text in both languages, and whether the text itself was read."""

    basis: Basis
    title: Bilingual
    read: bool

    @property
    def text(self) -> Bilingual:
        """Its title, and that it was not checked where it was not."""
        if self.read or self.basis not in (Basis.LAW, Basis.STANDARD):
            return self.title
        return Bilingual(zh=self.title.zh + _UNREAD.zh, en=self.title.en + _UNREAD.en)


def written(text: str) -> Reference:
    """What somebody wrote as a ground without declaring it: the house's own words."""
    return Reference(Basis.HOUSE, Bilingual(zh=text, en=text), read=True)
