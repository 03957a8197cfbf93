"""What a back-test remembers of each event: a few numbers in arrays, never the event itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from fengkong.core.hashing import hash_series
from fengkong.decisions.frame import Frame
from fengkong.decisions.policy import Policy
from fengkong.events.columns import EventColumns

GOOD, FRAUD, UNLABELLED = 0, 1, 2
"""What is known about an event."""
STAKES: Final = ("amount", "loan_amount")
"""Money fields that say what an event is worth; the first one that it has counts."""
FACT_BYTES: Final = 35
"""Bytes a fact takes: id 8, instant 8, stake 8, customer 8, type 2, truth of the row 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Events side by side, in the order in which they happened to be read.

    ids and customers are the first half of a 128-bit hash (0: missing); stakes are minor units of
    `currency` (NaN: none); row_truth is GOOD, FRAUD or UNLABELLED as the row said.
    """

    currency: str
    ids: NDArray[np.uint64]
    occurred_at: NDArray[np.int64]
    types: NDArray[np.int16]
    stakes: NDArray[np.float64]
    customers: NDArray[np.uint64]
    row_truth: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.ids)


class FactLog:
    """Gathers the facts of chosen events, batch by batch."""

    def __init__(self, policy: Policy) -> None:
        self._frame = Frame(
            cells=STAKES,
            hashed=["customer"],
            texts=[],
            catalogue=policy.catalogue,
            currency=policy.scope.currency,
            rates=policy.rates,
        )
        self._parts: list[Facts] = []

    def read(self, columns: EventColumns) -> None:
        """Remember these events."""
        part = self._frame.of_columns(columns)
        first, second = part.cells.T
        self._parts.append(
            Facts(
                currency=self._frame.currency,
                ids=hash_series(columns.ids)[:, 0].copy(),
                occurred_at=columns.occurred_at.copy(),
                types=columns.types.copy(),
                stakes=np.where(np.isnan(first), second, first),
                customers=part.hashes["customer"][:, 0].copy(),
                row_truth=_row_truth(columns),
            )
        )

    def facts(self) -> Facts:
        """All of them; the log is empty afterwards, so that memory is not held twice."""
        parts, self._parts = self._parts, []
        return Facts(
            currency=self._frame.currency,
            ids=joined([part.ids for part in parts], np.uint64),
            occurred_at=joined([part.occurred_at for part in parts], np.int64),
            types=joined([part.types for part in parts], np.int16),
            stakes=joined([part.stakes for part in parts], np.float64),
            customers=joined([part.customers for part in parts], np.uint64),
            row_truth=joined([part.row_truth for part in parts], np.uint8),
        )


def joined(parts: Sequence[NDArray[Any]], kind: type[np.generic]) -> NDArray[Any]:
    """Arrays one after another; an empty one of the kind where there are none."""
    return np.concatenate(parts) if parts else np.empty(0, dtype=kind)


def _row_truth(columns: EventColumns) -> NDArray[np.uint8]:
    cells = columns.values.get("is_fraud")
    truth = np.full(len(columns), UNLABELLED, dtype=np.uint8)
    if cells is not None:
        values = np.asarray(cells, dtype=np.float64)
        truth[values == 1.0] = FRAUD
        truth[values == 0.0] = GOOD
    return truth


def local_days(instants: NDArray[np.int64], *, time_zone: str) -> NDArray[np.int64]:
    """The calendar day of each instant (us) in a time zone, as days since 1970."""
    stamps = pl.Series(instants).cast(pl.Datetime("us", "UTC"))
    days = stamps.dt.convert_time_zone(time_zone).dt.date().to_physical()
    return days.to_numpy().astype(np.int64)
