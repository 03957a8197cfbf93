"""Makes an incident of a case: what one person works becomes what the firm responds to.

Cases know nothing of incidents: whoever opens these says so when Django starts.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from django.db import transaction

from fengkong.console.audit.recording import record
from fengkong.console.cases.errors import EscalatedCaseError
from fengkong.console.cases.models import TARGET, Case
from fengkong.console.cases.opening import demand_work, open_case

if TYPE_CHECKING:
    from fengkong.console.accounts.models import Operator

_RESPONSE: Final[dict[str, Callable[..., Any]]] = {}


def response_is(
    *,
    kinds: Callable[[], list[tuple[str, str]]],
    severities: Callable[[], list[tuple[int, str]]],
    opened: Callable[..., Any],
) -> None:
    """Name who responds: the kinds and severities of incidents, and how one is `opened`.

    `opened` gets kind, severity, title, source and operator, and what it refers to as a keyword.
    """
    _RESPONSE.update({"kinds": kinds, "severities": severities, "opened": opened})


@transaction.atomic
def escalate(operator: Operator, case_id: int, *, kind: str, severity: str, title: str) -> Case:
    """Open an incident about an open case; the case goes on.

    Raises PermissionDenied, ClosedCaseError, EscalatedCaseError, UnknownIncidentTermsError.
    """
    demand_work(operator)
    case = open_case(case_id)
    if case.incident_id:
        raise EscalatedCaseError(f"case {case.pk} is part of incident {case.incident_id}")
    level = int(severity) if severity.isascii() and severity.isdigit() else 0
    incident = _RESPONSE["opened"](
        kind, level, title, "case", operator, refers_to=[("case", str(case.pk))]
    )
    case.incident_id = str(incident.pk)
    case.save(update_fields=("incident_id",))
    detail = {"incident": case.incident_id}
    record(operator, "escalate_case", target_kind=TARGET, target=str(case.pk), detail=detail)
    return case


def kinds() -> list[tuple[str, str]]:
    """Every kind of incident with its title, in the reader's language."""
    return list(_RESPONSE["kinds"]())


def severities() -> list[tuple[str, str]]:
    """Every severity with its title, the mildest first."""
    every = sorted(_RESPONSE["severities"](), reverse=True)
    return [(str(level), title) for level, title in every]
