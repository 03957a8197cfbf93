"""Loans and instalments out of events: equal parts unless an event says otherwise, to the cent."""

from datetime import date, timedelta

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from fengkong.credit.loan_book import BookRates, loan_book
from fengkong.credit.loan_events import instalments_of, loans_of
from fengkong.credit.provisions import LossRates

DRAWN = pl.DataFrame(
    {
        "loan": ["a", "b"],
        "day": [date(2026, 1, 31), date(2026, 2, 10)],
        "sequence": [1, 2],
        "amount": [100_00, 90_00],
        "loan_term_months": [3.0, None],
        "annual_rate": [0.12, None],
        "loan_product": ["cash", None],
        "customer": ["ann", "bob"],
        "guarantor": [None, "ann"],
        "industry": [None, "retail"],
        "secured": [None, True],
        "region": [None, "浙江"],
    }
)
NOTHING = pl.DataFrame(
    schema={"loan": pl.String, "day": pl.Date, "sequence": pl.Int64}
    | {"instalment_number": pl.Float64, "due_on": pl.Date, "principal_amount": pl.Int64}
)


def repaid(*rows: tuple[str, date, float | None, date | None, int | None]) -> pl.DataFrame:
    return pl.DataFrame(
        [(loan, day, at, *rest) for at, (loan, day, *rest) in enumerate(rows)],
        schema=NOTHING.schema,
        orient="row",
    )


def test_without_a_word_of_its_own_a_schedule_is_equal_parts_each_month() -> None:
    found = instalments_of(loans_of(DRAWN), NOTHING).filter(loan="a")
    assert found["due_on"].to_list() == [date(2026, 2, 28), date(2026, 3, 31), date(2026, 4, 30)]
    assert found["principal"].to_list() == [33_33, 33_33, 33_34]
    assert found["paid_on"].null_count() == 3
    assert instalments_of(loans_of(DRAWN), NOTHING).filter(loan="b").height == 12


def test_what_a_repayment_says_stands() -> None:
    paid = repaid(
        ("a", date(2026, 3, 2), 1.0, date(2026, 3, 1), 50_00),
        ("a", date(2026, 3, 9), None, None, None),
        ("stranger", date(2026, 3, 9), None, None, None),
    )
    found = instalments_of(loans_of(DRAWN), paid).filter(loan="a")
    assert found["due_on"].to_list()[0] == date(2026, 3, 1)
    assert found["paid_on"].to_list() == [date(2026, 3, 2), date(2026, 3, 9), None]
    assert found["principal"].to_list() == [50_00, 33_33, 16_67]


@given(
    st.integers(1, 10**9),
    st.integers(1, 36),
    st.lists(st.one_of(st.none(), st.integers(0, 10**9)), max_size=6),
)
def test_principals_sum_to_the_loan(amount: int, months: int, parts: list[int | None]) -> None:
    drawn = DRAWN.head(1).with_columns(
        pl.lit(amount, pl.Int64).alias("amount"),
        pl.lit(float(months)).alias("loan_term_months"),
    )
    day = date(2026, 3, 1)
    paid = repaid(
        *(("a", day + timedelta(days=at), None, None, one) for at, one in enumerate(parts))
    )
    found = instalments_of(loans_of(drawn), paid)
    assert found["principal"].sum() == amount
    assert (found["principal"] >= 0).all()


def test_the_book_of_events_shows_who_is_late() -> None:
    loans = loans_of(DRAWN)
    book = loan_book(
        loans,
        instalments_of(loans, repaid(("b", date(2026, 3, 10), 1.0, None, None))),
        segments=["product", "region", "industry"],
        since=date(2026, 1, 31),
        until=date(2026, 3, 20),
        rates=BookRates(LossRates(0.03, 0.25, 0.6)),
    )
    last = book.filter(pl.col("day") == date(2026, 3, 20)).sort("product", descending=True)
    assert last["product"].to_list() == ["cash", "-"]
    assert last["overdue_m1"].to_list() == [100_00, 0]  # due on 02-28, twenty days ago
    assert last["outstanding"].to_list() == [100_00, 82_50]
