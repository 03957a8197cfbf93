"""Who may open an incident, from what, and what the timeline and the ledger then say."""

from typing import Any

import pytest
from django.core.exceptions import PermissionDenied

from fengkong.console.audit.models import AuditEntry
from fengkong.console.incidents.models import Incident, TimelineEntry
from fengkong.console.incidents.opening import (
    UnknownIncidentTermsError,
    incidents_about,
    link,
    open_incident,
)
from fengkong.console.incidents.timeline import altered_entries, note

pytestmark = pytest.mark.django_db
ALERT = ("alert", "a1b2")


def opened(operator: Any, **more: Any) -> Incident:
    terms = {"kind": "account_takeover", "severity": 3, "title": "Many logins", "source": "alert"}
    return open_incident(operator=operator, **(terms | more))


def test_an_incident_begins_with_its_timeline_and_an_entry_of_the_ledger(
    make_operator: Any,
) -> None:
    incident = opened(make_operator("analyst"), refers_to=[ALERT], summary="forty customers")
    assert incident.phase == "identify"
    assert [entry.kind for entry in incident.timeline.all()] == ["open_incident", "link_incident"]
    assert AuditEntry.objects.filter(target_kind="incident", target=str(incident.pk)).count() == 2
    leaves = [bytes(entry.leaf).decode() for entry in AuditEntry.objects.all()]
    assert not any("forty customers" in leaf for leaf in leaves), "the ledger cannot forget"
    assert incidents_about(*ALERT) == [incident]


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "meteor"},
        {"severity": 0},
        {"severity": 5},
        {"source": "rumour"},
        {"refers_to": [("planet", "x")]},
        {"refers_to": [("alert", "")]},
    ],
)
def test_what_the_scale_does_not_have_is_refused(wrong: dict[str, Any], make_operator: Any) -> None:
    with pytest.raises(UnknownIncidentTermsError):
        opened(make_operator("analyst"), **wrong)
    assert not Incident.objects.exists()


@pytest.mark.parametrize("role", ["executive", "regulator", "system_admin", "audit_admin"])
def test_who_only_reads_opens_none(role: str, make_operator: Any) -> None:
    with pytest.raises(PermissionDenied):
        opened(make_operator(role))


def test_a_thing_is_linked_once(make_operator: Any) -> None:
    analyst = make_operator("analyst")
    incident = opened(analyst)
    link(incident, *ALERT, analyst)
    link(incident, *ALERT, analyst)
    assert incident.links.count() == 1
    assert incident.timeline.filter(kind="link_incident").count() == 1


def test_an_entry_with_a_key_is_told_once(make_operator: Any) -> None:
    incident = opened(make_operator("analyst"))
    assert note(incident, "note_incident", actor="system", key="once") is not None
    assert note(incident, "note_incident", actor="system", key="once") is None
    assert incident.timeline.filter(key="once").count() == 1


@pytest.mark.parametrize("change", ["text", "actor", "remove"])
def test_an_entry_that_was_altered_is_found(change: str, make_operator: Any) -> None:
    incident = opened(make_operator("analyst"), summary="as it was")
    assert altered_entries(incident) == []
    entry = incident.timeline.get()
    number = entry.pk
    if change == "remove":
        TimelineEntry.objects.filter(pk=number).delete()
    else:
        TimelineEntry.objects.filter(pk=number).update(**{change: "something else"})
    assert altered_entries(incident) == [number]
