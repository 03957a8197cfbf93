"""A case becomes an incident once, and both know of each other; the demonstration has cases."""

import pytest
from django.db import connection
from tests.console.cases.test_changing import alert
from tests.console.operators import browser_of, new_operator

from fengkong.cli.demo_cases import made_demo_cases
from fengkong.console.accounts.models import Operator
from fengkong.console.audit.models import AuditEntry
from fengkong.console.cases.errors import EscalatedCaseError
from fengkong.console.cases.escalating import escalate, kinds
from fengkong.console.cases.models import Case
from fengkong.console.customers.models import Appeal
from fengkong.console.incidents.models import Incident, IncidentLink

pytestmark = pytest.mark.django_db


def test_a_case_is_escalated_once(case: Case, ann: Operator) -> None:
    kind = kinds()[0][0]
    escalate(ann, case.pk, kind=kind, severity="3", title="A ring of mules")
    incident = Incident.objects.get()
    case.refresh_from_db()
    assert case.incident_id == str(incident.pk)
    assert (incident.source, incident.severity) == ("case", 3)
    link = IncidentLink.objects.get()
    assert (link.kind, link.reference) == ("case", str(case.pk))
    with pytest.raises(EscalatedCaseError):
        escalate(ann, case.pk, kind=kind, severity="3", title="again")
    assert AuditEntry.objects.filter(action="escalate_case").count() == 1


def test_the_form_of_escalating(case: Case, ann: Operator) -> None:
    desk = browser_of(ann, HTTP_ACCEPT_LANGUAGE="en")
    where = f"/cases/{case.pk}/escalate/"
    assert desk.get(where).status_code == 200
    assert desk.post(where, {"kind": "none", "severity": "9", "title": "x"}).status_code == 422
    asked = {"kind": kinds()[0][0], "severity": "4", "title": "Many alike"}
    assert desk.post(where, asked).status_code == 302
    assert "escalate" not in desk.get(f"/cases/{case.pk}/").content.decode()
    assert browser_of(new_operator("executive")).get(where).status_code == 403


def test_the_demonstration_has_cases(decided: None) -> None:
    if connection.vendor != "sqlite":
        pytest.skip("it closes its connection, which only a database in memory survives here")
    assert made_demo_cases() == 0  # nobody is there to work them
    new_operator("analyst", username="analyst")
    alert("a1", 1, 2)
    alert("b1", 5, subject="b" * 32)
    assert made_demo_cases() == 2
    assert sorted(Case.objects.values_list("state", flat=True)) == ["closed", "open"]
    assert Appeal.objects.count() == 1
    assert made_demo_cases() == 0
