"""One writer: what it acknowledges is recorded once, answered alike for ever, in one order."""

import asyncio
import json
import time
from typing import Any

import pytest
from desk_of_tests import body, code, decision, payment, prepared, send, serve

from fengkong.core.instants import DAY_US, format_instant
from fengkong.journal.errors import StoreUnavailableError
from fengkong.service.clock import wall_clock
from fengkong.service.serving import Service
from fengkong.service.writer import QUEUE_MIN


def test_a_decision_is_recorded_and_found_again(tmp_path):
    async def work(service: Service) -> None:
        first, second = await send(service, payment(1), payment(2))
        assert json.loads(first.body)["sequence"] == 2  # entry 1 is the policy's activation
        assert json.loads(second.body)["sequence"] == 3
        assert await service.desk.find("p-000001") == first
        assert code(await service.desk.find("p-000009")) == "service.unknown_decision"

    serve(tmp_path, work)


def test_asked_twice_it_answers_the_same_for_ever(tmp_path):
    async def first(service: Service) -> Any:
        return await send(service, *(payment(n) for n in range(20)))

    async def again(service: Service) -> Any:
        return await send(service, *(payment(n) for n in range(20)))

    before = serve(tmp_path, first)
    assert serve(tmp_path, again, policy=None) == before


def test_order_of_keys_and_spaces_do_not_make_another_event(tmp_path):
    async def work(service: Service) -> None:
        (first,) = await send(service, payment(1))
        turned = json.dumps(dict(reversed(payment(1).items())), indent=1).encode()
        assert await service.desk.submit(turned, decided=True) == first

    serve(tmp_path, work)


@pytest.mark.parametrize(
    "change", [{"amount": "99.00"}, {"device": "other"}, {"city": None}, {"merchant": "m-1"}]
)
def test_another_event_under_a_known_id_is_a_conflict(tmp_path, change):
    async def work(service: Service) -> None:
        (first,) = await send(service, payment(1))
        (answer,) = await send(service, payment(1, **change))
        assert (answer.status, code(answer)) == (409, "service.idempotency_conflict")
        assert await service.desk.find("p-000001") == first

    serve(tmp_path, work)


def test_a_decision_and_a_record_of_one_event_conflict(tmp_path):
    async def work(service: Service) -> None:
        await send(service, payment(1))
        answer = await service.desk.submit(body(payment(1)), decided=False)
        assert answer.status == 409

    serve(tmp_path, work)


def test_sixty_four_clients_with_one_id_get_one_answer(tmp_path):
    async def work(service: Service) -> None:
        same = [service.desk.submit(body(payment(1)), decided=True) for _ in range(64)]
        answers = await asyncio.gather(*same)
        assert len({answer.body for answer in answers}) == 1
        assert service.prepared.written.store.head().sequence == 2

    serve(tmp_path, work)


def test_one_id_with_two_bodies_at_once_is_recorded_once(tmp_path):
    async def work(service: Service) -> None:
        bodies = [body(payment(1)), body(payment(1, amount="1.00"))] * 8
        answers = await asyncio.gather(*(service.desk.submit(b, decided=True) for b in bodies))
        assert sorted(answer.status for answer in answers) == [200] * 8 + [409] * 8

    serve(tmp_path, work)


def test_a_batch_answers_in_order_and_as_single_events_would(tmp_path):
    events = [payment(n) for n in range(300)]
    events[100] = payment(7)  # repeated within the batch
    events[200] = payment(7, amount="1.00")  # another under its id

    async def together(service: Service) -> Any:
        bodies = [*map(body, events)]
        bodies[50] = b"{}"
        return await service.desk.submit_many(bodies, decided=True)

    async def singly(service: Service) -> Any:
        return await send(service, *events)

    batch = serve(tmp_path / "a", together)
    single = serve(tmp_path / "b", singly)
    assert batch[50].status == 400
    assert batch[100] == batch[7]
    assert batch[200].status == 409
    # The event that the batch lost changes what later ones of its card and device have seen.
    assert [decision(one) for one in batch[:50]] == [decision(one) for one in single[:50]]


def test_columns_and_single_events_decide_alike(tmp_path):
    events = [payment(n) for n in range(400)]

    async def together(service: Service) -> Any:
        return await service.desk.submit_many([*map(body, events)], decided=True)

    async def singly(service: Service) -> Any:
        return await send(service, *events)

    batch = [decision(answer) for answer in serve(tmp_path / "a", together)]
    assert batch == [decision(answer) for answer in serve(tmp_path / "b", singly)]


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        ({"type": "login.attempted", "customer": "c", "succeeded": True}, "service.not_decided"),
        ({"occurred_at": format_instant(wall_clock() + DAY_US)}, "service.future_event"),
        ({"amount": 5}, "event.wrong_type"),
        ({"amonut": "5.00"}, "event.unknown_field"),
        ({"cvv": "123"}, "event.forbidden_field"),
        ({"id": "x" * 300}, "identifier.invalid"),
    ],
)
def test_a_refused_event_changes_nothing(tmp_path, event, expected):
    async def work(service: Service) -> None:
        given = payment(1) | event
        if event.get("type"):
            given = {"id": "l", "occurred_at": given["occurred_at"]} | event
        answer = await service.desk.submit(body(given), decided=True)
        assert (answer.status, code(answer)) == (400, expected)
        assert service.prepared.written.store.head().sequence == 1

    serve(tmp_path, work)


def test_a_late_event_is_decided_and_marked(tmp_path):
    async def work(service: Service) -> None:
        await send(service, payment(1))
        old = payment(2, occurred_at=format_instant(wall_clock() - 90 * DAY_US))
        (answer,) = await send(service, old)
        assert decision(answer)["late"] is True

    serve(tmp_path, work)


