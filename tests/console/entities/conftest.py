"""A journal of the tests' own service, taken in by the tail, and operators before its console."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "desk"))
from desk_of_tests import body, payment, send, serve, settings_of

from fengkong.console.configuration import ConsoleSettings
from fengkong.console.journaled import reading
from fengkong.console.live import titles
from fengkong.protection.subjects import subject_text
from fengkong.service.opening import open_for_reading
from fengkong.worker.tail import Tail

COUNT = 42


def paid(number: int) -> dict[str, Any]:
    """Payments by seven customers with three devices, to two payees, one address of the network."""
    return payment(number) | {
        "account": f"ACC-00{number % 7}",
        "payee_account": f"PAYEE-{number % 2}-0001",
        "ip": "203.0.113.7",
        "phone": f"+861380000000{number % 7}",
    }


def named_events() -> list[dict[str, Any]]:
    """Events that are only recorded: what customers are called, and whom one of them pays."""
    common = {name: payment(COUNT)[name] for name in ("occurred_at", "currency")}
    changed = {"type": "profile.changed", "changed_field": "full_name"}
    made: list[dict[str, Any]] = [
        common | changed | {"id": f"n-{n}", "customer": f"C{n}", "full_name": f"Åsa  Chen-{n}"}
        for n in range(7)
    ]
    transfer = {"type": "transfer.initiated", "id": "n-t", "customer": "C1", "amount": "1.00"}
    payee = {"payee_account": "PAYEE-0-0001", "payee_name": "陳小美"}
    return [*made, common | transfer | payee]


@pytest.fixture(scope="session")
def journal(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data directory of a journal with some payments."""
    directory = tmp_path_factory.mktemp("entities")

    async def decide(service: Any) -> None:
        await send(service, *map(paid, range(COUNT)))
        for event in named_events():
            await service.desk.submit(body(event), decided=False)

    serve(directory, decide)
    return settings_of(directory).directory


Index = Callable[[str, str], str]


@pytest.fixture
def index(
    journal: Path, db: None, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Index]:
    """The console beside that journal, its index filled: ``index("device", "dev-0")``."""
    from fengkong.service.settings import load_settings

    settings.CONSOLE = ConsoleSettings(directory=journal)
    monkeypatch.setattr(reading, "_OPENED", {})
    titles._policy.cache_clear()
    opened = open_for_reading(load_settings(journal), environment={})
    tail = Tail(opened.history)
    while tail.step():
        pass
    vault = opened.history.vault
    yield lambda kind, value: vault.subject(subject_text(value, entity=kind)).hex()
    opened.close()
    for history in reading._OPENED.values():
        history.reading.close()
