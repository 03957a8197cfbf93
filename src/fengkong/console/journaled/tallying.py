"""Decisions counted into buckets of a minute, an hour and a day."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from fengkong.console.journaled.seen import SeenDecision
from fengkong.core.instants import HOUR_US, MINUTE_US

Key = tuple[str | int, ...]
Tally = dict[Key, list[int]]
"""Count and sum in minor units by grain, bucket (microseconds), and what else is told apart."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def tallied(decisions: Iterable[SeenDecision], *, zone: ZoneInfo) -> tuple[Tally, Tally]:
    """The decisions by outcome, and the hits by rule, in every grain; days are those of `zone`."""
    outcomes: Tally = {}
    rules: Tally = {}
    day_of = _days(zone)
    for one in decisions:
        at = one.occurred_at
        amount = one.amount_minor or 0
        told = (one.event_type, one.policy, one.policy_version, one.outcome, one.currency)
        buckets = (
            ("minute", at - at % MINUTE_US),
            ("hour", at - at % HOUR_US),
            ("day", day_of(at - at % HOUR_US)),
        )
        for bucket in buckets:
            _add(outcomes, (*bucket, *told), amount)
            for rule in one.rules:
                _add(rules, (*bucket, rule, *told), amount)
    return outcomes, rules


def _add(tally: Tally, key: Key, amount: int) -> None:
    found = tally.get(key)
    if found is None:
        tally[key] = [1, amount]
    else:
        found[0] += 1
        found[1] += amount


def _days(zone: ZoneInfo) -> Callable[[int], int]:
    """When the day of an hour begins, remembered hour by hour."""
    known: dict[int, int] = {}

    def day_of(hour: int) -> int:
        found = known.get(hour)
        if found is None:
            local = (_EPOCH + timedelta(microseconds=hour)).astimezone(zone)
            midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
            found = known[hour] = int(midnight.timestamp()) * 1_000_000
        return found

    return day_of
