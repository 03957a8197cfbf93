"""What the preview process says of a real journal is what a back-test over its events says."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from desk_of_tests import POLICY, STRICTER, payment, send, serve, settings_of

from fengkong.console.governance.preview_socket import (
    PreviewRefusedError,
    PreviewUnavailableError,
    ask_preview,
    socket_place,
)
from fengkong.core.errors import FaultsError
from fengkong.decisions.policy_file import load_policy
from fengkong.evaluation.backtest import backtest
from fengkong.events.catalogue import shipped_catalogue
from fengkong.events.columns import EventColumns
from fengkong.service.opening import OpenJournal, open_for_reading
from fengkong.service.serving import Service
from fengkong.service.states.recorded import RecordedEvents
from fengkong.worker.held_days import HeldDays
from fengkong.worker.previewing import PreviewServer

COUNT = 400
RULE = """\
  - id: new.one
    when: device_card_distinct_7d > 2 and amount > 40
    outcome: deny
    reason: {zh: 新, en: new}
"""
DRAFT = STRICTER + RULE


def label(number: int) -> dict[str, Any]:
    return {
        "type": "label.confirmed",
        "id": f"l-{number}",
        "occurred_at": payment(COUNT + number)["occurred_at"],
        "event": f"p-{number:06d}",
        "is_fraud": number % 2 == 0,
        "customer": f"C{number % 7}",
    }


def blocked(device: str) -> dict[str, Any]:
    at = payment(COUNT // 2)["occurred_at"]
    change = {"list": "blocked_devices", "operation": "add", "value": device, "reason": "r"}
    return {
        "type": "list.changed",
        "id": f"b-{device}",
        "occurred_at": at,
        "author": "li",
        **change,
    }


async def history(service: Service) -> None:
    await send(service, *[payment(number) for number in range(COUNT // 2)])
    await service.desk.submit(json.dumps(blocked("dev-1")).encode(), decided=False)
    await send(service, *[payment(number) for number in range(COUNT // 2, COUNT)])
    for number in range(0, COUNT, 5):
        await service.desk.submit(json.dumps(label(number)).encode(), decided=False)


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("previewed")
    serve(folder, history)
    return folder


@contextmanager
def opened(directory: Path) -> Iterator[OpenJournal]:
    journal = open_for_reading(settings_of(directory), environment={})
    try:
        yield journal
    finally:
        journal.close()


@contextmanager
def answering(journal: OpenJournal, directory: Path) -> Iterator[Path]:
    days = HeldDays(journal)
    while days.follow():
        pass
    data = directory / "data"
    server, started = PreviewServer(data, days), threading.Event()
    thread = threading.Thread(target=server.run, kwargs={"started": started.set})
    thread.start()
    try:
        assert started.wait(10)
        yield data
    finally:
        server.stop()
        thread.join()


@pytest.fixture(scope="module")
def data(recorded: Path) -> Iterator[Path]:
    with opened(recorded) as journal, answering(journal, recorded) as place:
        yield place


def load(text: str) -> Any:
    return load_policy(text, source="policy", catalogue=shipped_catalogue())


def columns(directory: Path) -> list[EventColumns]:
    with opened(directory) as journal:
        head = journal.reading.head().sequence
        return list(RecordedEvents(journal.history, head).columns())


def test_it_says_what_a_backtest_of_the_journal_says(data: Path, recorded: Path) -> None:
    told = ask_preview(data, {"do": "preview", "text": DRAFT, "rule": "new.one"})
    report = backtest(load(DRAFT), columns(recorded), against=load(POLICY)).to_data()
    (figures,) = [one for one in report["policy"]["rules"] if one["rule"] == "new.one"]
    assert told["rule"] == figures
    assert figures["hits"] > 10
    for name in ("frauds", "good", "saved_difference", "changed", "reviews_per_day_difference"):
        assert told["comparison"][name] == report["comparison"][name]
    assert told["judged"] == report["policy"]["judged"]
    assert told["rule"]["frauds_caught"] > 0


def test_how_far_it_is(data: Path) -> None:
    status = ask_preview(data, {"do": "status"})
    assert (status["events"], status["building"], status["left_out"]) == (COUNT, False, 0)
    assert status["live"] == load(POLICY).hash


def test_spreads(data: Path) -> None:
    found = ask_preview(data, {"do": "spreads"})
    assert found["amount"]["events"] == COUNT
    assert found["card_count_1h"]["maximum"] > 1


def test_the_bench_shows_every_step_masked(data: Path) -> None:
    picked = ask_preview(data, {"do": "bench", "text": DRAFT, "event_id": "p-000390"})
    assert set(picked) == {"draft", "live"}
    assert {rule["rule"] for rule in picked["draft"]["rules"]} >= {"new.one", "fast", "blocked"}
    assert picked["live"]["policy"]["version"] == 1
    shown = {one["name"]: one for one in picked["draft"]["fields"]}
    assert shown["card"]["masked"] is True
    assert "card-0" not in json.dumps(picked)
    pasted = {k: v for k, v in payment(5).items() if k not in ("id", "occurred_at")}
    found = ask_preview(
        data, {"do": "bench", "text": DRAFT, "event": pasted | {"amount": "90000.00"}}
    )
    assert "large" in {r["rule"] for r in found["live"]["rules"] if r["verdict"] == "hit"}


QUESTIONS = [
    ({"do": "preview", "text": DRAFT.replace("amount >", "amonut >"), "rule": "x"}, FaultsError),
    ({"do": "preview", "text": DRAFT, "rule": "no.such"}, PreviewRefusedError),
    ({"do": "bench", "text": DRAFT, "event_id": "no-such"}, PreviewRefusedError),
    ({"do": "bench", "text": DRAFT, "event": {"type": "no.such"}}, PreviewRefusedError),
    ({"do": "nothing"}, PreviewRefusedError),
    ({"do": "preview"}, PreviewRefusedError),
]


@pytest.mark.parametrize(("question", "error"), QUESTIONS)
def test_what_it_cannot_answer(data: Path, question: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        ask_preview(data, question)
    assert ask_preview(data, {"do": "status"})["events"] == COUNT, "it goes on"


def test_only_the_owner_may_open_it(data: Path) -> None:
    assert socket_place(data).stat().st_mode & 0o077 == 0


def test_nobody_answers(tmp_path: Path) -> None:
    with pytest.raises(PreviewUnavailableError):
        ask_preview(tmp_path, {"do": "status"})
    deep = tmp_path / ("d" * 120)
    deep.mkdir()
    with pytest.raises(PreviewUnavailableError):
        ask_preview(deep, {"do": "status"})


def test_it_follows_new_events_policies_and_erasures(tmp_path: Path) -> None:
    serve(tmp_path, lambda service: send(service, *map(payment, range(30))))
    with opened(tmp_path) as journal:
        days = HeldDays(journal)

        def held() -> tuple[int, int, set[str]]:
            while days.follow():
                pass
            with days.asked() as (found, _panel):
                assert found is not None
                customers = {
                    str(value)
                    for batch in found.held.batches
                    for value in batch.columns.values["customer"]
                }
                return len(found.held), found.held.policy.version, customers

        assert held()[:2] == (30, 1)
        serve(tmp_path, lambda service: send(service, *map(payment, range(30, 40))))
        assert held()[:2] == (40, 1)

        async def more(service: Service) -> None:
            assert (await service.desk.publish(STRICTER)).status == 200
            await send(service, payment(40))
            assert (await service.desk.erase("customer:C1")).status == 200

        serve(tmp_path, more)
        count, version, customers = held()
        assert version == 2
        assert "C1" not in customers, "an erased person is held no more"
        assert count == 41 - sum(number % 7 == 1 for number in range(41))
