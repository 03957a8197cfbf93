"""Regulatory clocks of an incident: begun by its classification, warned of, met or waived."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, cast

import msgspec
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from fengkong.console.incidents.models import Incident, RunningClock
from fengkong.console.incidents.telling import tell_clock
from fengkong.console.incidents.timeline import note
from fengkong.core.errors import RiskError
from fengkong.response.clocks import ClockTerms, Regulation, clocks_for, warnings_due
from fengkong.response.phases import PHASES, Phase

if TYPE_CHECKING:
    from fengkong.console.accounts.models import Operator

_OVERDUE: Final = 100


class EndedClockError(RiskError):
    """The clock was reported for or waived before."""

    code = "console.ended_clock"
    hint = "Open the incident again: it shows who reported, when and under which reference."


def begin_clocks(incident: Incident, *, actor: Operator | str) -> list[RunningClock]:
    """Begin the clocks that the incident's classification and phase call for; once each.

    One whose condition holds no more goes on until somebody says why it is not due.
    """
    begun = []
    day = timezone.localdate(incident.aware_at)
    found = clocks_for(
        kind=incident.kind, severity=incident.severity, facts=incident.facts, day=day
    )
    for regulation, terms in found:
        started = _began(incident, terms)
        if started is None:
            continue
        clock, new = RunningClock.objects.get_or_create(
            incident=incident,
            terms=terms.id,
            defaults={
                "content": _content(regulation, terms),
                "started_at": started,
                "due_at": terms.due_at(started),
            },
        )
        if new:
            begun.append(clock)
            facts = {"clock": clock.terms, "article": terms.article, "until": _text(clock.due_at)}
            note(incident, "start_incident_clock", actor=actor, facts=facts)
    return begun


def _began(incident: Incident, terms: ClockTerms) -> datetime | None:
    """When a clock's time began; None where it has not yet."""
    if terms.begins == "aware":
        return incident.aware_at
    if terms.begins == "classified":
        return incident.classified_at
    needed = Phase.RECOVER if terms.begins == "contained" else Phase.CLOSED
    behind = PHASES.index(incident.standing) >= PHASES.index(needed)
    return incident.phase_since if behind else None


def _content(regulation: Regulation, terms: ClockTerms) -> dict[str, Any]:
    content = cast("dict[str, Any]", msgspec.to_builtins(terms))
    return content | {
        "regulation": regulation.id,
        "regulation_title": {"zh": regulation.title.zh, "en": regulation.title.en},
        "reference": regulation.reference,
    }


@transaction.atomic
def meet_clock(operator: Operator, clock_id: int, *, reference: str) -> RunningClock:
    """The report was made; `reference` is its number or receipt."""
    clock = _running(operator, clock_id)
    clock.reference = reference.strip()[:200]
    return _end(operator, clock, RunningClock.State.MET, kind="meet_incident_clock", text=reference)


@transaction.atomic
def waive_clock(operator: Operator, clock_id: int, *, reason: str) -> RunningClock:
    """No report is due, and why."""
    clock = _running(operator, clock_id)
    clock.reason = reason.strip()
    state = RunningClock.State.WAIVED
    return _end(operator, clock, state, kind="waive_incident_clock", text=reason)


def _running(operator: Operator, clock_id: int) -> RunningClock:
    if not operator.may("incidents.command"):
        raise PermissionDenied("incidents.command")
    clock = RunningClock.objects.select_for_update().get(pk=clock_id)
    if clock.state != RunningClock.State.RUNNING:
        raise EndedClockError(f"{clock.terms} was ended by {clock.ended_by}")
    return clock


def _end(
    operator: Operator, clock: RunningClock, state: RunningClock.State, *, kind: str, text: str
) -> RunningClock:
    clock.state, clock.ended_at, clock.ended_by = state, timezone.now(), operator.username
    clock.save()
    late = clock.ended_at > clock.due_at
    facts = {"clock": clock.terms, "late": late}
    note(clock.incident, kind, actor=operator, facts=facts, text=text)
    return clock


def watch_clocks(now: datetime) -> int:
    """Tell of the shares of clocks' times that are over, each once; how many were told.

    What was missed while no worker ran is told now, the newest share only.
    """
    told = 0
    for clock in RunningClock.objects.filter(state=RunningClock.State.RUNNING):
        over = warnings_due(
            started=clock.started_at,
            due=clock.due_at,
            now=now,
            shares=tuple(clock.content.get("warnings", ())),
        )
        new = [share for share in over if share not in clock.warned]
        if new:
            told += _warn(clock.pk, share=max(new), over=over)
    return told


@transaction.atomic
def _warn(clock_id: int, *, share: int, over: tuple[int, ...]) -> int:
    clock = RunningClock.objects.select_for_update().get(pk=clock_id)
    if clock.state != RunningClock.State.RUNNING or share in clock.warned:
        return 0
    clock.warned = sorted({*clock.warned, *over})
    clock.save()
    kind = "miss_incident_clock" if share >= _OVERDUE else "warn_incident_clock"
    tell_clock(clock, missed=share >= _OVERDUE)
    note(
        clock.incident,
        kind,
        actor="system",
        facts={"clock": clock.terms, "percent": share, "until": _text(clock.due_at)},
        key=f"clock-{clock.pk}-{share}",
    )
    return 1


def _text(instant: datetime) -> str:
    return timezone.localtime(instant).strftime("%Y-%m-%d %H:%M")
