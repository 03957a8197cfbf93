"""Operations of operators and roles: reading them, and proposing who holds which."""

from datetime import date
from typing import Any, Literal

from django.http import HttpRequest, HttpResponse
from ninja import Field, Query, Router, Schema
from ninja.errors import ValidationError

from fengkong.console.accounts import lockout
from fengkong.console.accounts.duties import ROLES
from fengkong.console.accounts.models import Operator
from fengkong.console.accounts.queries import operators_found, state_of
from fengkong.console.accounts.roles import propose_roles, roles_held
from fengkong.console.api import answers
from fengkong.console.api.operations import bearer, operation, tagged
from fengkong.console.api.representations import TEXT, columns, paged, proposal_shown

router = Router()


class OperatorsAsked(Schema):
    """Which operators are looked for."""

    name: str = Field("", max_length=64, pattern=TEXT)
    role: str = Field("", max_length=40, pattern=r"^[a-z_]*$")
    state: Literal["", "active", "invited", "no_factor", "out", "locked"] = ""


class WantedRoles(Schema):
    """Exactly the roles that shall be held, each to the end of a day or for good."""

    roles: dict[str, date | None] = Field(max_length=len(ROLES))
    reason: str = Field(min_length=1, max_length=200)


@router.get("/roles", response=answers.page(answers.RoleShown))
@operation("operators.view")
def roles(request: HttpRequest) -> dict[str, Any]:
    """Every role with what it may do, and with which others one person does not hold it."""
    del request
    items = [
        {
            "name": name,
            "permissions": sorted(role.permissions),
            "apart_from": sorted(role.apart_from),
            "days_max": role.days_max,
        }
        for name, role in ROLES.items()
    ]
    return {"items": items, "next": None}


@router.get("/operators", response=answers.page(answers.OperatorShown))
@operation("operators.view")
def operators(request: HttpRequest, asked: Query[OperatorsAsked]) -> dict[str, Any]:
    """Operators by name, role held now, and state."""
    found = operators_found(name=asked.name, role=asked.role, state=asked.state)
    out = lockout.locked_out_names()
    return paged(request, found, lambda one: _operator(one, out=out), order=("username",))


@router.get("/operators/{username}", response=answers.OperatorShown)
@operation("operators.view")
def operator(request: HttpRequest, username: str) -> HttpResponse:
    """One operator with the roles held now."""
    found = operators_found().get(username=username)
    return tagged(request, _operator(found, out=lockout.locked_out_names()))


@router.post("/operators/{username}/roles", response=answers.ProposalShown)
@operation("roles.propose")
def propose_operator_roles(
    request: HttpRequest, username: str, said: WantedRoles
) -> dict[str, Any]:
    """Propose which roles an operator holds; somebody else approves it."""
    if unknown := sorted(set(said.roles) - set(ROLES)):
        told = f"there is no role {unknown[0][:40]!r}"
        raise ValidationError([{"loc": ("body", "said", "roles"), "msg": told}])
    found = Operator.objects.get(username=username)
    proposal = propose_roles(bearer(request), found, roles=said.roles, reason=said.reason)
    return proposal_shown(proposal)


def _operator(one: Operator, *, out: set[str]) -> dict[str, Any]:
    second = bool(one.second_factor)  # type: ignore[attr-defined]  # of the query
    state = state_of(one, locked_out=out, has_second_factor=second)
    shown = columns(one, "username", "name", "is_active", "last_login", "session_count")
    return {**shown, "state": state.value, "second_factor": second, "roles": roles_held(one)}
