"""The screen of jobs: those given up are found, and tried again by who may."""

from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone
from tests.console.api.test_operations import Program
from tests.console.operators import new_operator

from fengkong.console.audit.models import AuditEntry
from fengkong.console.outbox.models import Job

pytestmark = pytest.mark.django_db
KIND = "api.forget_answers"


@pytest.fixture
def dead() -> Job:
    now = timezone.now()
    more = {"attempts": 9, "error": "ConnectionRefusedError: gone <b>", "finished_at": now}
    return Job.objects.create(kind=KIND, state=Job.State.DEAD, **more)


def test_those_given_up_are_shown_first_with_their_error(
    dead: Job, signed_in: Callable[..., Any]
) -> None:
    Job.objects.create(kind="watch_insiders", state=Job.State.DONE)
    shown = signed_in("system_admin").get("/jobs/").content.decode()
    assert "gone &lt;b&gt;" in shown
    assert f'value="{dead.pk}"' in shown
    table = shown.split("<tbody>")[1]
    assert "watch_insiders" not in table


@pytest.mark.parametrize(
    ("query", "kinds"),
    [
        ("state=done", {"watch_insiders"}),
        ("state=&kind=", {KIND, "watch_insiders"}),
        (f"kind={KIND}", {KIND}),
        ("state=nonsense", {KIND, "watch_insiders"}),
        ("state=waiting", set()),
    ],
)
def test_what_is_asked_for(
    dead: Job, signed_in: Callable[..., Any], query: str, kinds: set[str]
) -> None:
    Job.objects.create(kind="watch_insiders", state=Job.State.DONE)
    shown = signed_in("system_admin").get(f"/jobs/?{query}").content.decode()
    table = shown.partition("<tbody>")[2]
    assert {one for one in (KIND, "watch_insiders") if one in table} == kinds


def test_a_job_is_tried_again_and_that_is_recorded(
    dead: Job, signed_in: Callable[..., Any]
) -> None:
    browser = signed_in("system_admin")
    done = Job.objects.create(kind=KIND, state=Job.State.DONE)
    picked = [str(dead.pk), str(done.pk), "x", "9" * 30, "-1"]
    assert browser.post("/jobs/retry/", {"pick": picked}).status_code == 302
    dead.refresh_from_db()
    done.refresh_from_db()
    assert (dead.state, dead.attempts) == (Job.State.WAITING, 0)
    assert done.state == Job.State.DONE
    entry = AuditEntry.objects.get(action="retry_job")
    assert (entry.target, entry.detail) == (str(dead.pk), {"kind": KIND})
    again = browser.post("/jobs/retry/", {"pick": [str(dead.pk)]}, follow=True)
    assert "所选任务都不再是已放弃状态" in again.content.decode()
    assert AuditEntry.objects.filter(action="retry_job").count() == 1


@pytest.mark.parametrize(("role", "sees", "may"), [("executive", 200, 403), ("analyst", 403, 403)])
def test_who_may_not(
    dead: Job, signed_in: Callable[..., Any], role: str, sees: int, may: int
) -> None:
    browser = signed_in(role)
    answer = browser.get("/jobs/")
    assert answer.status_code == sees
    assert "data-batch" not in answer.content.decode()
    assert browser.post("/jobs/retry/", {"pick": [str(dead.pk)]}).status_code == may
    dead.refresh_from_db()
    assert dead.state == Job.State.DEAD


def test_a_program_does_the_same(dead: Job) -> None:
    program = Program(new_operator("system_admin"))
    answer = program.ask("POST", f"/jobs/{dead.pk}/retry", {})
    assert answer.json()["state"] == "waiting"
    assert program.ask("POST", f"/jobs/{dead.pk}/retry", {}).status_code == 404
