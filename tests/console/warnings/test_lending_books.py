"""The journal's loans and orders become the books of whom the platform depends on."""

from collections.abc import Callable
from typing import Any

import polars as pl
import pytest
from django.utils import timezone
from tests.console.warnings.books_of_tests import said, table_of

from fengkong.console.outbox.models import Job
from fengkong.console.warnings.books.making import make_books
from fengkong.console.warnings.computing import recompute
from fengkong.console.warnings.models import RaisedWarning, Reading, SourceStatus
from fengkong.indicators.library_file import shipped_library

pytestmark = pytest.mark.django_db
Journal = Callable[[list[dict[str, Any]]], None]


def loan(number: int, days_ago: int, who: str, amount: str, **more: Any) -> dict[str, Any]:
    terms = {"loan_term_months": 6, "loan_product": "cash", "region": "浙江"}
    known = {"loan": f"L{number}", "customer": who, "amount": amount}
    return said("loan.drawn", number, days_ago, **known, **terms, **more)


def newest(indicator: str) -> float | None:
    return Reading.objects.filter(indicator=indicator).latest("day").value


def test_from_loans_and_orders_to_warnings_of_concentration(journal: Journal) -> None:
    journal(
        [
            said(
                *("loan.applied", 1, 150),
                customer="big",
                loan_amount="6000.00",
                existing_debt="9000.00",
                lenders_elsewhere=3,
                stated_income="1000.00",
            ),
            loan(1, 140, "big", "6000.00", guarantor="small"),
            loan(2, 20, "small", "3000.00"),
            loan(3, 20, "third", "1000.00"),
            said(
                *("fund.subscribed", 1, 30),
                customer="whale",
                fund="F",
                amount="900.00",
                fund_kind="money_market",
            ),
            said("fund.subscribed", 2, 30, customer="fry", fund="F", amount="100.00"),
            said("fund.redeemed", 3, 1, customer="fry", fund="F", amount="150.00"),
        ]
    )
    make_books(Job())
    recompute()
    for name in ("borrowers", "contagion", "vintages", "investors"):
        assert SourceStatus.objects.get(pk=name).state == "good", name
        assert set(shipped_library().source(name).columns) <= set(table_of(name).columns)
    assert newest("credit.largest_borrower") == pytest.approx(0.6)
    assert newest("credit.largest_guarantor") == pytest.approx(0.6)
    assert newest("credit.concentration_guarantor") == pytest.approx(0.36)
    assert newest("credit.multi_platform_borrowers") == pytest.approx(0.6)
    assert newest("credit.debt_elsewhere") == pytest.approx(0.9)
    assert newest("credit.connected_share") is None, "no event says who is connected: no data"
    # who guarantees never told an income: lost with the 3,000 owed, beyond the 6,000 in default
    assert newest("credit.contagion_of_defaults") == pytest.approx(0.3)
    assert newest("credit.vintage_bad_3m") == pytest.approx(1.0)
    assert newest("liquidity.largest_investor") == pytest.approx(1.0)
    assert newest("liquidity.at_once_share") == pytest.approx(1.0)
    investors = table_of("investors")
    before = investors.filter(pl.col("day") < timezone.localdate() - pl.duration(days=1))
    assert before.filter(pl.col("held") == 150_00).height == 6, "who redeemed 150 had held 150"
    raised = set(RaisedWarning.objects.values_list("indicator", flat=True))
    assert {"credit.largest_borrower", "credit.contagion_of_defaults"} <= raised
    named = set(table_of("borrowers")["borrower"]) | set(investors["investor"])
    assert not named & {"big", "small", "third", "whale", "fry"}, "nobody is named"


def test_a_region_that_nobody_told_is_no_concentration(journal: Journal) -> None:
    journal([loan(1, 9, "a", "100.00"), loan(2, 9, "b", "100.00")])
    make_books(Job())
    recompute()
    assert newest("credit.concentration_industry") is None
    assert newest("credit.concentration_region") == pytest.approx(1.0)
    assert newest("credit.largest_guarantor") in {None, 0.0}
    assert not RaisedWarning.objects.filter(indicator="credit.largest_guarantor").exists()


def test_written_off_loans_leave_the_book_of_the_journal(journal: Journal) -> None:
    journal(
        [
            loan(1, 40, "a", "600.00", secured=True, industry="retail"),
            loan(2, 40, "b", "600.00"),
            loan(3, 40, "c", "600.00"),
            said("loan.restructured", 1, 20, loan="L1", restructuring="extended"),
            said("loan.written_off", 2, 5, loan="L2"),
        ]
    )
    make_books(Job())
    recompute()
    assert newest("credit.restructured_share") == pytest.approx(0.5)
    assert newest("credit.write_off_rate") == pytest.approx(0.5)
    assert newest("credit.unsecured_share") == pytest.approx(0.5)
    assert newest("credit.largest_borrower") == pytest.approx(0.5)
    book = table_of("loan_book").filter(pl.col("day") == timezone.localdate())
    assert set(book.filter(pl.col("outstanding") > 0)["industry"]) == {"retail", "-"}
