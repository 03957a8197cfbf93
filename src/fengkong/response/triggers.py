"""What starts a playbook: an indicator at a level, alerts of a typology, or what a person hears."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from fengkong.core.bilingual import Bilingual
from fengkong.indicators.level import Level
from fengkong.response.strict import Record

if TYPE_CHECKING:
    from fengkong.response.strict import Reader

ALERTS_MAX: Final = 10_000
_INDICATOR: Final = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+", re.ASCII)
_TYPOLOGY: Final = re.compile(r"[a-z][a-z0-9_]{0,63}", re.ASCII)


class Trigger(Record, frozen=True, omit_defaults=True):
    """One trigger, in words of both languages and, where a machine can tell, as what it looks for.

    Either `indicator` with the `level` that is reached or exceeded, or `typology` with the number
    of `alerts` of it (1 where it is left out); with neither a person decides by the words.
    """

    zh: str
    en: str
    indicator: str | None = None
    level: Literal["yellow", "orange", "red"] | None = None
    typology: str | None = None
    alerts: int | None = None

    def __post_init__(self) -> None:
        if not self.zh.strip() or not self.en.strip():
            raise ValueError("a text needs both languages: {zh: ..., en: ...}")

    @property
    def words(self) -> Bilingual:
        """What it says."""
        return Bilingual(zh=self.zh, en=self.en)


@dataclass(frozen=True, slots=True)
class Seen:
    """What an incident came with: the worst level of each indicator, alerts of each typology."""

    levels: Mapping[str, Level]
    alerts: Mapping[str, int]


def is_met(trigger: Trigger, seen: Seen) -> bool:
    """Whether what was seen meets a trigger; one by hand is never met by itself."""
    if trigger.indicator is not None and trigger.level is not None:
        level = seen.levels.get(trigger.indicator, Level.NO_DATA)
        return level is not Level.NO_DATA and level.severity >= Level(trigger.level).severity
    if trigger.typology is not None:
        return seen.alerts.get(trigger.typology, 0) >= (trigger.alerts or 1)
    return False


def check_triggers(reader: Reader, triggers: tuple[Trigger, ...]) -> None:
    """Note triggers that say half of what they look for."""
    for place, one in enumerate(triggers):
        if (one.indicator is None) is not (one.level is None):
            reader.fault("an indicator and its level go together", "triggers", place)
        if one.indicator is not None and not _INDICATOR.fullmatch(one.indicator):
            reader.fault("an indicator is called as in fraud.loss_rate", "triggers", place)
        if one.indicator is not None and one.typology is not None:
            reader.fault("an indicator or a typology, not both", "triggers", place)
        if one.typology is not None and not _TYPOLOGY.fullmatch(one.typology):
            reader.fault("a typology is called as in mule_ring", "triggers", place, "typology")
        if one.alerts is not None and (one.typology is None or not 1 <= one.alerts <= ALERTS_MAX):
            reader.fault(f"1 to {ALERTS_MAX:,} alerts of a typology", "triggers", place, "alerts")
