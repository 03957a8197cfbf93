"""What the tail makes of a journal is what the journal says, read by itself."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from desk_of_tests import (
    OTHER_WINDOWS,
    POLICY,
    STRICTER,
    decision,
    payment,
    send,
    serve,
    settings_of,
)
from desk_of_tests import body as sent
from django.conf import settings as django_settings

from fengkong.console.configuration import ConsoleSettings
from fengkong.console.journaled import reading
from fengkong.console.journaled.intake import MovedCursorError, forget_all
from fengkong.console.journaled.models import (
    Activation,
    Decision,
    Label,
    OutcomeTally,
    RuleHit,
)
from fengkong.core.instants import parse_instant
from fengkong.journal.history import History
from fengkong.service.opening import open_for_reading
from fengkong.worker import tail as tail_module
from fengkong.worker.tail import Tail

pytestmark = pytest.mark.django_db(transaction=True)


@contextmanager
def opened(directory: Path) -> Iterator[History]:
    """The journal of a directory, as another process reads it."""
    journal = open_for_reading(settings_of(directory), environment={})
    try:
        yield journal.history
    finally:
        journal.close()


def followed(history: History) -> Tail:
    tail = Tail(history)
    while tail.step():
        pass
    return tail


COUNT = 20
Answered = tuple[Path, list[dict[str, Any]]]


@pytest.fixture(scope="module")
def answered(tmp_path_factory: pytest.TempPathFactory) -> Answered:
    """A directory with decisions under two policies and a shadow, and how they were answered."""
    directory = tmp_path_factory.mktemp("answered")
    return directory, answers_of(directory, COUNT)


def answers_of(directory: Path, count: int) -> list[dict[str, Any]]:

    async def work(service: Any) -> list[dict[str, Any]]:
        found = [decision(a) for a in await send(service, *map(payment, range(count)))]
        await service.desk.publish(STRICTER)
        await service.desk.shadow(OTHER_WINDOWS)
        large = [payment(n, amount="60000.00") for n in range(count, 2 * count)]
        found += [decision(a) for a in await send(service, *large)]
        label = {
            "type": "label.confirmed",
            "id": "l-1",
            "occurred_at": payment(2 * count)["occurred_at"],
            "event": "p-000003",
            "is_fraud": True,
            "label_kind": "fraud",
        }
        assert (await service.desk.submit(sent(label), decided=False)).status == 200
        return found

    return serve(directory, work)


def test_the_read_model_says_what_was_answered(answered: Answered) -> None:
    directory, answers = answered
    with opened(directory) as history:
        followed(history)
    found = list(Decision.objects.order_by("sequence"))
    assert [one.event_id for one in found] == [answer["event_id"] for answer in answers]
    for one, answer in zip(found, answers, strict=True):
        assert (one.outcome, one.points) == (answer["outcome"], answer["points"])
        assert one.rules == [hit["rule"] for hit in answer["hits"]]
        assert (one.policy, one.policy_version) == ("small", answer["policy_version"])
        assert one.policy_hash == answer["policy_hash"]
        assert int(one.occurred_at.timestamp() * 1e6) == answer["occurred_at"]
        number = int(one.event_id[2:])
        sent_amount = 60_000_00 if number >= COUNT else (10 + number % 97) * 100 + 50
        assert (one.amount_minor, one.currency) == (sent_amount, "CNY")
    assert len({one.subject for one in found}) == 7
    hits = sum(len(answer["hits"]) for answer in answers)
    assert RuleHit.objects.count() == hits > 0
    assert [(a.role, a.policy_version) for a in Activation.objects.order_by("sequence")] == [
        ("live", 1),
        ("live", 2),
        ("shadow", 3),
    ]
    label = Label.objects.get()
    assert (label.event_id, label.is_fraud, label.kind) == ("p-000003", True, "fraud")


def test_batches_of_any_size_give_the_same(
    answered: Answered, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []
    for size in (1, 7, 1000):
        monkeypatch.setattr(tail_module, "BATCH", size)
        with opened(answered[0]) as history:
            followed(history)
        seen.append(
            [
                *Decision.objects.order_by("sequence").values(),
                *OutcomeTally.objects.order_by("pk").values(),
            ]
        )
        forget_all()
    assert seen[0] == seen[1] == seen[2] != []


def test_two_tails_do_no_harm(answered: Answered, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tail_module, "BATCH", 5)
    with opened(answered[0]) as history:
        first, second = Tail(history), Tail(history)
        assert first.step()
        with pytest.raises(MovedCursorError):
            second.step()
        followed(history)
    assert Decision.objects.count() == 2 * COUNT
    days = OutcomeTally.objects.filter(grain="day")
    assert sum(days.values_list("count", flat=True)) == 2 * COUNT


@pytest.mark.parametrize("before", [True, False])
def test_an_erased_person_is_forgotten(tmp_path: Path, before: bool) -> None:
    """Whether the tail had read the person's events before the erasure or not."""

    async def decide(service: Any) -> None:
        await send(service, *map(payment, range(14)))

    async def erase(service: Any) -> None:
        assert (await service.desk.erase("customer:C3")).status == 200

    serve(tmp_path, decide)
    if before:
        with opened(tmp_path) as history:
            followed(history)
    serve(tmp_path, erase, policy=None)
    with opened(tmp_path) as history:
        followed(history)
    erased = list(Decision.objects.filter(erased=True).order_by("sequence"))
    assert [one.event_id for one in erased] == ["p-000003", "p-000010"]
    assert {(one.subject, one.amount_minor, one.probability) for one in erased} == {
        ("", None, None)
    }
    assert {(one.policy, one.policy_version) for one in erased} == {("small", 1)}
    assert {one.outcome for one in erased} <= {"allow", "review"}
    assert Decision.objects.exclude(subject="").count() == 12


