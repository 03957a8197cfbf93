"""Drills: planned, stepped on their clock, played unattended, scored, compared."""

import os
import subprocess
import sys
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.core.exceptions import PermissionDenied
from django.utils import timezone, translation
from tests.console.operators import browser_of, new_operator

from fengkong.console.approvals.four_eyes import approve
from fengkong.console.drills.claiming import claim
from fengkong.console.drills.folders import folder_of
from fengkong.console.drills.models import DrillRun
from fengkong.console.drills.reporting import report_source
from fengkong.console.drills.running import (
    RefusedDrillError,
    detect,
    end_drill,
    plan_drill,
    run_drills,
    script_of,
    step,
)
from fengkong.console.drills.switches import apply_on_paper
from fengkong.console.drills.unattended import Player
from fengkong.console.incidents.models import Incident
from fengkong.console.incidents.switching import apply_switches, ask_end, ask_switch
from fengkong.console.incidents.targets import policy_of
from fengkong.console.outbox.models import Job

pytestmark = pytest.mark.django_db


def later(run: DrillRun, minutes: float) -> None:
    """As if so many minutes had passed since the run began."""
    DrillRun.objects.filter(pk=run.pk).update(
        started_at=timezone.now() - timedelta(minutes=minutes)
    )


def test_injects_are_told_on_their_minute_and_once(make_operator: Any) -> None:
    trainer = make_operator("incident_commander")
    run = plan_drill(trainer, "ddos_tabletop")
    run_drills()
    run_drills()
    run.refresh_from_db()
    assert (run.state, run.injected) == ("running", 1)
    later(run, 10.5)
    run_drills()
    incident = detect(make_operator("analyst"), run.pk)
    later(run, 31)
    run_drills()
    run_drills()
    told = incident.timeline.filter(kind="inject_drill").values_list("facts__minute", flat=True)
    assert list(told) == [0, 10, 30]
    with pytest.raises(RefusedDrillError):
        detect(trainer, run.pk)


def test_a_drill_ends_by_itself_and_what_was_never_done_has_no_marks(make_operator: Any) -> None:
    run = plan_drill(make_operator("incident_commander"), "run_tabletop")
    run_drills()
    later(run, 181)
    run_drills()
    run.refresh_from_db()
    assert run.state == "ended"
    assert run.score["points"] == 0
    step(run.pk, timezone.now())
    with pytest.raises(RefusedDrillError):
        end_drill("system", run.pk)


def test_who_may_not_run_drills(make_operator: Any) -> None:
    with pytest.raises(PermissionDenied):
        plan_drill(make_operator("analyst"), "run_tabletop")
    with pytest.raises(RefusedDrillError):
        plan_drill(make_operator("incident_commander"), "no_such_drill")


def test_switches_of_a_tabletop_drill_stay_on_paper(make_operator: Any) -> None:
    commander = make_operator("incident_commander")
    run = plan_drill(commander, "run_tabletop")
    run_drills()
    incident = detect(commander, run.pk)
    switch, proposal = ask_switch(
        commander,
        incident.pk,
        kind="stop_above",
        terms={"limit": "1000", "outcome": "delay"},
        until=timezone.now() + timedelta(hours=1),
        reason="rehearsal",
        policy=policy_of(incident),
    )
    approve(make_operator("senior_analyst"), proposal.pk)
    apply_switches()
    switch.refresh_from_db()
    assert switch.state == "setting", "nothing of a drill touches the live policy"
    apply_on_paper(Job(content={"drill": run.pk}))
    switch.refresh_from_db()
    assert (switch.state, switch.policy_sequence) == ("on", None)
    approve(make_operator("senior_analyst"), ask_end(commander, switch.pk, reason="over").pk)
    apply_on_paper(Job(content={"drill": run.pk}))
    switch.refresh_from_db()
    assert switch.state == "ended"
    assert incident.timeline.filter(kind="switch_off").count() == 1
    end_drill(commander, run.pk)


