"""Forty made-up fields of a payment: twenty-eight numbers, six words, six truths; none missing.

Missing values mean something else in each language, so there are none here.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np

NUMBERS: Final = {
    "amount": 900.0,
    "amount_mean_7d": 500.0,
    "amount_mean_30d": 500.0,
    "amount_max_30d": 1500.0,
    "amount_sum_1d": 2500.0,
    "balance_before": 8000.0,
    "typing_interval_ms": 150.0,
    "speed_kmh": 120.0,
    "merchant_fraud_rate_90d": 0.01,
    "terminal_fraud_rate_30d": 0.02,
    "hours_since_password_change": 400.0,
    "minutes_since_previous": 300.0,
}
"""Fractions, by the mean of their exponential distribution."""
COUNTS: Final = {
    "account_age_days": 300.0,
    "card_age_days": 200.0,
    "customer_age": 38.0,
    "count_10m": 1.5,
    "count_1h": 3.0,
    "count_24h": 8.0,
    "count_7d": 30.0,
    "declined_1h": 0.7,
    "declined_24h": 3.0,
    "devices_7d": 1.4,
    "cards_device_7d": 1.3,
    "customers_device_7d": 1.3,
    "customers_ip_1h": 1.6,
    "ips_24h": 1.5,
    "merchants_24h": 3.0,
    "merchant_count_30d": 60.0,
}
"""Whole numbers, by the same, rounded down."""
WORDS: Final = {
    "channel": ("app", "web", "pos", "api"),
    "card_country": ("CN", "CN", "CN", "HK", "US", "NG"),
    "ip_country": ("CN", "CN", "CN", "HK", "MO", "US", "RU"),
    "merchant_category": ("groceries", "electronics", "travel", "jewellery", "crypto", "gambling"),
    "entry_mode": ("chip", "contactless", "stripe", "keyed"),
    "operating_system": ("ios", "android", "windows", "macos", "linux"),
}
TRUTHS: Final = {
    "is_new_payee": 0.3,
    "emulator": 0.05,
    "rooted": 0.1,
    "remote_controlled": 0.05,
    "call_in_progress": 0.1,
    "second_factor_passed": 0.6,
}
"""Truths, by how often they are true."""
FIELDS: Final = (*NUMBERS, *COUNTS, *WORDS, *TRUTHS)


def rows(*, count: int, seed: int) -> list[dict[str, Any]]:
    """Random payments; every number is a float, as CEL does not add whole numbers to fractions."""
    dice = np.random.default_rng(seed)
    columns: dict[str, list[Any]] = {}
    for name, mean in NUMBERS.items():
        columns[name] = dice.exponential(mean, count).round(6).tolist()
    for name, mean in COUNTS.items():
        columns[name] = np.floor(dice.exponential(mean, count)).tolist()
    for name, words in WORDS.items():
        columns[name] = [words[i] for i in dice.integers(len(words), size=count)]
    for name, often in TRUTHS.items():
        columns[name] = (dice.random(count) < often).tolist()
    return [
        dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)
    ]


def conditions() -> list[str]:
    """The fifty conditions in our language."""
    text = (Path(__file__).parent / "fifty_rules.txt").read_text(encoding="utf-8")
    return [line for line in text.splitlines() if line and not line.startswith("#")]
