"""How figures are written for people: money, counts, shares, durations, in the reader's language.

Chinese counts in 万 (1e4) and 亿 (1e8), English in K, M and B. Every function takes the language as
`zh` or `en` and gives plain text.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from django.utils.translation import get_language

from fengkong.core.money import exponent

NOTHING: Final = "–"
"""What stands for a figure that does not exist."""

_MINUS: Final = "−"
_SCALES: Final = {
    "zh": ((Decimal(10) ** 8, "亿"), (Decimal(10) ** 4, "万")),
    "en": ((Decimal(10) ** 9, "B"), (Decimal(10) ** 6, "M"), (Decimal(10) ** 3, "K")),
}
_SIGNS: Final = {"CNY": "¥", "USD": "$", "EUR": "€", "GBP": "£", "HKD": "HK$", "JPY": "JP¥"}
_DURATIONS: Final = (
    (86_400, "天", "d"),
    (3_600, "小时", "h"),
    (60, "分", "min"),
    (1, "秒", "s"),
)


def reading_language() -> str:
    """`zh` or `en`: the language of whoever reads this page."""
    return "zh" if (get_language() or "zh").startswith("zh") else "en"


def count_text(count: int | None) -> str:
    """A whole number with separators: ``1,234,567``."""
    if count is None:
        return NOTHING
    return f"{_MINUS if count < 0 else ''}{abs(count):,}"


def short_text(number: Decimal | float | None, *, language: str) -> str:
    """A number of three or four digits and its scale: ``12.3万``, ``1.23M``."""
    if number is None:
        return NOTHING
    exact = Decimal(str(number))
    sign, size = _MINUS if exact < 0 else "", abs(exact)
    scales = _SCALES[language]
    for place, (scale, unit) in enumerate(scales):
        if size < scale:
            continue
        shown = _three_digits(size / scale)
        # 999,999 is 1M rather than 1,000K.
        if place and shown * scale >= scales[place - 1][0]:
            bigger, unit = scales[place - 1]
            shown = _three_digits(size / bigger)
        return f"{sign}{_plain(shown)}{unit}"
    return f"{sign}{_plain(_three_digits(size))}"


def money_text(amount_minor: int | None, *, currency: str) -> str:
    """An exact amount: ``¥1,234.50``, ``CAD 12.00``."""
    if amount_minor is None:
        return NOTHING
    digits = exponent(currency)
    value = Decimal(abs(amount_minor)).scaleb(-digits)
    return f"{_MINUS if amount_minor < 0 else ''}{_sign(currency)}{value:,.{digits}f}"


def short_money_text(amount_minor: int | None, *, currency: str, language: str) -> str:
    """An amount at a glance: ``¥12.3万``, ``$1.23M``; small ones are exact."""
    if amount_minor is None:
        return NOTHING
    value = Decimal(abs(amount_minor)).scaleb(-exponent(currency))
    if value < _SCALES[language][-1][0]:
        return money_text(amount_minor, currency=currency)
    sign = _MINUS if amount_minor < 0 else ""
    return f"{sign}{_sign(currency)}{short_text(value, language=language)}"


def share_text(share: float | None, *, digits: int = 1) -> str:
    """A share of one as a percentage: ``12.5%``; what is not nothing is not shown as nothing."""
    if share is None:
        return NOTHING
    least = 10 ** -(digits + 2)
    if 0 < abs(share) < least / 2:
        return f"<{100 * least:.{digits}f}%"
    return f"{100 * share:.{digits}f}%".replace("-", _MINUS)


def duration_text(seconds: float | None, *, language: str) -> str:
    """A length of time in its two largest units: ``2 h 5 min``, ``2小时5分``, ``35 ms``."""
    if seconds is None:
        return NOTHING
    if abs(seconds) < 1:
        unit = " ms" if language == "en" else "毫秒"
        shown = 1000 * seconds
        return f"{shown:.2f}{unit}" if 0 < shown < 10 else f"{shown:.0f}{unit}"
    left = round(abs(seconds))
    parts: list[str] = []
    for length, chinese, english in _DURATIONS:
        amount, rest = divmod(left, length)
        if amount:
            parts.append(f"{amount} {english}" if language == "en" else f"{amount}{chinese}")
            left = rest
        elif parts:
            break
        if len(parts) == 2:
            break
    joined = (" " if language == "en" else "").join(parts)
    return f"{_MINUS if seconds < 0 else ''}{joined}"


def change_text(change: float | None) -> str:
    """A relative change with its sign: ``+12.5%``, ``−3.0%``, ``±0.0%``."""
    if change is None:
        return NOTHING
    shown = f"{100 * abs(change):.1f}%"
    if shown == "0.0%":
        return f"±{shown}"
    return f"{'+' if change > 0 else _MINUS}{shown}"


def _sign(currency: str) -> str:
    return _SIGNS.get(currency) or f"{currency} "


def _three_digits(value: Decimal) -> Decimal:
    """Rounded to three digits that mean something, never below the whole ones."""
    places = 2 if value < 10 else 1 if value < 100 else 0
    return value.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)


def _plain(value: Decimal) -> str:
    text = f"{value:,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
