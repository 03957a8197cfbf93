"""What is listed at the desk decides in the engine, and what the engine says comes back."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.db import connection
from serving import Serving, payment
from test_changing import entry, held

from fengkong.client.client import Client
from fengkong.console.accounts.models import Operator
from fengkong.console.configuration import ConsoleSettings
from fengkong.console.journaled import reading
from fengkong.console.journaled.service_access import ensure_service_key, service_client
from fengkong.console.lists.changing import add_entries, end_entries
from fengkong.console.lists.models import ListEntry
from fengkong.console.lists.sending import send_list_changes, sweep_list_changes
from fengkong.console.lists.values import sealed_value
from fengkong.console.outbox.models import Job
from fengkong.protection.access import Access
from fengkong.protection.api_keys import KeyTerms
from fengkong.service.opening import open_for_reading
from fengkong.service.settings import load_settings
from fengkong.worker.tail import Tail

pytestmark = pytest.mark.django_db(transaction=True)
CARD = "card-1"  # of the odd payments


@pytest.fixture
def running(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Client, Path]]:
    data = tmp_path / "data"
    served = Serving(data, "--policy", "payments")
    console = ConsoleSettings(directory=data, service=served.url)
    monkeypatch.setattr(django_settings, "CONSOLE", console)
    monkeypatch.setattr(reading, "_OPENED", {})
    ensure_service_key(console)
    access = Access(data / "access.db")
    issued = access.create(
        KeyTerms(name="core", scopes=frozenset({"decide"}), rate_per_second=100, burst=100), now=0
    )
    access.close()
    try:
        with Client(served.url, issued.text) as client:
            yield client, data
    finally:
        served.end(signal.SIGTERM)


def follow(data: Path) -> None:
    opened = open_for_reading(load_settings(data), environment=os.environ)
    try:
        tail = Tail(opened.history)
        while tail.step():
            pass
    finally:
        opened.close()


def rules_hit(client: Client, number: int) -> set[str]:
    answer: Any = client.decide(payment(number))
    return {hit["rule"] for hit in answer["decision"]["hits"]}


def test_a_listed_card_is_denied_until_it_is_taken_off(
    running: tuple[Client, Path], ann: Operator
) -> None:
    client, data = running
    assert not any("blocked" in rule for rule in rules_hit(client, 1))
    follow(data)
    (made,) = add_entries(ann, "blocked_cards", [entry(CARD)])
    job = Job.objects.get(kind="send_list_changes")
    send_list_changes(job)
    send_list_changes(job)  # its worker died before that was written down
    assert ListEntry.objects.get().added_sequence is not None
    hit = rules_hit(client, 3)
    assert any("blocked" in rule for rule in hit), hit
    assert not any("blocked" in rule for rule in rules_hit(client, 4))
    follow(data)
    (listed,) = ListEntry.objects.all()
    assert listed.pk == made.pk
    assert (listed.hits, listed.last_hit_at is not None) == (1, True)
    end_entries(ann, ListEntry.objects.all(), list_name="blocked_cards", reason="found again")
    sweep_list_changes(job)
    assert not any("blocked" in rule for rule in rules_hit(client, 5))
    follow(data)
    ended = ListEntry.objects.get()
    assert (ended.ended_sequence is not None, ended.ended_by) == (True, "analyst")


def test_changes_of_others_come_in(running: tuple[Client, Path], ann: Operator) -> None:
    _, data = running
    change = {
        "type": "list.changed",
        "id": "core-1",
        "occurred_at": payment(1)["occurred_at"],
        "list": "blocked_cards",
        "operation": "add",
        "value": "6222020200112233445",
        "reason": "reported by the bank",
        "author": "core system",
    }
    with service_client() as desk:
        desk.record(change)
    follow(data)
    (listed,) = ListEntry.objects.all()
    assert (listed.masked, listed.author) == ("622202****3445", "core system")
    with service_client() as desk:
        desk.record(change | {"id": "core-2", "operation": "remove", "reason": "an error"})
    follow(data)
    assert held() == 0
    assert ListEntry.objects.get().ended_reason == "an error"


def test_what_the_engine_refuses_is_told(running: tuple[Client, Path], ann: Operator) -> None:
    _, data = running
    follow(data)
    (made,) = add_entries(ann, "blocked_cards", [entry(CARD)])
    with connection.cursor() as cursor:  # as a list that was declared and is not any more
        cursor.execute("UPDATE lists_listentry SET list_name = 'gone' WHERE id = %s", [made.pk])

        cursor.execute(
            "UPDATE lists_listentry SET value_sealed = %s WHERE id = %s",
            [sealed_value("gone", CARD), made.pk],
        )
    sweep_list_changes(Job(kind="x"))
    assert "gone" in ListEntry.objects.get().refused
