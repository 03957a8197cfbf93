"""Who works on incidents; a service that keeps policies, as the tests of governance have it."""

import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "governance"))

from service_of_tests import KeptService
from tests.console.operators import new_operator
from versions import TEXT

from fengkong.console.accounts.models import Operator
from fengkong.console.governance import activation


@pytest.fixture
def commander(db: None) -> Operator:
    return new_operator("incident_commander", username="chen")


@pytest.fixture
def analyst(db: None) -> Operator:
    return new_operator("analyst", username="ann")


@pytest.fixture
def senior(db: None) -> Operator:
    return new_operator("senior_analyst", username="sun")


@pytest.fixture
def service(db: None, monkeypatch: pytest.MonkeyPatch) -> KeptService:
    kept = KeptService(TEXT)
    monkeypatch.setattr(activation, "service_client", kept.client)
    monkeypatch.setattr(activation, "policy_text", kept.text_at)
    activation.watch_service()
    return kept


@pytest.fixture
def incident(analyst: Operator) -> Any:
    from fengkong.console.incidents.opening import open_incident

    return open_incident("account_takeover", 3, "Many logins", "hand", analyst)
