"""What a threshold would have done: lead time before known episodes, false alarms a year."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import median
from typing import NamedTuple

from fengkong.indicators.assessment import Assessment, Value, assess
from fengkong.indicators.level import Level
from fengkong.indicators.thresholds import Thresholds

_YEAR = 365.25


class Episode(NamedTuple):
    """Something that a warning should have come before: from its first day to its last."""

    start: date
    end: date
    title: str = ""


class Alarm(NamedTuple):
    """A run of days at or above the level; runs closer than the gap are one alarm."""

    start: date
    end: date
    level: Level


@dataclass(frozen=True, slots=True)
class Caught:
    """What came of one episode; lead days are negative where the alarm came after its start."""

    episode: Episode
    alarm: Alarm | None
    lead_days: int | None


@dataclass(frozen=True, slots=True)
class Backtest:
    """What thresholds would have done on past values."""

    alarms: tuple[Alarm, ...]
    caught: tuple[Caught, ...]
    false_alarms: tuple[Alarm, ...]
    years: float
    assessments: tuple[Assessment, ...]

    @property
    def false_alarms_a_year(self) -> float | None:
        """Alarms that belong to no episode, per year; None where there is no time."""
        return len(self.false_alarms) / self.years if self.years > 0.0 else None

    @property
    def recall(self) -> float | None:
        """The share of episodes with an alarm; None without episodes."""
        if not self.caught:
            return None
        return sum(one.alarm is not None for one in self.caught) / len(self.caught)

    @property
    def lead_days_median(self) -> float | None:
        """The median lead of the episodes that were caught."""
        leads = [one.lead_days for one in self.caught if one.lead_days is not None]
        return median(leads) if leads else None


def backtest(
    values: Sequence[Value],
    *,
    thresholds: Thresholds,
    episodes: Sequence[Episode] = (),
    at_least: Level = Level.ORANGE,
    lead_max_days: int = 30,
    gap_days: int = 10,
    since: date | None = None,
) -> Backtest:
    """Thresholds run over values in order of days, counted from `since` on.

    An alarm belongs to an episode if any of its days lies between `lead_max_days` before the
    episode's start and its end. Earlier values only give the thresholds their history.
    """
    assessed, _ = assess(values, thresholds=thresholds)
    shown = [one for one in assessed if since is None or one.day >= since]
    alarms = alarms_of(shown, at_least=at_least, gap_days=gap_days)
    caught = [_caught(one, alarms, lead_max_days=lead_max_days) for one in episodes]
    false = [
        alarm
        for alarm in alarms
        if not any(_belongs(alarm, one, lead_max_days=lead_max_days) for one in episodes)
    ]
    years = ((shown[-1].day - shown[0].day).days + 1) / _YEAR if shown else 0.0
    return Backtest(tuple(alarms), tuple(caught), tuple(false), years, tuple(shown))


def alarms_of(assessed: Sequence[Assessment], *, at_least: Level, gap_days: int) -> list[Alarm]:
    """The runs of days at or above a level, in order."""
    alarms: list[Alarm] = []
    for one in assessed:
        if one.level is Level.NO_DATA or one.level.severity < at_least.severity:
            continue
        if alarms and (one.day - alarms[-1].end).days <= gap_days:
            worse = max(alarms[-1].level, one.level, key=lambda level: level.severity)
            alarms[-1] = Alarm(alarms[-1].start, one.day, worse)
        else:
            alarms.append(Alarm(one.day, one.day, one.level))
    return alarms


def _belongs(alarm: Alarm, episode: Episode, *, lead_max_days: int) -> bool:
    return alarm.start <= episode.end and alarm.end >= episode.start - timedelta(days=lead_max_days)


def _caught(episode: Episode, alarms: Sequence[Alarm], *, lead_max_days: int) -> Caught:
    for alarm in alarms:
        if _belongs(alarm, episode, lead_max_days=lead_max_days):
            earliest = max(alarm.start, episode.start - timedelta(days=lead_max_days))
            return Caught(episode, alarm, (episode.start - earliest).days)
    return Caught(episode, None, None)
