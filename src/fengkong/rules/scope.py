"""What an expression may name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from fengkong.core.money import exponent
from fengkong.rules.calendars import WorkingCalendar, shipped_calendar
from fengkong.rules.kinds import Kind
from fengkong.rules.lists import ListDeclaration
from fengkong.rules.parameters import Parameter

DEFAULT_TIME_ZONE: Final = "Asia/Shanghai"


@dataclass(frozen=True)
class Scope:
    """Names with their kinds, parameters, lists, and what money and days mean here."""

    names: Mapping[str, Kind]
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    lists: Mapping[str, ListDeclaration] = field(default_factory=dict)
    currency: str = "CNY"
    time_zone: str = DEFAULT_TIME_ZONE
    calendar: WorkingCalendar = field(default_factory=shipped_calendar)

    @property
    def scale(self) -> int:
        """Minor units in one major unit: 100 for CNY, 1 for JPY."""
        return int(10 ** exponent(self.currency))

    def with_names(self, names: Mapping[str, Kind]) -> Scope:
        """The same scope with more names, such as features that rules may use."""
        return Scope(
            names={**self.names, **names},
            parameters=self.parameters,
            lists=self.lists,
            currency=self.currency,
            time_zone=self.time_zone,
            calendar=self.calendar,
        )
