"""Transfers between customers who mostly use what is theirs, and labels that come now and then."""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from fengkong.core.instants import DAY_US
from fengkong.events.catalogue import shipped_catalogue
from fengkong.events.columns import Column, EventColumns

SEED: Final = 20_260_501
CUSTOMERS: Final = 20_000
DAYS: Final = 30
SHARED: Final = 0.01
"""Share of transfers on the phone, or with the card, of another customer."""
_LABELS: Final = 0.001
_START: Final = 1_777_593_600_000_000


def transfer_columns(*, events: int, shared: float = SHARED) -> EventColumns:
    """Transfers of a month in order of time; one in a thousand events is a label."""
    dice = np.random.default_rng(SEED)
    catalogue = shipped_catalogue()
    customer = dice.integers(0, CUSTOMERS, events)
    own = {
        "device": _perhaps_another(customer, dice, share=shared),
        "card": _perhaps_another(customer, dice, share=shared),
        "account": customer,
        # Few are paid often, as a landlord is, and most now and then.
        "payee_account": (dice.random(events) ** 2 * CUSTOMERS).astype(np.int64),
        "customer": customer,
    }
    letters = {"payee_account": "a"}
    values: dict[str, Column] = {
        name: pl.Series(numbers).cast(pl.String).str.replace("^", letters.get(name, name[0]))
        for name, numbers in own.items()
    }
    labels = dice.random(events) < _LABELS
    types = np.where(
        labels,
        catalogue.type_names.index("label.confirmed"),
        catalogue.type_names.index("transfer.initiated"),
    )
    values["amount"] = np.where(labels, np.nan, dice.integers(1_000, 900_000, events))
    values["is_fraud"] = np.where(labels, 1.0, np.nan)
    return EventColumns(
        types=types.astype(np.int16),
        ids=pl.int_range(events, eager=True).cast(pl.String),
        occurred_at=_START + np.arange(events) * (DAYS * DAY_US // events),
        currencies=pl.Series(["CNY"]).new_from_index(0, events),
        values=values,
        rows=np.arange(1, events + 1),
        catalogue=catalogue,
    )


def _perhaps_another(
    own: NDArray[np.int64], dice: np.random.Generator, *, share: float
) -> NDArray[np.int64]:
    other = dice.integers(0, CUSTOMERS, len(own))
    return np.where(dice.random(len(own)) < share, other, own)
