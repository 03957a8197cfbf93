"""The reference page of the library of indicators, made from the library itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields
from typing import Final

from fengkong.core.bilingual import Bilingual, Language
from fengkong.indicators.indicator import Indicator, RiskGroup, Unit
from fengkong.indicators.library_file import shipped_library
from fengkong.indicators.measures import SPREADS
from fengkong.indicators.series import FUNCTIONS
from fengkong.indicators.sources import Source
from fengkong.indicators.thresholds import Direction, Fixed, Rule
from fengkong.indicators.warnings import worse_side

LEAD: Final = Bilingual(
    zh=(
        "# 指标库\n\n自带的指标是数据（`packs/indicators`），公式用[表达式语言](language.md)书写，"
        "在数据源的按日表上计算；每个指标都带有示例，测试会运行它们。每个阈值都写明"
        "依据：法规、标准、文献、实测，或“自定起点”（并说明怎样设定），"
        "自定起点应先在自己的历史上回测。"
        "怎样编写指标：[用指标做预警](../how-to/watch-with-indicators.zh.md)；"
        "级别如何产生：[预警](../explanation/early-warning.zh.md)。"
    ),
    en=(
        "# The library of indicators\n\nThe shipped indicators are data (`packs/indicators`). "
        "Formulas are in the [expression language](language.md), over a source's table by day; "
        "each indicator has worked examples, which the tests run. Every threshold says what it "
        "rests on: a law, a standard, literature, data, or a house default and how it was set; "
        "house defaults are to be back-tested on the firm's own history. How to write one: "
        "[Watch with indicators](../how-to/watch-with-indicators.md); how levels come about: "
        "[Early warning](../explanation/early-warning.md)."
    ),
)
_WORDS: Final = {
    "measures": Bilingual(zh="回看函数", en="Functions of measures"),
    "sources": Bilingual(zh="数据源", en="Sources"),
    "usage": Bilingual(zh="写法", en="Written"),
    "meaning": Bilingual(zh="含义", en="Meaning"),
    "source": Bilingual(zh="数据源", en="Source"),
    "kind": Bilingual(zh="类别", en="Kind"),
    "segments": Bilingual(zh="分段", en="Segments"),
    "columns": Bilingual(zh="列", en="Columns"),
    "indicator": Bilingual(zh="指标", en="Indicator"),
    "formula": Bilingual(zh="公式", en="Formula"),
    "bounds": Bilingual(zh="阈值", en="Thresholds"),
    "owner": Bilingual(zh="负责与预案", en="Owner, playbook"),
    "by": Bilingual(zh="（与 `by` 连用）", en=" (with `by`)"),
}
Table = tuple[str, tuple[str, ...], Iterable[Sequence[str]]]


def tables(language: Language) -> Iterator[Table]:
    """Heading, column titles and rows of each part of the page."""
    said = {name: both.of(language) for name, both in _WORDS.items()}
    library = shipped_library()
    for group in RiskGroup:
        members = library.of_group(group)
        rows = [_row(one, language) for one in members]
        titles = (
            said["indicator"],
            said["meaning"],
            said["formula"],
            said["bounds"],
            said["owner"],
        )
        yield f"## {group.word.of(language)} ({len(members)})", titles, rows
    functions = [(f"`{one.usage}`", one.meaning.of(language)) for one in FUNCTIONS.values()] + [
        (f"`{one.usage}`", one.meaning.of(language) + said["by"]) for one in SPREADS.values()
    ]
    yield f"## {said['measures']}", (said["usage"], said["meaning"]), functions
    titles = (said["source"], said["meaning"], said["kind"], said["segments"], said["columns"])
    rows = [_source(one, language) for one in library.sources.values()]
    yield f"## {said['sources']}", titles, rows


def _row(one: Indicator, language: Language) -> tuple[str, ...]:
    measures = "".join(f"<br>`{measure.name}` = `{measure.text}`" for measure in one.measures)
    owner = f"`{one.owner}`" + (f"<br>`{one.playbook}`" if one.playbook else "")
    name = f"**{one.title.of(language)}**<br>`{one.id}`"
    meaning = f"{one.meaning.of(language)} ({one.unit.word.of(language)}; `{one.source.id}`)"
    rule = one.thresholds.rules[-1]
    ground = shipped_library().reference(rule.reference)
    bounds = f"{bounds_of(rule.rule, one)}<br>{worse_side(one.thresholds.direction).of(language)}"
    return (
        name,
        meaning,
        f"`{one.formula.render()}`{measures}",
        f"{bounds}<br>{ground.basis.word.of(language)}: {ground.text.of(language)}",
        owner,
    )


def bounds_of(rule: Rule, one: Indicator) -> str:
    """A rule in a few words; fixed bounds in the unit that people write."""
    scale = one.source.scope().scale if one.unit is Unit.MONEY else 1
    if isinstance(rule, Fixed):
        parts = [
            f"{name} {bound / scale:g}"
            for name, bound in (("yellow", rule.yellow), ("orange", rule.orange), ("red", rule.red))
            if bound is not None
        ]
        around = f" (± {rule.centre:g})" if one.thresholds.direction is Direction.BOTH else ""
        return ", ".join(parts) + around
    given = [
        f"{field.name} {getattr(rule, field.name):g}"
        for field in fields(rule)
        if isinstance(getattr(rule, field.name), int | float)
    ]
    return f"{type(rule).__name__}: {', '.join(given)}"


def _source(source: Source, language: Language) -> tuple[str, ...]:
    columns = ", ".join(f"`{name}`" for name in source.columns)
    segments = ", ".join(f"`{name}`" for name in source.segments)
    name = f"**{source.title.of(language)}**<br>`{source.id}`"
    return name, source.meaning.of(language), f"`{source.kind}`", segments, columns
