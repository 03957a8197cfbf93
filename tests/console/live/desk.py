"""A read model that the tail would have made: decisions, labels, tallies, without a journal."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any

from django.utils import timezone

from fengkong.console.journaled.intake import take_in
from fengkong.console.journaled.seen import SeenDecision, SeenEntries, SeenLabel

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
OUTCOMES = ("allow",) * 80 + ("challenge",) * 8 + ("review",) * 6 + ("deny",) * 4 + ("delay",) * 2
TYPES = ("payment.initiated", "login.attempted", "transfer.initiated")
RULES = ("velocity.cards", "device.shared", "amount.unusual", "new.payee")


def micros(moment: datetime) -> int:
    return (moment - EPOCH) // timedelta(microseconds=1)


def decision_at(sequence: int, moment: datetime, **more: object) -> SeenDecision:
    """A decision whose event occurred at a moment; fields may be given."""
    at = micros(moment)
    plain = {
        "sequence": sequence,
        "event_id": f"e-{sequence}",
        "event_type": "payment.initiated",
        "subject": f"{sequence % 7:032x}",
        "occurred_at": at,
        "recorded_at": at + 50_000,
        "outcome": "allow",
        "points": 0.0,
        "probability": 0.01,
        "amount_minor": 10_000,
        "currency": "CNY",
        "policy": "payments",
        "policy_version": 1,
        "policy_hash": "a" * 64,
        "rules": (),
        "degraded": False,
        "late": False,
        "erased": False,
        "shadow_outcome": "",
    }
    return SeenDecision(**(plain | more))


def taken_in(
    decisions: list[SeenDecision], *, labels: tuple[SeenLabel, ...] = (), after: int = 0
) -> None:
    """Write decisions and labels as the tail does."""
    upto = max([one.sequence for one in (*decisions, *labels)], default=after)
    take_in(
        SeenEntries(
            journal="0" * 32,
            after=after,
            upto=upto,
            at=micros(timezone.now()),
            decisions=decisions,
            labels=list(labels),
        )
    )


def mixed(count: int, *, over: timedelta, until: datetime, seed: int = 7) -> list[SeenDecision]:
    """Decisions of every kind, spread over a time at random."""
    dice = random.Random(seed)
    moments = sorted(until - over * dice.random() for _ in range(count))
    made = []
    for sequence, moment in enumerate(moments, start=1):
        outcome = dice.choice(OUTCOMES)
        rules = tuple(dice.sample(RULES, dice.randint(1, 3))) if outcome != "allow" else ()
        made.append(
            decision_at(
                sequence,
                moment,
                event_type=dice.choice(TYPES),
                outcome=outcome,
                rules=rules,
                points=10.0 * len(rules),
                amount_minor=None if dice.random() < 0.1 else dice.randrange(100, 10_000_000),
                policy_version=1 if sequence < count // 2 else 2,
                degraded=dice.random() < 0.01,
                late=dice.random() < 0.02,
                shadow_outcome="deny" if dice.random() < 0.01 else "",
                by_canary=dice.random() < 0.05,
            )
        )
    return made


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
  customer_merchant_last: last(merchant_name) of payment.initiated over customer
  busy: card_count_1h > 5
rules:
  - id: fast
    title: {zh: 短时多笔, en: Many in a short time}
    when: card_count_1h > 8
    outcome: review
    points: 40
    reason: {zh: "一小时内 {card_count_1h} 笔", en: "{card_count_1h} payments in an hour"}
  - id: large
    when: amount > 50000
    outcome: challenge
    reason: {zh: "金额 {amount} 较大", en: "a large amount: {amount}"}
  - id: device
    when: device_card_distinct_7d > 3
    outcome: deny
    reason: {zh: "设备 {device} 用过多张卡", en: "{device} has used many cards"}
"""
STRICTER = POLICY.replace("version: 1", "version: 2").replace("1h > 8", "1h > 2")


def payment(number: int) -> dict[str, Any]:
    """The n-th payment, in wire form, some minutes ago; every fifth has no device."""
    event = {
        "type": "payment.initiated",
        "id": f"p-{number:04d}",
        "occurred_at": (timezone.now() - timedelta(minutes=30, seconds=-number)).isoformat(),
        "currency": "CNY",
        "amount": "60000.00" if number % 17 == 16 else f"{10 + number}.50",
        "customer": f"C-{number % 4}",
        "card": f"6222000000000{number % 5:03d}",
        "device": f"dev-{number % 2}",
        "phone": "13800138000",
    }
    if number % 5 == 0:
        del event["device"]
    return event


def label(event: dict[str, Any]) -> dict[str, Any]:
    """That a payment was fraud, as the platform learned later."""
    return {
        "type": "label.confirmed",
        "id": f"l-{event['id']}",
        "occurred_at": timezone.now().isoformat(),
        "event": event["id"],
        "is_fraud": True,
    }
