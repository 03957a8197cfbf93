"""Payments with five entities and a few words, in columns as a reader would give them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from fengkong.events.catalogue import shipped_catalogue
from fengkong.events.columns import Column, EventColumns
from fengkong.simulation.cards import card_stream

BATCH_ROWS: Final = 65_536
"""What the readers of files give at a time."""
SEED: Final = 20_260_102
_SLOWED: Final = 90
_ENTITIES: Final = ("customer", "card", "device", "ip", "merchant", "terminal")
_CHANNELS: Final = ("app", "app", "web", "api")
_COUNTRIES: Final = ("CN", "CN", "CN", "CN", "CN", "CN", "HK", "MO", "US", "NG")


def payment_columns(*, events: int) -> EventColumns:
    """Simulated payments over weeks (the card stream, slowed down), in order of time."""
    stream = card_stream(rows=events, seed=SEED)
    start = stream["occurred_at"][0]
    catalogue = shipped_catalogue()
    values: dict[str, Column] = {name: pl.Series(stream[name]) for name in _ENTITIES}
    values["amount"] = stream["amount"].astype(np.float64)
    values["is_fraud"] = stream["is_fraud"].astype(np.float64)
    values["channel"] = _words(_CHANNELS, stream["device"] % len(_CHANNELS))
    values["card_country"] = _words(_COUNTRIES, stream["card"] % len(_COUNTRIES))
    values["ip_country"] = _words(_COUNTRIES, stream["ip"] % len(_COUNTRIES))
    number = catalogue.type_names.index("payment.initiated")
    return EventColumns(
        types=np.full(events, number, dtype=np.int16),
        ids=pl.int_range(events, eager=True).cast(pl.String),
        occurred_at=start + (stream["occurred_at"] - start) * _SLOWED,
        currencies=pl.Series(["CNY"]).new_from_index(0, events),
        values=values,
        rows=np.arange(1, events + 1),
        catalogue=catalogue,
    )


def batches(columns: EventColumns) -> Iterator[EventColumns]:
    """The same events in batches."""
    for start in range(0, len(columns), BATCH_ROWS):
        yield columns.take(np.arange(start, min(start + BATCH_ROWS, len(columns))))


def _words(words: tuple[str, ...], index: NDArray[np.int64]) -> pl.Series:
    return pl.Series(words).gather(pl.Series(index).cast(pl.UInt32))
