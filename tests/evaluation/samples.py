"""A small policy, short ways to write a history, and a small simulation."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache

from fengkong.core.instants import parse_instant
from fengkong.decisions.policy import Policy
from fengkong.decisions.policy_file import load_policy
from fengkong.events.catalogue import shipped_catalogue
from fengkong.events.columns import EventColumns
from fengkong.events.event import Event
from fengkong.simulation.platform import Simulation

MONDAY = parse_instant("2026-11-02T02:00:00Z")
MINUTE = 60 * 1_000_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR

SIMPLE = """\
policy: simple
version: 3
title: {zh: 简单, en: Simple}
events: [payment.initiated]
unknown: record
features:
  customer_payment_count_1h: count() over customer last 1h
  customer_amount_mean_1d: mean(amount) over customer last 1d
  customer_city_last: last(city) over customer
  customer_city_seen: seen_before(city) over customer
  amount_ratio: ratio(amount, customer_amount_mean_1d)
lists:
  blocked: {of: device, title: {zh: 黑名单, en: Blocked}, colour: black}
parameters:
  limits.amount:
    kind: money
    2026-01-01: {value: 1000, reference: FRAUD-1}
rules:
  - id: amount.large
    when: amount > limits.amount
    outcome: review
    points: 30
    reason: {zh: "金额 {amount} 超过 {limits.amount}", en: "{amount} above {limits.amount}"}
    techniques: [F1001]
  - id: velocity
    when: customer_payment_count_1h > 2
    points: 40
    reason: {zh: "一小时 {customer_payment_count_1h} 笔", en: "{customer_payment_count_1h} an hour"}
  - id: device.blocked
    when: device in blocked
    outcome: deny
    reason: {zh: "设备 {device}", en: "Device {device}"}
  - id: channel.app
    when: channel == "app"
    points: 1
    unknown: challenge
    reason: {zh: 手机端, en: By app}
outcomes:
  order: [deny, delay, review, challenge, allow]
  points: {challenge: 41}
"""


def load(text: str) -> Policy:
    return load_policy(text, source="policy.yaml", catalogue=shipped_catalogue())


@cache
def simple() -> Policy:
    return load(SIMPLE)


def payment(name: str, *, at: int = 0, amount: int = 100_00, **values: object) -> Event:
    """A payment by app, `at` microseconds after the Monday, of minor units."""
    return Event(
        type="payment.initiated",
        id=name,
        occurred_at=MONDAY + at,
        currency="CNY",
        values={"amount": amount, "customer": "c1", "channel": "app", **values},
    )


def label(about: str | None, *, at: int, fraud: bool = True, **values: object) -> Event:
    """A label; `about` None names only a customer."""
    subject = {"customer": "c1"} if about is None else {"event": about}
    return Event(
        type="label.confirmed",
        id=f"label-{about}-{at}-{fraud}",
        occurred_at=MONDAY + at,
        values={**subject, "is_fraud": fraud, **values},
    )


def blocked(device: str, *, at: int) -> Event:
    """A device put on the list `blocked`."""
    return Event(
        type="list.changed",
        id=f"list-{device}-{at}",
        occurred_at=MONDAY + at,
        values={
            "list": "blocked",
            "operation": "add",
            "value": device,
            "reason": "r",
            "author": "a",
        },
    )


def batches(events: Sequence[Event], *, rows: int = 1000) -> Iterator[EventColumns]:
    """A history in batches."""
    for start in range(0, len(events), rows):
        yield EventColumns.from_events(events[start : start + rows])


@cache
def simulated() -> tuple[tuple[Event, ...], dict[str, tuple[str | None, bool]]]:
    """Some days of the platform with card testing, and the truth by event id."""
    items = list(
        Simulation(
            scenarios=("card_testing", "bust_out_merchant"), seed=11, days=5, customers=60
        ).events()
    )
    truth = {item.event.id: (item.scenario, item.is_fraud) for item in items}
    return tuple(item.event for item in items), truth
