"""Policies of the tests of governance stand beside them; who acts, and on which service."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from service_of_tests import KeptService, operator
from versions import TEXT

from fengkong.console.accounts.models import Operator
from fengkong.console.governance import activation


@pytest.fixture
def ann(db: None) -> Operator:
    return operator("ann", "analyst")


@pytest.fixture
def bob(db: None) -> Operator:
    return operator("bob", "senior_analyst")


@pytest.fixture
def service(db: None, monkeypatch: pytest.MonkeyPatch) -> KeptService:
    kept = KeptService(TEXT)
    monkeypatch.setattr(activation, "service_client", kept.client)
    monkeypatch.setattr(activation, "policy_text", kept.text_at)
    activation.watch_service()
    return kept
