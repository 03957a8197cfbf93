"""A rule sleeps for what is on its list, until a day, and for nobody else."""

import pytest

from fengkong.core.errors import FaultsError
from fengkong.decisions.engine import Engine
from fengkong.decisions.policy_file import load_policy
from fengkong.decisions.snoozing import snoozed_rule
from fengkong.events.catalogue import shipped_catalogue
from fengkong.events.decoding import Decoder
from fengkong.events.encoding import encode
from fengkong.events.event import Event

DAY = 86_400_000_000
START = 1_790_000_000_000_000
TEXT = """
policy: small
version: 1
title: {zh: 小, en: Small}
events: [payment.initiated, login.attempted]
unknown: record
rules:
  - id: amount.large
    when: amount >= 100
    outcome: review
    snooze: card
    reason: {zh: 大额, en: large}
"""


def engine(text: str = TEXT) -> Engine:
    return Engine(load_policy(text, source="test", catalogue=shipped_catalogue()))


def payment(number: int, at: int, **more: object) -> Event:
    values = {"amount": 50_000, "customer": "C-1", "card": "card-1", **more}
    kept = {name: value for name, value in values.items() if value is not None}
    return Event(
        type="payment.initiated",
        id=f"p-{number}",
        occurred_at=at,
        currency="CNY",
        values=kept,
    )


def change(number: int, at: int, **more: object) -> Event:
    values = {
        "list": "snoozed.amount.large",
        "operation": "add",
        "value": "card-1",
        "reason": "travels",
        "author": "ann",
        **more,
    }
    return Event(type="list.changed", id=f"l-{number}", occurred_at=at, values=values)


def test_it_sleeps_for_one_until_a_day() -> None:
    made = engine()
    state = made.new_state()

    def outcome(number: int, at: int, **more: object) -> str:
        decision = made.decide(payment(number, at, **more), state)
        assert decision is not None
        return decision.outcome

    assert outcome(1, START) == "review"
    made.decide(change(1, START + 1, expires_at=START + 7 * DAY), state)
    assert outcome(2, START + 2) == "allow"
    assert outcome(3, START + 3, card="card-2") == "review"
    assert outcome(4, START + 4, card=None) == "review"
    assert outcome(5, START + 5, amount=50) == "allow"
    assert outcome(6, START + 8 * DAY) == "review"


def test_it_can_be_woken() -> None:
    made = engine()
    state = made.new_state()
    made.decide(change(1, START), state)
    made.decide(change(2, START + 2, operation="remove"), state)
    decision = made.decide(payment(1, START + 3), state)
    assert decision is not None
    assert decision.outcome == "review"


def test_the_events_that_it_judges_stay_the_same() -> None:
    """A field that only the snooze needs does not narrow what the rule applies to."""
    without = TEXT.replace("    snooze: card\n", "")
    assert engine().policy.rules[0].types == engine(without).policy.rules[0].types
    assert engine().policy.hash != engine(without).policy.hash


@pytest.mark.parametrize("field", ["amount", "crad", "[card]", "12"])
def test_only_for_values_of_a_text_field(field: str) -> None:
    with pytest.raises(FaultsError, match="expected a text field"):
        engine(TEXT.replace("snooze: card", f"snooze: {field}"))


def test_its_list_changes_by_an_event_from_outside() -> None:
    wire = change(1, START)
    assert Decoder(shipped_catalogue()).decode(encode(wire)) == wire


def test_the_list_names_its_rule() -> None:
    assert [snoozed_rule(name) for name in engine().policy.scope.lists] == ["amount.large"]
    assert snoozed_rule("blocked_cards") is None


def test_a_rule_names_the_typology_of_its_alerts_or_none() -> None:
    named = TEXT.replace("    snooze: card\n", "    typology: mule_ring\n")
    assert [rule.typology for rule in engine(named).policy.rules] == ["mule_ring"]
    assert [rule.typology for rule in engine().policy.rules] == [None]
    with pytest.raises(FaultsError, match="expected a typology"):
        engine(named.replace("mule_ring", "Mule Ring"))
