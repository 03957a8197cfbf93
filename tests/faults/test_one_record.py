"""Events sent twice, late, out of order, by many at once: one record each, equal answers."""

import asyncio
import json
import os
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hosting import PAYMENTS, Host, Site
from journal_check import check_state, missing, verified
from load import DECISIONS, Acknowledged, Connection, Made, Sent

from fengkong.core.instants import MINUTE_US, format_instant
from fengkong.service.answers import Answer
from fengkong.service.clock import wall_clock
from fengkong.service.serving import Service, prepare
from fengkong.service.settings import load_settings

CLIENTS = 64
TOGETHER = 7
"""Permutations at a time: fewer events than may always wait."""
AMOUNTS = ("10.00", "250.50", "9.99", "70000.00", "33.00")


def test_one_id_from_many_clients_at_once(host: Host, tmp_path: Path) -> None:
    site = Site.new(tmp_path / "site")
    hosted = host.start(site)
    made = Made(random.Random(1), prefix="one")
    acknowledged = Acknowledged()

    async def run() -> None:
        async with asyncio.TaskGroup() as opening:
            tasks = [
                opening.create_task(Connection(hosted.port, key=site.key).__aenter__())
                for _ in range(CLIENTS)
            ]
        connections = [task.result() for task in tasks]
        for _ in range(30):
            sent = made.payment()
            await asyncio.gather(*(one.send([sent], acknowledged) for one in connections))
        for one in connections:
            await one.__aexit__()

    asyncio.run(run())
    assert acknowledged.statuses == {200: 30 * CLIENTS}
    hosted.kill()
    held = verified(site)  # every id once
    assert not missing(acknowledged.answers, held)
    assert len(held.answers) == 30


def test_one_id_with_two_bodies_at_once(host: Host, tmp_path: Path) -> None:
    """One of the two is recorded; everyone who sent the other is told of the conflict."""
    site = Site.new(tmp_path / "site")
    hosted = host.start(site)
    made = Made(random.Random(2), prefix="two")
    one = made.payment(amount="1.00")
    other = Sent(one.id, DECISIONS, one.body.replace(b"1.00", b"2.00"))
    answers: dict[bytes, set[tuple[int, bytes]]] = {one.body: set(), other.body: set()}

    async def ask(sent: Sent) -> None:
        async with Connection(hosted.port, key=site.key) as connection:
            answers[sent.body].add(await connection.ask(sent.path, sent.body))

    async def run() -> None:
        await asyncio.gather(*(ask((one, other)[number % 2]) for number in range(CLIENTS)))

    asyncio.run(run())
    assert sorted(status for said in answers.values() for status, _ in said) == [200, 409]
    hosted.stop()


def permutation(number: int, dice: random.Random) -> tuple[list[bytes], bytes]:
    """Five payments of a card in any order, some twice; and one that looks back on them all."""
    now = wall_clock() - 30 * MINUTE_US
    events = [
        {
            "type": "payment.initiated",
            "id": f"perm-{number}-{place}",
            "occurred_at": format_instant(now + place * MINUTE_US),
            "currency": "CNY",
            "amount": amount,
            "card": f"card-{number}",
            "customer": f"customer-{number}",
            "device": f"device-{number}-{place % 2}",
        }
        for place, amount in enumerate(AMOUNTS)
    ]
    last = events[0] | {
        "id": f"perm-{number}-last",
        "occurred_at": format_instant(now + 9 * MINUTE_US),
    }
    bodies = [json.dumps(event).encode() for event in events]
    bodies += dice.choices(bodies, k=dice.randrange(4))
    dice.shuffle(bodies)
    return bodies, json.dumps(last).encode()


async def one_permutation(service: Service, number: int, dice: random.Random) -> dict[str, bytes]:
    bodies, last = permutation(number, dice)
    answers: dict[str, bytes] = {}

    def note(body: bytes, answer: Answer) -> None:
        assert answer.status == 200, answer
        name = str(json.loads(body)["id"])
        assert answers.setdefault(name, answer.body) == answer.body

    together = dice.choice([1, 3, len(bodies)])
    for at in range(0, len(bodies), together):
        group = bodies[at : at + together]
        if dice.random() < 0.5:
            for body, answer in zip(
                group, await service.desk.submit_many(group, decided=True), strict=True
            ):
                note(body, answer)
        else:
            futures = [service.desk.submit(body, decided=True) for body in group]
            for body, future in zip(group, futures, strict=True):
                note(body, await future)
    note(last, await service.desk.submit(last, decided=True))
    return answers


def looked_back(answer: bytes) -> dict[str, Any]:
    """What the last decision of a permutation saw: no order of arrival may change it.

    Except when its history began: a late event is counted where it comes, not put back where it
    belonged (docs/explanation/late-events.md), so the first that came is the first.
    """
    decision = json.loads(answer)["decision"]
    features = {
        name: value
        for name, value in decision["features"].items()
        if not name.endswith("_since_first")
    }
    assert features["card_bound_minutes"] is None
    return {"outcome": decision["outcome"], "hits": decision["hits"]} | features


def permuted(folder: Path, *, times: int, seed: int) -> None:
    site = Site(folder / "data", "")
    settings = load_settings(site.data)
    ready = prepare(settings, environment=os.environ, first_policy=PAYMENTS)
    answers: dict[str, bytes] = {}

    async def run() -> None:
        failures: list[BaseException] = []
        service = Service(ready, on_failure=failures.append)
        await service.start()
        for start in range(0, times, TOGETHER):
            numbers = range(start, min(start + TOGETHER, times))
            tasks = [
                one_permutation(service, number, random.Random(f"{seed} {number}"))
                for number in numbers
            ]
            for found in await asyncio.gather(*tasks):
                answers.update(found)
        await service.stop()
        assert not failures

    asyncio.run(run())
    held = verified(site)
    assert held.answers == answers
    assert len(answers) == times * (len(AMOUNTS) + 1)
    seen = {
        json.dumps(looked_back(answers[f"perm-{number}-last"]), sort_keys=True)
        for number in range(times)
    }
    assert len(seen) == 1, seen
    check_state(site, [permutation(10**9, random.Random(1))[1]])


def test_permutations_give_one_record_each(tmp_path: Path) -> None:
    permuted(tmp_path, times=300, seed=1)


@pytest.mark.nightly
def test_ten_thousand_permutations_give_one_record_each(tmp_path: Path) -> None:
    permuted(tmp_path, times=10_000, seed=2)


@pytest.fixture
def service_in_hand(tmp_path: Path) -> Iterator[Any]:
    ready = prepare(load_settings(tmp_path / "data"), environment=os.environ, first_policy=PAYMENTS)
    failures: list[BaseException] = []
    yield ready, failures
    assert not failures


def test_work_that_nobody_waits_for_any_more_is_left_out(service_in_hand: Any) -> None:
    """As a quiet signing is when the service stops: it must not break the writer."""
    ready, failures = service_in_hand
    done: list[str] = []

    async def run() -> None:
        service = Service(ready, on_failure=failures.append)
        await service.start()
        waited = service.writer.between_groups(lambda: done.append("ran") or [])
        waited.cancel()
        made = Made(random.Random(3), prefix="after")
        answer = await service.desk.submit(made.payment().body, decided=True)
        assert answer.status == 200
        await service.stop()

    asyncio.run(run())
    assert not done
