"""Events in columns and back."""

import numpy as np
import polars as pl

from fengkong.events.catalogue import shipped_catalogue
from fengkong.events.columns import EventColumns
from fengkong.events.event import Event

EVENTS = [
    Event(
        type="payment.initiated",
        id="a",
        occurred_at=1_700_000_000_000_001,
        currency="CNY",
        values={"amount": 12345, "card": "c", "place": (31.2, -0.5), "card_present": False},
    ),
    Event(
        type="login.attempted",
        id="b",
        occurred_at=1_700_000_000_000_002,
        values={"customer": "x", "succeeded": True, "device_first_seen_at": 1_600_000_000_000_000},
    ),
    Event(
        type="loan.applied",
        id="c",
        occurred_at=1_700_000_000_000_003,
        currency="USD",
        values={"customer": "y", "loan_amount": 1, "age": 30, "annual_rate": 0.18},
    ),
]


def test_there_and_back() -> None:
    columns = EventColumns.from_events(EVENTS)
    assert columns.to_events() == EVENTS
    assert columns.rows.tolist() == [1, 2, 3]
    assert columns.types.tolist() == [
        shipped_catalogue().type_names.index(event.type) for event in EVENTS
    ]
    assert np.isnan(columns.values["amount"][1])
    assert columns.values["place.lon"][0] == -0.5
    assert columns.values["card"].to_list() == ["c", None, None]


def test_take_keeps_rows_and_order() -> None:
    columns = EventColumns.from_events(EVENTS, rows=[7, 8, 9])
    assert columns.take(np.array([False, True, True])).rows.tolist() == [8, 9]
    assert columns.take(np.array([2, 0])).to_events() == [EVENTS[2], EVENTS[0]]


def test_integers_of_an_entity_read_as_their_digits() -> None:
    columns = EventColumns.from_events(EVENTS[:1])
    columns.values["card"] = pl.Series([596])
    assert columns.to_events()[0].values["card"] == "596"


def test_no_events_at_all() -> None:
    assert EventColumns.from_events([]).to_events() == []
