"""A small world of card payments with planted fraud, in the columns of the handbook's data."""

from pathlib import Path

import numpy as np
import polars as pl

DAY_US = 86_400_000_000
FIRST_US = 1_522_540_800_000_000  # 2018-04-01T00:00:00Z
CONFIG = """
training: small_payments
version: 2
title: {zh: 小型试验, en: A small trial}
description: {zh: 测试用, en: For tests}
policy: card_payments
features:
  customer_amount_mean_before: mean(amount) over customer excluding current
  amount_to_mean_before: ratio(amount, customer_amount_mean_before)
  terminal_fraud_count_7d_delayed_7d: >-
    count() over terminal last 7d delayed 7d where is_fraud
inputs: [amount, amount_to_mean_before, customer_payment_count_7d,
  terminal_fraud_rate_7d_delayed_7d, terminal_fraud_count_7d_delayed_7d]
increasing: [amount]
truth: {from: rows, delay: 7d}
window: {from: "2018-05-06", days: 7, test_days: 7}
history: all
warm_up: 7d
least_frauds: 20
model: {kind: trees, bags: 2, rounds: 15, parameters: {min_child_samples: 5}}
search: {num_leaves: [3, 5]}
validation: {windows: 2, step: 7d}
judge: {known_excluded: true, top: 5, segments: [amount]}
published:
  - name: {zh: 别人, en: Others}
    roc_auc: 0.8
"""


def payments(*, days: int = 56, seed: int = 5) -> pl.DataFrame:
    """About ninety payments a day of sixty customers at thirty terminals, some of them bad."""
    dice = np.random.default_rng(seed)
    count = days * 90
    at = np.sort(dice.integers(0, days * DAY_US // 1_000_000, count)) * 1_000_000
    customers, terminals = dice.integers(0, 60, count), dice.integers(0, 30, count)
    amounts = np.round(np.maximum(1.0, dice.normal(20 + customers, 8)), 2)
    day = at // DAY_US
    bad_terminal = (terminals == (day // 14) * 3 % 30) & (day % 14 < 12)
    leaked = (customers == (day // 5) * 7 % 60) & (dice.random(count) < 0.6)
    amounts = np.where(leaked, np.round(amounts * 5, 2), amounts)
    return pl.DataFrame(
        {
            "TRANSACTION_ID": np.arange(count),
            "TX_DATETIME": pl.Series(FIRST_US + at).cast(pl.Datetime("us")),
            "CUSTOMER_ID": customers,
            "TERMINAL_ID": terminals,
            "TX_AMOUNT": amounts,
            "TX_FRAUD": (bad_terminal | leaked | (amounts > 220)).astype(np.int64),
        }
    )


def written(folder: Path, frame: pl.DataFrame | None = None) -> tuple[Path, Path]:
    """The payments and the configuration as files."""
    events, config = folder / "payments.parquet", folder / "training.yaml"
    (payments() if frame is None else frame).write_parquet(events)
    config.write_text(CONFIG, encoding="utf-8")
    return events, config
