"""A data directory for sources, and operators who work on warnings."""

import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from tests.console.operators import new_operator

from fengkong.console.accounts.models import Operator
from fengkong.console.journaled import reading
from fengkong.console.warnings.journal import journal_rows

sys.path.insert(0, str(Path(__file__).parents[2] / "desk"))
CUSTODY = (
    *("ledger_balance", "bank_balance", "in_transit", "explained", "unexplained"),
    *("unmatched_items", "oldest_unmatched_days", "own_account_customer_money"),
    *("passed_through_own_accounts", "mixed_accounts", "projects_without_match", "early_payouts"),
    *("customer_claims", "reserve", "reserve_required", "reserve_used", "statement_hours_late"),
)
SOUND = {
    "ledger_balance": 1_000_000.0,
    "bank_balance": 1_000_000.0,
    "customer_claims": 900_000.0,
    "reserve": 20_000.0,
    "reserve_required": 10_000.0,
}


@pytest.fixture(autouse=True)
def data_directory(settings, tmp_path: Path) -> Iterator[Path]:
    (tmp_path / "keys").mkdir(mode=0o700, exist_ok=True)
    (tmp_path / "sources").mkdir()
    settings.CONSOLE = replace(settings.CONSOLE, directory=tmp_path)
    journal_rows._FOLLOWED.clear()
    reading._OPENED.clear()
    yield tmp_path
    journal_rows._FOLLOWED.clear()


@pytest.fixture
def deliver(data_directory: Path) -> Callable[..., date]:
    """Writes custody.csv: the days up to one, the newest with other numbers; money in yuan."""

    def write(*, newest: date | None = None, days: int = 30, **last: float) -> date:
        until = newest or timezone.localdate()
        lines = [",".join(("day", *CUSTODY))]
        for back in range(days - 1, -1, -1):
            row = SOUND | (last if back == 0 else {})
            numbers = [str(row.get(name, 0.0)) for name in CUSTODY]
            lines.append(",".join(((until - timedelta(days=back)).isoformat(), *numbers)))
        place = data_directory / "sources" / "custody.csv"
        place.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return until

    return write


@pytest.fixture
def officer(db: None) -> Operator:
    return new_operator("credit_officer", username="cora")


@pytest.fixture
def commander(db: None) -> Operator:
    return new_operator("incident_commander", username="carl")


@pytest.fixture
def journal(tmp_path: Path, settings) -> Callable[[list[dict[str, Any]]], None]:
    settings.CONSOLE = replace(settings.CONSOLE, directory=tmp_path / "data")

    from desk_of_tests import body, serve

    def write(events: list[dict[str, Any]]) -> None:
        async def send(service) -> None:
            for event in events:
                decided = event["type"] == "payment.initiated"
                answer = await service.desk.submit(body(event), decided=decided)
                assert answer.status == 200, answer

        serve(tmp_path, send)
        reading._OPENED.clear()

    return write
