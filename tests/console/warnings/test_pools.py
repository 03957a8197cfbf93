"""Deposits are held against the bank's statement; a hidden pool shows in the flows of projects."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from tests.console.warnings.books_of_tests import said, table_of

from fengkong.console.outbox.models import Job
from fengkong.console.warnings.books.made_tables import made_folder
from fengkong.console.warnings.books.making import make_books
from fengkong.console.warnings.computing import recompute
from fengkong.console.warnings.models import RaisedWarning, Reading
from fengkong.indicators.errors import UnreadableSourceError

pytestmark = pytest.mark.django_db
Journal = Callable[[list[dict[str, Any]]], None]


def sources() -> Path:
    folder = made_folder().parent
    folder.mkdir(exist_ok=True)
    return folder


def statement(*lines: tuple[int, str, str]) -> None:
    today = timezone.localdate()
    rows = [f"{today - timedelta(days=back)},{name},{amount}" for back, name, amount in lines]
    text = "\n".join(["day,reference,amount", *rows])
    (sources() / "custody_statement.csv").write_text(text + "\n", encoding="utf-8")


def project(kind: str, number: int, days_ago: int, name: str, amount: str, account: str) -> Any:
    known = {"project": name, "amount": amount, "settlement_account": account}
    more = {"loan": f"L{name}"} if kind.startswith("loan") else {}
    return said(kind, number, days_ago, customer=f"who-{number}", **known, **more)


FLOWS = [
    # of A all is in order; B never lent what it took; C paid investors before its borrower did
    project("project.invested", 1, 9, "A", "100.00", "bank"),
    project("loan.drawn", 2, 9, "A", "100.00", "bank"),
    project("loan.repaid", 3, 4, "A", "100.00", "bank"),
    project("project.paid_out", 4, 3, "A", "100.00", "bank"),
    project("project.invested", 5, 8, "B", "70.00", "till"),
    project("project.invested", 6, 8, "C", "50.00", "bank"),
    project("loan.drawn", 7, 8, "C", "50.00", "bank"),
    project("project.paid_out", 8, 2, "C", "50.00", "office"),
]


def test_deposits_agree_with_the_bank_to_the_cent(journal: Journal) -> None:
    journal(
        [
            said("deposit.received", 1, 3, customer="a", amount="500.00", order="D-1"),
            said("deposit.received", 2, 3, customer="b", amount="30.01", order="D-2"),
            said("withdrawal.requested", 3, 2, customer="a", amount="100.00"),
        ]
    )
    statement((3, "D-1", "500.00"), (3, "D-2", "30.00"), (2, "withdrawal.requested-3", "-100.00"))
    make_books(Job())
    last = table_of("custody").row(-1, named=True)
    assert (last["ledger_balance"], last["bank_balance"]) == (430_01, 430_00)
    assert (abs(last["unexplained"]), last["unmatched_items"]) == (1, 1)


def test_a_hidden_pool_is_seen_and_warned_of(journal: Journal) -> None:
    journal(FLOWS)
    statement((9, "OPENING", "0.00"), (0, "fee", "0.00"))
    (sources() / "own_accounts.csv").write_text(
        "account,own_money\ntill,false\noffice,true\n", encoding="utf-8"
    )
    (sources() / "custody_positions.csv").write_text(
        f"day,customer_claims\n{timezone.localdate()},500.00\n", encoding="utf-8"
    )
    make_books(Job())
    last = table_of("custody").row(-1, named=True)
    assert (last["projects_without_match"], last["early_payouts"]) == (1.0, 50_00)
    assert (last["own_account_customer_money"], last["mixed_accounts"]) == (120_00, 1.0)
    recompute()
    pools = Reading.objects.filter(indicator="funds.hidden_pool").latest("day")
    assert pools.value is not None
    assert pools.value > 0
    raised = RaisedWarning.objects.values_list("indicator", flat=True)
    assert {"funds.hidden_pool", "funds.early_payouts"} <= set(raised)


def test_without_own_accounts_nothing_is_said_of_them(journal: Journal) -> None:
    journal(FLOWS[:4])
    statement((9, "OPENING", "0.00"), (0, "fee", "0.00"))
    make_books(Job())
    table = table_of("custody")
    assert table["projects_without_match"].to_list()[-1] == 0.0
    assert "own_account_customer_money" not in table.columns


def test_an_account_that_is_neither_is_named_with_its_line(journal: Journal) -> None:
    filed = said("complaint.filed", 9, 1, complaint="K-1", customer="who-1")
    journal([*FLOWS[:1], filed])
    statement((9, "OPENING", "0.00"), (0, "fee", "0.00"))
    place = sources() / "own_accounts.csv"
    place.write_text("account,own_money\ntill,perhaps\n", encoding="utf-8")
    with pytest.raises(UnreadableSourceError, match=r"own_accounts.csv, line 2"):
        make_books(Job())
    assert table_of("complaints")["complaints"].sum() == 1, "it holds up no other book"
