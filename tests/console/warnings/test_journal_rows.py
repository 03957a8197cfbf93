"""Rows of the journal become tables by day: the same however they are read, and quickly told."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from desk_of_tests import payment, send, serve
from django.utils import timezone
from tests.console.operators import new_operator
from tests.console.webhooks.receiving import Receiver
from tests.console.webhooks.receiving import serve as receive

from fengkong.console.journaled import reading
from fengkong.console.notices import changing
from fengkong.console.notices.changing import Terms
from fengkong.console.outbox import leases
from fengkong.console.outbox.jobs import kind_of
from fengkong.console.outbox.models import Job
from fengkong.console.warnings.computing import compute_indicators, watch_indicators
from fengkong.console.warnings.journal import journal_rows as module
from fengkong.console.warnings.journal.journal_rows import JournalRows, journal_rows
from fengkong.console.warnings.models import (
    RaisedWarning,
    Reading,
    SourceStatus,
    ThresholdChange,
)
from fengkong.core.instants import format_instant
from fengkong.indicators.library_file import shipped_library

pytestmark = pytest.mark.django_db


def written(directory: Path, events: list[dict[str, Any]]) -> None:
    serve(directory, lambda service: send(service, *events))


@pytest.fixture
def journal(tmp_path: Path, settings) -> Callable[[list[dict[str, Any]]], None]:
    """Writes events into a real journal, which the console reads."""
    settings.CONSOLE = replace(settings.CONSOLE, directory=tmp_path / "data")

    def write(events: list[dict[str, Any]]) -> None:
        written(tmp_path, events)
        reading._OPENED.clear()

    return write


def day_of(days_ago: int, second: int = 0) -> str:
    at = timezone.now() - timedelta(days=days_ago, seconds=second)
    return format_instant(int(at.timestamp() * 1e6))


def table() -> pl.DataFrame:
    found = journal_rows().table(shipped_library().source("decisions"))
    assert found is not None
    return found


def test_every_decision_is_counted_once_on_its_day(journal) -> None:
    events = [payment(n, occurred_at=day_of(n % 3, n)) for n in range(60)]
    journal(events)
    journal_rows().step()
    journal_rows().step()
    found = table().group_by("day").agg(pl.col("decisions").sum(), pl.col("amount").sum())
    assert found["decisions"].sum() == 60
    assert found.height in {3, 4}  # one of the days may have begun a moment ago
    money = sum(int(float(one["amount"]) * 100) for one in events)
    assert found["amount"].sum() == money


def test_a_past_that_is_being_told_is_not_stale_and_one_that_ended_is(journal, monkeypatch) -> None:
    """Old events that come in now are no fault of the source, until no more of them come."""
    journal([payment(n, occurred_at=day_of(9, n)) for n in range(5)])
    watch_indicators(Job())
    stale = SourceStatus.objects.get(pk="decisions")
    assert stale.state == "stale"
    assert not RaisedWarning.objects.filter(indicator="source:decisions").exists()
    monkeypatch.setattr(module, "QUIET_S", -1.0)
    compute_indicators(Job())
    assert RaisedWarning.objects.get(indicator="source:decisions").state == "open"


def test_patience_with_old_events_ends(journal, monkeypatch) -> None:
    journal([payment(n, occurred_at=day_of(9, n)) for n in range(5)])
    journal_rows().follow()
    assert journal_rows().is_arriving("decisions")
    assert not journal_rows().is_arriving("fund_flows")
    monkeypatch.setattr(module, "PATIENCE_S", -1.0)
    assert not journal_rows().is_arriving("decisions")


def test_what_another_job_took_in_is_told_by_the_next_look(journal) -> None:
    """The books follow the journal too: what they find first is judged no later for that."""
    journal([payment(n, occurred_at=day_of(0, n)) for n in range(3)])
    journal_rows().follow()
    assert "decisions" in journal_rows().step()
    assert journal_rows().step() == set()


def test_read_again_from_the_beginning_or_from_where_it_was_it_is_the_same(journal) -> None:
    first = [payment(n, occurred_at=day_of(6 - n % 3, n)) for n in range(30)]
    second = [payment(n, occurred_at=day_of(1 - n % 2, n)) for n in range(30, 60)]
    journal(first)
    journal_rows().step()
    journal(second)
    journal_rows().step()
    in_parts = table().group_by("day").agg(pl.col("decisions").sum()).sort("day")
    place = journal_rows()._folder / "journal.json"
    assert place.is_file()  # old days are tables by now
    module._FOLLOWED.clear()
    journal_rows().step()
    again = table().group_by("day").agg(pl.col("decisions").sum()).sort("day")
    shutil.rmtree(journal_rows()._folder)
    module._FOLLOWED.clear()
    journal_rows().step()
    anew = table().group_by("day").agg(pl.col("decisions").sum()).sort("day")
    assert in_parts["decisions"].sum() == 60
    assert in_parts.equals(again)
    assert in_parts.equals(anew)


def test_nobody_is_named_on_disk(journal) -> None:
    journal([payment(n, occurred_at=day_of(5 - n % 3, n), customer="C-secret") for n in range(9)])
    journal_rows().step()
    rows = journal_rows()
    assert isinstance(rows, JournalRows)
    kept = pl.concat([one for (name, _), one in rows._rows.items() if name == "decisions"])
    assert "C-secret" not in str(kept.to_dicts())
    for file in rows._folder.rglob("*"):
        assert file.is_dir() or b"C-secret" not in file.read_bytes()


def test_from_the_event_to_the_message_in_one_look_of_the_worker(journal, settings) -> None:
    """The wave, the worker's next look, the notice, the robot: all of it for real."""
    settings.CONSOLE = replace(settings.CONSOLE, webhook_networks=("127.0.0.0/8",))
    receiver = Receiver()
    server = receive(receiver)
    try:
        journal([payment(0, occurred_at=day_of(0))])
        (settings.CONSOLE.directory / "keys").mkdir(mode=0o700, exist_ok=True)
        receiver.answer(200, body=b'{"errcode":0}')
        admin = new_operator("system_admin", username="ada")
        commander = new_operator("incident_commander", username="carl")
        terms = Terms(name="d", kind="dingtalk", language="en", address=receiver.url)
        channel = changing.add_channel(admin, terms)
        changing.add_route(commander, channel=channel, group="", level="yellow", after_minutes=0)
        journal([payment(n, occurred_at=day_of(0), card="one-card") for n in range(1, 60)])
        ThresholdChange.objects.create(
            indicator="fraud.review_share",
            effective_from=timezone.localdate(),
            red=0.5,
            reference="x",
            by="a",
            approved_by="b",
        )
        watch_indicators(Job())
        while (job := leases.take("test", now=timezone.now())) is not None:
            kind_of(job.kind).handler(job)
            leases.finish(job, now=timezone.now())
    finally:
        server.shutdown()
        server.server_close()
    warning = RaisedWarning.objects.get(indicator="fraud.review_share")
    assert Reading.objects.get(indicator="fraud.review_share").value > 0.5
    assert any(warning.sentence_en in one.body.decode() for one in receiver.received)
