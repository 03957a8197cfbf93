"""A process that loads a policy, decides one payment, prints the outcome and ends."""

from __future__ import annotations

from benchmarks.workers.decisions_fengkong import new_engine
from fengkong.events.event import Event

PAYMENT = Event(
    type="payment.initiated",
    id="p1",
    occurred_at=1_780_000_000_000_000,
    currency="CNY",
    values={
        "customer": "c1",
        "card": "k1",
        "device": "d1",
        "ip": "192.0.2.1",
        "merchant": "m1",
        "amount": 900_00,
        "channel": "web",
        "card_country": "CN",
        "ip_country": "US",
    },
)

if __name__ == "__main__":
    engine = new_engine()
    decision = engine.decide(PAYMENT, engine.new_state())
    assert decision is not None, "the policy decides payments"
    print(decision.outcome)
