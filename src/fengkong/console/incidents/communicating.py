"""Texts for customers, partners, press and regulator: drafted, approved by another, sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from fengkong.console.approvals.four_eyes import SameEyesError
from fengkong.console.approvals.own_hands import attempts_recorded
from fengkong.console.incidents.acting import (
    COMMAND,
    WORK,
    RefusedIncidentActError,
    locked,
)
from fengkong.console.incidents.models import Communication, Incident
from fengkong.console.incidents.timeline import note
from fengkong.core.errors import RiskError
from fengkong.response.kinds import shipped_scale
from fengkong.response.messages import shipped_templates, unfilled

if TYPE_CHECKING:
    from fengkong.console.accounts.models import Operator

_STATES: Final = Communication.State


class UnfilledTextError(RiskError):
    """A text still has places that nobody has filled in."""

    code = "console.unfilled_text"
    hint = "Fill in what stands in braces, and approve the text then."


@transaction.atomic
def draft(
    operator: Operator, incident_id: int, *, audience: str, template: str, language: str
) -> Communication:
    """A draft from a template, with what is known filled in."""
    incident = locked(incident_id, operator, WORK)
    found = shipped_templates().get(template)
    if found is None or audience not in Communication.Audience.values:
        raise RefusedIncidentActError(f"template {template[:40]!r} for {audience[:20]!r}")
    subject, body = found.filled(language, _known(incident, language))
    made = Communication.objects.create(
        incident=incident,
        audience=audience,
        template=template,
        language=language,
        subject=subject,
        body=body,
        written_by=operator.username,
    )
    facts = {"communication": made.pk, "audience": audience, "template": template}
    note(incident, "draft_communication", actor=operator, facts=facts)
    return made


def _known(incident: Incident, language: str) -> dict[str, str]:
    scale = shipped_scale()
    kind, severity = scale.kinds[incident.kind].title, scale.severities[incident.severity].title
    return {
        "aware_at": timezone.localtime(incident.aware_at).strftime("%Y-%m-%d %H:%M"),
        "kind": kind.zh if language == "zh" else kind.en,
        "severity": severity.zh if language == "zh" else severity.en,
        "affected": incident.impact,
    }


@transaction.atomic
def rewrite(
    operator: Operator, communication_id: int, *, edition: int, subject: str, body: str
) -> Communication:
    """Change a draft, or one that was approved, which then waits for approval again."""
    text = _open_text(operator, communication_id, WORK)
    if text.edition != edition:
        raise RefusedIncidentActError("somebody else has changed this text meanwhile")
    text.subject, text.body = subject.strip()[:200], body.strip()
    text.state, text.approved_by, text.approved_at = _STATES.DRAFT, "", None
    text.written_by, text.written_at = operator.username, timezone.now()
    text.edition += 1
    text.save()
    facts = {"communication": text.pk, "audience": text.audience, "edition": text.edition}
    note(text.incident, "draft_communication", actor=operator, facts=facts)
    return text


@attempts_recorded("communication")
@transaction.atomic
def approve_text(operator: Operator, communication_id: int) -> Communication:
    """Approve a text that somebody else wrote and that has no open places."""
    text = _open_text(operator, communication_id, COMMAND)
    if text.written_by == operator.username:
        raise SameEyesError(f"{operator} wrote this text")
    if left := unfilled(text.subject + text.body):
        raise UnfilledTextError(", ".join(left))
    text.state, text.approved_by = _STATES.APPROVED, operator.username
    text.approved_at = timezone.now()
    text.save()
    _told(operator, text, "approve_communication")
    return text


@transaction.atomic
def mark_sent(operator: Operator, communication_id: int, *, how: str) -> Communication:
    """It went out; only what was approved, and once."""
    text = _open_text(operator, communication_id, WORK)
    if text.state != _STATES.APPROVED:
        raise RefusedIncidentActError("only an approved text is sent")
    text.state, text.sent_by, text.sent_at = _STATES.SENT, operator.username, timezone.now()
    text.sent_how = how.strip()[:200]
    text.save()
    _told(operator, text, "send_communication")
    return text


def _open_text(operator: Operator, communication_id: int, permission: str) -> Communication:
    if not operator.may(permission):
        raise PermissionDenied(permission)
    text = Communication.objects.select_for_update().get(pk=communication_id)
    if text.state == _STATES.SENT:
        raise RefusedIncidentActError("it was sent before")
    return text


def _told(operator: Operator, text: Communication, kind: str) -> None:
    facts = {"communication": text.pk, "audience": text.audience}
    note(text.incident, kind, actor=operator, facts=facts, text=text.subject)
