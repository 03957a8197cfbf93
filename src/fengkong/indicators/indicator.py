"""An indicator: what it says of the firm, how it is computed, and when somebody must act."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from fengkong.core.bilingual import Bilingual
from fengkong.indicators.errors import UnknownIndicatorError
from fengkong.indicators.measures import Measure
from fengkong.indicators.references import Reference, written
from fengkong.indicators.sources import Source
from fengkong.indicators.thresholds import Thresholds
from fengkong.rules.errors import nearest
from fengkong.rules.expressions import Expression


class RiskGroup(StrEnum):
    """The kinds of risk that indicators are grouped by."""

    CREDIT = "credit"
    MARKET = "market"
    LIQUIDITY = "liquidity"
    FUNDS = "funds"
    OPERATIONAL = "operational"
    TECHNICAL = "technical"
    FRAUD = "fraud"
    COMPLIANCE = "compliance"

    @property
    def word(self) -> Bilingual:
        """The group's name in both languages."""
        return _GROUPS[self]


_GROUPS: Final = {
    RiskGroup.CREDIT: Bilingual(zh="信用风险", en="Credit"),
    RiskGroup.MARKET: Bilingual(zh="市场风险", en="Market"),
    RiskGroup.LIQUIDITY: Bilingual(zh="流动性风险", en="Liquidity"),
    RiskGroup.FUNDS: Bilingual(zh="资金与存管", en="Funds and custody"),
    RiskGroup.OPERATIONAL: Bilingual(zh="操作风险", en="Operational"),
    RiskGroup.TECHNICAL: Bilingual(zh="技术风险", en="Technical"),
    RiskGroup.FRAUD: Bilingual(zh="欺诈风险", en="Fraud"),
    RiskGroup.COMPLIANCE: Bilingual(zh="合规风险", en="Compliance"),
}


class Unit(StrEnum):
    """What a value is measured in; money is in minor units of the source's currency."""

    RATIO = "ratio"
    MONEY = "money"
    COUNT = "count"
    DAYS = "days"
    HOURS = "hours"
    MILLISECONDS = "milliseconds"
    PERCENT = "percent"
    POINTS = "points"
    """Percentage points, or points of an index."""
    TIMES = "times"
    PROBABILITY = "probability"

    @property
    def word(self) -> Bilingual:
        """The unit's name in both languages."""
        return _UNITS[self]


_UNITS: Final = {
    Unit.RATIO: Bilingual(zh="比率", en="ratio"),
    Unit.MONEY: Bilingual(zh="金额", en="money"),
    Unit.COUNT: Bilingual(zh="个", en="count"),
    Unit.DAYS: Bilingual(zh="天", en="days"),
    Unit.HOURS: Bilingual(zh="小时", en="hours"),
    Unit.MILLISECONDS: Bilingual(zh="毫秒", en="milliseconds"),
    Unit.PERCENT: Bilingual(zh="百分数", en="percent"),
    Unit.POINTS: Bilingual(zh="点", en="points"),
    Unit.TIMES: Bilingual(zh="倍", en="times"),
    Unit.PROBABILITY: Bilingual(zh="概率", en="probability"),
}


@dataclass(frozen=True, slots=True)
class IndicatorTest:
    """A worked example: rows of the source's table by day, and the value of the last day."""

    given: tuple[Mapping[str, object], ...]
    expect: float | None
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Indicator:
    """One declared indicator."""

    id: str
    group: RiskGroup
    title: Bilingual
    meaning: Bilingual
    unit: Unit
    source: Source
    owner: str
    reference: str
    measures: tuple[Measure, ...]
    formula: Expression
    thresholds: Thresholds
    impact: Expression | None = None
    """Money at stake, by the same names as the formula; minor units."""
    playbook: str | None = None
    segments: tuple[str, ...] = ()
    """By which segments of the source it may be drilled into."""
    weight: float = 1.0
    critical: bool = False
    streaming: bool = False
    """Whether it is also computed as events arrive, and not only at the end of a day."""
    tests: tuple[IndicatorTest, ...] = ()

    @property
    def lookback(self) -> int | None:
        """How many days before a day its value reads; None where all of the past matters."""
        each = [measure.lookback for measure in self.measures]
        known = [days for days in each if days is not None]
        return None if len(known) < len(each) else max([1, *known])


@dataclass(frozen=True, slots=True)
class Library:
    """Indicators and the sources they read, by id."""

    indicators: Mapping[str, Indicator]
    sources: Mapping[str, Source] = field(default_factory=dict)
    references: Mapping[str, Reference] = field(default_factory=dict)
    """What definitions and thresholds rest on, by the name they give."""

    def reference(self, name: str) -> Reference:
        """The ground of a name; one that is not declared is as it is written."""
        return self.references.get(name) or written(name)

    def indicator(self, name: str) -> Indicator:
        """The indicator of an id; raises UnknownIndicatorError with the nearest name."""
        found = self.indicators.get(name)
        if found is None:
            near = nearest(name, self.indicators)
            raise UnknownIndicatorError(f"there is no indicator {name[:80]!r}{near}")
        return found

    def source(self, name: str) -> Source:
        """The source of an id; raises UnknownIndicatorError with the nearest name."""
        found = self.sources.get(name)
        if found is None:
            near = nearest(name, self.sources)
            raise UnknownIndicatorError(f"there is no source {name[:80]!r}{near}")
        return found

    def of_group(self, group: RiskGroup) -> list[Indicator]:
        """The indicators of one group, in the order of the files."""
        return [one for one in self.indicators.values() if one.group is group]

    def of_source(self, source: str) -> list[Indicator]:
        """The indicators that read one source."""
        return [one for one in self.indicators.values() if one.source.id == source]
