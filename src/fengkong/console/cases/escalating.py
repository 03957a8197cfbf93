"""Makes an incident of a case: what one person works becomes what the firm responds to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from fengkong.console.audit.recording import record
from fengkong.console.cases.errors import EscalatedCaseError
from fengkong.console.cases.models import TARGET, Case
from fengkong.console.cases.opening import demand_work, open_case
from fengkong.console.incidents.opening import open_incident
from fengkong.console.shell.spoken import said
from fengkong.response.kinds import shipped_scale

if TYPE_CHECKING:
    from fengkong.console.accounts.models import Operator


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
    incident = open_incident(
        kind, level, title, "case", operator, refers_to=[("case", str(case.pk))]
    )
    case.incident_id = str(incident.pk)
    case.save(update_fields=("incident_id",))
    detail = {"incident": case.incident_id}
    record(operator, "escalate_case", target_kind=TARGET, target=str(case.pk), detail=detail)
    return case


def kinds() -> list[tuple[str, str]]:
    """Every kind of incident with its title, in the reader's language."""
    return [(name, said(one.title)) for name, one in shipped_scale().kinds.items()]


def severities() -> list[tuple[str, str]]:
    """Every severity with its title, the mildest first."""
    scale = shipped_scale().severities
    return [(str(level), said(scale[level].title)) for level in sorted(scale, reverse=True)]
