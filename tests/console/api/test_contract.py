"""The API against its own description: what schemathesis makes up never makes it fail."""

from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from tests.console.operators import new_operator

from fengkong.console.accounts.models import RoleGrant
from fengkong.console.api.tokens import issue
from fengkong.console.api.urls import api

EXAMPLES = 4
CHECKS = [status_code_conformance, content_type_conformance, response_schema_conformance]


@pytest.fixture
def address(live_server: Any, settings: Any, tmp_path: Path) -> str:
    settings.ALLOWED_HOSTS = ["*"]
    return str(live_server.url)


def attacked(address: str, *, examples: int) -> int:
    """Every operation with made-up requests of somebody who may do everything; how many."""
    owner = new_operator("system_admin")
    for role in ("senior_analyst", "compliance_officer", "incident_commander"):
        RoleGrant.objects.create(operator=owner, role=role)
    scopes = ["system.edit", "system.view", "audit.view", "audit.verify", "policies.view"]
    scopes += ["policies.edit", "decisions.view", "personal.approve"]
    scopes += ["lists.view", "lists.edit", "policies.activate"]
    scopes += ["operators.view", "roles.propose", "now.view", "models.view"]
    scopes += ["decisions.replay", "alerts.view", "alerts.work", "actions.view", "actions.ask"]
    scopes += ["cases.view", "cases.work", "appeals.view", "appeals.work", "appeals.take"]
    scopes += ["customers.confirm", "incidents.view", "incidents.work", "incidents.command"]
    scopes += ["playbooks.edit", "drills.run"]
    _token, text = issue(owner, name="attack", scopes=scopes, days=1)
    described = schemathesis.openapi.from_dict(api.get_openapi_schema(path_prefix="/api/v1/"))
    count = 0
    for found in described.get_all_operations():
        operation = found.ok()

        @settings(
            max_examples=examples,
            deadline=None,
            database=None,
            derandomize=True,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        def attack(case: Any) -> None:
            nonlocal count
            count += 1
            answer = case.call(
                base_url=address, headers={"Authorization": f"Bearer {text}"}, timeout=60
            )
            told = (case.method, case.path, answer.text[:200])
            assert answer.status_code < 500 or answer.status_code == 503, told
            case.validate_response(answer, checks=CHECKS)

        from hypothesis import given

        given(operation.as_strategy())(attack)()
    return count


@pytest.mark.django_db(transaction=True)
def test_made_up_requests_are_answered(address: str) -> None:
    assert attacked(address, examples=EXAMPLES) >= 60


@pytest.mark.nightly
@pytest.mark.django_db(transaction=True)
def test_many_made_up_requests_are_answered(address: str, monkeypatch: Any) -> None:
    from fengkong.console.api import tokens

    monkeypatch.setattr(tokens, "USES_A_MINUTE", 10**9)
    assert attacked(address, examples=150) >= 1_000
