"""The loan book that indicators read: against the book by stage, a hand's count, and its checks."""

from datetime import date, timedelta

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from fengkong.credit.arrears import STAGES, book_by_day
from fengkong.credit.loan_book import BookRates, loan_book
from fengkong.credit.provisions import LossRates
from fengkong.indicators.library_file import shipped_library
from fengkong.indicators.sources import SourceState, examine

START = date(2026, 1, 1)
UNTIL = START + timedelta(days=500)
RATES = BookRates(LossRates(0.1, 0.4, 0.5))
SEGMENTS = ["product", "region", "industry"]


def day(number: int) -> date:
    return START + timedelta(days=number)


def tables(book):
    loans, instalments = [], []
    for number, (drawn, region, parts) in enumerate(book):
        total = sum(part[0] for part in parts)
        loans.append((number, day(drawn), "p", region, "i", total, 0.1, number % 2 == 0))
        for at, (principal, late) in enumerate(parts, 1):
            due = day(drawn + 30 * at)
            paid = None if late is None else due + timedelta(days=late)
            instalments.append((number, at, due, paid, principal))
    schema = {"loan": pl.Int64, "drawn_on": pl.Date} | dict.fromkeys(SEGMENTS, pl.String)
    schema |= {"principal": pl.Int64, "annual_rate": pl.Float64, "secured": pl.Boolean}
    of_instalment = {"loan": pl.Int64, "number": pl.Int64, "due_on": pl.Date, "paid_on": pl.Date}
    return (
        pl.DataFrame(loans, schema=schema, orient="row"),
        pl.DataFrame(instalments, schema=of_instalment | {"principal": pl.Int64}, orient="row"),
    )


def made(book):
    return loan_book(*tables(book), segments=SEGMENTS, since=START, until=UNTIL, rates=RATES)


PART = st.tuples(st.integers(1, 1000), st.one_of(st.none(), st.integers(-29, 420)))
LOAN = st.tuples(st.integers(0, 300), st.sampled_from("ab"), st.lists(PART, min_size=1, max_size=4))


@settings(max_examples=25, deadline=None)
@given(st.lists(LOAN, min_size=1, max_size=5))
def test_it_is_the_book_by_stage_and_passes_its_checks(book) -> None:
    table = made(book)
    loans, instalments = tables(book)
    plain = book_by_day(loans, instalments, segments=SEGMENTS, since=START, until=UNTIL)
    columns = ["day", *SEGMENTS, "outstanding", *(f"overdue_{stage}" for stage in STAGES)]
    columns += ["loans", "overdue_loans"]
    assert table.select(columns).equals(plain.select(columns))
    source = shipped_library().source("loan_book")
    assert set(table.columns) == {"day", *source.segments, *source.columns}
    assert examine(source, table, today=UNTIL).state is SourceState.GOOD


def test_flows_are_counted_by_hand() -> None:
    # 100 + 100: the first instalment is paid 10 days late, the second never
    table = made([(0, "a", [(100, 10), (100, None)])])

    def at(number, *names):
        return table.filter(pl.col("day") == day(number)).select(names).row(0)

    assert at(0, "drawn", "drawn_loans", "outstanding") == (200, 1, 200)
    assert at(30, "due", "repaid", "overdue_m1", "first_due_loans") == (100, 0, 0, 1)
    assert at(30, "first_missed_loans") == (1,)
    assert at(31, "entered_m1", "overdue_m1", "special_mention") == (200, 200, 200)
    assert at(40, "repaid", "cured", "overdue_m1", "outstanding") == (100, 100, 0, 100)
    assert at(61, "entered_m1", "stage_1") == (100, 100)
    assert at(91, "entered_m2", "stage_1", "stage_2") == (100, 0, 100)
    assert at(151, "entered_m4", "substandard", "stage_3") == (100, 100, 100)
    assert at(60 + 271, "doubtful", "overdue_m6_plus") == (100, 100)
    assert at(60 + 361, "loss", "provision", "expected_loss") == (100, 100, 50)
    assert at(45, "unsecured", "rate_weighted") == (0, 10)
