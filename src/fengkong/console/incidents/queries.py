"""What the screens of incidents show."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from fengkong.console.incidents.acts import ACTS
from fengkong.console.incidents.changeable import page_of
from fengkong.console.incidents.containing import actions_of, subjects_of
from fengkong.console.incidents.linking import shown_link
from fengkong.console.incidents.models import (
    FollowUp,
    Incident,
    IncidentRole,
    IncidentTask,
    RunningClock,
    Switch,
    TimelineEntry,
)
from fengkong.console.incidents.need_words import NEED_WORDS
from fengkong.console.incidents.needs import standing_of
from fengkong.console.incidents.starting import fitting_playbooks
from fengkong.console.incidents.switch_kinds import KINDS as SWITCHES
from fengkong.console.incidents.timeline import KINDS
from fengkong.console.incidents.trigger_words import condition_of
from fengkong.console.shell.figures import reading_language
from fengkong.console.shell.spoken import said
from fengkong.response.kinds import shipped_scale
from fengkong.response.phases import BACK, PHASES, Phase, following

if TYPE_CHECKING:
    from fengkong.console.accounts.duties import Words
    from fengkong.console.accounts.models import Operator

_NEWEST: Final = 30
_TONES: Final = {1: "red", 2: "red", 3: "amber", 4: "blue"}
_ITEMS: Final = {
    **dict.fromkeys(("take", "finish", "skip"), "tasks"),
    **dict.fromkeys(("report", "waive"), "clocks"),
    "end-switch": "switches",
    **dict.fromkeys(("check", "hand-over"), "evidence"),
    **dict.fromkeys(("rewrite", "approve", "sent"), "communications"),
    **dict.fromkeys(("action-done", "action-dropped"), "follow_ups"),
}
"""Of which part of an incident an act with an item is about one."""


def incidents(
    *, phase: str = "", kind: str = "", severity: str = "", drills: bool = False
) -> QuerySet[Incident]:
    """The incidents that are asked for."""
    found = Incident.objects.all()
    if not drills:
        found = found.filter(drill=None)
    if phase == "open":
        found = found.exclude(phase=Phase.CLOSED)
    elif phase:
        found = found.filter(phase=phase)
    if kind:
        found = found.filter(kind=kind)
    return found.filter(severity=int(severity)) if severity else found


def row_of(incident: Incident) -> dict[str, Any]:
    """An incident in a list."""
    scale = shipped_scale()
    clock = incident.clocks.filter(state=RunningClock.State.RUNNING).order_by("due_at").first()
    commander = incident.roles.filter(part=IncidentRole.Part.COMMANDER).first()
    return {
        "incident": incident,
        "kind": scale.kinds[incident.kind].title,
        "severity": scale.severities[incident.severity].title,
        "tone": _TONES[incident.severity],
        "clock": clock,
        "commander": None if commander is None else commander.operator,
        "overdue": _overdue(incident).count(),
    }


def tiles() -> dict[str, int]:
    """What is going on over all real incidents."""
    now = timezone.now()
    running = Incident.objects.filter(drill=None).exclude(phase=Phase.CLOSED)
    clocks = RunningClock.objects.filter(state=RunningClock.State.RUNNING, incident__drill=None)
    return {
        "open": running.count(),
        "grave": running.filter(severity__lte=2).count(),
        "clocks": clocks.count(),
        "late": clocks.filter(due_at__lt=now).count(),
        "switches": Switch.objects.filter(state=Switch.State.ON, incident__drill=None).count(),
        "actions": FollowUp.objects.filter(state=FollowUp.State.OPEN).count(),
    }


def room_of(incident: Incident, operator: Operator) -> dict[str, Any]:
    """Everything of one incident."""
    phase = incident.standing
    missing = standing_of(incident).missing(phase)
    after = following(phase)
    may_command = operator.may("incidents.command") and incident.is_open
    return row_of(incident) | {
        "scale": shipped_scale().severities[incident.severity],
        "phases": _stepper(incident),
        "missing": [NEED_WORDS[need] for need in missing],
        "next": None if after is None else (PHASES.index(after), _phase_word(after)),
        "back": [(PHASES.index(one), _phase_word(one)) for one in BACK.get(phase, ())],
        "holds": [shipped_scale().facts[name].title for name in incident.facts],
        "tasks": _tasks(incident),
        "clocks": [_clock(one) for one in incident.clocks.all()],
        "links": [shown_link(one) for one in incident.links.exclude(kind="action")],
        "fit": _fit(incident) if may_command else None,
        "actions": actions_of(incident),
        "subjects": len(subjects_of(incident)),
        "follow_ups": [(one, page_of(one)) for one in incident.follow_ups.select_related("owner")],
        "may_contain": operator.may("incidents.work") and operator.may("actions.ask"),
        "switches": [(one, SWITCHES[one.kind].title) for one in incident.switches.all()],
        "exits": _exits(incident),
        "entries": told(incident.timeline.order_by("-at", "-pk")[:_NEWEST]),
        "entry_count": incident.timeline.count(),
        "may_work": operator.may("incidents.work") and incident.is_open,
        "may_review": operator.may("incidents.work"),
        "may_command": may_command,
        "may_approve": operator.may("switches.approve"),
        "now": timezone.now(),
    }


def has_item(incident: Incident, act: str, item: int) -> bool:
    """Whether an act has what it is about."""
    declared = ACTS[act]
    if not declared.item:
        return item == 0
    part = _ITEMS.get(act)
    if part is None:
        return 0 <= item < len(PHASES) if act == "phase" else item >= 0
    return bool(getattr(incident, part).filter(pk=item).exists())


def told(entries: Iterable[TimelineEntry]) -> list[dict[str, Any]]:
    """Entries of the timeline in words."""
    return [
        {"entry": one, "words": KINDS.get(one.kind, one.kind), "about": _about(one)}
        for one in entries
    ]


_FACT_WORDS: Final[dict[str, Words]] = {
    "until": _("until"),
    "sequence": _("journal entry"),
    "percent": _("percent of its time is over:"),
    "sha256": _("SHA-256"),
}
"""Facts of an entry that are said with a word before them."""


def _about(entry: TimelineEntry) -> str:
    """What an entry is about: its facts in words where they have some."""
    facts = entry.facts
    zh = reading_language() == "zh"
    if "before" in facts and "after" in facts:
        return f"{_phase_word(facts['before'])} → {_phase_word(facts['after'])}"
    parts: list[str] = []
    if "incident_kind" in facts:
        scale = shipped_scale()
        kind = scale.kinds[facts["incident_kind"]].title
        level = scale.severities[facts["severity"]].title
        parts += [said(kind), said(level)]
    if "task" in facts:
        task = IncidentTask.objects.filter(pk=facts["task"]).first()
        if task is not None:
            parts.append(task.title_zh if zh else task.title_en)
    if "part" in facts:
        parts.append(str(IncidentRole.Part(facts["part"]).label))
    for name in ("operator", "link", "playbook", "switch", "clock", "criterion", "changed", "to"):
        if facts.get(name):
            parts.append(str(facts[name]))
    parts += [
        f"{words} {_shown_fact(name, facts[name])}"
        for name, words in _FACT_WORDS.items()
        if facts.get(name) is not None
    ]
    return " · ".join(parts)


def _shown_fact(name: str, value: Any) -> str:
    if name == "until":
        at = datetime.fromisoformat(value)
        return f"{timezone.localtime(at) if timezone.is_aware(at) else at:%F %R}"
    return str(value)[:25]


def _phase_word(phase: str | Phase) -> str:
    return str(Incident.PhaseName(str(phase)).label)


def _fit(incident: Incident) -> dict[str, Any] | None:
    """The playbook that fits best, with the triggers that are met; None once one was started."""
    if incident.playbook is not None or incident.no_playbook:
        return None
    found = fitting_playbooks(incident)
    if not found:
        return None
    best = found[0]
    return {
        "name": best.playbook.playbook,
        "title": best.playbook.title,
        "met": [(said(one.words), condition_of(one)) for one in best.met],
    }


def _stepper(incident: Incident) -> list[dict[str, Any]]:
    at = PHASES.index(incident.standing)
    return [
        {"word": _phase_word(phase), "state": _state(place, at), "number": place + 1}
        for place, phase in enumerate(PHASES)
    ]


def _state(place: int, at: int) -> str:
    return "done" if place < at else "now" if place == at else "later"


def _tasks(incident: Incident) -> list[tuple[str, list[dict[str, Any]]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    zh, now = reading_language() == "zh", timezone.now()
    steps = {step["id"]: step for step in (incident.playbook or {}).get("steps", ())}
    for task in incident.tasks.select_related("owner"):
        detail = steps.get(task.step, {}).get("detail", {})
        found.setdefault(task.phase, []).append(
            {
                "task": task,
                "title": task.title_zh if zh else task.title_en,
                "detail": detail.get("zh" if zh else "en", ""),
                "late": task.state == IncidentTask.State.OPEN
                and task.due_at is not None
                and task.due_at < now,
            }
        )
    ordered = [phase.value for phase in PHASES if phase.value in found]
    return [(_phase_word(phase), found[phase]) for phase in ordered]


def _overdue(incident: Incident) -> QuerySet[IncidentTask]:
    return incident.tasks.filter(state=IncidentTask.State.OPEN, due_at__lt=timezone.now())


def _clock(clock: RunningClock) -> dict[str, Any]:
    language = "zh" if reading_language() == "zh" else "en"
    content = clock.content
    left = (clock.due_at - timezone.now()).total_seconds()
    running = clock.state == RunningClock.State.RUNNING
    whole = max((clock.due_at - clock.started_at).total_seconds(), 1)
    note_text = content.get("note") or {}
    return {
        "clock": clock,
        "title": content["title"][language],
        "law": content["regulation_title"][language],
        "recipient": content["recipient"][language],
        "asks": content["content"][language],
        "note": note_text.get(language, ""),
        "left": abs(left),
        "late": running and left < 0,
        "share": min(100, max(0, round(100 * (1 - left / whole)))),
    }


def _exits(incident: Incident) -> list[tuple[int, str, bool]]:
    language = "zh" if reading_language() == "zh" else "en"
    criteria = (incident.playbook or {}).get("exit", ())
    return [
        (place, one["text"][language], one["id"] in incident.exits_met)
        for place, one in enumerate(criteria)
    ]
