"""What a policy says when a decision cannot be computed."""

from __future__ import annotations

import pytest

from fengkong.core.errors import FaultsError
from fengkong.decisions.engine import Engine
from fengkong.decisions.policy_file import load_policy
from fengkong.events.catalogue import shipped_catalogue
from fengkong.events.event import Event

POLICY = """
policy: small
version: 1
title: {zh: 小, en: Small}
events: [login.attempted]
unknown: record
FALLBACK
rules:
  - {id: always, when: age > 1, outcome: deny, reason: {zh: 无, en: none}}
"""
EVENT = Event(type="login.attempted", id="l-1", occurred_at=1_790_000_000_000_000)


def policy(line: str):
    text = POLICY.replace("FALLBACK", line).replace("age > 1", "is_missing(channel)")
    return load_policy(text, source="test", catalogue=shipped_catalogue())


@pytest.mark.parametrize(
    ("line", "outcome"),
    [
        ("", "review"),
        ("fallback: deny", "deny"),
        ("fallback: allow", "allow"),
        ("outcomes: {order: [deny, allow]}", "deny"),
    ],
)
def test_the_fallback_is_the_declared_outcome_or_a_review(line, outcome):
    engine = Engine(policy(line))
    decision = engine.fallback(EVENT, missing="features")
    assert decision.outcome == outcome
    assert decision.event_id == "l-1"
    assert "features" in decision.reasons.zh
    assert "features" in decision.reasons.en


def test_a_fallback_that_is_no_outcome_is_a_fault():
    with pytest.raises(FaultsError, match="fallback"):
        policy("fallback: shrug")
