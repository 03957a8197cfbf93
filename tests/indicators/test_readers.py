"""Readers: money to the minor unit, rows aggregated by day, what cannot be read named."""

from datetime import date

import polars as pl
import pytest

from fengkong.events.columns import EventColumns
from fengkong.events.event import Event
from fengkong.indicators.errors import UnreadableSourceError
from fengkong.indicators.library_file import shipped_library
from fengkong.indicators.readers import (
    read_content,
    read_file,
    rows_of_archive,
    rows_of_events,
    table_of_rows,
)

LIBRARY = shipped_library()
FLOWS = LIBRARY.source("fund_flows")


def test_money_of_a_csv_is_exact(tmp_path) -> None:
    path = tmp_path / "investors.csv"
    path.write_text("day,investor,held,redeemable_at_once\n2026-01-01,a,1234567890.29,0.07\n")
    table = read_file(LIBRARY.source("investors"), path)
    assert table.rows() == [(date(2026, 1, 1), "a", 123456789029, 7)]


def test_parquet_holds_minor_units_where_it_holds_whole_numbers(tmp_path) -> None:
    path = tmp_path / "investors.parquet"
    held = pl.DataFrame({"day": [date(2026, 1, 1)], "held": [129], "redeemable_at_once": [0.29]})
    held.write_parquet(path)
    assert read_file(LIBRARY.source("investors"), path).rows() == [
        (date(2026, 1, 1), "all", 129, 29)
    ]


ROWS = """occurred_at,event_type,amount,customer,fast_redemption,channel,fund_kind
2026-01-01T15:59:59Z,fund.redeemed,10.50,a,true,app,money_market
2026-01-01T16:00:00Z,fund.redeemed,60000,a,false,app,money_market
2026-01-02T01:00:00Z,fund.redeemed,1,b,,app,money_market
2026-01-02T02:00:00Z,fund.subscribed,7.01,a,,web,bond
"""


def test_rows_are_aggregated_by_day_of_the_time_zone() -> None:
    table = read_content(FLOWS, ROWS.encode(), form="csv", name="rows.csv")
    columns = ["day", "fund_kind", "channel", "purchased", "redeemed", "fast_redeemed"]
    columns += ["redemptions", "large_redemptions", "redeemers"]
    assert table.select(columns).rows() == [
        (date(2026, 1, 1), "money_market", "app", 0, 1050, 1050, 1, 0, 1),
        (date(2026, 1, 2), "bond", "web", 701, 0, 0, 0, 0, 0),
        (date(2026, 1, 2), "money_market", "app", 0, 6000100, 0, 2, 1, 2),
    ]


def test_events_give_the_rows_of_a_source() -> None:
    events = [
        Event(
            type="fund.redeemed",
            id="1",
            occurred_at=1_767_225_600_000_000,
            currency="CNY",
            values={"customer": "a", "fund": "f", "amount": 1050, "channel": "app"},
        ),
        Event(
            type="login.attempted",
            id="2",
            occurred_at=1_767_225_600_000_000,
            currency=None,
            values={"customer": "a", "succeeded": False},
        ),
    ]
    batch = EventColumns.from_events(events)
    rows = rows_of_events(FLOWS, [batch])
    table = table_of_rows(FLOWS, rows, name="events")
    assert table.select("day", "channel", "redeemed", "redemptions").rows() == [
        (date(2026, 1, 1), "app", 1050, 1)
    ]
    source = LIBRARY.source("sign_ins")
    signed = table_of_rows(source, rows_of_events(source, [batch]), name="events")
    assert signed.select("sign_ins", "failed", "customers").rows() == [(1, 1, 1)]


def test_the_archive_says_what_was_decided(tmp_path) -> None:
    path = tmp_path / "2026-01-01.parquet"
    pl.DataFrame(
        {
            "recorded_at": [1_767_225_600_000_000] * 3,
            "kind": ["decision", "decision", "policy"],
            "outcome": ["deny", "allow", None],
            "policy": ["p", "p", "p"],
            "degraded": [False, True, False],
            "late": [False, False, False],
        }
    ).with_columns(pl.col("recorded_at").cast(pl.Datetime("us", "UTC"))).write_parquet(path)
    source = LIBRARY.source("decisions")
    table = table_of_rows(source, rows_of_archive([path]), name="archive")
    wanted = ["day", "decisions", "denied", "degraded", "late"]
    assert table.select(wanted).rows() == [(date(2026, 1, 1), 2, 1, 1, 0)]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.txt", b"", "is none of"),
        ("a.csv", b"", "not readable as csv"),
        ("a.parquet", b"no", "not readable as parquet"),
        ("a.json", b"{", "not readable as json"),
        ("a.csv", b"held\n1\n", "neither a column day"),
        ("a.csv", b"day,held\n1 May,1\n", "a day cannot be read"),
        ("a.csv", b"day,held\n2026-01-01,much\n", "a value cannot be read"),
    ],
)
def test_what_cannot_be_read_is_named(tmp_path, name, content, message) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(UnreadableSourceError, match=message):
        read_file(LIBRARY.source("investors"), path)


def test_a_missing_file_is_named(tmp_path) -> None:
    with pytest.raises(UnreadableSourceError, match="No such file"):
        read_file(LIBRARY.source("investors"), tmp_path / "none.csv")


def test_the_fields_of_journal_sources_are_those_of_events() -> None:
    from fengkong.events.catalogue import shipped_catalogue

    catalogue = shipped_catalogue()
    decided = {"outcome", "degraded", "late", "unknown_rules", "points", "list_hits", "event_type"}
    for source in LIBRARY.sources.values():
        assert all(event in catalogue.types for event in source.events), source.id
        if source.events:
            fields = (set(source.rows) | set(source.segments)) - decided
            assert fields <= set(catalogue.fields), (source.id, fields - set(catalogue.fields))