def test_the_answers_of_a_canary_are_known_and_its_share_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However the journal is cut, and where the share was not kept at first."""

    async def work(service: Any) -> None:
        await send(service, *map(payment, range(6)))
        await service.desk.canary(STRICTER, share=0.5, by="card")
        await send(service, *map(payment, range(6, 40)))
        await service.desk.canary(None)
        await send(service, *map(payment, range(40, 46)))

    serve(tmp_path, work)
    monkeypatch.setattr(tail_module, "BATCH", 7)
    with opened(tmp_path) as history:
        followed(history)
        begun, ended = Activation.objects.filter(role="canary").order_by("sequence")
        assert (begun.share, begun.by, ended.share, ended.by) == (0.5, "card", None, "")
        found = Decision.objects.order_by("sequence")
        assert {one.by_canary for one in found} == {True, False}
        assert all(one.by_canary == (one.policy_version == 2) for one in found)
        Activation.objects.update(share=None, by="")
        Tail(history)
    begun.refresh_from_db()
    assert (begun.share, begun.by) == (0.5, "card")


def test_an_entry_is_read_in_the_clear(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def work(service: Any) -> None:
        await send(service, *map(payment, range(4)))

    serve(tmp_path, work)
    here = ConsoleSettings(directory=settings_of(tmp_path).directory)
    monkeypatch.setattr(django_settings, "CONSOLE", here)
    with opened(tmp_path) as history:
        followed(history)
    row = Decision.objects.get(event_id="p-000002")
    entry = reading.clear_entry(row.sequence)
    assert entry == reading.clear_event("p-000002")
    assert entry.event is not None
    assert entry.event.values["card"] == "card-2"
    assert entry.decision is not None
    assert entry.decision["outcome"] == row.outcome
    assert parse_instant(payment(2)["occurred_at"]) == entry.event.occurred_at
    policy = Activation.objects.get()
    assert reading.policy_text(policy.sequence) == POLICY
    assert reading.clear_entry(policy.sequence).erased
    with pytest.raises(reading.UnknownEntryError):
        reading.clear_entry(10_000)
    with pytest.raises(reading.UnknownEntryError):
        reading.clear_event("nobody")

    async def erase(service: Any) -> None:
        assert (await service.desk.erase("customer:C2")).status == 200

    serve(tmp_path, erase, policy=None)
    assert reading.clear_entry(row.sequence).erased
    assert reading.clear_entry(row.sequence).decision is None
