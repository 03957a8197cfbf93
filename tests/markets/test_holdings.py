"""What investors hold by day, against a walk over each investor's orders."""

from datetime import date, timedelta

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from fengkong.markets.holdings import holdings_by_day

BEGIN = date(2026, 1, 1)
SCHEMA = {"investor": pl.String, "day": pl.Date, "amount": pl.Int64, "at_once": pl.Boolean}
ORDER = st.tuples(st.sampled_from("ab"), st.integers(0, 12), st.integers(-500, 500), st.booleans())


def on(day: int) -> date:
    return BEGIN + timedelta(days=day)


def orders(*rows: tuple[str, int, int, bool]) -> pl.DataFrame:
    known = [(who, on(day), amount, at_once) for who, day, amount, at_once in rows]
    return pl.DataFrame(known, schema=SCHEMA, orient="row")


@settings(max_examples=100, deadline=None)
@given(st.lists(ORDER, min_size=1, max_size=12))
def test_holdings_are_never_negative_and_the_least_that_agrees_with_the_orders(rows) -> None:
    found = holdings_by_day(orders(*rows), since=on(4), until=on(10))
    held = {(row[0], row[1]): row[2:] for row in found.iter_rows()}
    for who in "ab":
        ways = {}
        for at_once in (True, False):
            days = [
                sum(n for name, day, n, way in rows if (name, way) == (who, at_once) and day <= at)
                for at in range(13)
            ]
            known = any((name, way) == (who, at_once) for name, _, _, way in rows)
            ways[at_once] = [one - min(0, *days) if known else 0 for one in days]
        for at in range(4, 11):
            total = ways[True][at] + ways[False][at]
            expected = (total, ways[True][at]) if total else None
            assert held.get((on(at), who)) == expected


def test_days_before_and_after_the_orders_have_holdings_too() -> None:
    found = holdings_by_day(
        orders(("a", 3, -300, True), ("a", 5, 100, False)), since=on(1), until=on(7)
    )
    assert found["day"].to_list() == [on(1), on(2), on(5), on(6), on(7)]
    assert found["held"].to_list() == [300, 300, 100, 100, 100]
    assert found["redeemable_at_once"].to_list() == [300, 300, 0, 0, 0]


def test_without_orders_nobody_holds_anything() -> None:
    assert holdings_by_day(orders(), since=on(1), until=on(3)).is_empty()
