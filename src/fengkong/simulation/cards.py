"""A big flat stream of card payments for benchmarks, drawn in columns.

Not the platform: no days, no truth, only keys and amounts with the skew of real traffic, fast
enough for ten million rows.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt
from numpy.random import Generator

from fengkong.core.errors import RiskError
from fengkong.core.instants import SECOND_US, parse_instant
from fengkong.simulation.seeds import Stream, generator

CARD_STREAM_MAX: Final = 100_000_000
_START: Final = parse_instant("2026-01-01T00:00:00+08:00")
_EVENTS_PER_SECOND: Final = 12.0
_FRAUD_SHARE: Final = 0.008
_CUSTOMERS_PER_EVENT: Final = 0.004


class InvalidCardStreamError(RiskError):
    """A stream of card payments is asked for that is empty or too long."""

    code = "simulation.invalid_card_stream"
    hint = "Give 1 to 100,000,000 rows."


def card_stream(*, rows: int, seed: int) -> dict[str, npt.NDArray[Any]]:
    """Columns of `rows` card payments in order of time.

    `occurred_at` int64 microseconds, non-decreasing; `customer`, `card`, `device`, `ip`,
    `merchant`, `terminal` int64 numbers from zero; `amount` int64 minor units; `is_fraud` bool.
    """
    if not 1 <= rows <= CARD_STREAM_MAX:
        raise InvalidCardStreamError(f"{rows} rows")
    dice = generator(seed=seed, key=(Stream.CARDS,))
    customers = max(50, int(rows * _CUSTOMERS_PER_EVENT))
    customer = _skewed(dice, rows=rows, many=customers)
    terminal = _skewed(dice, rows=rows, many=max(100, customers * 2))
    throw = dice.random(rows, dtype=np.float32)
    is_fraud = throw < _FRAUD_SHARE
    shifted = (throw > 0.9).astype(np.int64)
    return {
        "occurred_at": _times(dice, rows=rows),
        "customer": customer,
        "card": customer * 2 + (throw > 0.8),
        # Frauds come from few devices and addresses, some customers share theirs.
        "device": np.where(is_fraud, customer % 97, customer + shifted * 7),
        "ip": np.where(is_fraud, customer % 61, customer // 3 + shifted * 11),
        "merchant": terminal // 4,
        "terminal": terminal,
        "amount": _amounts(dice, rows=rows, customer=customer, is_fraud=is_fraud),
        "is_fraud": is_fraud,
    }


def _skewed(dice: Generator, *, rows: int, many: int) -> npt.NDArray[np.int64]:
    """Keys of which a few are hot: the square of a uniform prefers the low numbers."""
    uniform = dice.random(rows, dtype=np.float32)
    keys = (uniform * uniform * np.float32(many)).astype(np.int64)
    return np.minimum(keys, many - 1)


def _times(dice: Generator, *, rows: int) -> npt.NDArray[np.int64]:
    """Whole seconds, as card systems keep them, so that there are ties."""
    gaps = dice.standard_exponential(rows, dtype=np.float32) / np.float32(_EVENTS_PER_SECOND)
    seconds = np.cumsum(gaps, dtype=np.float64).astype(np.int64)
    return _START + seconds * SECOND_US


def _amounts(
    dice: Generator,
    *,
    rows: int,
    customer: npt.NDArray[np.int64],
    is_fraud: npt.NDArray[np.bool_],
) -> npt.NDArray[np.int64]:
    level = np.float32(20.0) + (customer % 80).astype(np.float32)
    spread = np.exp(np.float32(0.6) * dice.standard_normal(rows, dtype=np.float32))
    amount = level * spread * np.where(is_fraud, np.float32(3.0), np.float32(1.0))
    fen: npt.NDArray[np.int64] = np.maximum((amount * 100).astype(np.int64), 1)
    return fen
