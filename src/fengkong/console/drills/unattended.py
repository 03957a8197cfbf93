"""Plays a drill without people: the script's own moves, through the acts that people use.

For the nightly run. The operators are given by whoever runs it; nothing acts in the name of
somebody who does not know.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from django.utils import timezone

from fengkong.console.accounts.models import Operator
from fengkong.console.approvals.four_eyes import approve
from fengkong.console.drills.models import DrillRun
from fengkong.console.drills.running import detect, script_of
from fengkong.console.drills.sandbox_policy import policy_of_drill
from fengkong.console.incidents import acting, clocking, reviewing
from fengkong.console.incidents.models import Incident, Switch
from fengkong.console.incidents.starting import playbook_content
from fengkong.console.incidents.switching import ask_end, ask_switch
from fengkong.response.drill import PHASE_ACTS, Move, plan
from fengkong.response.phases import Phase
from fengkong.response.playbook import shipped_playbooks

_TERMS: Final = {"limit": "1000", "outcome": "deny"}


@dataclass(slots=True)
class Player:
    """Plays one run: who commands, who approves, and how many moves were made."""

    run_id: int
    commander: Operator
    second: Operator
    made: int = 0

    def step(self) -> bool:
        """Make the moves whose minute has come; False once all are made.

        A move that has to wait (for a switch that is being set) is tried again.
        """
        run = DrillRun.objects.get(pk=self.run_id)
        if run.state != DrillRun.State.RUNNING:
            return run.state == DrillRun.State.SCHEDULED
        script = script_of(run)
        moves = plan(script, shipped_playbooks()[script.playbook][0])
        minute = run.minute(timezone.now())
        while self.made < len(moves) and moves[self.made].at <= minute:
            if not self._make(run, moves[self.made]):
                break
            self.made += 1
            run.refresh_from_db()
        return self.made < len(moves)

    def _make(self, run: DrillRun, move: Move) -> bool:
        """One move; False where it has to wait."""
        if move.act == "open":
            detect(self.commander, run.pk)
            return True
        assert run.incident is not None, "a drill opens its incident first"
        incident = Incident.objects.get(pk=run.incident)
        if move.act in PHASE_ACTS:
            acting.move(self.commander, incident.pk, Phase(PHASE_ACTS[move.act]))
            return True
        if move.act == "settled":
            waiting = (Switch.State.PROPOSED, Switch.State.SETTING, Switch.State.ENDING)
            return not incident.switches.filter(state__in=waiting).exists()
        _MOVES[move.act](self, run, incident, move.about)
        return True


def _classify(player: Player, run: DrillRun, incident: Incident, _about: str) -> None:
    script = script_of(run)
    facts = dict.fromkeys(script.unattended.facts, True)
    acting.classify(
        player.commander, incident.pk, kind=incident.kind, severity=script.severity, facts=facts
    )


def _assign(player: Player, _run: DrillRun, incident: Incident, _about: str) -> None:
    acting.assign(player.commander, incident.pk, "commander", player.commander)


def _assess(player: Player, _run: DrillRun, incident: Incident, _about: str) -> None:
    acting.assess(player.commander, incident.pk, impact="as the script says")


def _playbook(player: Player, run: DrillRun, incident: Incident, _about: str) -> None:
    content = playbook_content(script_of(run).playbook)
    assert content is not None, "scripts name playbooks that there are"
    acting.start_playbook(player.commander, incident.pk, content=content, pace=run.pace)


def _decide(player: Player, run: DrillRun, incident: Incident, _about: str) -> None:
    acting.decide(
        player.commander, incident.pk, what=f"as planned in {run.name}", reason="rehearsal"
    )


def _switch(player: Player, run: DrillRun, incident: Incident, about: str) -> None:
    _, proposal = ask_switch(
        player.commander,
        incident.pk,
        kind=about,
        terms=_TERMS,
        until=timezone.now() + timedelta(hours=2),
        reason="rehearsal",
        policy=policy_of_drill(run.pk),
    )
    approve(player.second, proposal.pk)


def _end_switch(player: Player, _run: DrillRun, incident: Incident, _about: str) -> None:
    for switch in incident.switches.filter(state__in=(Switch.State.ON, Switch.State.SETTING)):
        approve(player.second, ask_end(player.commander, switch.pk, reason="over").pk)


def _finish(player: Player, _run: DrillRun, incident: Incident, about: str) -> None:
    acting.finish_task(player.commander, incident.tasks.get(step=about).pk, outcome="done")


def _skip(player: Player, _run: DrillRun, incident: Incident, about: str) -> None:
    acting.skip_task(player.commander, incident.tasks.get(step=about).pk, reason="left out")


def _exit(player: Player, _run: DrillRun, incident: Incident, about: str) -> None:
    acting.meet_exit(player.commander, incident.pk, about)


def _cause(player: Player, _run: DrillRun, incident: Incident, _about: str) -> None:
    reviewing.add_cause(player.commander, incident.pk, kind="root", text="the script")


def _action(player: Player, _run: DrillRun, incident: Incident, _about: str) -> None:
    day = timezone.localdate() + timedelta(days=14)
    reviewing.add_follow_up(
        player.commander,
        incident.pk,
        text="drill again",
        changes="playbook",
        target=incident.playbook_name,
        owner=player.commander,
        due_on=day,
    )


def _report(player: Player, _run: DrillRun, incident: Incident, _about: str) -> None:
    for clock in incident.clocks.filter(state="running"):
        clocking.meet_clock(player.commander, clock.pk, reference=f"drill {incident.drill}")


_MOVES: Final[dict[str, Callable[[Player, DrillRun, Incident, str], Any]]] = {
    "classify": _classify,
    "assign": _assign,
    "assess": _assess,
    "playbook": _playbook,
    "decide": _decide,
    "switch": _switch,
    "end_switch": _end_switch,
    "finish": _finish,
    "skip": _skip,
    "exit": _exit,
    "cause": _cause,
    "action": _action,
    "report": _report,
}
