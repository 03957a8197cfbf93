"""A change of role takes two others, keeps administrators apart, and ends on its day."""

import datetime as dt
import json
from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from fengkong.console.accounts.actions import LastAdministratorError
from fengkong.console.accounts.duties import ADMINISTRATORS, PERMISSIONS, ROLES
from fengkong.console.accounts.models import Operator, RoleGrant, SignedIn
from fengkong.console.accounts.roles import (
    ChangedRolesError,
    ConflictingRolesError,
    OwnRoleError,
    UnboundedRoleError,
    propose_roles,
    roles_held,
)
from fengkong.console.approvals.four_eyes import SameEyesError, approve
from fengkong.console.audit.models import AuditEntry

pytestmark = pytest.mark.django_db
Make = Callable[..., Operator]
Roles = dict[str, dt.date | None]


@pytest.fixture
def desk(make_operator: Make) -> dict[str, Operator]:
    """Who proposes, two who approve, and somebody concerned."""
    return {
        "system": make_operator("system_admin", username="sys"),
        "security": make_operator("security_admin", username="sec"),
        "security_2": make_operator("security_admin", username="sec2"),
        "eve": make_operator("analyst", username="eve"),
    }


def test_two_others_change_a_role(desk: dict[str, Operator], browser_of: Any) -> None:
    browser = browser_of(desk["eve"])
    assert browser.get("/").status_code == 200
    wanted: Roles = {"analyst": None, "credit_officer": timezone.localdate() + dt.timedelta(days=9)}
    proposal = propose_roles(desk["system"], desk["eve"], roles=wanted, reason="cover")
    assert set(roles_held(desk["eve"])) == {"analyst"}
    approve(desk["security"], proposal.pk)
    assert set(roles_held(desk["eve"])) == {"analyst", "credit_officer"}
    assert not SignedIn.objects.filter(operator=desk["eve"]).exists()
    assert browser.get("/").status_code == 302
    last = json.loads(bytes(AuditEntry.objects.filter(action="change_role")[0].leaf))
    assert (last["actor"], last["detail"]["proposed_by"]) == ("sec", "sys")


@pytest.mark.parametrize(
    ("proposer", "concerned", "approver", "error"),
    [
        ("security", "eve", "security", SameEyesError),
        ("security", "security", "security_2", OwnRoleError),
        ("system", "security", "security", OwnRoleError),
        ("eve", "system", "security", PermissionDenied),
        ("system", "eve", "system", PermissionDenied),
        ("system", "eve", "eve", PermissionDenied),
    ],
)
def test_whoever_may_not_cannot(
    desk: dict[str, Operator], proposer: str, concerned: str, approver: str, error: type[Exception]
) -> None:
    before = roles_held(desk[concerned])
    with pytest.raises(error):  # noqa: PT012 - either of the two acts is refused
        proposal = propose_roles(
            desk[proposer], desk[concerned], roles={"analyst": None}, reason="try"
        )
        approve(desk[approver], proposal.pk)
    assert roles_held(desk[concerned]) == before


@pytest.mark.parametrize(
    ("roles", "days", "error"),
    [
        (["regulator"], None, UnboundedRoleError),
        (["regulator"], 91, UnboundedRoleError),
        (["regulator"], 89, None),
        (["regulator"], -1, UnboundedRoleError),
        (["analyst"], 1000, None),
        (["system_admin", "audit_admin"], None, ConflictingRolesError),
        (["audit_admin", "security_admin"], None, ConflictingRolesError),
        (["system_admin", "security_admin", "analyst"], None, ConflictingRolesError),
        (["audit_admin", "analyst"], None, None),
        ([], None, None),
    ],
)
def test_bounds_and_conflicts(
    desk: dict[str, Operator], roles: list[str], days: int | None, error: type[Exception] | None
) -> None:
    day = None if days is None else timezone.localdate() + dt.timedelta(days=days)
    wanted: Roles = dict.fromkeys(roles, day)
    if error is None:
        propose_roles(desk["system"], desk["eve"], roles=wanted, reason="try")
        return
    with pytest.raises(error):
        propose_roles(desk["system"], desk["eve"], roles=wanted, reason="try")


def test_the_last_administrator_stays(desk: dict[str, Operator], make_operator: Make) -> None:
    with pytest.raises(LastAdministratorError):
        propose_roles(desk["security"], desk["system"], roles={"analyst": None}, reason="try")
    soon = timezone.localdate() + dt.timedelta(days=5)
    with pytest.raises(LastAdministratorError):  # nobody would be left after five days
        propose_roles(desk["security"], desk["system"], roles={"system_admin": soon}, reason="try")
    make_operator("system_admin", username="sys2")
    proposal = propose_roles(desk["security"], desk["system"], roles={}, reason="leaves")
    Operator.objects.filter(username="sys2").update(is_active=False)
    with pytest.raises(LastAdministratorError):  # the other was locked meanwhile
        approve(desk["security_2"], proposal.pk)
    Operator.objects.filter(username="sys2").update(is_active=True)
    approve(desk["security_2"], proposal.pk)
    assert roles_held(desk["system"]) == {}


def test_an_old_proposal_does_not_undo_a_newer_change(desk: dict[str, Operator]) -> None:
    first = propose_roles(desk["system"], desk["eve"], roles={"executive": None}, reason="a")
    second = propose_roles(desk["system"], desk["eve"], roles={"credit_officer": None}, reason="b")
    approve(desk["security"], second.pk)
    with pytest.raises(ChangedRolesError):
        approve(desk["security"], first.pk)
    assert set(roles_held(desk["eve"])) == {"credit_officer"}


def test_a_role_ends_on_its_day(clock: Any, make_operator: Make) -> None:
    operator = make_operator("regulator")
    for days, held in ((0, True), (88, True), (2, False)):
        clock.move(days=days)
        found = Operator.objects.get(pk=operator.pk)
        assert found.may("audit.view") is held
    assert roles_held(operator) == {}
    assert RoleGrant.objects.count() == 1  # what was given is still known


def test_duties_are_apart() -> None:
    """No role approves what it proposes about policies but the senior's, whom four eyes bind."""
    for name in ADMINISTRATORS:
        assert ROLES[name].apart_from == ADMINISTRATORS - {name}
        assert not {p for p in ROLES[name].permissions if p.startswith(("policies", "lists"))}
    takes_over = ("operators.invite", "factors.reset")
    assert not [name for name, role in ROLES.items() if role.permissions.issuperset(takes_over)]
    used = frozenset[str]().union(*(role.permissions for role in ROLES.values()))
    assert used == set(PERMISSIONS)
    reading = {"executive", "regulator"}
    acting = ("edit", "approve", "activate", "release", "export", "erase", "propose", "end")
    for name in reading:
        assert not [p for p in ROLES[name].permissions if p.endswith(acting)], name
