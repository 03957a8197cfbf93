"""Instants and durations."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fengkong.core.instants import (
    DAY_US,
    DURATION_MAX,
    HOUR_US,
    INSTANT_MAX,
    INSTANT_MIN,
    MINUTE_US,
    SECOND_US,
    WEEK_US,
    InvalidDurationError,
    InvalidInstantError,
    check_instant,
    format_duration,
    format_instant,
    parse_duration,
    parse_instant,
)

NOON = 1_793_534_400_000_000


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2026-11-01T12:00:00Z", NOON),
        ("2026-11-01t12:00:00z", NOON),
        ("2026-11-01T12:00:00+00:00", NOON),
        ("2026-11-01T12:00:00-00:00", NOON),
        ("2026-11-01T20:00:00+08:00", NOON),
        ("2026-11-01T06:30:00-05:30", NOON),
        ("2026-11-01T12:00:00.5Z", NOON + 500_000),
        ("2026-11-01T12:00:00.000001Z", NOON + 1),
        ("2026-11-01T12:00:00.000001999Z", NOON + 1),
        ("2000-01-01T00:00:00Z", INSTANT_MIN),
        ("2099-12-31T23:59:59.999999Z", INSTANT_MAX - 1),
        ("2024-02-29T00:00:00Z", 1_709_164_800_000_000),
    ],
)
def test_parsed(text: str, instant: int) -> None:
    assert parse_instant(text) == instant


@pytest.mark.parametrize(
    "text",
    [
        "",
        "now",
        "2026-11-01",
        "2026-11-01T12:00:00",
        "2026-11-01T12:00Z",
        "2026-11-01 12:00:00Z",
        "2026-11-31T12:00:00Z",
        "2025-02-29T00:00:00Z",
        "2026-13-01T12:00:00Z",
        "2026-11-01T25:00:00Z",
        "2026-11-01T12:60:00Z",
        "2026-11-01T12:00:60Z",
        "2026-11-01T12:00:00+8",
        "2026-11-01T12:00:00+0800",
        "2026-11-01T12:00:00+25:00",
        "2026-11-01T12:00:00,5Z",
        "2026-11-01T12:00:00.Z",
        "2026-11-01T12:00:00.1234567890Z",
        "２０２６-11-01T12:00:00Z",
        "2026-11-01T12:00:00Z\n",
        "1999-12-31T23:59:59Z",
        "2100-01-01T00:00:00Z",
        "0000-01-01T00:00:00Z",
        "9999-12-31T23:59:59-23:59",
        "0001-01-01T00:00:00+23:59",
        "2" * 1000,
    ],
)
def test_refused(text: str) -> None:
    with pytest.raises(InvalidInstantError):
        parse_instant(text)


@pytest.mark.parametrize("instant", [INSTANT_MIN - 1, INSTANT_MAX, 0, 1_700_000_000, -1])
def test_a_wrong_unit_is_noticed(instant: int) -> None:
    with pytest.raises(InvalidInstantError, match="wrong unit"):
        check_instant(instant)


@given(st.integers(min_value=INSTANT_MIN, max_value=INSTANT_MAX - 1))
def test_what_is_written_is_read_back(instant: int) -> None:
    assert parse_instant(format_instant(instant)) == instant


def test_microseconds_only_where_there_are_any() -> None:
    assert format_instant(NOON) == "2026-11-01T12:00:00Z"
    assert format_instant(NOON + 10) == "2026-11-01T12:00:00.000010Z"


@pytest.mark.parametrize(
    ("text", "duration"),
    [
        ("1s", SECOND_US),
        ("90m", 90 * MINUTE_US),
        ("1h", HOUR_US),
        ("7d", 7 * DAY_US),
        ("2w", 2 * WEEK_US),
        (" 1h ", HOUR_US),
        ("3660d", DURATION_MAX),
    ],
)
def test_durations(text: str, duration: int) -> None:
    assert parse_duration(text) == duration


@pytest.mark.parametrize(
    "text", ["", "1", "h", "0s", "-1h", "1.5h", "1 h", "1H", "1y", "1ms", "3661d", "9" * 50 + "s"]
)
def test_durations_refused(text: str) -> None:
    with pytest.raises(InvalidDurationError):
        parse_duration(text)


@given(st.integers(min_value=1, max_value=DURATION_MAX // SECOND_US))
def test_durations_written_are_read_back(seconds: int) -> None:
    assert parse_duration(format_duration(seconds * SECOND_US)) == seconds * SECOND_US


@pytest.mark.parametrize(
    ("duration", "text"),
    [(HOUR_US, "1h"), (WEEK_US, "7d"), (90 * MINUTE_US, "90m"), (SECOND_US, "1s")],
)
def test_durations_are_written_short(duration: int, text: str) -> None:
    assert format_duration(duration) == text


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-01T12:00:00Z",
        "2026-11-01T12:00:00.5Z",
        "2026-11-01T12:00:00.123456Z",
        "2026-11-01T12:00:00.123456789Z",
        "2099-12-31T23:59:59.999999Z",
        "2000-01-01T00:00:00Z",
    ],
)
def test_an_instant_read_again_is_the_same(text):
    first = parse_instant(text)
    assert parse_instant(text) == first
    assert parse_instant(text.replace("Z", "+00:00")) == first


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-01T12:00:00.Z",
        "2026-11-01T12:00:00.1234567890Z",
        "2026-11-01T12:00:00.12a4Z",
        "2026-11-01T12:00:00.１２Z",
        "2026-11-01T12:00:00,5Z",
        "2026-11-01T12:00:0012Z",
        "2026-11-01T12:00:00ZZ",
        "Z",
        "",
    ],
)
def test_what_was_read_before_does_not_make_a_wrong_one_right(text):
    parse_instant("2026-11-01T12:00:00Z")
    with pytest.raises(InvalidInstantError):
        parse_instant(text)
