"""What was counted, where a book was delivered or is made here: its lines, the largest first."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from tests.console.operators import Browser

from fengkong.console.audit.recording import record
from fengkong.console.warnings.computing import recompute

pytestmark = pytest.mark.django_db
SIGN_INS = "/warnings/indicators/operational.operator_sign_in_failures/events/"
OVERDUE = "/warnings/indicators/credit.overdue_m1_rate/events/"


@pytest.fixture
def sources(settings: Any, tmp_path: Path) -> Path:
    settings.CONSOLE = replace(settings.CONSOLE, directory=tmp_path)
    (tmp_path / "sources").mkdir(exist_ok=True)
    return tmp_path / "sources"


def text_of(page: Any) -> str:
    return " ".join(page.content.decode().split())


def test_lines_of_a_delivered_book_are_shown_with_where_they_are_from(
    sources: Path, signed_in: Callable[..., Browser]
) -> None:
    today = timezone.localdate()
    lines = ["day,product,region,balance,overdue_m1"]
    lines += [f"{today},cash,{place},1000.00,{place}.50" for place in (310000, 110000, 440000)]
    lines.append(f"{today - timedelta(days=1)},cash,500000,1000.00,900000.00")
    (sources / "loan_book.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    recompute()
    browser = signed_in("credit_officer")
    whole = text_of(browser.get(OVERDUE, {"of": "overdue_m1"}))
    assert "loan_book.csv" in whole
    assert whole.index("440,000.50") < whole.index("310,000.50") < whole.index("110,000.50")
    assert "860,001.50" in whole  # all three together
    assert "900,000.00" not in whole
    part = text_of(
        browser.get(OVERDUE, {"of": "overdue_m1", "segment": "region", "part": "310000"})
    )
    assert "310,000.50" in part
    assert "440,000.50" not in part


def test_lines_that_the_console_made_are_shown_too(
    sources: Path, signed_in: Callable[..., Browser]
) -> None:
    browser = signed_in("incident_commander")
    record("system", "go_live_policy", target_kind="policy", target="p", detail={})
    recompute()
    page = text_of(browser.get(SIGN_INS))
    assert "Lines by day that the console makes" in page or "控制台由自己的记录" in page


def test_a_file_that_cannot_be_read_says_why(
    sources: Path, signed_in: Callable[..., Browser]
) -> None:
    (sources / "loan_book.csv").write_text("day,balance\nyesterday,1\n", encoding="utf-8")
    page = text_of(signed_in("credit_officer").get(OVERDUE))
    assert re.search("cannot be read|无法读取", page)
