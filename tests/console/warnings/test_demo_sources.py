"""The books of the demonstration are sound, but for what goes wrong in them on purpose."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from fengkong.cli.demo_books import asked_demo_books
from fengkong.cli.demo_sources import made_demo_sources
from fengkong.console.outbox.jobs import kind_of
from fengkong.console.outbox.models import Job
from fengkong.console.warnings.books.making import MAKE_BOOKS
from fengkong.console.warnings.computing import FIRM, recompute
from fengkong.console.warnings.models import CompositeReading, RaisedWarning, SourceStatus
from fengkong.indicators.assessment import Value, assess
from fengkong.indicators.level import Level
from fengkong.indicators.library_file import shipped_library
from fengkong.indicators.readers import read_file
from fengkong.indicators.values import values_of

pytestmark = pytest.mark.django_db


def test_the_demonstration_warns_of_custody_and_arrears(data_directory: Path) -> None:
    today = timezone.localdate()
    assert made_demo_sources(data_directory, today=today) == 5
    assert made_demo_sources(data_directory, today=today) == 0
    recompute(everything=True)
    states = dict(SourceStatus.objects.values_list("source", "state"))
    for name in ("custody", "loan_book", "treasury", "market", "borrowers"):
        assert states[name] in {"good", "partial"}, name
    open_ones = set(RaisedWarning.objects.filter(state="open").values_list("indicator", flat=True))
    assert {"funds.unexplained_difference", "credit.overdue_rate"} <= open_ones
    assert "funds.difference_identity" not in open_ones
    # What belongs to neither story does not burn.
    assert {one.partition(".")[0] for one in open_ones} == {"funds", "credit"}
    assert not open_ones & {"credit.early_repayment_rate", "credit.overdue_loans_mean"}
    red = RaisedWarning.objects.filter(state="open", level="red")
    assert set(red.values_list("indicator", flat=True)) == {
        "funds.unexplained_difference",
        "credit.overdue_chart",
    }
    assert CompositeReading.objects.filter(group=FIRM).latest("day").points > 0
    assert len(open_ones) < 25


@pytest.mark.parametrize("days", [1, 4])
def test_a_month_of_early_repayments_is_about_as_much_each_day(tmp_path: Path, days: int) -> None:
    """Whatever day it is, the chart of the month's sum has nothing to see."""
    today = timezone.localdate() - timedelta(days=days)
    made_demo_sources(tmp_path, today=today)
    library = shipped_library()
    source = library.source("loan_book")
    table = read_file(source, tmp_path / "sources" / "loan_book.csv", time_zone="Asia/Shanghai")
    indicator = library.indicators["credit.early_repayment_rate"]
    found = values_of(indicator, table, as_of=today)
    values = [Value(*row) for row in found.select("day", "value").iter_rows()]
    levels = [one.level for one in assess(values, thresholds=indicator.thresholds)[0]]
    assert levels[-1] is Level.GREEN
    assert levels.count(Level.GREEN) > 0.9 * len(levels)


@pytest.mark.django_db(transaction=True)  # it closes its connection, as a thread of its own does
def test_the_books_of_the_journal_are_asked_for_once_it_has_a_past() -> None:
    asked_demo_books()
    asked = Job.objects.get(kind=MAKE_BOOKS)
    assert asked.state == Job.State.WAITING
    assert asked.due_at <= timezone.now()
    assert kind_of(MAKE_BOOKS).handler is not None
