"""A real service without its HTTP: a journal in a directory, a small policy, made events."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from fengkong.core.instants import DAY_US, format_instant
from fengkong.service.answers import Answer
from fengkong.service.clock import wall_clock
from fengkong.service.serving import Prepared, Service, prepare
from fengkong.service.settings import Settings, load_settings

POLICY = """
policy: small
version: 1
title: {zh: 小策略, en: Small policy}
currency: CNY
events: [payment.initiated]
unknown: record
features:
  card_count_1h: count() of payment.initiated over card last 1h
  card_amount_sum_24h: sum(amount) of payment.initiated over card last 24h
  device_card_distinct_7d: distinct(card) of payment.initiated over device last 7d
  customer_component_size_7d: >-
    component_size() of payment.initiated over customer by card, device last 7d
  customer_city_last: last(city) of payment.initiated over customer
lists:
  blocked_devices: {of: device, title: {zh: 设备黑名单, en: Blocked devices}, colour: black}
rules:
  - id: blocked
    when: device in blocked_devices
    outcome: deny
    reason: {zh: 设备在黑名单上, en: the device is blocked}
  - id: fast
    when: card_count_1h > 3
    outcome: review
    points: 40
    reason: {zh: "一小时内 {card_count_1h} 笔", en: "{card_count_1h} payments in an hour"}
  - id: large
    when: amount > 50000
    outcome: challenge
    reason: {zh: 金额较大, en: a large amount}
"""
STRICTER = POLICY.replace("version: 1", "version: 2").replace("1h > 3", "1h > 1")
OTHER_WINDOWS = STRICTER.replace("version: 2", "version: 3").replace("last 1h", "last 2h")

START = wall_clock() - 2 * DAY_US


def payment(number: int, **fields: Any) -> dict[str, Any]:
    """The n-th made payment, in wire form; a minute after the one before."""
    event = {
        "type": "payment.initiated",
        "id": f"p-{number:06d}",
        "occurred_at": format_instant(START + number * 60_000_000 // 20),
        "currency": "CNY",
        "amount": f"{10 + number % 97}.50",
        "customer": f"C{number % 7}",
        "card": f"card-{number % 5}",
        "device": f"dev-{number % 3}",
        "city": ("Beijing", "Shanghai", "Xi'an")[number % 3],
    }
    return {name: value for name, value in (event | fields).items() if value is not None}


def body(event: dict[str, Any]) -> bytes:
    """An event as it is sent."""
    return json.dumps(event, ensure_ascii=False).encode()


def settings_of(directory: Path, **given: Any) -> Settings:
    """Settings of a data directory under a test's own."""
    return load_settings(directory / "data", given=given)


def prepared(directory: Path, *, policy: str | None = POLICY, **given: Any) -> Prepared:
    """The journal of a directory, checked and recovered."""
    return prepare(settings_of(directory, **given), environment={}, first_policy=policy)


def serve(
    directory: Path,
    work: Callable[[Service], Awaitable[Any]],
    *,
    policy: str | None = POLICY,
    kill: str = "",
    **given: Any,
) -> Any:
    """Run something with a service; with `kill` it is left as a killed process would leave it."""
    ready = prepared(directory, policy=policy, **given)
    failures: list[BaseException] = []

    async def run() -> Any:
        service = Service(ready, on_failure=failures.append)
        await service.start()
        try:
            result = await work(service)
        except BaseException:
            await service.stop()
            raise
        if kill:
            for task in (service._ticking, service._snapshotting):
                if task is not None:
                    task.cancel()
            await service.assistant.stop()
            service.writer._thread.shutdown(wait=True)
            ready.written.store.close()
        else:
            await service.stop()
        return result

    result = asyncio.run(run())
    assert not failures, failures
    return result


async def send(service: Service, *events: dict[str, Any]) -> list[Answer]:
    """The answers to payments sent one after the other."""
    return [await service.desk.submit(body(event), decided=True) for event in events]


def decision(answer: Answer) -> dict[str, Any]:
    """The decision of a successful answer."""
    assert answer.status == 200, answer
    found: dict[str, Any] = json.loads(answer.body)["decision"]
    return found


def code(answer: Answer) -> str:
    """The code of a problem."""
    return str(json.loads(answer.body)["code"])