def list_change(number: int, **fields: Any) -> bytes:
    event = {
        "type": "list.changed",
        "id": f"l-{number}",
        "occurred_at": format_instant(wall_clock() - DAY_US),
        "list": "blocked_devices",
        "operation": "add",
        "value": "dev-1",
        "reason": "stolen",
        "author": "ana",
    }
    return body(event | fields)


def test_a_list_change_counts_from_the_next_event_on(tmp_path):
    async def work(service: Service) -> None:
        now = format_instant(wall_clock())
        blocked = {"device": "dev-1", "occurred_at": now}
        (before,) = await send(service, payment(1, **blocked))
        answer = await service.desk.submit(list_change(1), decided=False)
        assert answer.status == 200
        (after,) = await send(service, payment(2, **blocked))
        assert (decision(before)["outcome"], decision(after)["outcome"]) == ("allow", "deny")

    serve(tmp_path, work)


@pytest.mark.parametrize(
    "change",
    [
        {"list": "blocked_device"},
        {"operation": "addd"},
        {"expires_at": "2020-01-01T00:00:00Z"},
    ],
)
def test_a_list_change_that_cannot_be_applied_is_not_recorded(tmp_path, change):
    async def work(service: Service) -> None:
        answer = await service.desk.submit(list_change(1, **change), decided=False)
        assert answer.status == 400
        assert service.prepared.written.store.head().sequence == 1
        await send(service, payment(1))

    serve(tmp_path, work)


def test_what_cannot_be_made_durable_is_not_acknowledged_and_comes_back(tmp_path, monkeypatch):
    async def work(service: Service) -> None:
        store = service.prepared.written.store
        commit = store.commit
        broken = True

        def failing() -> None:
            if broken:
                store.abort()
                raise StoreUnavailableError("the disk is full")
            commit()

        monkeypatch.setattr(store, "commit", failing)
        (lost,) = await send(service, payment(1))
        assert (lost.status, code(lost)) == (503, "service.not_durable")
        assert service.desk.ready().status == 503
        (refused,) = await send(service, payment(2))
        assert refused.status == 503
        broken = False
        async with asyncio.timeout(5):
            while service.desk.ready().status != 200:  # noqa: ASYNC110 - as a prober asks
                await asyncio.sleep(0.02)
        first, second = await send(service, payment(1), payment(2))
        # The event that was decided, but not acknowledged, has kept its place.
        assert json.loads(first.body)["sequence"] == 2
        assert json.loads(second.body)["sequence"] == 3
        assert decision(second)["features"]["card_count_1h"] == 1.0

    serve(tmp_path, work)


@pytest.mark.parametrize("together", [1, 20, 60])
def test_keys_that_cannot_be_looked_up_refuse_only_those_who_need_them(
    tmp_path, monkeypatch, together
):
    async def work(service: Service) -> None:
        store = service.prepared.written.store

        def unavailable(subject: bytes) -> Any:
            raise StoreUnavailableError("the disk does not answer")

        bodies = [body(payment(n, customer=f"new-{n}")) for n in range(together)]
        with monkeypatch.context() as broken:
            broken.setattr(store, "subject_key", unavailable, raising=True)
            answers = await asyncio.gather(
                *(service.desk.submit(one, decided=True) for one in bodies)
            )
        assert {answer.status for answer in answers} == {503}
        assert store.head().sequence == 1
        while not service.writer.available:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        again = await asyncio.gather(*(service.desk.submit(one, decided=True) for one in bodies))
        assert {answer.status for answer in again} == {200}

    serve(tmp_path, work)


def test_a_key_made_for_a_refused_event_is_kept(tmp_path):
    """Else the next event of that subject were sealed under a key that no restart finds."""
    good = list_change(2)

    async def work(service: Service) -> list[int]:
        refused = await service.desk.submit(list_change(1, list="no_such"), decided=False)
        recorded = await service.desk.submit(good, decided=False)
        return [refused.status, recorded.status]

    async def again(service: Service) -> int:
        return (await service.desk.submit(good, decided=False)).status

    assert serve(tmp_path, work) == [400, 200]
    assert serve(tmp_path, again, policy=None) == 200


def test_security_notes_are_recorded_and_bounded(tmp_path):
    async def work(service: Service) -> None:
        for _ in range(500):
            service.desk.note_security("replayed_request", "k1")
        await send(service, payment(1))
        await asyncio.sleep(0.05)
        leaves = service.prepared.written.store.leaves(after=0, limit=1000)
        notes = [leaf for _, leaf in leaves if b'"kind":"security"' in leaf]
        assert 1 <= len(notes) <= 100

    serve(tmp_path, work)


def test_two_writers_of_one_journal_are_refused(tmp_path):
    ready = prepared(tmp_path)
    try:
        with pytest.raises(Exception, match=r"journal\.in_use"):
            prepared(tmp_path)
    finally:
        ready.written.store.close()


def test_who_was_answered_at_once_is_not_counted_among_those_who_wait(tmp_path, monkeypatch):
    async def work(service: Service) -> None:
        await send(service, payment(1))
        store, commit = service.prepared.written.store, service.prepared.written.store.commit

        def slowly() -> None:
            time.sleep(0.3)
            commit()

        monkeypatch.setattr(store, "commit", slowly)
        service.checkpoints.sign_last(service.prepared.appender)
        service.writer._seconds_each = 1.0
        for count in (16, QUEUE_MIN):
            again = (service.writer.submit(body(payment(1)), decided=True) for _ in range(count))
            statuses = {answer.status for answer in await asyncio.gather(*again)}
            assert statuses == {200}

    serve(tmp_path, work)
