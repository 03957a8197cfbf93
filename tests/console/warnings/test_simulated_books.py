"""Five weeks of the simulated platform become books: what was played is what the books say."""

import csv
import json
import time
from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import polars as pl
import pytest
from django.utils import timezone
from tests.console.warnings.books_of_tests import table_of

from fengkong.console.outbox.models import Job
from fengkong.console.warnings.books.made_tables import made_folder
from fengkong.console.warnings.books.making import make_books
from fengkong.core.instants import DAY_US, HOUR_US
from fengkong.events.encoding import encode
from fengkong.events.event import Event
from fengkong.simulation.platform import Simulation

pytestmark = pytest.mark.django_db
Journal = Callable[[list[dict[str, Any]]], None]
DAYS = 36
SIGNS = {"deposit.received": 1, "loan.repaid": 1, "loan.drawn": -1}
PREFIXES = ("complaint.", "project.", "loan.", "deposit.")


@pytest.fixture
def played() -> list[Event]:
    """What customers complained of, brought in, borrowed and funded, up to last midnight."""
    midnight = (time.time_ns() // 1000 + 8 * HOUR_US) // DAY_US * DAY_US - 8 * HOUR_US
    simulation = Simulation(
        scenarios=("none",), seed=4, days=DAYS, customers=120, start=midnight - DAYS * DAY_US
    )
    every = (item.event for item in simulation.events())
    return [one for one in every if one.type.startswith(PREFIXES)]


def day_of(event: Event) -> date:
    return date(1970, 1, 1) + timedelta(days=(event.occurred_at + 8 * HOUR_US) // DAY_US)


def write_statement(played: list[Event]) -> None:
    """The custodian's side of everything that moved."""
    folder = made_folder().parent
    folder.mkdir(exist_ok=True)
    with (folder / "custody_statement.csv").open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["day", "reference", "amount"])
        for one in played:
            if sign := SIGNS.get(one.type):
                amount = sign * one.values["amount"]
                reference = one.values.get("order", one.id)
                rows.writerow([day_of(one), reference, f"{amount / 100:.2f}"])
    (folder / "own_accounts.csv").write_text("account,own_money\nhouse-1,true\n", encoding="utf-8")


def test_the_books_say_what_was_played(journal: Journal, played: list[Event]) -> None:
    journal([json.loads(encode(one)) for one in played])
    write_statement(played)
    make_books(Job())
    kinds = Counter(one.type for one in played)

    complaints = table_of("complaints")
    assert complaints["complaints"].sum() == kinds["complaint.filed"] > 0
    still = kinds["complaint.filed"] - kinds["complaint.closed"]
    assert complaints.row(-1, named=True)["complaints_open"] == still

    custody = table_of("custody").row(-1, named=True)
    moved = sum(SIGNS.get(one.type, 0) * one.values.get("amount", 0) for one in played)
    assert custody["ledger_balance"] == custody["bank_balance"] == moved
    assert custody["unexplained"] == custody["in_transit"] == 0
    signs = ("projects_without_match", "early_payouts", "mixed_accounts")
    assert [custody[name] for name in signs] == [0, 0, 0]
    assert kinds["project.invested"] > 0
    assert kinds["project.paid_out"] > 0

    today = timezone.localdate()
    borrowers = table_of("borrowers").filter(pl.col("day") == today - timedelta(days=1))
    drawn = [one.values for one in played if one.type == "loan.drawn"]
    assert borrowers.height <= len({one["customer"] for one in drawn})
    assert set(borrowers["region"]) <= {one["region"] for one in drawn}
    assert set(borrowers["industry"]) <= {one["industry"] for one in drawn}
    elsewhere = [one.values["lenders_elsewhere"] for one in played if one.type == "loan.applied"]
    assert 1 <= borrowers["platforms"].max() <= 1 + max(elsewhere)
    guaranteed = {one["customer"] for one in drawn if "guarantor" in one}
    assert borrowers.filter(pl.col("guarantor") != "-").height <= len(guaranteed)
