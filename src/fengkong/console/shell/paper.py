"""What printing needs of the machine: a font with Chinese characters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from fengkong.core.errors import RiskError

CHINESE_FONTS: Final = (
    *("Noto Sans CJK SC", "Noto Sans SC", "Source Han Sans SC", "WenQuanYi Zen Hei"),
    *("WenQuanYi Micro Hei", "Microsoft YaHei", "PingFang SC", "SimSun"),
)
"""The fonts with Chinese characters that documents ask for, the first that is there."""


class MissingFontError(RiskError):
    """No font with Chinese characters is installed where the console runs."""

    code = "console.missing_font"
    hint = (
        "Install one (Noto Sans CJK SC, Source Han Sans SC or WenQuanYi Zen Hei), then print again."
    )


def has_chinese_font(families: Sequence[str]) -> bool:
    """Whether one of the fonts with Chinese characters is among these."""
    return bool(set(families) & set(CHINESE_FONTS))
