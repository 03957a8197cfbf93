"""Spans cover a time exactly once, with the coarsest grains, and end where a day ends here."""

from datetime import datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fengkong.console.journaled.models import Grain
from fengkong.console.live.filters import Filter
from fengkong.console.live.tallies import can_count, spans

SHANGHAI = ZoneInfo("Asia/Shanghai")
BEGIN = datetime(2026, 11, 1, tzinfo=SHANGHAI)
MINUTES = st.integers(0, 60 * 24 * 40)
LENGTHS = {
    Grain.MINUTE: timedelta(minutes=1),
    Grain.HOUR: timedelta(hours=1),
    Grain.DAY: timedelta(days=1),
}


@settings(deadline=None)
@given(MINUTES, MINUTES)
def test_spans_cover_a_time_without_gap_or_overlap(first: int, second: int) -> None:
    start, end = (BEGIN + timedelta(minutes=n) for n in sorted((first, second)))
    found = spans(start, end)
    if start == end:
        assert found == []
        return
    assert (found[0][1], found[-1][2]) == (start, end)
    assert all(before[2] == after[1] for before, after in pairwise(found))
    for grain, low, high in found:
        local = low.astimezone(SHANGHAI)
        assert low < high
        assert (high - low) % LENGTHS[grain] == timedelta()
        assert grain is Grain.MINUTE or local.minute == 0
        assert grain is not Grain.DAY or local.hour == 0
    minutes = sum((h - low) // LENGTHS[g] for g, low, h in found if g is Grain.MINUTE)
    hours = sum((h - low) // LENGTHS[g] for g, low, h in found if g is Grain.HOUR)
    assert minutes < 120
    assert hours < 48


@pytest.mark.parametrize(
    ("start", "end", "whole"),
    [
        (timedelta(days=2, minutes=13), timedelta(minutes=13), True),
        (timedelta(days=30), timedelta(), True),
        (timedelta(days=30, minutes=13), timedelta(), False),
        (timedelta(days=2), timedelta(seconds=-30), False),
    ],
)
def test_tallies_count_whole_minutes_of_a_week_and_whole_hours_before(
    start: timedelta, end: timedelta, whole: bool
) -> None:
    now = BEGIN + timedelta(days=60)
    assert can_count(Filter(start=now - start, end=now - end), now=now) is whole


def test_what_tallies_do_not_know_they_do_not_count() -> None:
    now = BEGIN + timedelta(days=60)
    times = {"start": now - timedelta(days=1), "end": now}
    assert can_count(Filter(**times, outcomes=("deny",), rule="fast"), now=now)
    for more in ({"subject": "ab"}, {"amount_min": 1}, {"flag": "late"}, {"event_id": "e"}):
        assert not can_count(Filter(**times, **more), now=now)
    assert not can_count(Filter(outcomes=("deny",)), now=now)
