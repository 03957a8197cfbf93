"""Policies of the tests of governance stand beside them; who acts, and on which service."""

import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from service_of_tests import KeptService, operator
from versions import TEXT, load

from fengkong.console.accounts.models import Operator
from fengkong.console.governance import activation, editor, parts, queries, views
from fengkong.console.governance.preview_socket import PreviewUnavailableError
from fengkong.decisions.engine import Engine
from fengkong.evaluation.held_history import HeldHistory
from fengkong.evaluation.preview import preview_rule


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


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """A preview that answers from an empty history."""
    asked: list[dict[str, Any]] = []

    def ask(_data: Any, question: dict[str, Any], **_: Any) -> Any:
        asked.append(question)
        if question["do"] == "preview":
            held = HeldHistory.begin(Engine(load()))
            return preview_rule(held, load(question["text"]), question["rule"]).to_data()
        raise PreviewUnavailableError("none")

    for module in (editor, parts, queries, views):
        monkeypatch.setattr(module, "ask_preview", ask)
    return asked
