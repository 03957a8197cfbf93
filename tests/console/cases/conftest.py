"""Decisions as the tail writes them, operators who work cases, and files sealed in a folder."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from tests.console.live.desk import decision_at, taken_in
from tests.console.operators import new_operator

from fengkong.console.accounts.models import Operator
from fengkong.console.alerts.models import Alert
from fengkong.console.cases.models import Case
from fengkong.console.cases.opening import open_by_hand
from fengkong.console.configuration import ConsoleSettings

ANNA = "a" * 32
BERT = "b" * 32


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, settings: Any) -> Path:
    """A data directory of the test's own: sealed notes and files lie there."""
    settings.CONSOLE = ConsoleSettings(directory=tmp_path)
    settings.CONSOLE.keys.mkdir(mode=0o700)
    return tmp_path


@pytest.fixture
def ann(db: None) -> Operator:
    return new_operator("analyst", username="ann")


@pytest.fixture
def bob(db: None) -> Operator:
    return new_operator("senior_analyst", username="bob")


@pytest.fixture
def decided(db: None) -> None:
    """Six decisions: four about Anna, two about Bert."""
    now = timezone.now() - timedelta(hours=2)
    rows = [
        (1, ANNA, "review", 120_00, ("device.shared",), 0.4, 60.0),
        (2, ANNA, "deny", 80_00, ("velocity.cards", "device.shared"), 0.9, 95.0),
        (3, ANNA, "allow", 10_00, (), 0.01, 0.0),
        (4, ANNA, "review", 50_00, ("new.payee",), None, 30.0),
        (5, BERT, "review", 900_00, ("new.payee",), 0.3, 40.0),
        (6, BERT, "allow", 15_00, (), 0.02, 0.0),
    ]
    taken_in(
        [
            decision_at(
                number,
                now + timedelta(minutes=number),
                subject=subject,
                outcome=outcome,
                amount_minor=amount,
                rules=rules,
                probability=probability,
                points=points,
            )
            for number, subject, outcome, amount, rules, probability, points in rows
        ]
    )
    Alert.objects.all().delete()  # tests make their own


@pytest.fixture
def case(ann: Operator, decided: None) -> Case:
    """A case of Anna's about three of her decisions."""
    return open_by_hand(ann, [1, 2, 4], typology="account_takeover", why="she called")
