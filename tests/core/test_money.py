"""Money: exact minor units, strict texts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fengkong.core.money import (
    AMOUNT_MINOR_MAX,
    InvalidAmountError,
    UnknownCurrencyError,
    exponent,
    format_minor,
    parse_minor,
)

CURRENCIES = ["CNY", "USD", "EUR", "JPY", "KRW", "KWD", "BHD"]


@pytest.mark.parametrize(
    ("currency", "digits"), [("CNY", 2), ("EUR", 2), ("JPY", 0), ("KWD", 3), ("CLP", 0)]
)
def test_digits_of_a_currency(currency: str, digits: int) -> None:
    assert exponent(currency) == digits


@pytest.mark.parametrize("currency", ["", "cny", "RMB", "XXX", "CNY ", "DEM", "人民币", "C" * 999])
def test_unknown_currencies(currency: str) -> None:
    with pytest.raises(UnknownCurrencyError):
        exponent(currency)


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("0", "CNY", 0),
        ("0.00", "CNY", 0),
        ("0.01", "CNY", 1),
        ("12.3", "CNY", 1230),
        ("12.30", "CNY", 1230),
        ("-12.30", "CNY", -1230),
        ("57.16", "EUR", 5716),
        ("1200", "JPY", 1200),
        ("1.234", "KWD", 1234),
        ("100000000000", "CNY", AMOUNT_MINOR_MAX),
        ("-100000000000", "CNY", -AMOUNT_MINOR_MAX),
        ("10000000000000", "JPY", AMOUNT_MINOR_MAX),
        ("0.1", "KWD", 100),
    ],
)
def test_parsed(text: str, currency: str, minor: int) -> None:
    assert parse_minor(text, currency=currency) == minor


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "1 ",
        "+1",
        "--1",
        "-0",
        "-0.00",
        "01",
        "00",
        ".5",
        "5.",
        "1,000",
        "1_000",
        "1e3",
        "0x1F",
        "NaN",
        "inf",
        "1.234",
        "1.230",
        "１",
        "١",
        "1\n",
        "1.00\x00",
        "¥1",
        "100000000000.01",
        "9" * 18,
        "9" * 5000,
    ],
)
def test_refused(text: str) -> None:
    with pytest.raises(InvalidAmountError):
        parse_minor(text, currency="CNY")


def test_no_fraction_where_a_currency_has_none() -> None:
    with pytest.raises(InvalidAmountError, match="more than 0 decimal places"):
        parse_minor("1.0", currency="JPY")


@given(
    st.integers(min_value=-AMOUNT_MINOR_MAX, max_value=AMOUNT_MINOR_MAX),
    st.sampled_from(CURRENCIES),
)
def test_what_is_written_is_read_back(minor: int, currency: str) -> None:
    text = format_minor(minor, currency=currency)
    assert parse_minor(text, currency=currency) == minor


@given(st.text(max_size=30), st.sampled_from(CURRENCIES))
def test_any_text_is_an_amount_or_a_risk_error(text: str, currency: str) -> None:
    try:
        minor = parse_minor(text, currency=currency)
    except InvalidAmountError:
        return
    assert abs(minor) <= AMOUNT_MINOR_MAX
