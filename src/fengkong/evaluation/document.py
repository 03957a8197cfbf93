"""A document that people read, once, and its forms: HTML, Markdown, Typst (for PDF).

The forms are whole: an HTML page needs no other file and runs no script.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

from fengkong.core.bilingual import Language
from fengkong.evaluation.svg_plot import Plot, svg


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading; level 1 is the title of the document."""

    level: int
    text: str


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Sentences."""

    text: str


@dataclass(frozen=True, slots=True)
class Grid:
    """A table: names of columns, and rows of as many texts; the first column is left-aligned."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


Block = Heading | Paragraph | Grid | Plot

_STYLE: Final = (
    "body{font-family:'Noto Sans SC','PingFang SC','Microsoft YaHei',system-ui,sans-serif;"
    "max-width:62rem;margin:2rem auto;padding:0 1rem;color:#222;line-height:1.5}"
    "table{border-collapse:collapse;margin:.6rem 0}"
    "th,td{padding:.2rem .7rem;border-bottom:1px solid #ddd;text-align:right;vertical-align:top}"
    "th:first-child,td:first-child{text-align:left}svg{max-width:100%;height:auto;margin:.4rem}"
)
_FONTS: Final = (
    "Libertinus Serif",
    "Noto Sans CJK SC",
    "Noto Sans SC",
    "Source Han Sans SC",
    "WenQuanYi Zen Hei",
    "WenQuanYi Micro Hei",
    "Microsoft YaHei",
    "PingFang SC",
    "SimSun",
)
_LANGUAGES: Final[dict[Language, str]] = {"zh": "zh-Hans", "en": "en"}


def html(blocks: Sequence[Block], *, language: Language) -> str:
    """A page of its own."""
    title = next((block.text for block in blocks if isinstance(block, Heading)), "")
    body = "\n".join(_html(block) for block in blocks)
    return (
        f'<!doctype html>\n<html lang="{_LANGUAGES[language]}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n{body}\n"
        "</body>\n</html>\n"
    )


def _html(block: Block) -> str:
    if isinstance(block, Heading):
        return f"<h{block.level}>{escape(block.text)}</h{block.level}>"
    if isinstance(block, Paragraph):
        return f"<p>{escape(block.text)}</p>"
    if isinstance(block, Plot):
        return svg(block)
    head = "".join(f"<th>{escape(column)}</th>" for column in block.columns)
    rows = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in block.rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def markdown(blocks: Sequence[Block]) -> str:
    """A page of Markdown; plots are left out."""
    parts = [_markdown(block) for block in blocks if not isinstance(block, Plot)]
    return "\n\n".join(parts) + "\n"


def _markdown(block: Heading | Paragraph | Grid) -> str:
    if isinstance(block, Heading):
        return f"{'#' * block.level} {block.text}"
    if isinstance(block, Paragraph):
        return block.text
    cells = [block.columns, *block.rows]
    lines = ["| " + " | ".join(_cell(cell) for cell in row) + " |" for row in cells]
    lines.insert(1, "|" + "---|" + "---:|" * (len(block.columns) - 1))
    return "\n".join(lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ") or " "


def typst(blocks: Sequence[Block], *, language: Language) -> str:
    """A document for Typst, which makes a PDF of it with the first fonts that are there."""
    fonts = ", ".join(json.dumps(font) for font in _FONTS)
    head = (
        f'#set page(margin: 2cm, numbering: "1")\n#set text(font: ({fonts}), size: 9.5pt, '
        f'lang: "{language}")\n#set table(stroke: 0.4pt + gray, inset: 4pt)\n'
    )
    return head + "\n".join(_typst(block) for block in blocks) + "\n"


def _typst(block: Block) -> str:
    if isinstance(block, Heading):
        return f"#heading(level: {block.level}, {_text(block.text)})"
    if isinstance(block, Paragraph):
        return f"#par({_text(block.text)})"
    if isinstance(block, Plot):
        return f'#box(image(bytes({_text(svg(block))}), format: "svg", width: 48%))'
    width = len(block.columns)
    cells = [_text(cell) for row in (block.columns, *block.rows) for cell in row]
    aligned = "(x, y) => if x == 0 { left } else { right }"
    return f"#table(columns: {width}, align: {aligned}, {', '.join(cells)})"


def _text(text: str) -> str:
    """A string of Typst, which is quoted as JSON's are."""
    return json.dumps(text, ensure_ascii=False).replace("\\/", "/")
