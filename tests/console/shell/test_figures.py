"""Figures as people read them, in both languages."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fengkong.console.shell.figures import (
    change_text,
    count_text,
    duration_text,
    money_text,
    share_text,
    short_money_text,
    short_text,
)

SHORT = [
    ("0", "0", "0"),
    ("7", "7", "7"),
    ("999", "999", "999"),
    ("1000", "1,000", "1K"),
    ("9999", "9,999", "10K"),
    ("10000", "1万", "10K"),
    ("12345", "1.23万", "12.3K"),
    ("99999999", "1亿", "100M"),
    ("123456789", "1.23亿", "123M"),
    ("999999", "100万", "1M"),
    ("1234567890123", "12,346亿", "1,235B"),
    ("-12345", "−1.23万", "−12.3K"),
]


@pytest.mark.parametrize(("number", "chinese", "english"), SHORT)
def test_numbers_at_a_glance(number: str, chinese: str, english: str) -> None:
    assert short_text(Decimal(number), language="zh") == chinese
    assert short_text(Decimal(number), language="en") == english


@pytest.mark.parametrize(
    ("minor", "currency", "exact", "chinese", "english"),
    [
        (0, "CNY", "¥0.00", "¥0.00", "¥0.00"),
        (123_450, "CNY", "¥1,234.50", "¥1,234.50", "¥1.23K"),
        (1_234_567_890, "CNY", "¥12,345,678.90", "¥1,235万", "¥12.3M"),
        (123_456_789_012, "CNY", "¥1,234,567,890.12", "¥12.3亿", "¥1.23B"),
        (-5, "CNY", "−¥0.05", "−¥0.05", "−¥0.05"),
        (1234, "JPY", "JP¥1,234", "JP¥1,234", "JP¥1.23K"),
        (1234, "KWD", "KWD 1.234", "KWD 1.234", "KWD 1.234"),
        (None, "CNY", "–", "–", "–"),
    ],
)
def test_money(minor: int | None, currency: str, exact: str, chinese: str, english: str) -> None:
    assert money_text(minor, currency=currency) == exact
    assert short_money_text(minor, currency=currency, language="zh") == chinese
    assert short_money_text(minor, currency=currency, language="en") == english


@pytest.mark.parametrize(
    ("seconds", "chinese", "english"),
    [
        (0, "0毫秒", "0 ms"),
        (0.00123, "1.23毫秒", "1.23 ms"),
        (0.5, "500毫秒", "500 ms"),
        (1, "1秒", "1 s"),
        (61, "1分1秒", "1 min 1 s"),
        (3600, "1小时", "1 h"),
        (3605, "1小时", "1 h"),
        (7500, "2小时5分", "2 h 5 min"),
        (90_061, "1天1小时", "1 d 1 h"),
    ],
)
def test_durations(seconds: float, chinese: str, english: str) -> None:
    assert duration_text(seconds, language="zh") == chinese
    assert duration_text(seconds, language="en") == english


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0, "0.0%"),
        (1, "100.0%"),
        (0.1234, "12.3%"),
        (0.00001, "<0.1%"),
        (None, "–"),
        (-0.05, "−5.0%"),
    ],
)
def test_shares(share: float | None, text: str) -> None:
    assert share_text(share) == text


@pytest.mark.parametrize(
    ("change", "text"), [(0.125, "+12.5%"), (-0.03, "−3.0%"), (0.0001, "±0.0%"), (None, "–")]
)
def test_changes(change: float | None, text: str) -> None:
    assert change_text(change) == text


@given(st.integers(-(10**15), 10**15), st.sampled_from(["zh", "en"]))
def test_a_glance_is_near_the_truth(number: int, language: str) -> None:
    units = {"": 1, "万": 10**4, "亿": 10**8, "K": 10**3, "M": 10**6, "B": 10**9}
    text = short_text(Decimal(number), language=language).replace(",", "").replace("−", "-")
    unit = text[-1] if text[-1] in units else ""
    shown = Decimal(text.removesuffix(unit)) * units[unit]
    assert abs(shown - number) <= Decimal(abs(number)) * Decimal("0.005")


@given(st.integers(-(10**18), 10**18))
def test_counts_lose_nothing(count: int) -> None:
    assert int(count_text(count).replace(",", "").replace("−", "-")) == count
