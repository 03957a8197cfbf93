"""Sources are looked at, values computed, levels shown, people told; none of it twice."""

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import polars as pl
import pytest
from django.utils import timezone

from fengkong.console.notices.models import Notice
from fengkong.console.warnings.computing import FIRM, recompute
from fengkong.console.warnings.models import (
    CompositeReading,
    RaisedWarning,
    Reading,
    SourceStatus,
)
from fengkong.indicators.assessment import Value, assess
from fengkong.indicators.library_file import shipped_library

pytestmark = pytest.mark.django_db
Deliver = Callable[..., date]
DIFFERENCE = "funds.unexplained_difference"
IDENTITY = "funds.difference_identity"


def test_nothing_delivered_is_nothing_computed() -> None:
    assert recompute() == 0
    assert not Reading.objects.exists()
    assert not RaisedWarning.objects.exists()


def test_a_difference_of_one_cent_is_seen_and_a_large_one_is_red(deliver: Deliver) -> None:
    today = deliver()
    recompute()
    assert Reading.objects.get(indicator=DIFFERENCE, day=today).level == "green"
    assert not RaisedWarning.objects.exists()
    deliver(unexplained=0.01, bank_balance=999_999.99)
    recompute()
    reading = Reading.objects.get(indicator=DIFFERENCE, day=today)
    assert (reading.level, reading.value) == ("yellow", 1.0)  # one cent
    deliver(unexplained=1500.0, bank_balance=998_500.0)
    recompute()
    warning = RaisedWarning.objects.get(indicator=DIFFERENCE)
    assert (warning.level, warning.impact_minor) == ("red", 150_000)
    assert "1500.00" in warning.sentence_en
    notice = Notice.objects.get(key=f"warning:{DIFFERENCE}")
    assert (notice.level, notice.group) == ("red", "funds")
    assert CompositeReading.objects.filter(group="funds").latest("day").level in {"orange", "red"}
    assert CompositeReading.objects.filter(group=FIRM).latest("day").level != "green"


def test_back_within_bounds_ends_the_warning_and_its_notice(deliver: Deliver) -> None:
    deliver(unexplained=1500.0, bank_balance=998_500.0)
    recompute()
    deliver()
    recompute()
    warning = RaisedWarning.objects.get(indicator=DIFFERENCE)
    assert warning.state == RaisedWarning.State.CLOSED
    assert Notice.objects.get(key=f"warning:{DIFFERENCE}").state == Notice.State.RESOLVED
    deliver(unexplained=1500.0, bank_balance=998_500.0)
    recompute()
    assert RaisedWarning.objects.filter(indicator=DIFFERENCE).count() == 2


def test_computing_twice_tells_once(deliver: Deliver) -> None:
    deliver(unexplained=1500.0, bank_balance=998_500.0)
    for _ in range(3):
        recompute(everything=True)
    assert RaisedWarning.objects.filter(indicator=DIFFERENCE).count() == 1
    assert Notice.objects.get(key=f"warning:{DIFFERENCE}").said.count == 1


def test_a_stale_source_is_a_warning_and_never_green(deliver: Deliver) -> None:
    today = timezone.localdate()
    deliver(newest=today - timedelta(days=5))
    recompute()
    assert SourceStatus.objects.get(pk="custody").state == "stale"
    assert RaisedWarning.objects.get(indicator="source:custody").level == "yellow"
    assert Reading.objects.get(indicator=DIFFERENCE, day=today).level == "no_data"
    assert CompositeReading.objects.filter(group="funds").latest("day").level == "no_data"
    deliver()
    recompute()
    assert SourceStatus.objects.get(pk="custody").state == "good"
    assert Reading.objects.get(indicator=DIFFERENCE, day=today).level == "green"
    assert RaisedWarning.objects.get(indicator="source:custody").state == "closed"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe\x00garbage",
        b"day,something\n2026-01-01,1\n",
        b"day,ledger_balance\nyesterday,a lot\n",
        b"=cmd|' /C calc'!A0\n1\n",
    ],
)
def test_a_broken_source_says_what_is_wrong(
    content: bytes, deliver: Deliver, data_directory: Path
) -> None:
    deliver()
    recompute()
    (data_directory / "sources" / "custody.csv").write_bytes(content)
    recompute()
    status = SourceStatus.objects.get(pk="custody")
    assert status.state == "broken"
    assert all(status.faults[0])
    assert RaisedWarning.objects.get(indicator="source:custody").level == "orange"
    assert Reading.objects.get(indicator=IDENTITY, day=timezone.localdate()).level == "no_data"


def test_levels_are_those_of_the_pure_room(deliver: Deliver, data_directory: Path) -> None:
    today = deliver(days=200, unexplained=3.0, bank_balance=999_997.0)
    recompute(everything=True)
    rows = Reading.objects.filter(indicator=DIFFERENCE).order_by("day")
    assert rows.count() == 200
    table = pl.read_csv(data_directory / "sources" / "custody.csv", try_parse_dates=True)
    values = [
        Value(day, abs(unexplained) * 100)
        for day, unexplained in table.select("day", "unexplained").iter_rows()
    ]
    thresholds = shipped_library().indicator(DIFFERENCE).thresholds
    expected, _ = assess(values, thresholds=thresholds)
    assert [(one.day, one.level.value) for one in expected] == list(
        rows.values_list("day", "level")
    )
    assert rows.last().day == today


def test_an_old_level_calls_nobody(deliver: Deliver, data_directory: Path) -> None:
    """A back-fill of history that ends badly long ago is shown, not told."""
    deliver(newest=timezone.localdate() - timedelta(days=60), unexplained=9_999.0, bank_balance=0.0)
    recompute(everything=True)
    assert not RaisedWarning.objects.filter(indicator=DIFFERENCE).exists()


def test_ratings_of_peers_become_their_danger(data_directory: Path) -> None:
    lines = ["platform,day,score,rate"]
    for back in (60, 30, 0):
        day = timezone.localdate() - timedelta(days=back)
        lines += [f"p{at},{day},{90 - at},{at}" for at in range(20)]
    place = data_directory / "sources" / "peer_ratings.csv"
    place.write_text("\n".join(lines) + "\n", encoding="utf-8")
    recompute()
    assert SourceStatus.objects.get(pk="peer_danger").state == "good"
    found = Reading.objects.filter(indicator="credit.peer_danger").latest("day")
    assert 0.0 < found.value < 0.05
    (data_directory / "sources" / "peer_score.json").write_text("{}", encoding="utf-8")
    recompute(everything=True)
    assert SourceStatus.objects.get(pk="peer_danger").state == "broken"
