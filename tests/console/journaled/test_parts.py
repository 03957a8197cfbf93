"""Which policy had which part is told from the activations, at any place of the journal."""

from datetime import UTC, datetime
from importlib import import_module

import pytest
from django.apps import apps

from fengkong.console.journaled.models import Activation, Decision
from fengkong.console.journaled.parts import in_force, part_of, running_at

pytestmark = pytest.mark.django_db

TOLD = """
10 live   started   a
20 shadow published b
30 canary published c
40 shadow ended     -
50 live   published d
60 canary published c
70 canary no_room   -
80 shadow published e
90 live   promoted  e
"""


@pytest.fixture(autouse=True)
def _activations() -> None:
    for line in TOLD.strip().splitlines():
        sequence, role, cause, policy = line.split()
        named = "" if policy == "-" else policy
        Activation.objects.create(
            sequence=int(sequence),
            role=role,
            cause=cause,
            policy=named,
            policy_hash=named,
            at=datetime(2026, 1, 1, tzinfo=UTC),
        )


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        (5, {}),
        (15, {"live": "a"}),
        (25, {"live": "a", "shadow": "b"}),
        (35, {"live": "a", "canary": "c"}),
        (45, {"live": "a", "canary": "c"}),
        (55, {"live": "d"}),
        (65, {"live": "d", "canary": "c"}),
        (75, {"live": "d"}),
        (85, {"live": "d", "shadow": "e"}),
        (None, {"live": "e"}),
    ],
)
def test_what_is_in_force(before: int | None, expected: dict[str, str]) -> None:
    found = in_force(before=before)
    assert {role: one.policy for role, one in found.items()} == expected


ANSWERS = [
    (35, "c", "canary"),
    (35, "a", "live"),
    (45, "c", "canary"),
    (55, "d", "live"),
    (25, "b", "live"),
    (65, "c", "canary"),
    (75, "c", "live"),
    (95, "e", "live"),
]


@pytest.mark.parametrize(("sequence", "policy", "part"), ANSWERS)
def test_whose_answer_a_decision_was(sequence: int, policy: str, part: str) -> None:
    assert running_at(sequence).is_canary(policy) == (part == "canary")


def test_decisions_of_before_are_marked_when_the_database_is_migrated() -> None:
    noon = datetime(2026, 1, 1, tzinfo=UTC)
    plain = {"occurred_at": noon, "recorded_at": noon, "points": 0, "policy_version": 1}
    for number, (sequence, policy, _part) in enumerate(ANSWERS):
        Decision.objects.create(
            sequence=sequence + number % 3,
            event_id=f"e-{number}",
            policy_hash=policy,
            degraded=False,
            late=False,
            **plain,
        )
    migration = import_module("fengkong.console.journaled.migrations.0002_canaries")
    migration.mark_answers(apps, None)
    rows = Decision.objects.order_by("event_id")
    assert [part_of(row) for row in rows] == [part for _, _, part in ANSWERS]
