"""Without a colleague only the first administrators are made, and the ledger says by whom."""

import json

import pytest

from fengkong.console.accounts.first_operators import (
    ADMINISTRATORS,
    DutyHeldError,
    NotAdministratorError,
    TakenNameError,
    UnknownOperatorError,
    UnknownRoleError,
    make_first,
    restore_access,
)
from fengkong.console.accounts.models import Operator, RoleGrant
from fengkong.console.audit.models import AuditEntry

pytestmark = pytest.mark.django_db
GIVEN = {"name": "Ann", "password": "first-word-1", "by": "command:root"}


def test_the_three_administrators_are_made_once_each() -> None:
    for number, role in enumerate(ADMINISTRATORS):
        made = make_first(f"Admin{number} ", role=role, **GIVEN)
        assert (made.username, made.roles()) == (f"admin{number}", {role})
        assert made.check_password("first-word-1")
    for role in ADMINISTRATORS:
        with pytest.raises(DutyHeldError):
            make_first("another", role=role, **GIVEN)
    entries = [json.loads(bytes(one.leaf)) for one in AuditEntry.objects.order_by("sequence")]
    assert [(e["actor"], e["action"], e["detail"]["role"]) for e in entries] == [
        ("command:root", "create_first_operator", role) for role in ADMINISTRATORS
    ]


def test_a_duty_that_nobody_can_do_any_more_is_given_anew() -> None:
    make_first("ann", role="system_admin", **GIVEN)
    Operator.objects.update(is_active=False)
    with pytest.raises(TakenNameError):
        make_first("ANN", role="system_admin", **GIVEN)
    assert make_first("bob", role="system_admin", **GIVEN).roles() == {"system_admin"}


@pytest.mark.parametrize("role", ["analyst", "compliance_officer", "root", ""])
def test_other_roles_are_not_given_here(role: str) -> None:
    with pytest.raises(UnknownRoleError):
        make_first("ann", role=role, **GIVEN)
    assert not Operator.objects.exists()


def test_access_is_restored_to_administrators_only() -> None:
    admin = make_first("ann", role="security_admin", **GIVEN)
    Operator.objects.filter(pk=admin.pk).update(is_active=False)
    restored = restore_access("Ann", password="second-word-2", by="command:root")
    assert restored.is_active
    assert restored.check_password("second-word-2")
    analyst = Operator.objects.create_user("bob")
    RoleGrant.objects.create(operator=analyst, role="analyst")
    with pytest.raises(NotAdministratorError):
        restore_access("bob", password="x", by="command:root")
    with pytest.raises(UnknownOperatorError):
        restore_access("eve", password="x", by="command:root")
    assert AuditEntry.objects.order_by("-sequence").first().action == "restore_access"
