"""The tables in docs/explanation/speed.md and its Chinese twin, written by the command.

A page holds pairs of marks, ``<!-- bench:features -->`` and ``<!-- /bench:features -->``; what
stands between them is replaced. Comparisons that were not measured keep what is there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from benchmarks.payments import ROOT
from benchmarks.screen import number

FOLDER: Final = ROOT / "docs" / "explanation"
PLOT: Final = "growth.png"
PAGES: Final = {"en": "speed.md", "zh": "speed.zh.md"}
_WORDS: Final = {
    "en": {
        "what": "what", "threads": "threads", "median": "median", "range": "min to max",
        "goal": "goal", "asked": "asked", "measured": "measured", "verdict": "",
        "reached": "reached", "short": "**short of it**", "agreement": "Agreement",
        "compared": "values compared", "difference": "largest difference", "note": "note",
        "allowed": "allowed", "data": "Data", "rounds": "rounds",
    },
    "zh": {
        "what": "项目", "threads": "线程", "median": "中位数", "range": "最小至最大",
        "goal": "目标", "asked": "要求", "measured": "实测", "verdict": "",
        "reached": "达到", "short": "**未达到**", "agreement": "结果一致性",
        "compared": "比较的值", "difference": "最大差异", "note": "说明",
        "allowed": "允许", "data": "数据", "rounds": "轮次",
    },
}  # fmt: skip


def write_pages(whole: Mapping[str, Any]) -> None:
    """Put the figures of a run, in which all results agreed, into both pages, and draw the plot."""
    sections = {"machine": _machine(whole)}
    for comparison in whole["comparisons"]:
        if not comparison["agrees"]:
            return
        if comparison["name"] == "growth":
            # Imported here: matplotlib takes a second, and most runs draw nothing.
            from benchmarks.growth_plot import draw

            draw(comparison["figures"], file=FOLDER / PLOT)
    for language, name in PAGES.items():
        page = FOLDER / name
        for comparison in whole["comparisons"]:
            sections[comparison["name"]] = section(comparison, language=language)
        text = replaced(page.read_text(encoding="utf-8"), sections)
        page.write_text(text, encoding="utf-8")


def replaced(page: str, sections: Mapping[str, str]) -> str:
    """The page with new contents between its marks."""
    for name, text in sections.items():
        start, end = f"<!-- bench:{name} -->\n", f"<!-- /bench:{name} -->"
        before, opened, rest = page.partition(start)
        _, closed, after = rest.partition(end)
        assert opened, f"the page has a place for {name}"
        assert closed, f"the place for {name} ends"
        page = f"{before}{start}{text}{end}{after}"
    return page


def section(comparison: Mapping[str, Any], *, language: str) -> str:
    """One comparison as Markdown."""
    words = _WORDS[language]
    parts = [f"{words['data']}: {comparison['data']}.\n"]
    if comparison["agreements"]:
        parts.append(_agreements(comparison["agreements"], words))
    parts.append(_figures(comparison["figures"], words))
    if comparison["goals"]:
        parts.append(_goals(comparison["goals"], words))
    return "\n".join(["", *parts, ""])


def _machine(whole: Mapping[str, Any]) -> str:
    about = {**whole["machine"], **whole["peers"], "rounds": whole["rounds"]}
    rows = [(name, str(value)) for name, value in about.items()]
    return "\n" + _table(("", ""), rows) + "\n"


def _agreements(agreements: Sequence[Mapping[str, Any]], words: Mapping[str, str]) -> str:
    heads = tuple(words[name] for name in ("agreement", "compared", "difference", "allowed"))
    rows = [
        (
            each["contestant"],
            f"{each['compared']:,}",
            f"{each['largest_difference']:.1e}" if each["largest_difference"] else "0",
            f"{each['tolerance']:g}",
        )
        for each in agreements
    ]
    return _table(heads, rows)


def _figures(figures: Sequence[Mapping[str, Any]], words: Mapping[str, str]) -> str:
    heads = tuple(words[name] for name in ("what", "threads", "median", "range", "note"))
    rows = [
        (
            each["name"],
            str(each["threads"] or ""),
            f"{number(each['median'])} {each['unit']}",
            f"{number(each['min'])} – {number(each['max'])}",
            each["note"],
        )
        for each in figures
    ]
    return _table(heads, rows)


def _goals(goals: Sequence[Mapping[str, Any]], words: Mapping[str, str]) -> str:
    heads = tuple(words[name] for name in ("goal", "asked", "measured", "verdict"))
    rows = [
        (
            each["name"],
            f"{'≤' if each['at_most'] else '≥'} {number(each['limit'])} {each['unit']}",
            f"{number(each['value'])} {each['unit']}",
            words["reached"] if each["reached"] else words["short"],
        )
        for each in goals
    ]
    return _table(heads, rows)


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(heads)} |", f"|{'---|' * len(heads)}"]
    lines += [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join(lines) + "\n"
