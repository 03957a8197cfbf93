"""Opens an incident: from a warning, an alert, a case, a drill, or by hand."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from fengkong.console.incidents.linking import LINKED
from fengkong.console.incidents.models import Incident, IncidentLink
from fengkong.console.incidents.timeline import note
from fengkong.core.errors import RiskError
from fengkong.response.kinds import shipped_scale

if TYPE_CHECKING:
    from fengkong.console.accounts.models import Operator


class UnknownIncidentTermsError(RiskError):
    """An incident of this kind, severity or link cannot be opened."""

    code = "console.unknown_incident_terms"
    hint = "Take a kind and a severity of the scale, and link alerts, cases, warnings or policies."


@transaction.atomic
def open_incident(
    kind: str,
    severity: int,
    title: str,
    source: str,
    operator: Operator,
    *,
    refers_to: Sequence[tuple[str, str]] = (),
    summary: str = "",
    aware_at: datetime | None = None,
    drill: int | None = None,
) -> Incident:
    """A new incident in its first phase; raises PermissionDenied, UnknownIncidentTermsError.

    `source` is warning, alert, case, hand or drill; `refers_to` holds pairs of a kind of thing and
    its id, such as ("alert", "a1b2"). `aware_at` is when the firm knew, now unless given.
    """
    if not operator.may("incidents.work"):
        raise PermissionDenied("incidents.work")
    scale = shipped_scale()
    if kind not in scale.kinds or severity not in scale.severities:
        raise UnknownIncidentTermsError(f"kind {kind[:40]!r}, severity {severity}")
    if source not in Incident.Source.values:
        raise UnknownIncidentTermsError(f"source {source[:40]!r}")
    now = timezone.now()
    incident = Incident.objects.create(
        kind=kind,
        severity=severity,
        title=title.strip()[:200],
        summary=summary,
        source=source,
        opened_by=operator.username,
        opened_at=now,
        phase_since=now,
        aware_at=min(aware_at or now, now),
        drill=drill,
    )
    note(
        incident,
        "open_incident",
        actor=operator,
        facts={"source": source, "incident_kind": kind, "severity": severity},
        text=summary,
    )
    for linked, reference in refers_to:
        link(incident, linked, reference, operator)
    return incident


@transaction.atomic
def link(incident: Incident, kind: str, reference: str, operator: Operator) -> IncidentLink:
    """Link a thing; one that is linked already stays as it is."""
    if not operator.may("incidents.work"):
        raise PermissionDenied("incidents.work")
    if kind not in LINKED or not 0 < len(reference) <= 128:
        raise UnknownIncidentTermsError(f"a link to {kind[:40]!r}")
    made, new = IncidentLink.objects.get_or_create(
        incident=incident,
        kind=kind,
        reference=reference,
        defaults={"linked_by": operator.username},
    )
    if new:
        facts = {"link": f"{kind} {reference}"}
        note(incident, "link_incident", actor=operator, facts=facts)
    return made


def incidents_about(kind: str, reference: str) -> list[Incident]:
    """The incidents that a thing is linked to, the newest first."""
    found = Incident.objects.filter(links__kind=kind, links__reference=reference)
    return list(found.distinct())
