"""The demonstration has one incident under way, by its playbook, and no second one."""

import pytest
from tests.console.operators import new_operator

from fengkong.cli import demo_incidents
from fengkong.console.incidents.models import Incident

pytestmark = pytest.mark.django_db


def test_an_incident_is_under_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo_incidents.connection, "close", lambda: None)
    assert demo_incidents.made_demo_incident() == 0
    new_operator("incident_commander", username="incident_commander")
    assert demo_incidents.made_demo_incident() == 1
    assert demo_incidents.made_demo_incident() == 0
    incident = Incident.objects.get()
    assert incident.playbook_name == "custody_mismatch"
    assert incident.tasks.count() >= 5
    assert incident.roles.get().operator.username == "incident_commander"
