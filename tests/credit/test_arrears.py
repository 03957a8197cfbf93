"""The book by day against a loop over loans and days; vintages, migration, first payments."""

from datetime import date, timedelta

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fengkong.credit.arrears import STAGES, book_by_day, stage_stretches, unpaid_stretches
from fengkong.credit.migration import first_payment_defaults, migration, roll_rates, vintages

START = date(2026, 1, 1)
UNTIL = START + timedelta(days=420)


def day(number: int) -> date:
    return START + timedelta(days=number)


def tables(book):
    """Loans and instalments out of (drawn, region, [(principal, paid after due or None)])."""
    loans, instalments = [], []
    for number, (drawn, region, parts) in enumerate(book):
        loans.append((number, day(drawn), region, sum(part[0] for part in parts)))
        for at, (principal, late) in enumerate(parts, 1):
            due = day(drawn + 30 * at)
            paid = None if late is None else due + timedelta(days=late)
            instalments.append((number, at, due, paid, principal))
    schema = {"loan": pl.Int64, "drawn_on": pl.Date, "region": pl.String, "principal": pl.Int64}
    of_instalment = {"loan": pl.Int64, "number": pl.Int64, "due_on": pl.Date, "paid_on": pl.Date}
    return (
        pl.DataFrame(loans, schema=schema, orient="row"),
        pl.DataFrame(instalments, schema=of_instalment | {"principal": pl.Int64}, orient="row"),
    )


def naive(book, *, on: date):
    """(outstanding, overdue by stage, loans, overdue loans) by region, one loan after the other."""
    found: dict[str, list[int]] = {}
    for drawn, region, parts in book:
        if on < day(drawn):
            continue
        unpaid = None
        balance = 0
        for at, (principal, late) in enumerate(parts, 1):
            due = day(drawn + 30 * at)
            paid = late is not None and due + timedelta(days=late) <= on
            if unpaid is None and not paid:
                unpaid = due
            if unpaid is not None:
                balance += principal
        if unpaid is None:
            continue
        row = found.setdefault(region, [0] * 10)
        row[0] += balance
        row[8] += 1
        days = (on - unpaid).days
        if days > 0:
            row[1 + min((days - 1) // 30, 6)] += balance
            row[9] += 1
    return found


PART = st.tuples(st.integers(1, 1000), st.one_of(st.none(), st.integers(-29, 200)))
LOAN = st.tuples(st.integers(0, 300), st.sampled_from("ab"), st.lists(PART, min_size=1, max_size=5))


@settings(max_examples=40, deadline=None)
@given(st.lists(LOAN, min_size=1, max_size=6), st.integers(0, 420))
def test_the_book_is_what_a_loop_over_loans_says(book, number) -> None:
    loans, instalments = tables(book)
    table = book_by_day(loans, instalments, segments=["region"], since=START, until=UNTIL)
    on = day(number)
    overdue = [f"overdue_{stage}" for stage in STAGES]
    columns = ["outstanding", *overdue, "loans", "overdue_loans"]
    rows = table.filter(pl.col("day") == on).select("region", *columns).rows()
    seen = {row[0]: list(row[1:]) for row in rows if any(row[1:])}
    assert seen == naive(book, on=on)


@settings(max_examples=20, deadline=None)
@given(st.lists(LOAN, min_size=1, max_size=6), st.integers(30, 400))
def test_a_book_of_the_past_does_not_know_the_future(book, number) -> None:
    loans, instalments = tables(book)
    cut = day(number)
    known = instalments.with_columns(
        pl.when(pl.col("paid_on") <= cut).then(pl.col("paid_on")).alias("paid_on")
    )
    whole = book_by_day(loans, instalments, segments=[], since=START, until=UNTIL)
    then = book_by_day(
        loans.filter(pl.col("drawn_on") <= cut), known, segments=[], since=START, until=cut
    )
    alive = pl.col("loans") > 0
    assert whole.filter((pl.col("day") <= cut) & alive).equals(then.filter(alive))


def test_stages_begin_the_day_after() -> None:
    loans, instalments = tables([(0, "a", [(100, None)])])
    table = book_by_day(loans, instalments, segments=[], since=START, until=UNTIL)
    stages = {
        name: (table.filter(pl.col(f"overdue_{name}") > 0)["day"].min() - day(30)).days
        for name in STAGES
    }
    assert stages == {"m1": 1, "m2": 31, "m3": 61, "m4": 91, "m5": 121, "m6": 151, "m6_plus": 181}


@pytest.fixture
def stages():
    book = [
        (0, "a", [(100, None), (100, None)]),
        (0, "a", [(100, 0), (100, None)]),
        (0, "b", [(200, 0), (100, 0)]),
        (0, "b", [(300, 5), (100, 0)]),
    ]
    loans, instalments = tables(book)
    return loans, instalments, stage_stretches(unpaid_stretches(loans, instalments, until=UNTIL))


def test_a_matrix_of_migration_accounts_for_every_balance(stages) -> None:
    matrix = migration(stages[2], before=day(31), after=day(61))
    # current: 100 of loan 2 rolled on to M1; 100 of loan 3 were repaid
    assert matrix[0].tolist() == [0, 0.5, 0, 0, 0, 0, 0, 0, 0.5]
    # M1: 200 of loan 1 rolled on to M2; loan 4's 400 were repaid
    assert matrix[1].tolist() == pytest.approx([0, 0, 1 / 3, 0, 0, 0, 0, 0, 2 / 3])
    assert roll_rates(matrix)[:3] == [0.5, pytest.approx(1 / 3), None]


def test_vintages_count_what_was_ever_bad_at_an_age(stages) -> None:
    loans, _, of_stages = stages
    table = vintages(loans, of_stages, ages=[2, 3], as_of=UNTIL)
    # on day 59 nothing is beyond M1 yet; at three months loan 1 (200) has been, loan 2 not
    assert table.rows() == [(date(2026, 1, 1), 1100, 0, 1100, 200)]
    young = vintages(loans, of_stages, ages=[2, 3], as_of=day(70))
    assert young.rows() == [(date(2026, 1, 1), 1100, 0, 0, 0)]


def test_first_payments(stages) -> None:
    table = first_payment_defaults(stages[1], since=START, until=UNTIL)
    assert table.rows() == [(day(30), 4, 2)]
    with_grace = first_payment_defaults(stages[1], since=START, until=UNTIL, grace_days=5)
    assert with_grace.rows() == [(day(30), 4, 1)]


@settings(max_examples=20, deadline=None)
@given(st.lists(LOAN, min_size=1, max_size=6), st.integers(0, 400))
def test_one_day_alone_is_that_day_of_the_whole(book, number) -> None:
    loans, instalments = tables(book)
    on = day(number)
    whole = book_by_day(loans, instalments, segments=["region"], since=START, until=UNTIL)
    known = instalments.with_columns(pl.when(pl.col("paid_on") <= on).then(pl.col("paid_on")))
    alone = book_by_day(loans, known, segments=["region"], since=on, until=on)
    alive = pl.col("loans") > 0
    assert alone.filter(alive).equals(whole.filter((pl.col("day") == on) & alive))
