"""Switches of drills: on paper in a tabletop drill, in the sandbox in a live one, never outside."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from fengkong.console.drills.models import DrillRun
from fengkong.console.governance.policy_texts import read_policy
from fengkong.console.incidents.models import Switch
from fengkong.console.incidents.switch_kinds import switched_text
from fengkong.console.incidents.switching import rule_of, settle_switch

if TYPE_CHECKING:
    from fengkong.console.outbox.models import Job

Publish = Callable[[str], int | None]
"""Puts a text in force in the sandbox; the sequence of its activation."""
_STATES = Switch.State


def apply_on_paper(job: Job) -> None:
    """Bring the switches of a tabletop drill into line; a live drill's process does its own."""
    run = DrillRun.objects.get(pk=job.content["drill"])
    if run.mode == "tabletop":
        with transaction.atomic():
            bring_drill_into_line(run, lambda _text: None, now=timezone.now())


def switches_of(run: DrillRun) -> list[Switch]:
    """Switches of a run that are to be set, on, or to be ended."""
    states = (_STATES.SETTING, _STATES.ON, _STATES.ENDING)
    found = Switch.objects.filter(incident__drill=run.pk, state__in=states)
    return list(found.select_related("incident").order_by("pk"))


def bring_drill_into_line(
    run: DrillRun, publish: Publish, *, now: datetime, held: frozenset[int] | None = None
) -> frozenset[int]:
    """Put the policy with the wanted switches in force and write down what is on and off.

    `held` are the switches of the policy in force; None where that is not known, or on paper.
    """
    found = switches_of(run)
    wanted = [one for one in found if one.state != _STATES.ENDING and one.until > now]
    ids = frozenset(one.pk for one in wanted)
    unsettled = [one for one in found if one.pk not in ids or one.state != _STATES.ON]
    if held == ids and not unsettled:
        return ids
    text = run.policy_text
    if wanted:
        text = switched_text(text, [rule_of(one) for one in wanted])
    sequence = publish(text) if held is None or held != ids else None
    for switch in unsettled:
        settle_switch(
            switch,
            on=switch.pk in ids,
            policy_hash=read_policy(text).hash,
            sequence=sequence,
            now=now,
        )
    return ids
