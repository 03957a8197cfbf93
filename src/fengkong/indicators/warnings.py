"""A warning: which indicator, how bad, how likely worse, how much money, what moved it, whose."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from fengkong.core.bilingual import Bilingual
from fengkong.core.money import format_minor
from fengkong.indicators.assessment import Assessment, Value
from fengkong.indicators.drilldown import Mover
from fengkong.indicators.indicator import Indicator, Unit
from fengkong.indicators.level import Level
from fengkong.indicators.likelihood import likelihood
from fengkong.indicators.thresholds import Direction


@dataclass(frozen=True, slots=True, kw_only=True)
class EarlyWarning:
    """What a person needs who is called by an indicator."""

    indicator: Indicator
    assessment: Assessment
    rose_from: Level
    likelihood: float | None
    """Of being at or beyond the worst bound a week from now."""
    impact_minor: int | None
    movers: tuple[Mover, ...]

    @property
    def owner(self) -> str:
        """The duty that answers for it."""
        return self.indicator.owner

    @property
    def playbook(self) -> str | None:
        """The playbook to follow, if one is named."""
        return self.indicator.playbook

    def with_movers(self, movers: Sequence[Mover]) -> EarlyWarning:
        """The same warning with what moved the value."""
        return replace(self, movers=tuple(movers))

    def sentence(self) -> Bilingual:
        """The warning in one sentence of each language."""
        one, level = self.indicator, self.assessment.level
        value = shown(self.assessment.value, one)
        bound = _bound(self.assessment)
        held = "" if bound is None else shown(bound, one)
        if level is Level.NO_DATA:
            return Bilingual(
                zh=f"{one.title.zh}：没有数据（数据源：{one.source.title.zh}）",
                en=f"{one.title.en}: no data (source: {one.source.title.en})",
            )
        return Bilingual(
            zh=f"{one.title.zh}为 {value}，{level.word.zh}" + (f"（界限 {held}）" if held else ""),
            en=f"{one.title.en} is {value}, {level.word.en}" + (f" (bound {held})" if held else ""),
        )


def warning_of(
    indicator: Indicator,
    assessment: Assessment,
    *,
    before: Level,
    history: Sequence[Value],
    impact: float | None,
    movers: Sequence[Mover] = (),
) -> EarlyWarning | None:
    """The warning that a day's assessment gives, None while the level is green or was as bad.

    `history` are the values up to the day, `before` the level of the day before, `impact` the value
    of the impact formula (minor units).
    """
    level = assessment.level
    if level is Level.GREEN or level is before or level.severity < before.severity:
        return None
    values = [one.value for one in history if one.value is not None]
    likely = None
    if assessment.value is not None and assessment.statistic == assessment.value:
        likely = likelihood(
            values, bounds=assessment.bounds, direction=indicator.thresholds.direction
        )
    return EarlyWarning(
        indicator=indicator,
        assessment=assessment,
        rose_from=before,
        likelihood=likely,
        impact_minor=None if impact is None else round(impact),
        movers=tuple(movers),
    )


def _bound(assessment: Assessment) -> float | None:
    """The bound of the level that is shown, where it is one of the value itself."""
    if assessment.statistic != assessment.value or assessment.bounds.centre:
        return None
    bounds = assessment.bounds
    of = {Level.YELLOW: bounds.yellow, Level.ORANGE: bounds.orange, Level.RED: bounds.red}
    return of.get(assessment.level)


def shown(value: float | None, indicator: Indicator) -> str:
    """A value as people read it: ratios in percent, money in major units with the currency."""
    if value is None:
        return "–"
    currency = indicator.source.currency
    match indicator.unit:
        case Unit.RATIO | Unit.PROBABILITY:
            return f"{100 * value:,.2f}%"
        case Unit.PERCENT:
            return f"{value:,.2f}%"
        case Unit.MONEY:
            return f"{format_minor(round(value), currency=currency)} {currency}"
        case Unit.COUNT:
            return f"{value:,.0f}" if value == round(value) else f"{value:,.2f}"
        case _:
            return f"{value:,.2f}"


def worse_side(direction: Direction) -> Bilingual:
    """Which side is bad, in words."""
    return {
        Direction.ABOVE: Bilingual(zh="越高越差", en="higher is worse"),
        Direction.BELOW: Bilingual(zh="越低越差", en="lower is worse"),
        Direction.BOTH: Bilingual(zh="偏离越大越差", en="farther away is worse"),
    }[direction]
