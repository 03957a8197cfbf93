"""Plans, starts, steps and ends runs of drills; the worker takes every step, once."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, cast

import msgspec
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from fengkong.console.audit.recording import SYSTEM, record
from fengkong.console.drills.attacking import clean_up
from fengkong.console.drills.breaking_off import end_stuck, is_lost, note_break, note_return
from fengkong.console.drills.models import DrillRun
from fengkong.console.drills.scoring import scored
from fengkong.console.incidents.models import Incident, Switch
from fengkong.console.incidents.opening import open_incident
from fengkong.console.incidents.timeline import note
from fengkong.console.outbox.jobs import put
from fengkong.console.shell.spoken import said
from fengkong.core.errors import RiskError
from fengkong.response.drill import Script, shipped_scripts

if TYPE_CHECKING:
    from fengkong.console.accounts.models import Operator
    from fengkong.console.outbox.models import Job

ATTACK_JOB: Final = "start_drill_attack"
STEP_S: Final = 1
PACE_MAX: Final = 3_600.0
RUNNING_MAX: Final = 20
PREPARING_MAX: Final = timedelta(minutes=15)
"""A live drill whose sandbox is not ready by then is ended: nothing was rehearsed."""
_STATES: Final = DrillRun.State
_NO_SANDBOX: Final = "the sandbox did not start"
_TOO_OFTEN: Final = "the attack broke off too often"
_SAID: Final = {
    _NO_SANDBOX: "沙箱未能启动 / The sandbox did not start",
    _TOO_OFTEN: "攻击中断次数过多 / The attack broke off too often",
}
"""What a timeline, which is read in both languages, says of such an end."""


class RefusedDrillError(RiskError):
    """The drill cannot be planned, opened or ended as things are."""

    code = "console.refused_drill"
    hint = "Open the drill again to see how it stands; only some may run at once."


def script_of(run: DrillRun) -> Script:
    """The script of a run, as it was planned."""
    return msgspec.convert(run.script, Script, strict=False)


@transaction.atomic
def plan_drill(
    operator: Operator, name: str, *, at: datetime | None = None, pace: float = 1.0
) -> DrillRun:
    """Plan a run; it starts by itself. Raises PermissionDenied, RefusedDrillError."""
    return _planned(operator, name, at=at or timezone.now(), pace=pace, by=operator)


@transaction.atomic
def plan_by_schedule(owner: Operator, name: str, *, at: datetime) -> DrillRun:
    """Plan a run in the name of who sees to it, because its day comes; nobody asked for it.

    Raises as `plan_drill` does.
    """
    return _planned(owner, name, at=at, pace=1.0, by=SYSTEM)


def _planned(
    owner: Operator, name: str, *, at: datetime, pace: float, by: Operator | str
) -> DrillRun:
    _allow(owner)
    script = shipped_scripts().get(name)
    if script is None or not 0.1 <= pace <= PACE_MAX:
        raise RefusedDrillError(f"drill {name[:40]!r} at a pace of {pace:g}")
    waiting = DrillRun.objects.filter(state__in=(_STATES.SCHEDULED, _STATES.RUNNING))
    if waiting.count() >= RUNNING_MAX:
        raise RefusedDrillError(f"{RUNNING_MAX} drills are planned or running")
    run = DrillRun.objects.create(
        name=name,
        script=cast("dict[str, Any]", msgspec.to_builtins(script)),
        mode=script.mode,
        pace=pace,
        planned_by=owner,
        planned_for=at,
    )
    _record(by, "plan_drill", run, planned_for=run.planned_for.isoformat())
    return run


@transaction.atomic
def detect(operator: Operator, run_id: int, *, title: str = "") -> Incident:
    """Somebody sees that something is wrong and opens the incident of the drill; once.

    Of a live one not before its attack has begun: there is nothing to be seen.
    """
    run = DrillRun.objects.select_for_update().get(pk=run_id)
    begun = run.state == _STATES.RUNNING and run.started_at is not None
    if not begun or run.incident is not None:
        raise RefusedDrillError(f"{run} is {run.state}, its incident {run.incident}")
    script = script_of(run)
    kind = _kind_of(script)
    incident = open_incident(
        kind,
        script.severity,
        title or said(script.title),
        "drill",
        operator,
        drill=run.pk,
    )
    run.incident = incident.pk
    run.save(update_fields=("incident",))
    for number in range(run.injected):
        _tell_inject(run, incident, number)
    return incident


def _kind_of(script: Script) -> str:
    from fengkong.response.playbook import shipped_playbooks  # noqa: PLC0415 - read once, rarely

    return shipped_playbooks()[script.playbook][0].kind


@transaction.atomic
def end_drill(operator: Operator | str, run_id: int, *, remark: str = "") -> DrillRun:
    """End a run and score it; one that has not begun is cancelled."""
    if not isinstance(operator, str):
        _allow(operator)
    run = DrillRun.objects.select_for_update().get(pk=run_id)
    if run.state == _STATES.SCHEDULED:
        run.state = _STATES.CANCELLED
        run.save()
        _record(operator, "cancel_drill", run)
        return run
    if run.state != _STATES.RUNNING:
        raise RefusedDrillError(f"{run} is {run.state}")
    _finish(operator, run, state=_STATES.ENDED, remark=remark)
    return run


@transaction.atomic
def run_again(operator: Operator, run_id: int) -> DrillRun:
    """Plan the drill of a run that is over once more, now, at the same pace."""
    run = DrillRun.objects.get(pk=run_id)
    if run.state in (_STATES.SCHEDULED, _STATES.RUNNING):
        raise RefusedDrillError(f"{run} is {run.state}")
    return plan_drill(operator, run.name, pace=run.pace)


def _finish(
    operator: Operator | str, run: DrillRun, *, state: DrillRun.State, remark: str = ""
) -> None:
    """A run is over, as it should be or because its attack failed: score it, and end its switches.

    What nobody could respond to has no score.
    """
    run.state, run.ended_at, run.remark = state, timezone.now(), remark
    if run.started_at is not None:
        run.times, run.score = scored(run, script_of(run))
    run.save()
    points = None if run.score is None else run.score["points"]
    incident = _incident(run)
    if incident is not None:
        states = (Switch.State.PROPOSED, Switch.State.SETTING, Switch.State.ON)
        for switch in incident.switches.filter(state__in=(*states, Switch.State.ENDING)):
            switch.state, switch.ended_at = Switch.State.ENDED, run.ended_at
            switch.ended_why = "the drill ended"
            switch.save()
        facts = {"points": points, "drill_state": state.value}
        note(
            incident,
            "end_drill",
            actor=operator,
            facts=facts,
            text=_SAID.get(remark, remark),
            key="drill-end",
        )
    _record(operator, "finish_drill", run, points=points, state=state.value)


def run_drills(_job: Job | None = None) -> None:
    """One step of everything that is planned or running."""
    now = timezone.now()
    due = DrillRun.objects.filter(state=_STATES.SCHEDULED, planned_for__lte=now)
    for run in due:
        start(run.pk, now)
    for run in DrillRun.objects.filter(state=_STATES.RUNNING):
        step(run.pk, now)
    clean_up(settings.CONSOLE.directory)


@transaction.atomic
def start(run_id: int, now: datetime) -> None:
    """Begin a run whose time has come; the clock of a live one begins with its attack."""
    from fengkong.console.drills.sandbox_policy import choose_policy  # noqa: PLC0415 - heavy

    run = DrillRun.objects.select_for_update().get(pk=run_id)
    if run.state != _STATES.SCHEDULED:
        return
    live = run.mode == "live"
    run.state, run.started_at = _STATES.RUNNING, None if live else now
    run.sandbox = {"asked": now.isoformat()} if live else {}
    run.policy_name, run.policy_text = choose_policy(script_of(run))
    run.save()
    _record(SYSTEM, "start_drill", run, policy=run.policy_name)
    if live:
        put(ATTACK_JOB, {"drill": run.pk}, key=str(run.pk))


@transaction.atomic
def step(run_id: int, now: datetime) -> None:
    """Tell the injects whose minute has come; end what is over; start a lost attack again."""
    run = DrillRun.objects.select_for_update().get(pk=run_id)
    if run.state != _STATES.RUNNING:
        return
    if run.started_at is None and not _has_begun(run, now):
        return
    minute, incident = run.minute(now), _incident(run)
    due = sum(1 for one in run.injects if one["at"] <= minute)
    if due > run.injected:
        for number in range(run.injected, due):
            if incident is not None:
                _tell_inject(run, incident, number)
        run.injected = due
        run.save(update_fields=("injected",))
        _record(SYSTEM, "tell_injects", run, injected=due)
    closed = incident is not None and not incident.is_open
    if closed or minute >= run.minutes:
        end_drill(SYSTEM, run.pk)
        return
    if run.mode == "live":
        _watch_attack(run, now)


def _has_begun(run: DrillRun, now: datetime) -> bool:
    """Whether the sandbox of a live run is attacked now: then its clock begins."""
    if run.sandbox.get("beat"):
        run.started_at = now
        run.save(update_fields=("started_at",))
        _record(SYSTEM, "beat_drill", run)
        return True
    asked = run.sandbox.get("asked")
    if asked and now - datetime.fromisoformat(asked) > PREPARING_MAX:
        _finish(SYSTEM, run, state=_STATES.FAILED, remark=_NO_SANDBOX)
    else:
        _watch_attack(run, now)
    return False


def _watch_attack(run: DrillRun, now: datetime) -> None:
    """Start an attack again that broke off or hangs; after some times the drill is over, and says
    why.
    """
    end_stuck(run, now)
    if note_return(run, now):
        run.save(update_fields=("breaks",))
        _record(SYSTEM, "beat_drill", run)
        _tell_attack(run, "攻击恢复", "The attack goes on", "back")
    elif is_lost(run, now):
        again = note_break(run, now)
        run.save(update_fields=("breaks", "sandbox"))
        _record(SYSTEM, "break_off_drill", run, again=again)
        _tell_attack(run, "攻击中断", "The attack broke off", "lost")
        if again:
            put(ATTACK_JOB, {"drill": run.pk}, key=str(run.pk))
        else:
            _finish(SYSTEM, run, state=_STATES.FAILED, remark=_TOO_OFTEN)


def _tell_attack(run: DrillRun, zh: str, en: str, key: str) -> None:
    incident = _incident(run)
    if incident is not None:
        last = run.breaks[-1]
        minute = last["minute"] if last["back"] is None else last["back"]
        key = f"attack-{key}-{len(run.breaks)}"
        facts, text = {"minute": minute}, f"{zh} / {en}"
        note(incident, "attack_drill", actor="drill", facts=facts, text=text, key=key)


def _tell_inject(run: DrillRun, incident: Incident, number: int) -> None:
    inject = run.injects[number]
    text = f"{inject['source']['zh']}：{inject['text']['zh']} / {inject['source']['en']}: {inject['text']['en']}"  # noqa: E501
    facts = {"inject": number + 1, "minute": inject["at"]}
    key = f"inject-{number}"
    note(incident, "inject_drill", actor="drill", facts=facts, text=text, key=key)


def _incident(run: DrillRun) -> Incident | None:
    return None if run.incident is None else Incident.objects.get(pk=run.incident)


def _allow(operator: Operator) -> None:
    if not operator.may("drills.run"):
        raise PermissionDenied("drills.run")


def _record(actor: Operator | str, action: str, run: DrillRun, **detail: Any) -> None:
    record(actor, action, target_kind="drill", target=str(run), detail=detail)
