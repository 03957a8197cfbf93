"""One page for the board: the cockpit's numbers on paper, as a PDF."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from fengkong.console.shell.figures import reading_language, share_text, short_money_text
from fengkong.console.shell.paper import CHINESE_FONTS, MissingFontError, has_chinese_font
from fengkong.console.warnings.models import SourceStatus
from fengkong.console.warnings.standing import Standing
from fengkong.core.bilingual import Language
from fengkong.evaluation.document import typst

SENTENCE_MAX: Final = 96
_FONTS: Final = (*CHINESE_FONTS, "Libertinus Serif")
"""Faces whose figures go with Chinese, then the one that Typst brings."""
_COLOURS: Final = {
    "green": "#1a7f4b",
    "yellow": "#b7791f",
    "orange": "#c05621",
    "red": "#b3202e",
    "no_data": "#6b7280",
}


def one_page_pdf(standing: Standing) -> bytes:
    """The page as a PDF; raises MissingFontError where Chinese cannot be printed."""
    import typst as press  # noqa: PLC0415 - only a PDF needs it

    language: Language = "zh" if reading_language() == "zh" else "en"
    families = press.Fonts(include_system_fonts=True).families()
    if language == "zh" and not has_chinese_font(families):
        raise MissingFontError("no font with Chinese characters was found")
    with tempfile.TemporaryDirectory(prefix="fengkong-board-") as made:
        page = Path(made) / "board.typ"
        page.write_text(source_of(standing, language=language), encoding="utf-8")
        return bytes(press.compile(str(page)))


def source_of(standing: Standing, *, language: Language) -> str:
    """The page for Typst."""
    parts = [
        typst([], language=language),
        '#set page(paper: "a4", margin: (x: 1.6cm, y: 1.4cm), numbering: none)',
        f"#set text(size: 9.5pt, font: ({', '.join(map(_text, _FONTS))}))",
        "#set table(stroke: (x, y) => if y == 0 { (bottom: 0.6pt) } else"
        " { (bottom: 0.3pt + luma(210)) }, inset: (x: 4pt, y: 4.5pt))",
        _head(standing),
        _kinds(standing),
        _trend(standing),
        _warnings(standing),
        _foot(),
    ]
    return "\n".join(parts) + "\n"


def _head(standing: Standing) -> str:
    title = _text(_("Risk of the firm"))
    day = _text(f"{standing.day:%Y-%m-%d}")
    whole = standing.whole
    level = "no_data" if whole is None else whole.level
    points = "–" if whole is None else f"{whole.points:.0f}"
    word = "" if standing.level is None else str(standing.level)
    counted = ngettext("%(n)s warning is open", "%(n)s warnings are open", standing.open_count) % {
        "n": standing.open_count
    }
    scale = _("0 all green, 100 all red")
    return (
        f"#grid(columns: (1fr, auto), align: (left + horizon, right + horizon),\n"
        f"  [#text(size: 17pt, weight: 600, {title}) \\ #text(fill: luma(90), {day})],\n"
        f"  box(fill: rgb({_text(_COLOURS[level])}).lighten(85%), inset: 9pt, radius: 4pt)"
        f"[#text(size: 22pt, weight: 700, {_text(points)}) #h(4pt) "
        f"#text(size: 12pt, weight: 600, fill: rgb({_text(_COLOURS[level])}), {_text(word)})])\n"
        f"#text(fill: luma(90), {_text(f'{counted} · {scale}')})\n#v(4pt)"
    )


def _kinds(standing: Standing) -> str:
    head = (_("Kind of risk"), _("Level"), _("Points"), _("What makes it"), _("Without data"))
    rows = []
    for one in standing.kinds:
        makes = "; ".join(f"{part['title']} {share_text(part['share'])}" for part in one.parts)
        rows.append(
            (
                _text(str(one.title)),
                _coloured(one.found.level, str(one.level)),
                _text(f"{one.found.points:.0f}"),
                _text(makes or _("all green")),
                _text(str(one.found.unknown)),
            )
        )
    columns = "(auto, auto, auto, 1fr, auto), align: (left, left, right, left, right)"
    return _table(_("By kind of risk"), head, rows, columns=columns)


def _trend(standing: Standing) -> str:
    """The composite over the last days, as bars."""
    points = standing.trend[-60:]
    if len(points) < 2:
        return ""
    bars = ", ".join(
        f"rect(width: 100%, height: {max(value, 1.0) * 0.32:.2f}pt, fill: luma(120))"
        for _day, value in points
    )
    title = f"{_('Composite over time')} · {points[0][0]:%Y-%m-%d} – {points[-1][0]:%Y-%m-%d}"
    return (
        f"#v(5pt)\n#text(weight: 600, {_text(title)})\n"
        f"#block(height: 34pt, width: 100%, grid(columns: (1fr,) * {len(points)}, "
        f"column-gutter: 1pt, rows: 32pt, align: bottom, {bars}))"
    )


def _warnings(standing: Standing) -> str:
    head = (_("Level"), _("What it says"), _("Likelihood"), _("Impact"), _("Responsible"))
    rows = []
    for one in standing.warnings:
        warning = one["warning"]
        rows.append(
            (
                _coloured(warning.level, str(one["level"])),
                _text(_clipped(one["sentence"])),
                _text("–" if warning.likelihood is None else share_text(warning.likelihood)),
                _text("–" if warning.impact_minor is None else _money(warning.impact_minor)),
                _text(str(one["owner"])),
            )
        )
    if not rows:
        return f"#v(5pt)\n#text({_text(_('No warning is open.'))})"
    columns = "(auto, 1fr, auto, auto, auto), align: (left, left, right, right, left)"
    return _table(_("Worst open warnings"), head, rows, columns=columns)


def _foot() -> str:
    states = list(SourceStatus.objects.values_list("state", flat=True))
    usable = sum(state in {"good", "partial"} for state in states)
    said = _("%(usable)s of %(all)s sources usable") % {"usable": usable, "all": len(states)}
    now = timezone.localtime()
    more = _("Likelihood: of the worst level within a week. Impact: money at stake.")
    return f"#v(1fr)\n#text(size: 7pt, fill: luma(90), {_text(f'{said} · {more} · {now:%F %R}')})"


def _table(title: str, head: Sequence[str], rows: Sequence[Sequence[str]], *, columns: str) -> str:
    cells = [f"text(weight: 600, {_text(one)})" for one in head]
    cells += [cell if cell.startswith("text(") else f"text({cell})" for row in rows for cell in row]
    return (
        f"#v(5pt)\n#text(size: 11pt, weight: 600, {_text(title)})\n"
        f"#table(columns: {columns}, {', '.join(cells)})"
    )


def _coloured(level: str, word: str) -> str:
    return f"text(weight: 600, fill: rgb({_text(_COLOURS[level])}), {_text(word)})"


def _money(amount_minor: int) -> str:
    return short_money_text(amount_minor, currency="CNY", language=reading_language())


def _clipped(text: str) -> str:
    return text if len(text) <= SENTENCE_MAX else text[: SENTENCE_MAX - 1] + "…"


def _text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
