"""Stop-loss switches: asked for by one, approved by another, put into the live policy, and ended.

The policy that should be in force follows from which switches are on (`bring_into_line`): whatever
dies in between, the next run of the job finds what is missing and does it once. A switch carries
its end in its rule, so it stops working on time even while nobody works.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from fengkong.console.approvals.four_eyes import Fact, propose
from fengkong.console.approvals.models import Proposal
from fengkong.console.governance.actions import live_version
from fengkong.console.governance.deriving import derive_version, end_canary, put_live
from fengkong.console.governance.models import PolicyVersion, ServiceChange
from fengkong.console.governance.policy_texts import read_policy
from fengkong.console.governance.service_view import last_seen
from fengkong.console.incidents.acting import WORK, RefusedIncidentActError, locked
from fengkong.console.incidents.models import Incident, Switch, SwitchedPolicy
from fengkong.console.incidents.switch_kinds import (
    KINDS,
    SwitchRule,
    UnfitSwitchError,
    switched_text,
    terms_of,
)
from fengkong.console.incidents.timeline import note
from fengkong.console.outbox.jobs import put
from fengkong.core.errors import RiskError

if TYPE_CHECKING:
    from fengkong.console.accounts.models import Operator
    from fengkong.console.outbox.models import Job
    from fengkong.decisions.policy import Policy

SET: Final = "set_switch"
END: Final = "end_switch"
APPLY_JOB: Final = "apply_switches"
DRILL_JOB: Final = "apply_drill_switches"
HOURS_MAX: Final = 72
WAITS: Final = timedelta(hours=4)
_RETRY: Final = timedelta(seconds=60)
_STATES: Final = Switch.State


@transaction.atomic
def ask_switch(
    operator: Operator,
    incident_id: int,
    *,
    kind: str,
    terms: Mapping[str, Any],
    until: datetime,
    reason: str,
    policy: Policy | None = None,
) -> tuple[Switch, Proposal]:
    """Ask for a switch; a second person sets it. Raises UnfitSwitchError, PermissionDenied.

    `policy` is the one that it is for where that is not the live one (a drill's).
    """
    incident = locked(incident_id, operator, WORK)
    now = timezone.now()
    if not now < until <= now + timedelta(hours=HOURS_MAX):
        raise UnfitSwitchError(f"a switch lasts at most {HOURS_MAX} hours, and ends in the future")
    checked = terms_of(kind, terms, policy=policy or _live_policy())
    switch = Switch.objects.create(
        incident=incident,
        kind=kind,
        terms=checked,
        reason=reason.strip(),
        asked_by=operator.username,
        until=until,
    )
    facts = {"switch": switch.rule, "until": until.isoformat(timespec="seconds"), **checked}
    note(incident, "ask_switch", actor=operator, facts=facts, text=reason)
    proposal = propose(
        operator, SET, target=str(switch.rule), reason=reason, content={"switch": switch.pk}
    )
    return switch, proposal


@transaction.atomic
def ask_end(operator: Operator, switch_id: int, *, reason: str) -> Proposal:
    """Ask for the end of a switch before its time; a second person ends it."""
    if not operator.may(WORK):
        raise PermissionDenied(WORK)
    switch = Switch.objects.get(pk=switch_id)
    if switch.state not in (_STATES.ON, _STATES.SETTING):
        raise RefusedIncidentActError("the switch is not on")
    content = {"switch": switch.pk}
    return propose(operator, END, target=switch.rule, reason=reason, content=content)


def perform_set(proposal: Proposal, approver: Operator) -> None:
    """A second person approved it: it is set at once."""
    switch = _switch(proposal)
    if switch.state != _STATES.PROPOSED:
        raise RefusedIncidentActError("the switch was set or refused before")
    switch.state, switch.approved_by = _STATES.SETTING, approver.username
    switch.approved_at = timezone.now()
    switch.save()
    note(switch.incident, SET, actor=approver, facts={"switch": switch.rule})
    put_to_work(switch.incident)


def perform_end(proposal: Proposal, approver: Operator) -> None:
    """A second person approved its end."""
    switch = _switch(proposal)
    if switch.state in (_STATES.ON, _STATES.SETTING):
        switch.state, switch.end_asked_by = _STATES.ENDING, proposal.proposed_by.username
        switch.ended_why = proposal.reason[:300]
        switch.save()
        note(switch.incident, END, actor=approver, facts={"switch": switch.rule})
        put_to_work(switch.incident)


def described(proposal: Proposal) -> list[Fact]:
    """What the approver decides about."""
    switch = _switch(proposal)
    facts: list[Fact] = [
        (_("Incident"), str(switch.incident)),
        (_("Switch"), KINDS[switch.kind].title),
        (_("Events"), ", ".join(switch.terms["types"])),
        (_("Outcome"), switch.terms["outcome"]),
        (_("Until"), timezone.localtime(switch.until).strftime("%Y-%m-%d %H:%M")),
    ]
    if "limit" in switch.terms:
        facts.append((_("Amount limit"), switch.terms["limit"]))
    if "field" in switch.terms:
        facts.append((_("Only where"), f"{switch.terms['field']} = {switch.terms['value']}"))
    return facts


def take_back(proposal: Proposal) -> None:
    """A proposal was rejected, withdrawn or ran out: its switch is not set."""
    switch = Switch.objects.filter(pk=proposal.content.get("switch")).first()
    if proposal.kind == SET and switch is not None and switch.state == _STATES.PROPOSED:
        with transaction.atomic():
            _refuse(switch, why=proposal.remark or proposal.state, actor="system")


def put_to_work(incident: Incident) -> None:
    """Promise that switches are brought into line: in the live policy, or in a drill's sandbox."""
    if incident.drill is None:
        put(APPLY_JOB, {}, key="live")
    else:
        put(DRILL_JOB, {"drill": incident.drill}, key=str(incident.drill))


def _switch(proposal: Proposal) -> Switch:
    found = Switch.objects.select_for_update().select_related("incident")
    return found.get(pk=proposal.content["switch"])


def _live_policy() -> Policy:
    live = live_version()
    if live is None:
        raise UnfitSwitchError("no policy is live that the console knows")
    return read_policy(live.text)


# -- the live policy -------------------------------------------------------------------------


def apply_switches(_job: Job | None = None) -> None:
    """Bring the live policy into line with the switches that are wanted; once, however often."""
    with transaction.atomic():
        bring_into_line(timezone.now())


def bring_into_line(now: datetime) -> None:
    """One step towards the policy that should be in force."""
    live = live_version()
    if live is None or not _at_work().exists():
        return
    if ServiceChange.objects.filter(state=ServiceChange.State.WAITING).exists():
        return  # the service is at it; the next run sees what came of it
    derived = SwitchedPolicy.objects.filter(version=live.pk).first()
    base = live if derived is None else PolicyVersion.objects.get(pk=derived.base)
    held = [] if derived is None else [int(pk) for pk in derived.switches]
    wanted = list(_wanted(now))
    if wanted and _canary_ended(wanted[-1]):
        return
    if sorted(held) == sorted(one.pk for one in wanted):
        _settle(live, wanted, now=now)
    elif not wanted:
        _ask(base, _at_work().first(), now=now)
    else:
        _derive(base, wanted, now=now)


def _at_work() -> Any:
    """Switches of real incidents that are to be set, on, or to be ended."""
    states = (_STATES.SETTING, _STATES.ON, _STATES.ENDING)
    return Switch.objects.filter(state__in=states, incident__drill=None).select_related("incident")


def _wanted(now: datetime) -> Any:
    return _at_work().exclude(state=_STATES.ENDING).filter(until__gt=now).order_by("pk")


def _canary_ended(about: Switch) -> bool:
    """End a canary: whom it answers for would not be under the switch. Whether one was ended."""
    ended = end_canary(
        asked_by=about.asked_by, approved_by=about.approved_by, reason=about.reason[:500]
    )
    return ended is not None


def _derive(base: PolicyVersion, wanted: Sequence[Switch], *, now: datetime) -> None:
    ids = [one.pk for one in wanted]
    made = SwitchedPolicy.objects.filter(base=base.pk, switches=ids).order_by("-pk").first()
    newest = wanted[-1]
    if made is None:
        try:
            text = switched_text(base.text, [rule_of(one) for one in wanted])
            words = f"{newest.rule}: {newest.reason}"
            with transaction.atomic():
                version = derive_version(base, text, actor=newest.approved_by, note=words)
        except RiskError as error:
            _refuse_new(wanted, why=str(error))
            return
        SwitchedPolicy.objects.create(version=version.pk, base=base.pk, switches=ids)
    else:
        version = PolicyVersion.objects.get(pk=made.version)
    _ask(version, newest, now=now, wanted=wanted)


def _ask(
    version: PolicyVersion, about: Switch, *, now: datetime, wanted: Sequence[Switch] = ()
) -> None:
    """Ask the service for a version, unless it refused just that a moment ago."""
    failed = ServiceChange.objects.filter(version=version, state=ServiceChange.State.FAILED).first()
    if failed is not None and failed.done_at is not None:
        if _refuse_new(wanted, why=failed.message):
            return
        if now - failed.done_at < _RETRY:
            return
    asked = about.end_asked_by if about.state == _STATES.ENDING else about.asked_by
    put_live(version, asked_by=asked, approved_by=about.approved_by, reason=about.reason[:500])
    put(APPLY_JOB, {}, key="settle", due_at=now + timedelta(seconds=1))


def _refuse_new(wanted: Sequence[Switch], *, why: str) -> int:
    """Switches that were never on are refused; how many."""
    new = [one for one in wanted if one.state == _STATES.SETTING]
    for one in new:
        _refuse(one, why=why, actor="service")
    return len(new)


def _refuse(switch: Switch, *, why: str, actor: str) -> None:
    switch.state, switch.problem, switch.ended_at = _STATES.REFUSED, why[:2000], timezone.now()
    switch.save()
    note(switch.incident, "refuse_switch", actor=actor, facts={"switch": switch.rule}, text=why)


def _settle(live: PolicyVersion, wanted: Sequence[Switch], *, now: datetime) -> None:
    """The live policy is as it should be: write down which switches are on, and which are off."""
    ran = [one for one in last_seen().activations if one["hash"] == live.hash]
    sequence = ran[-1]["sequence"] if ran else None
    on = {one.pk for one in wanted}
    for switch in _at_work().exclude(state=_STATES.ON, pk__in=on):
        settle_switch(switch, on=switch.pk in on, policy_hash=live.hash, sequence=sequence, now=now)


def settle_switch(
    switch: Switch, *, on: bool, policy_hash: str, sequence: int | None, now: datetime
) -> None:
    """Write down that a switch is on, or off."""
    facts = {"switch": switch.rule, "sequence": sequence, "policy_hash": policy_hash}
    if on:
        switch.state, switch.on_at, switch.problem = _STATES.ON, now, ""
        switch.policy_hash, switch.policy_sequence = policy_hash, sequence
        note(switch.incident, "switch_on", actor="service", facts=facts, key=f"on-{switch.pk}")
    else:
        ran_out = switch.state != _STATES.ENDING
        switch.state, switch.ended_at = _STATES.ENDED, now
        switch.ended_why = "ran out" if ran_out else switch.ended_why
        note(switch.incident, "switch_off", actor="service", facts=facts, key=f"off-{switch.pk}")
    switch.save()


def rule_of(switch: Switch) -> SwitchRule:
    """A switch as it becomes a rule."""
    return SwitchRule(rule=switch.rule, kind=switch.kind, terms=switch.terms, until=switch.until)
