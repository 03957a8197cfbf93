"""The plot of growth: time and memory against events, in logarithmic axes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import matplotlib as mpl

mpl.use("Agg")

from matplotlib import font_manager
from matplotlib import pyplot as plt

from benchmarks.screen import number

_CHINESE_FONTS: Final = (
    "Noto Sans CJK SC", "Source Han Sans SC", "WenQuanYi Micro Hei", "WenQuanYi Zen Hei",
    "Microsoft YaHei", "PingFang SC", "SimHei",
)  # fmt: skip
_WORDS: Final = {
    "events": ("live events", "存活事件数"),
    "s": ("seconds", "秒"),
    "MB": ("megabytes", "内存（MB）"),
    "line": ("proportional", "正比"),
}


def draw(figures: Sequence[Mapping[str, Any]], *, file: Path) -> None:
    """Write a PNG from the figures of the growth comparison."""
    font = _chinese_font()
    families = ["DejaVu Sans"] if font is None else [font, "DejaVu Sans"]
    with plt.rc_context({"font.family": families, "axes.unicode_minus": False}):
        canvas, axes = plt.subplots(1, 2, figsize=(9, 3.6), constrained_layout=True)
        for axis, unit in zip(axes, ("s", "MB"), strict=True):
            _panel(axis, figures, unit=unit, chinese=font is not None)
        canvas.savefig(file, dpi=120, metadata={"Software": None})
        plt.close(canvas)


def _panel(axis: Any, figures: Sequence[Mapping[str, Any]], *, unit: str, chinese: bool) -> None:
    points = [
        (int(name.replace(",", "")), figure["median"])
        for figure in figures
        if figure["unit"] == unit and (name := figure["name"].removesuffix(" events")) != ""
    ]
    events, medians = zip(*points, strict=True)
    axis.loglog(events, medians, marker="o", color="#1f5fa8")
    proportional = [medians[-1] * count / events[-1] for count in events]
    label = _words("line", chinese=chinese)
    axis.loglog(events, proportional, linestyle=":", color="#888888", label=label)
    for count, median in points:
        axis.annotate(number(median), (count, median), xytext=(6, -10), **_OFFSET)
    axis.margins(x=0.14)
    axis.set_xlabel(_words("events", chinese=chinese))
    axis.set_ylabel(_words(unit, chinese=chinese))
    axis.grid(visible=True, which="major", alpha=0.3)
    axis.legend(frameon=False)


_OFFSET: Final[dict[str, Any]] = {"textcoords": "offset points", "fontsize": 8}


def _words(name: str, *, chinese: bool) -> str:
    english, both = _WORDS[name]
    return f"{english}  {both}" if chinese else english


def _chinese_font() -> str | None:
    """A font of this machine that can write Chinese, or None."""
    known = {font.name for font in font_manager.fontManager.ttflist}
    return next((name for name in _CHINESE_FONTS if name in known), None)
