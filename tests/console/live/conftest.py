"""A signed-in analyst, and a read model with something in it."""

import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from tests.cli.serving import Serving
from tests.console.live.desk import POLICY, STRICTER, label, micros, mixed, payment, taken_in
from tests.console.operators import sign_in

from fengkong.client.client import Client
from fengkong.console.accounts.models import Operator, RoleGrant
from fengkong.console.configuration import ConsoleSettings
from fengkong.console.journaled import reading
from fengkong.console.journaled.seen import SeenLabel
from fengkong.console.journaled.service_access import ensure_service_key
from fengkong.console.live import titles
from fengkong.protection.access import Access
from fengkong.protection.api_keys import KeyTerms
from fengkong.service.opening import open_for_reading
from fengkong.service.settings import load_settings
from fengkong.worker.tail import Tail


@pytest.fixture
def analyst(db: None) -> Operator:
    operator = Operator.objects.create_user("ann")
    RoleGrant.objects.create(operator=operator, role="senior_analyst")
    RoleGrant.objects.create(operator=operator, role="executive")
    return operator


@pytest.fixture
def desk(analyst: Operator, client: Client) -> Iterator[Client]:
    """A browser in which an analyst has signed in, in English."""
    sign_in(client, analyst)
    client.cookies["django_language"] = "en"
    return client


@pytest.fixture
def filled(db: None) -> int:
    """Some hundred decisions over the last two days, some of them confirmed as fraud."""
    now = timezone.now()
    decisions = mixed(600, over=timedelta(days=2), until=now - timedelta(minutes=2))
    labels = tuple(
        SeenLabel(
            f"e-{number}", number % 3 == 0, "chargeback", micros(now) - 10**9 * number, 600 + number
        )
        for number in range(1, 40)
    )
    taken_in(decisions, labels=labels)
    return len(decisions)


@dataclass(frozen=True)
class Beside:
    """A decision service that runs beside the console, and what it was sent."""

    data: Path
    url: str
    events: list[dict[str, Any]]


@pytest.fixture(scope="session")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Beside]:
    """A service of a small policy that has decided some sixty payments, with a shadow policy."""
    folder = tmp_path_factory.mktemp("beside")
    data = folder / "data"
    (folder / "policy.yaml").write_text(POLICY, encoding="utf-8")
    service = Serving(data, "--policy", str(folder / "policy.yaml"))
    try:
        console = ConsoleSettings(directory=data)
        ensure_service_key(console)
        key = (console.keys / "console.api").read_text().strip()
        sender = Access(data / "access.db")
        issued = sender.create(
            KeyTerms(name="shop", scopes=frozenset({"decide", "record"}), rate_per_second=1_000),
            now=time.time_ns() // 1000,
        )
        sender.close()
        events = [payment(number) for number in range(60)]
        with Client(service.url, key) as desk, Client(service.url, issued.text) as shop:
            desk.shadow(STRICTER)
            for event in events:
                shop.decide(event)
            shop.record(label(events[3]))
        yield Beside(data, service.url, events)
    finally:
        service.end(signal.SIGTERM)


@pytest.fixture
def beside(
    serving: Beside, db: None, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Beside]:
    """The console beside that service, with its read model filled by the tail."""
    settings.CONSOLE = ConsoleSettings(directory=serving.data, service=serving.url)
    monkeypatch.setattr(reading, "_OPENED", {})
    titles._policy.cache_clear()
    opened = open_for_reading(load_settings(serving.data), environment={})
    tail = Tail(opened.history)
    while tail.step():
        pass
    opened.close()
    yield serving
    for history in reading._OPENED.values():
        history.reading.close()
