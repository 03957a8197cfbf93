"""Pages on paper: a PDF of a source for Typst, in the language of who reads.

A machine without a font with Chinese characters prints no Chinese.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from fengkong.core.bilingual import Language
from fengkong.core.errors import RiskError
from fengkong.evaluation.document import typst

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


def page_source(parts: Sequence[str], *, language: Language) -> str:
    """A page for Typst of its parts: thin lines in tables, faces that go with Chinese."""
    fonts = ", ".join(map(quoted, (*CHINESE_FONTS, "Libertinus Serif")))
    head = (
        typst([], language=language),
        f"#set text(size: 9.5pt, font: ({fonts}))",
        "#set table(stroke: (x, y) => if y == 0 { (bottom: 0.6pt) } else"
        " { (bottom: 0.3pt + luma(210)) }, inset: (x: 4pt, y: 4.5pt))",
    )
    return "\n".join((*head, *parts)) + "\n"


def pdf_of(source: str, *, language: Language) -> bytes:
    """The PDF of a page; raises MissingFontError where Chinese cannot be printed."""
    import typst as press  # noqa: PLC0415 - only a PDF needs it

    families = press.Fonts(include_system_fonts=True).families()
    if language == "zh" and not has_chinese_font(families):
        raise MissingFontError("no font with Chinese characters was found")
    with tempfile.TemporaryDirectory(prefix="fengkong-paper-") as made:
        page = Path(made) / "page.typ"
        page.write_text(source, encoding="utf-8")
        return bytes(press.compile(str(page)))


def table(title: str, head: Sequence[str], rows: Sequence[Sequence[str]], *, columns: str) -> str:
    """A table under a title; `rows` hold calls of `text(...)` or quoted texts.

    `columns` is what Typst is told of them: widths and alignment.
    """
    cells = [f"text(weight: 600, {quoted(one)})" for one in head]
    cells += [cell if cell.startswith("text(") else f"text({cell})" for row in rows for cell in row]
    return (
        f"#v(5pt)\n#text(size: 11pt, weight: 600, {quoted(title)})\n"
        f"#table(columns: {columns}, {', '.join(cells)})"
    )


def quoted(text: str) -> str:
    """A string of Typst, which is quoted as JSON's are."""
    return json.dumps(text, ensure_ascii=False)
