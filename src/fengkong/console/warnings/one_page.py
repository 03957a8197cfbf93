"""One page for the board: the cockpit's numbers on paper, as a PDF."""

from __future__ import annotations

from typing import Final

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from fengkong.console.shell.figures import reading_language, share_text, short_money_text
from fengkong.console.shell.paper import page_source, pdf_of, quoted, table
from fengkong.console.warnings.models import SourceStatus
from fengkong.console.warnings.standing import Standing
from fengkong.core.bilingual import Language

SENTENCE_MAX: Final = 96
_COLOURS: Final = {
    "green": "#1a7f4b",
    "yellow": "#b7791f",
    "orange": "#c05621",
    "red": "#b3202e",
    "no_data": "#6b7280",
}


def one_page_pdf(standing: Standing) -> bytes:
    """The page as a PDF; raises MissingFontError where Chinese cannot be printed."""
    language: Language = "zh" if reading_language() == "zh" else "en"
    return pdf_of(source_of(standing, language=language), language=language)


def source_of(standing: Standing, *, language: Language) -> str:
    """The page for Typst."""
    parts = (
        '#set page(paper: "a4", margin: (x: 1.6cm, y: 1.4cm), numbering: none)',
        _head(standing),
        _kinds(standing),
        _trend(standing),
        _warnings(standing),
        _foot(),
    )
    return page_source(parts, language=language)


def _head(standing: Standing) -> str:
    title = quoted(_("Risk of the firm"))
    day = quoted(f"{standing.day:%Y-%m-%d}")
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
        f"  box(fill: rgb({quoted(_COLOURS[level])}).lighten(85%), inset: 9pt, radius: 4pt)"
        f"[#text(size: 22pt, weight: 700, {quoted(points)}) #h(4pt) "
        f"#text(size: 12pt, weight: 600, fill: rgb({quoted(_COLOURS[level])}), {quoted(word)})])\n"
        f"#text(fill: luma(90), {quoted(f'{counted} · {scale}')})\n#v(4pt)"
    )


def _kinds(standing: Standing) -> str:
    head = (_("Kind of risk"), _("Level"), _("Points"), _("What makes it"), _("Without data"))
    rows = []
    for one in standing.kinds:
        makes = "; ".join(f"{part['title']} {share_text(part['share'])}" for part in one.parts)
        rows.append(
            (
                quoted(str(one.title)),
                _coloured(one.found.level, str(one.level)),
                quoted(f"{one.found.points:.0f}"),
                quoted(makes or _("all green")),
                quoted(str(one.found.unknown)),
            )
        )
    columns = "(auto, auto, auto, 1fr, auto), align: (left, left, right, left, right)"
    return table(_("By kind of risk"), head, rows, columns=columns)


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
        f"#v(5pt)\n#text(weight: 600, {quoted(title)})\n"
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
                quoted(_clipped(one["sentence"])),
                quoted("–" if warning.likelihood is None else share_text(warning.likelihood)),
                quoted("–" if warning.impact_minor is None else _money(warning.impact_minor)),
                quoted(str(one["owner"])),
            )
        )
    if not rows:
        return f"#v(5pt)\n#text({quoted(_('No warning is open.'))})"
    columns = "(auto, 1fr, auto, auto, auto), align: (left, left, right, right, left)"
    return table(_("Worst open warnings"), head, rows, columns=columns)


def _foot() -> str:
    states = list(SourceStatus.objects.values_list("state", flat=True))
    usable = sum(state in {"good", "partial"} for state in states)
    said = _("%(usable)s of %(all)s sources usable") % {"usable": usable, "all": len(states)}
    now = timezone.localtime()
    more = _("Likelihood: of the worst level within a week. Impact: money at stake.")
    return f"#v(1fr)\n#text(size: 7pt, fill: luma(90), {quoted(f'{said} · {more} · {now:%F %R}')})"


def _coloured(level: str, word: str) -> str:
    return f"text(weight: 600, fill: rgb({quoted(_COLOURS[level])}), {quoted(word)})"


def _money(amount_minor: int) -> str:
    return short_money_text(amount_minor, currency="CNY", language=reading_language())


def _clipped(text: str) -> str:
    return text if len(text) <= SENTENCE_MAX else text[: SENTENCE_MAX - 1] + "…"
