"""The demonstration has a policy in shadow, one being written and a limit that waits."""

from importlib import resources
from typing import Any

import pytest
from service_of_tests import KeptService
from test_versions import run_jobs
from tests.console.operators import new_operator

from fengkong.cli import demo_policies
from fengkong.console.approvals.models import Proposal
from fengkong.console.governance import activation
from fengkong.console.governance.models import PolicyVersion

PACK = resources.files("fengkong") / "packs/payments/policy.yaml"
pytestmark = pytest.mark.django_db


def test_versions_stand_beside_the_live_one(
    monkeypatch: pytest.MonkeyPatch, answers: list[dict[str, Any]]
) -> None:
    monkeypatch.setattr(demo_policies.connection, "close", lambda: None)
    kept = KeptService(PACK.read_text(encoding="utf-8"))
    monkeypatch.setattr(activation, "service_client", kept.client)
    monkeypatch.setattr(activation, "policy_text", kept.text_at)
    activation.watch_service()
    assert demo_policies.made_demo_policies() == 0
    for role in ("analyst", "senior_analyst"):
        new_operator(role, username=role)
    assert demo_policies.made_demo_policies() == 3
    assert demo_policies.made_demo_policies() == 0
    run_jobs()
    states = dict(PolicyVersion.objects.values_list("number", "state"))
    assert states == {1: "live", 2: "shadow", 3: "proposed", 4: "draft"}
    waiting = Proposal.objects.get(state=Proposal.State.OPEN)
    assert waiting.proposed_by.username == "senior_analyst"
    assert waiting.content["version_id"] == PolicyVersion.objects.get(number=3).pk
