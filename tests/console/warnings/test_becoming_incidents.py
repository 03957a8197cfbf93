"""A warning becomes an incident, and what the incident asks of people reaches them."""

from datetime import timedelta

import pytest
from django.utils import timezone
from tests.console.operators import browser_of, new_operator
from tests.console.warnings.test_computing import DIFFERENCE, Deliver

from fengkong.console.accounts.models import Operator
from fengkong.console.incidents.models import Incident, IncidentTask, RunningClock
from fengkong.console.incidents.watching import watch
from fengkong.console.notices.models import Notice
from fengkong.console.warnings.computing import recompute
from fengkong.console.warnings.models import RaisedWarning

pytestmark = pytest.mark.django_db
IN_YUAN = {"unexplained": 1500.0, "bank_balance": 998_500.0}


def test_an_incident_begins_with_what_the_warning_knows(
    deliver: Deliver, commander: Operator
) -> None:
    deliver(**IN_YUAN)
    recompute()
    warning = RaisedWarning.objects.get(indicator=DIFFERENCE)
    browser = browser_of(commander, HTTP_ACCEPT_LANGUAGE="en")
    address = f"/incidents/new/?warning={warning.pk}"
    assert address in browser.get(f"/warnings/{warning.pk}/").content.decode()
    begun = browser.get(address).context["form"].initial
    assert (begun["kind"], begun["severity"]) == ("custody_mismatch", 2)
    said = {name: begun[name] for name in ("title", "kind", "severity", "summary")}
    answer = browser.post(address, said)
    incident = Incident.objects.get()
    assert answer.url == f"/incidents/{incident.pk}/"
    assert incident.source == "warning"
    assert incident.links.get().reference == str(warning.pk)
    room = browser.get(answer.url).content.decode()
    assert f'href="/warnings/{warning.pk}/"' in room
    assert incident.title in browser.get(f"/warnings/{warning.pk}/").content.decode()


@pytest.mark.parametrize("number", ["", "x", "0", "99999999999", "9" * 40, "1;drop"])
def test_a_warning_that_is_not_there_is_no_error(number: str, commander: Operator) -> None:
    answer = browser_of(commander).get(f"/incidents/new/?warning={number}")
    assert answer.status_code == 200
    assert answer.context["form"].initial == {}


def incident_of(drill: int | None = None) -> Incident:
    return Incident.objects.create(
        kind="custody_mismatch", severity=2, title="t", source="hand", opened_by="c", drill=drill
    )


def overdue(incident: Incident) -> IncidentTask:
    return IncidentTask.objects.create(
        incident=incident,
        phase="identify",
        title_zh="核对",
        title_en="reconcile",
        due_at=timezone.now() - timedelta(minutes=1),
    )


def test_an_overdue_task_is_told_until_it_is_done() -> None:
    task = overdue(incident_of())
    watch()
    watch()
    notice = Notice.objects.get()
    assert (notice.key, notice.level, notice.group) == (
        f"incident-task:{task.pk}",
        "orange",
        "funds",
    )
    assert notice.said.count == 1
    task.state = IncidentTask.State.DONE
    task.save()
    watch()
    notice.refresh_from_db()
    assert notice.state == Notice.State.RESOLVED


def test_a_drill_calls_nobody() -> None:
    overdue(incident_of(drill=1))
    watch()
    assert not Notice.objects.exists()


def test_a_clock_that_runs_out_is_orange_and_one_that_is_missed_red() -> None:
    now = timezone.now()
    content = {"title": {"zh": "报告", "en": "report"}, "warnings": [50, 90, 100]}
    clock = RunningClock.objects.create(
        incident=incident_of(),
        terms="x",
        content=content,
        started_at=now - timedelta(hours=3),
        due_at=now + timedelta(hours=1),
    )
    watch()
    notice = Notice.objects.get()
    assert (notice.level, notice.path) == ("orange", f"/incidents/{clock.incident_id}/")
    RunningClock.objects.update(due_at=now - timedelta(minutes=1))
    watch()
    notice.refresh_from_db()
    assert notice.level == "red"
    RunningClock.objects.update(state=RunningClock.State.MET)
    watch()
    notice.refresh_from_db()
    assert notice.state == Notice.State.RESOLVED


def test_who_only_reads_is_offered_no_incident(deliver: Deliver) -> None:
    deliver(**IN_YUAN)
    recompute()
    warning = RaisedWarning.objects.get(indicator=DIFFERENCE)
    text = browser_of(new_operator("executive")).get(f"/warnings/{warning.pk}/").content.decode()
    assert "/incidents/new/" not in text
