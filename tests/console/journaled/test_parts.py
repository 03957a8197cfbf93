"""Which policy had which part is told from the activations, at any place of the journal."""

from datetime import UTC, datetime

import pytest

from fengkong.console.journaled.models import Activation, Decision
from fengkong.console.journaled.parts import in_force, part_of

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


@pytest.mark.parametrize(
    ("sequence", "policy", "part"),
    [(35, "c", "canary"), (35, "a", "live"), (55, "d", "live"), (25, "b", "live")],
)
def test_whose_answer_a_decision_was(sequence: int, policy: str, part: str) -> None:
    assert part_of(Decision(sequence=sequence, policy_hash=policy)) == part
