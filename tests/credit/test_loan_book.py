"""The loan book that indicators read: against the book by stage, a hand's count, and its checks."""

from datetime import date, timedelta

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from fengkong.credit.arrears import STAGES, book_by_day
from fengkong.credit.loan_book import BookRates, loan_book, loans_behind
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
    never = (pl.lit(None, pl.Date).alias(name) for name in ("restructured_on", "written_off_on"))
    return (
        pl.DataFrame(loans, schema=schema, orient="row").with_columns(never),
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


def of(table: pl.DataFrame, number: int, *names: str) -> tuple[object, ...]:
    return table.filter(pl.col("day") == day(number)).select(names).row(0)


def test_what_is_written_off_is_no_balance_and_what_comes_back_is_recovered() -> None:
    loans, instalments = tables([(0, "a", [(100, 5), (200, 100), (300, None)])])
    off = loans.with_columns(pl.lit(day(150)).alias("written_off_on"))
    table = loan_book(off, instalments, segments=SEGMENTS, since=START, until=UNTIL, rates=RATES)
    assert of(table, 149, "outstanding", "written_off", "recovered") == (500, 0, 0)
    rows = table.filter(pl.col("written_off") > 0)
    # the balance of a day without any loan has no row: the flow of that day stays in the table
    assert rows.select("day", "written_off", "outstanding").rows() == [(day(150), 500, 0)]
    assert table.filter(pl.col("recovered") > 0).select("day", "recovered").rows() == [
        (day(160), 200)
    ]
    late = table.filter(pl.col("day") >= day(150))
    assert late["outstanding"].sum() == late["repaid"].sum() == late["due"].sum() == 0
    behind = loans_behind(off, instalments, column="outstanding", day=day(150))
    assert behind.is_empty()


def test_a_restructured_loan_counts_from_its_day_on() -> None:
    loans, instalments = tables([(0, "a", [(100, None)]), (0, "b", [(50, None)])])
    eased = pl.when(pl.col("loan") == 0).then(pl.lit(day(10))).alias("restructured_on")
    table = loan_book(
        loans.with_columns(eased),
        instalments,
        segments=SEGMENTS,
        since=START,
        until=UNTIL,
        rates=RATES,
    )
    by_day = table.group_by("day").agg(pl.col("restructured").sum())
    sums = dict(by_day.iter_rows())
    assert (sums[day(9)], sums[day(10)], sums[day(400)]) == (0, 100, 100)


def test_what_nobody_records_is_unknown_and_not_zero() -> None:
    loans, instalments = tables([(0, "a", [(100, None)])])
    unknown = loans.with_columns(pl.lit(None, pl.Boolean).alias("secured"))
    table = loan_book(
        unknown, instalments, segments=SEGMENTS, since=START, until=UNTIL, rates=RATES
    )
    for name in ("unsecured", "restructured", "written_off", "recovered"):
        assert table[name].null_count() == table.height, name
