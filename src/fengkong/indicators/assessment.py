"""From values to levels: hysteresis, pending time, missing values; one at a time or many."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from typing import NamedTuple

import numpy as np

from fengkong.indicators.level import RISING, Level
from fengkong.indicators.thresholds import HISTORY_MAX, Bounds, Thresholds, level_of


class Value(NamedTuple):
    """The value of an indicator on a day; None where there is none."""

    day: date
    value: float | None


@dataclass(frozen=True, slots=True)
class Memory:
    """What the levels of the past leave for the next day: pass it on, store it, or begin anew.

    `history` holds the latest values, oldest first, at most as many as the thresholds look at.
    """

    level: Level = Level.GREEN
    history: tuple[float, ...] = ()
    waiting: tuple[Level, ...] = ()
    """The plain levels of the latest values that were above the lamp's."""


@dataclass(frozen=True, slots=True)
class Assessment:
    """The level of one day, and what it was held against."""

    day: date
    value: float | None
    level: Level
    """What the lamp shows."""
    plain: Level
    """The level of the value alone, without pending time and hysteresis."""
    statistic: float | None
    """What was compared: the value, or the statistic of a control chart."""
    bounds: Bounds
    reference: str


def assess(
    values: Iterable[Value], *, thresholds: Thresholds, memory: Memory | None = None
) -> tuple[list[Assessment], Memory]:
    """The level of every value in order of days, and the memory for what comes next.

    Assessing a stretch in two parts, with the memory of the first handed to the second, gives the
    same as assessing it at once.
    """
    kept = Memory() if memory is None else memory
    found = []
    for value in values:
        one, kept = _next(value, thresholds=thresholds, memory=kept)
        found.append(one)
    return found, kept


def _next(item: Value, *, thresholds: Thresholds, memory: Memory) -> tuple[Assessment, Memory]:
    day, value = item
    dated = thresholds.at(day)
    if value is None or not math.isfinite(value):
        reference = "" if dated is None else dated.reference
        missing = Assessment(day, None, Level.NO_DATA, Level.NO_DATA, None, Bounds(), reference)
        return missing, memory
    history = (*memory.history, value)[-min(max(thresholds.lookback, 1), HISTORY_MAX) :]
    if dated is None:
        quiet = Assessment(day, value, Level.GREEN, Level.GREEN, value, Bounds(), "")
        return quiet, Memory(history=history)
    past = np.array(memory.history, dtype=np.float64)
    reading = dated.rule.read(value, history=past, direction=thresholds.direction)
    plain = level_of(reading, direction=thresholds.direction)
    eased = level_of(
        reading,
        direction=thresholds.direction,
        eased=thresholds.hysteresis,
        least=memory.level,
    )
    level, waiting = _lamp(plain, eased, memory=memory, pending=thresholds.pending)
    assessed = Assessment(
        day, value, level, plain, reading.statistic, reading.bounds, dated.reference
    )
    return assessed, replace(memory, level=level, history=history, waiting=waiting)


def _lamp(
    plain: Level, eased: Level, *, memory: Memory, pending: int
) -> tuple[Level, tuple[Level, ...]]:
    """The lamp's level: it rises after `pending` values, it falls when the eased bounds let it."""
    if plain.severity <= memory.level.severity:
        held = min(memory.level.severity, max(plain.severity, eased.severity))
        return RISING[held], ()
    waiting = (*memory.waiting, plain)[-pending:]
    if len(waiting) < pending:
        return memory.level, waiting
    risen = min(waiting, key=lambda level: level.severity)
    last = waiting[::-1]
    run = next((at for at, one in enumerate(last) if one.severity <= risen.severity), len(last))
    return risen, last[:run][::-1]
