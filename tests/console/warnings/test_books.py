"""Books that the worker makes of the journal, and from their numbers back to loans and events."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import polars as pl
import pytest
from desk_of_tests import payment
from django.utils import timezone
from tests.console.operators import browser_of
from tests.console.warnings.books_of_tests import noon, said, table_of

from fengkong.console.accounts.models import Operator
from fengkong.console.alerts.models import Alert
from fengkong.console.outbox.models import Job
from fengkong.console.warnings.books.made_tables import made_folder
from fengkong.console.warnings.books.making import CUSTODY_DAYS, make_books
from fengkong.console.warnings.computing import recompute
from fengkong.console.warnings.following_rows import behind
from fengkong.console.warnings.journal import journal_rows as module
from fengkong.console.warnings.journal.journal_rows import journal_rows
from fengkong.console.warnings.journal.kept_events import LOANS
from fengkong.console.warnings.models import Reading, SourceStatus
from fengkong.core.instants import format_instant
from fengkong.indicators.library_file import shipped_library

pytestmark = pytest.mark.django_db
Journal = Callable[[list[dict[str, Any]]], None]


def drawn(number: int, days_ago: int, region: str, **more: Any) -> dict[str, Any]:
    loan = {"loan": f"L{number}", "customer": f"debtor-{number}", "amount": "1200.00"}
    terms = {"loan_term_months": 6, "loan_product": "cash", "region": region}
    return said("loan.drawn", number, days_ago, **loan, **terms, **more)


def test_loans_of_the_journal_become_the_loan_book_and_lead_back(
    journal: Journal, officer: Operator
) -> None:
    due = int(noon(60 - 30).timestamp() * 1e6)
    journal(
        [
            drawn(1, 60, "浙江"),
            drawn(2, 60, "浙江"),
            drawn(3, 60, "四川"),
            said("loan.repaid", 2, 31, loan="L2", amount="210.00", instalment_number=1),
            said(
                *("loan.repaid", 3, 29),
                loan="L3",
                amount="210.00",
                instalment_number=1,
                due_at=format_instant(due),
            ),
        ]
    )
    make_books(Job())
    book = table_of("loan_book").filter(pl.col("day") == timezone.localdate())
    late = {row["region"]: row["overdue_m1"] for row in book.iter_rows(named=True)}
    assert late == {"浙江": 1200_00, "四川": 0}
    recompute()
    assert SourceStatus.objects.get(pk="loan_book").state == "good"
    rate = Reading.objects.filter(indicator="credit.overdue_m1_rate").latest("day")
    assert rate.value == pytest.approx(1200 / (1200 + 1000 + 1000))
    found = behind(
        shipped_library().indicator("credit.overdue_m1_rate"),
        day=timezone.localdate(),
        of="",
        segment="region",
        part="浙江",
    )
    assert (found.total, found.amount_minor) == (1, 1200_00)
    assert found.rows[0]["days_past_due"] in {29, 30}
    page = browser_of(officer).get("/warnings/indicators/credit.overdue_m1_rate/events/")
    assert "1,200.00" in page.content.decode()
    assert "debtor" not in page.content.decode(), "nobody is named"


def test_a_decision_list_is_exactly_what_was_counted(journal: Journal, officer: Operator) -> None:
    now = format_instant(int(timezone.now().timestamp() * 1e6) - 60_000_000)
    events = [
        payment(n, occurred_at=now, channel=("app", "web")[n % 2], card="one-card")
        for n in range(9)
    ]
    journal(events)
    journal_rows().step()
    today = timezone.localdate()
    indicator = shipped_library().indicator("fraud.review_share")
    table = journal_rows().table(indicator.source)
    assert table is not None
    for segment, part in (("", ""), ("channel", "app"), ("channel", "web")):
        chosen = table if not segment else table.filter(pl.col(segment) == part)
        for name in ("reviewed", "decisions"):
            found = behind(indicator, day=today, of=name, segment=segment, part=part)
            assert found.total == chosen[name].sum(), (segment, part, name)
            assert found.total > 0
    module._FOLLOWED.clear()
    follower = journal_rows()
    follower.step()
    follower._written_at = float("-inf")
    follower._write_open_days()
    module._FOLLOWED.clear()  # the screens' process only reads what the worker wrote
    address = f"/warnings/indicators/{indicator.id}/events/?segment=channel&part=app"
    text = browser_of(officer).get(address).content.decode()
    assert "review" in text
    assert "Nothing was counted" not in text
    assert browser_of(officer).get(f"{address}x&segment=nothing").status_code == 404


def test_late_facts_are_counted_once(journal: Journal) -> None:
    journal([drawn(1, 9, "浙江"), drawn(2, 0, "浙江")])
    journal_rows().step()
    journal([drawn(3, 8, "浙江")])
    journal_rows().step()
    facts = journal_rows().facts(LOANS)
    assert facts is not None
    assert facts.height == 3
    module._FOLLOWED.clear()
    journal_rows().step()
    again = journal_rows().facts(LOANS)
    assert again is not None
    assert sorted(again["sequence"]) == sorted(facts["sequence"])


def test_the_ledger_of_the_journal_is_held_against_the_statement(journal: Journal) -> None:
    journal(
        [
            said("fund.subscribed", 1, 3, customer="C1", fund="F", amount="500.00", order="O-1"),
            said("fund.redeemed", 2, 2, customer="C1", fund="F", amount="200.10", order="O-2"),
        ]
    )
    folder = made_folder().parent
    folder.mkdir(exist_ok=True)
    days = [timezone.localdate() - timedelta(days=back) for back in (3, 2)]
    statement = folder / "custody_statement.csv"
    lines = f"day,reference,amount\n{days[0]},O-1,500.00\n{days[1]},O-2,-200.09\n"
    statement.write_text(lines, encoding="utf-8")
    make_books(Job())
    last = table_of("custody").row(-1, named=True)
    assert (last["ledger_balance"], last["bank_balance"]) == (299_90, 299_91)
    assert (last["unexplained"], last["unmatched_items"]) == (-1, 1)
    assert table_of("custody").height == CUSTODY_DAYS
    recompute()
    assert SourceStatus.objects.get(pk="custody").state in {"partial", "stale"}


def test_the_treasury_has_forecasts_out_of_the_journal(journal: Journal) -> None:
    journal(
        [
            said("fund.redeemed", n, n, customer="C", fund="F", amount=f"{900 + n % 7 * 50}.00")
            for n in range(40, 0, -1)
        ]
    )
    folder = made_folder().parent
    folder.mkdir(exist_ok=True)
    yesterday = timezone.localdate() - timedelta(days=1)
    positions = folder / "positions.csv"
    positions.write_text(
        f"day,cash,liquid_assets,credit_lines,customer_balances\n{yesterday},500,900,0,4000\n",
        encoding="utf-8",
    )
    make_books(Job())
    row = table_of("treasury").row(-1, named=True)
    assert row["cash"] == 500_00
    assert row["redeemed"] == 950_00
    assert 7 * 850_00 < row["forecast_7d"] < 7 * 1300_00
    assert row["survival_days_run"] >= 0


def test_the_desk_counts_alerts_by_typology(journal: Journal, officer: Operator) -> None:
    journal([payment(1)])
    now = timezone.now()
    common = {"subject": "a", "event_type": "payment.initiated", "policy": "p", "outcome": "review"}
    numbers = {"first_sequence": 1, "newest_sequence": 1, "decisions": 1, "points": 1.0}
    money = {"exposure_minor": 1, "expected_loss_minor": 1, "currency": "CNY"}
    for at, (typology, closed) in enumerate(
        (("takeover", None), ("takeover", now), ("mule", None))
    ):
        Alert.objects.create(
            id=f"a{at}",
            typology=typology,
            opened_at=now - timedelta(minutes=30),
            newest_at=now,
            due_at=now - timedelta(minutes=5),
            rank_at=now,
            team="t",
            skill="s",
            closed_at=closed,
            disposition="false_positive" if closed else "",
            state="closed" if closed else "open",
            **common,
            **numbers,
            **money,
        )
    make_books(Job())
    today = table_of("review_desk").filter(pl.col("day") == timezone.localdate())
    counted = {row["typology"]: row for row in today.iter_rows(named=True)}
    assert counted["takeover"]["alerts_open"] == 1
    assert counted["takeover"]["disposed"] == counted["takeover"]["false_positives"] == 1
    assert counted["mule"]["alerts_overdue"] == 1
    assert counted["mule"]["oldest_alert_hours"] == pytest.approx(0.5, abs=0.2)
