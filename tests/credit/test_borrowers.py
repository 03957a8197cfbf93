"""Exposures by borrower and what spreads over guarantees, against loops over every day and loan."""

from datetime import date, timedelta

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from fengkong.credit.borrowers import APPLIED, balances, borrowers_by_day, contagion_by_day
from fengkong.credit.loan_events import instalments_of, loans_of
from fengkong.indicators.library_file import shipped_library

BEGIN = date(2026, 1, 1)
UNTIL = date(2026, 7, 1)
_TEXTS = ("loan", "customer", "guarantor", "loan_product", "region", "industry")
DRAWN_SCHEMA = {
    "secured": pl.Boolean,
    **dict.fromkeys(_TEXTS, pl.String),
    **dict.fromkeys(("sequence", "amount"), pl.Int64),
    **dict.fromkeys(("loan_term_months", "annual_rate"), pl.Float64),
    "day": pl.Date,
}
REPAID_SCHEMA = {
    **dict.fromkeys(("sequence", "principal_amount"), pl.Int64),
    "loan": pl.String,
    "day": pl.Date,
    "due_on": pl.Date,
    "instalment_number": pl.Float64,
}


def on(day: int) -> date:
    return BEGIN + timedelta(days=day)


def lent(*rows: tuple[str, str, str | None, int, int]) -> pl.DataFrame:
    """Loans of (borrower, region, guarantor, day, amount) over six months."""
    known = [
        dict.fromkeys(DRAWN_SCHEMA)
        | {"loan": f"L{at}", "customer": who, "guarantor": by, "region": region}
        | {"sequence": at, "day": on(day), "amount": amount, "loan_term_months": 6.0}
        for at, (who, region, by, day, amount) in enumerate(rows)
    ]
    return loans_of(pl.DataFrame(known, schema=DRAWN_SCHEMA))


def repaid(*rows: tuple[int, int, int]) -> pl.DataFrame:
    """Instalments (loan, number, day) that were paid."""
    known = [
        dict.fromkeys(REPAID_SCHEMA)
        | {"loan": f"L{loan}", "instalment_number": float(number), "day": on(day), "sequence": at}
        for at, (loan, number, day) in enumerate(rows)
    ]
    return pl.DataFrame(known, schema=REPAID_SCHEMA)


def applied(*rows: tuple[str, int, int | None, int | None, int | None]) -> pl.DataFrame:
    known = [(who, on(day), None if n is None else float(n), *more) for who, day, n, *more in rows]
    return pl.DataFrame(known, schema=APPLIED, orient="row")


LOAN = st.tuples(
    st.sampled_from("abc"),
    st.sampled_from(["浙江", "四川"]),
    st.sampled_from([None, "x", "a"]),
    st.integers(0, 150),
    st.integers(6, 90_000),
)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(LOAN, min_size=1, max_size=6),
    st.lists(st.tuples(st.integers(0, 5), st.integers(1, 6), st.integers(0, 180)), max_size=12),
)
def test_exposures_are_what_is_unpaid_on_the_day(rows, payments) -> None:
    loans = lent(*rows)
    schedule = instalments_of(loans, repaid(*payments))
    since, until = on(140), on(147)
    found = borrowers_by_day(balances(loans, schedule, since=since, until=until), applied())
    expected = {}
    for day in (since + timedelta(days=at) for at in range(8)):
        for loan in loans.iter_rows(named=True):
            if loan["drawn_on"] > day:
                continue
            open_ones, settled = 0, True
            for part in schedule.filter(loan=loan["loan"]).sort("number").iter_rows(named=True):
                settled = settled and part["paid_on"] is not None and part["paid_on"] <= day
                open_ones += 0 if settled else part["principal"]
            key = (day, loan["borrower"], loan["guarantor"], loan["region"])
            if open_ones or not settled:
                expected[key] = expected.get(key, 0) + open_ones
    names = ("day", "borrower", "guarantor", "region", "exposure")
    assert {row[:4]: row[4] for row in found.select(names).iter_rows()} == expected


def test_the_newest_application_until_the_day_says_who_owes_elsewhere() -> None:
    loans = lent(
        ("a", "浙江", None, 0, 600), ("a", "浙江", "x", 0, 600), ("b", "浙江", None, 0, 600)
    )
    told = applied(("a", 0, 1, 5_000, None), ("a", 6, 3, None, 900), ("b", 9, 4, 7_000, None))
    standing = balances(loans, instalments_of(loans, repaid()), since=on(5), until=on(6))
    found = borrowers_by_day(standing, told)
    assert set(found.columns) >= set(shipped_library().source("borrowers").columns)
    rows = {
        (row["day"], row["borrower"], row["guarantor"]): (row["platforms"], row["owed_elsewhere"])
        for row in found.iter_rows(named=True)
    }
    assert rows[on(5), "a", "-"] == (2.0, 5_000)
    assert rows[on(6), "a", "-"] == (4.0, 5_000), "what a later one leaves out stays as it was"
    assert rows[on(6), "a", "x"] == (4.0, 0), "what one owes elsewhere counts once"
    assert rows[on(6), "b", "-"] == (None, None), "an application of a later day says nothing yet"
    assert found["is_connected"].null_count() == found.height, "no event says who is connected"


def test_a_default_spreads_to_who_guarantees_and_no_further_than_income_bears() -> None:
    loans = lent(("b", "浙江", "g", 0, 1_200), ("g", "浙江", None, 0, 600))
    schedule = instalments_of(loans, repaid(*((1, number, 20) for number in range(1, 4))))
    bears = applied(("g", 1, None, None, 200))
    standing = balances(loans, schedule, since=on(121), until=on(122))
    rows = contagion_by_day(standing, bears).to_dicts()
    # b is more than 90 days late from day 122 on: g then loses 1200 of 2400 a year, half of 300
    assert [row["distressed_loss"] for row in rows] == [0, 150]
    assert rows[0]["worst_loss"] == 150
    assert rows[0]["worst_debt_rank"] == 150 / 1_500
    without = contagion_by_day(standing, applied()).to_dicts()
    assert without[1]["distressed_loss"] == 300, "who never told an income is lost by any loss"
    assert rows[1]["guaranteed"] == 1_200
