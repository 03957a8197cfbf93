"""Operators and roles by programs: read by whom may, changed by two others only."""

import pytest
from tests.console.api.test_operations import Program
from tests.console.operators import new_operator

from fengkong.console.accounts.duties import ROLES
from fengkong.console.accounts.models import Operator

pytestmark = pytest.mark.django_db


def test_roles_and_operators_are_read() -> None:
    program = Program(new_operator("system_admin", username="ada"))
    new_operator("analyst", username="ann")
    named = {one["name"]: one for one in program.ask("GET", "/roles").json()["items"]}
    assert set(named) == set(ROLES)
    assert "security_admin" in named["system_admin"]["apart_from"]
    found = program.ask("GET", "/operators?role=analyst").json()["items"]
    assert [(one["username"], list(one["roles"])) for one in found] == [("ann", ["analyst"])]
    one = program.ask("GET", "/operators/ann")
    assert one.json() == found[0]
    assert not {"password", "email"} & set(one.json())
    assert program.ask("GET", "/operators/nobody").status_code == 404
    assert program.ask("GET", "/operators?state=x").status_code == 422


def test_a_change_of_role_is_proposed_by_one_and_approved_by_another() -> None:
    ada = Program(new_operator("system_admin", username="ada"))
    sam = Program(new_operator("security_admin", username="sam"))
    ann = new_operator("analyst", username="ann")
    said = {"roles": {"senior_analyst": None}, "reason": "promoted"}
    assert ada.ask("POST", "/operators/ada/roles", said).json()["code"] == "console.own_role"
    proposal = ada.ask("POST", "/operators/ann/roles", said).json()
    assert (proposal["kind"], proposal["state"]) == ("change_role", "open")
    assert Operator.objects.get(pk=ann.pk).may("lists.release") is False
    assert sam.ask("POST", f"/proposals/{proposal['id']}/approve", {}).status_code == 200
    assert Operator.objects.get(pk=ann.pk).may("lists.release") is True


@pytest.mark.parametrize(
    ("roles", "status"),
    [
        ({"nothing": None}, 422),
        ({"system_admin": None, "audit_admin": None}, 409),
        ({"regulator": None}, 409),
        ({"analyst": "2020-01-01"}, 409),
        ({"analyst": "9999-12-31"}, 200),
    ],
)
def test_roles_that_cannot_be_held_are_problems(roles: dict[str, str | None], status: int) -> None:
    program = Program(new_operator("system_admin", username="ada"))
    new_operator("analyst", username="ann")
    answer = program.ask("POST", "/operators/ann/roles", {"roles": roles, "reason": "x"})
    assert answer.status_code == status