@dataclass
class Clock:
    """Time that goes on when the test says so, beginning now."""

    at: datetime

    def now(self) -> datetime:
        return self.at


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Also what fields of incidents take as their default goes by it."""
    made, real = Clock(timezone.now()), timezone.now
    for model in apps.get_app_config("incidents").get_models():
        for field in model._meta.concrete_fields:
            if field.default is real:
                monkeypatch.setitem(field.__dict__, "_get_default", made.now)
    monkeypatch.setattr(timezone, "now", made.now)
    return made


def test_an_unattended_drill_goes_through_every_phase_and_is_compared(
    make_operator: Any, clock: Clock
) -> None:
    commander, second = make_operator("incident_commander"), make_operator("senior_analyst")
    for _ in range(2):
        run = plan_drill(commander, "ddos_tabletop")
        player = Player(run.pk, commander, second)
        for _minute in range(run.minutes + 1):
            run_drills()
            player.step()
            run.refresh_from_db()
            if run.state == "ended":
                break
            clock.at += timedelta(minutes=1)
        assert run.state == "ended"
        incident = Incident.objects.get(pk=run.incident)
        assert run.times["phases"] == [
            *("identify", "assess", "decide", "contain", "recover", "review", "closed")
        ]
        assert run.score["clocks_missing"] == []
        assert incident.drill == run.pk
        assert run.score["points"] == script_of(run).expects.points
    page = browser_of(new_operator("executive")).get(f"/drills/{run.pk}/").content.decode()
    assert "上次" in page
    reader = new_operator("regulator")
    for language, said in (("zh-hans", "与同一预案的上次演练"), ("en", "against the last drill")):
        with translation.override(language):
            source = report_source(run, reader, language="zh" if language != "en" else "en")
        assert said in source
        assert source.count("text(size: 8pt") == 5 * incident.timeline.count(), "all of it"
        answer = browser_of(reader, HTTP_ACCEPT_LANGUAGE=language).get(f"/drills/{run.pk}/report/")
        assert answer["Content-Type"] == "application/pdf"
        assert answer.content.startswith(b"%PDF")


def test_the_process_of_an_attack_starts_before_django_does() -> None:
    command = [sys.executable, "-c", "import fengkong.worker.drilling"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]


def test_the_clock_of_a_live_drill_begins_with_its_attack_and_what_it_left_is_cleared(
    make_operator: Any, tmp_path: Path, settings: Any
) -> None:
    settings.CONSOLE = replace(settings.CONSOLE, directory=tmp_path)
    run = plan_drill(make_operator("incident_commander"), "takeover_live")
    folder_of(tmp_path, run.pk).mkdir(parents=True)
    run_drills()
    run_drills()
    run.refresh_from_db()
    assert (run.state, run.started_at, run.minute(timezone.now())) == ("running", None, 0.0)
    with pytest.raises(RefusedDrillError):
        detect(run.planned_by, run.pk)
    DrillRun.objects.update(sandbox=run.sandbox | {"beat": timezone.now().isoformat()})
    run_drills()
    run.refresh_from_db()
    assert run.started_at is not None
    assert folder_of(tmp_path, run.pk).exists()
    end_drill("system", run.pk)
    run_drills()
    assert not folder_of(tmp_path, run.pk).exists()


def test_a_second_process_leaves_a_run_to_the_first(make_operator: Any) -> None:
    run = plan_drill(make_operator("incident_commander"), "takeover_live")
    assert claim(run.pk, pid=1) is None, "it does not run yet"
    run_drills()
    waiting = "print(flush=True); input()"
    command = [sys.executable, "-c", waiting, "fengkong.worker.drilling", str(run.pk)]
    first = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        assert first.stdout is not None
        first.stdout.readline()  # from here on it is known by its own command
        assert claim(run.pk, pid=first.pid) is not None
        assert claim(run.pk, pid=os.getpid()) is None
    finally:
        first.kill()
        first.communicate()
    assert claim(run.pk, pid=os.getpid()) is not None


def test_a_live_drill_whose_sandbox_never_starts_is_ended(make_operator: Any) -> None:
    run = plan_drill(make_operator("incident_commander"), "takeover_live")
    run_drills()
    asked = timezone.now() - timedelta(minutes=16)
    DrillRun.objects.update(sandbox={"asked": asked.isoformat()})
    run_drills()
    run.refresh_from_db()
    assert (run.state, run.remark, run.score) == ("failed", "the sandbox did not start", None)


def test_the_screens_of_drills(make_operator: Any) -> None:
    trainer = browser_of(make_operator("incident_commander"))
    planned = trainer.post("/drills/plan/", {"drill": "shock_tabletop", "pace": "10"})
    assert planned.status_code == 302
    run = DrillRun.objects.get()
    run_drills()
    assert trainer.post(f"/drills/{run.pk}/open/").status_code == 302
    run.refresh_from_db()
    assert run.incident is not None
    for address in ("", "plan/", f"{run.pk}/", "scripts/shock_tabletop/"):
        assert trainer.get(f"/drills/{address}").status_code == 200, address
    analyst = browser_of(make_operator("analyst"))
    assert analyst.get("/drills/scripts/shock_tabletop/").status_code == 403, "no spoilers"
    assert trainer.post(f"/drills/{run.pk}/end/").status_code == 302
    run.refresh_from_db()
    assert run.state == "ended"
