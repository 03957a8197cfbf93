"""Changing what an operator may do: one proposes, another approves, neither is concerned."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any, Final

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from fengkong.console.accounts import sessions
from fengkong.console.accounts.actions import LastAdministratorError, duties_left_empty
from fengkong.console.accounts.duties import ADMINISTRATORS, ROLES, roles_in_conflict
from fengkong.console.accounts.models import Operator, RoleGrant
from fengkong.console.approvals.four_eyes import Act, propose
from fengkong.console.approvals.models import Proposal
from fengkong.console.approvals.own_hands import OwnHands, attempts_recorded
from fengkong.console.audit.recording import record
from fengkong.core.errors import RiskError

KIND: Final = "change_role"


class OwnRoleError(OwnHands, RiskError):
    """Somebody proposed or approved a change of their own roles."""

    code = "console.own_role"
    hint = "Two other operators propose and approve it."


class ConflictingRolesError(RiskError):
    """These duties are not held by one person."""

    code = "console.conflicting_roles"
    hint = "System, audit and security administrators are three people."


class UnboundedRoleError(RiskError):
    """A role that is given for a limited time has no end, or one too far away or past."""

    code = "console.unbounded_role"
    hint = "Give a last day within the bound of the role."


class ChangedRolesError(RiskError):
    """The roles are no longer those that the proposal started from."""

    code = "console.changed_roles"
    hint = "Reject the proposal and propose the change anew."


def roles_held(operator: Operator) -> dict[str, str | None]:
    """The roles an operator was given and has not lost, each with its end (ISO 8601) or None."""
    live = operator.grants.all()
    now = timezone.now()
    return {
        grant.role: None if grant.until is None else grant.until.isoformat()
        for grant in live
        if grant.until is None or grant.until > now
    }


@attempts_recorded("operator")
@transaction.atomic
def propose_roles(
    by: Operator, operator: Operator, *, roles: Mapping[str, date | None], reason: str
) -> Proposal:
    """Propose that an operator holds exactly these roles, each to the end of a day or for good.

    Raises PermissionDenied, OwnRoleError, ConflictingRolesError, UnboundedRoleError,
    LastAdministratorError.
    """
    if not by.may(ACT.propose):
        raise PermissionDenied(ACT.propose)
    if by.pk == operator.pk:
        raise OwnRoleError(f"{by.username} proposed their own roles")
    wanted = {role: _end_of(day) for role, day in roles.items()}
    _check(operator, wanted)
    content = {
        "before": roles_held(operator),
        "roles": {role: None if end is None else end.isoformat() for role, end in wanted.items()},
    }
    return propose(by, KIND, target=operator.username, reason=reason, content=content)


def perform_change(proposal: Proposal, by: Operator) -> None:
    """Give and take the roles of an approved proposal; the operator's sessions end at once.

    Raises OwnRoleError, ChangedRolesError and what proposing raises: the world may have changed.
    """
    operator = Operator.objects.select_for_update().get(username=proposal.target)
    if operator.pk in (by.pk, proposal.proposed_by_id):
        raise OwnRoleError(f"{operator.username} has a hand in their own roles")
    before = roles_held(operator)
    if before != proposal.content["before"]:
        raise ChangedRolesError(f"{operator.username} holds other roles by now")
    wanted = {
        role: None if end is None else datetime.fromisoformat(end)
        for role, end in proposal.content["roles"].items()
    }
    _check(operator, wanted)
    operator.grants.exclude(role__in=wanted).delete()
    for role, until in wanted.items():
        RoleGrant.objects.update_or_create(operator=operator, role=role, defaults={"until": until})
    sessions.end_sessions(operator)
    detail: dict[str, Any] = {
        "before": before,
        "after": proposal.content["roles"],
        "proposed_by": proposal.proposed_by.username,
    }
    record(by, KIND, target_kind="operator", target=operator.username, detail=detail)


ACT: Final = Act(
    _("Change of role"),
    "roles.propose",
    "roles.approve",
    perform_change,
    loosens="a role may have been widened",
)


def _check(operator: Operator, wanted: Mapping[str, datetime | None]) -> None:
    assert set(wanted) <= set(ROLES), "forms offer known roles only"
    if conflict := roles_in_conflict(set(wanted)):
        raise ConflictingRolesError(f"{', '.join(sorted(conflict))} are kept apart")
    now = timezone.now()
    for role, until in wanted.items():
        longest = ROLES[role].days_max
        if until is not None and until <= now:
            raise UnboundedRoleError(f"{role} would have ended already")
        if longest is not None and (until is None or until > now + timedelta(days=longest)):
            raise UnboundedRoleError(f"{role} is given for at most {longest} days")
    lasting = {role for role, until in wanted.items() if until is None}
    if empty := duties_left_empty(operator, leaves=ADMINISTRATORS - lasting):
        raise LastAdministratorError(f"{operator.username} is the last {', '.join(sorted(empty))}")


def _end_of(day: date | None) -> datetime | None:
    """The last moment of a day in the time zone of who works."""
    if day is None:
        return None
    return datetime.combine(day, time(23, 59, 59), tzinfo=timezone.get_current_timezone())
