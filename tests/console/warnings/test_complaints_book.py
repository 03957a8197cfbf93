"""What customers complained of becomes a book by day, and the warnings of compliance."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from tests.console.warnings.books_of_tests import said, table_of

from fengkong.console.outbox.models import Job
from fengkong.console.warnings.books.made_tables import made_folder
from fengkong.console.warnings.books.making import make_books
from fengkong.console.warnings.computing import recompute
from fengkong.console.warnings.models import RaisedWarning, Reading, SourceStatus

pytestmark = pytest.mark.django_db
Journal = Callable[[list[dict[str, Any]]], None]


def filed(number: int, days_ago: int, **more: Any) -> dict[str, Any]:
    who = {"customer": f"c{number}", "complaint": f"K{number}", "complaint_subject": "fees"}
    return said("complaint.filed", number, days_ago, **who, **more)


def closed(number: int, days_ago: int) -> dict[str, Any]:
    return said(
        *("complaint.closed", 100 + number, days_ago),
        customer=f"c{number}",
        complaint=f"K{number}",
        complaint_result="upheld",
    )


def test_from_complaints_to_warnings(journal: Journal) -> None:
    tomorrow = (timezone.now() + timedelta(days=1)).isoformat()
    order = said("fund.subscribed", 200, 30, customer="c1", fund="F", amount="100.00")
    journal(
        [
            order,
            filed(1, 20),
            filed(2, 20),
            filed(3, 16, answer_due_at=tomorrow),
            filed(4, 15),
            closed(1, 3),
            closed(4, 0),
        ]
    )
    make_books(Job())
    recompute()
    assert SourceStatus.objects.get(pk="complaints").state == "good"
    by_day = {row["day"]: row for row in table_of("complaints").iter_rows(named=True)}
    today = timezone.localdate()
    assert len(by_day) == 21
    assert by_day[today - timedelta(days=20)]["complaints"] == 2
    assert by_day[today - timedelta(days=6)]["complaints"] == 0
    opened = [by_day[today - timedelta(days=back)]["complaints_open"] for back in (20, 15, 3, 0)]
    assert opened == [2, 4, 3, 2]
    late = [by_day[today - timedelta(days=back)]["complaints_overdue"] for back in (5, 4, 3, 0)]
    assert late == [0, 2, 1, 1], "the 15th day is still in time, and a day that was named counts"
    newest = Reading.objects.filter(day=today)
    assert newest.get(indicator="compliance.complaints_overdue").value == 1
    assert newest.get(indicator="compliance.complaints_open_share").value == pytest.approx(0.5)
    assert newest.get(indicator="compliance.complaint_rate").value == pytest.approx(40_000)
    assert RaisedWarning.objects.filter(indicator="compliance.complaints_overdue").exists()


def test_no_complaint_is_no_book(journal: Journal) -> None:
    journal([closed(1, 3)])
    make_books(Job())
    assert not (made_folder() / "complaints.parquet").exists()
