"""Money is an integer number of minor units with a currency (ISO 4217)."""

from __future__ import annotations

import re
from typing import Final

from fengkong.core.errors import RiskError

AMOUNT_MINOR_MAX: Final = 10**13
"""Largest amount of one event, in minor units: sums of a million such amounts fit an int64."""

_TWO_DIGITS = """
AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF
CHF CNY COP CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL
HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP
MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD
SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS
VED VES WST XCD YER ZAR ZMW ZWG
""".split()
_EXPONENTS: Final[dict[str, int]] = (
    dict.fromkeys(_TWO_DIGITS, 2)
    | dict.fromkeys("BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF".split(), 0)
    | dict.fromkeys("BHD IQD JOD KWD LYD OMR TND".split(), 3)
)
_DECIMAL: Final = re.compile(r"(-?)(0|[1-9][0-9]{0,17})(?:\.([0-9]{1,8}))?", re.ASCII)


class UnknownCurrencyError(RiskError):
    """A currency is not an active code of ISO 4217."""

    code = "money.unknown_currency"
    hint = "Give a three-letter ISO 4217 code such as CNY."


class InvalidAmountError(RiskError):
    """An amount is not a plain decimal of its currency."""

    code = "money.invalid_amount"
    hint = 'Give a decimal string such as "12.30" with no more digits than the currency has.'


def exponent(currency: str) -> int:
    """Digits after the decimal point of a currency: 2 for CNY, 0 for JPY, 3 for KWD."""
    try:
        return _EXPONENTS[currency]
    except KeyError:
        raise UnknownCurrencyError(f"unknown currency {currency[:8]!r}") from None


def parse_minor(text: str, *, currency: str) -> int:
    """Minor units of a decimal string: ``parse_minor("12.3", currency="CNY") == 1230``.

    Refuses exponents, signs other than one minus, minus zero, leading zeros, separators, more
    digits than the currency has, and more than `AMOUNT_MINOR_MAX`.
    """
    digits = exponent(currency)
    match = _DECIMAL.fullmatch(text)
    if match is None:
        raise InvalidAmountError(f"{text[:40]!r} is not a decimal amount")
    sign, whole, fraction = match[1], match[2], match[3] or ""
    if len(fraction) > digits:
        raise InvalidAmountError(
            f"{text[:40]!r} has more than {digits} decimal places ({currency})"
        )
    minor = int(whole) * int(10**digits) + int(fraction.ljust(digits, "0") or "0")
    if minor == 0 and sign:
        raise InvalidAmountError("minus zero is not an amount")
    if minor > AMOUNT_MINOR_MAX:
        limit = format_minor(AMOUNT_MINOR_MAX, currency=currency)
        raise InvalidAmountError(f"{text[:40]} is above the largest amount, {limit} {currency}")
    return -minor if sign else minor


def format_minor(minor: int, *, currency: str) -> str:
    """The decimal string of minor units: ``format_minor(1230, currency="CNY") == "12.30"``."""
    digits = exponent(currency)
    whole, fraction = divmod(abs(minor), 10**digits)
    sign = "-" if minor < 0 else ""
    return f"{sign}{whole}.{fraction:0{digits}d}" if digits else f"{sign}{whole}"
