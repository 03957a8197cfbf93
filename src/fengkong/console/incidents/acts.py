"""Every act of the incident room: its title, who may do it, its form, and what it calls."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from fengkong.console.incidents import acting, clocking, communicating, keeping, reviewing
from fengkong.console.incidents import forms as asked
from fengkong.console.incidents.acting import COMMAND, WORK, RefusedIncidentActError
from fengkong.console.incidents.changeable import versions_since
from fengkong.console.incidents.containing import contain
from fengkong.console.incidents.models import Communication, FollowUp, Incident
from fengkong.console.incidents.starting import playbook_choices, playbook_content
from fengkong.console.incidents.switching import ask_end, ask_switch
from fengkong.console.incidents.targets import pace_of, policy_of
from fengkong.response.messages import shipped_templates
from fengkong.response.phases import Phase

if TYPE_CHECKING:
    from fengkong.console.accounts.duties import Words
    from fengkong.console.accounts.models import Operator

Given = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Act:
    """One act; `item` says that it is about something of the incident, by its number.

    `does` gets who acts, the incident's number, that of the item, and what the form gave.
    """

    title: Words
    permission: str
    does: Callable[[Operator, int, int, Any], Any]
    form: Callable[..., forms.Form] | None = None
    item: bool = False
    needs_incident: bool = False


def _phase(operator: Operator, incident: int, item: int, form: Any) -> None:
    phase = list(Phase)[item]
    acting.move(operator, incident, phase, reason=form.cleaned_data["reason"])


def _classify(operator: Operator, incident: int, _item: int, form: Any) -> None:
    given = form.cleaned_data
    facts = dict.fromkeys(given["facts"], True)
    acting.classify(operator, incident, kind=given["kind"], severity=given["severity"], facts=facts)


def _assess(operator: Operator, incident: int, _item: int, form: Any) -> None:
    given = form.cleaned_data
    loss = None if given["loss"] is None else int(given["loss"] * 100)
    acting.assess(
        operator,
        incident,
        impact=given["impact"],
        customers=given["customers"],
        loss_minor=loss,
    )


def _start(operator: Operator, incident: int, _item: int, form: Any) -> None:
    content = playbook_content(form.cleaned_data["playbook"])
    if content is None:
        raise RefusedIncidentActError("there is no such playbook")
    pace = pace_of(Incident.objects.get(pk=incident))
    acting.start_playbook(operator, incident, content=content, pace=pace)


def _criterion(operator: Operator, incident: int, item: int, _form: Any) -> None:
    found = Incident.objects.get(pk=incident)
    criteria = (found.playbook or {}).get("exit", [])
    if item >= len(criteria):
        raise RefusedIncidentActError("no such exit criterion")
    acting.meet_exit(operator, incident, criteria[item]["id"])


def _task(operator: Operator, incident: int, _item: int, form: Any) -> None:
    given = form.cleaned_data
    due = timezone.now() + timedelta(minutes=given["minutes"])
    acting.add_task(operator, incident, title=given["title"], part=given["part"], due_at=due)


def _switch(operator: Operator, incident: int, _item: int, form: Any) -> None:
    found = Incident.objects.get(pk=incident)
    ask_switch(
        operator,
        incident,
        kind=form.cleaned_data["kind"],
        terms=form.terms(),
        until=form.until(),
        reason=form.cleaned_data["reason"],
        policy=policy_of(found),
    )


def _contain(operator: Operator, incident: int, _item: int, form: Any) -> None:
    given = form.cleaned_data
    contain(operator, incident, action=given["action"], why=given["why"], until=form.until())


def _evidence(operator: Operator, incident: int, _item: int, form: Any) -> None:
    file = form.cleaned_data["file"]
    keeping.add_evidence(
        operator,
        incident,
        name=file.name or "",
        content=file.read(keeping.BYTES_MAX + 1),
        source=form.cleaned_data["source"],
    )


def _draft(operator: Operator, incident: int, _item: int, form: Any) -> None:
    given = form.cleaned_data
    audience = shipped_templates()[given["template"]].audience
    communicating.draft(operator, incident, audience=audience, **given)


def _follow_up(operator: Operator, incident: int, _item: int, form: Any) -> None:
    reviewing.add_follow_up(operator, incident, **form.given())


def _with(act: Callable[..., Any], *, item: bool = False) -> Callable[..., Any]:
    """An act that takes what its form gave by name."""

    def does(operator: Operator, incident: int, number: int, form: Any) -> Any:
        given = {} if form is None else form.cleaned_data
        return act(operator, number if item else incident, **given)

    return does


def _about(act: Callable[..., Any]) -> Callable[..., Any]:
    """An act about something of the incident, by its number."""
    return _with(act, item=True)


def _renamed(act: Callable[..., Any], name: str, *, item: bool = True) -> Callable[..., Any]:
    """An act whose form gives one value under another name."""

    def does(operator: Operator, incident: int, number: int, form: Any) -> Any:
        (value,) = form.cleaned_data.values()
        return act(operator, number if item else incident, **{name: value})

    return does


ACTS: Final[dict[str, Act]] = {
    "phase": Act(_("Change the phase"), COMMAND, _phase, asked.ReasonForm, item=True),
    "classify": Act(_("Classify"), COMMAND, _classify, asked.ClassifyForm, needs_incident=True),
    "assess": Act(_("Assess"), WORK, _assess, asked.AssessForm, needs_incident=True),
    "note": Act(_("Write a note"), WORK, _with(acting.write_note), asked.TextForm),
    "decide": Act(_("Record a decision"), COMMAND, _with(acting.decide), asked.DecideForm),
    "assign": Act(
        _("Give a part"),
        WORK,
        lambda who, incident, _item, form: acting.assign(who, incident, **form.cleaned_data),
        asked.AssignForm,
    ),
    "playbook": Act(_("Start a playbook"), COMMAND, _start, asked.PlaybookForm),
    "no-playbook": Act(
        _("No playbook fits"), COMMAND, _with(acting.go_without_playbook), asked.ReasonForm
    ),
    "exit": Act(_("Criterion met"), COMMAND, _criterion, item=True),
    "task": Act(_("Add a task"), WORK, _task, asked.TaskForm),
    "take": Act(_("Take"), WORK, _about(acting.take_task), item=True),
    "finish": Act(
        _("Task done"), WORK, _renamed(acting.finish_task, "outcome"), asked.OutcomeForm, item=True
    ),
    "skip": Act(_("Skip the task"), COMMAND, _about(acting.skip_task), asked.ReasonForm, item=True),
    "report": Act(
        _("Reported"),
        COMMAND,
        _about(clocking.meet_clock),
        asked.ReferenceForm,
        item=True,
    ),
    "waive": Act(
        _("No report is due"),
        COMMAND,
        _about(clocking.waive_clock),
        asked.ReasonForm,
        item=True,
    ),
    "switch": Act(_("Ask for a switch"), WORK, _switch, asked.SwitchForm),
    "contain": Act(
        _("Freeze the customers"), WORK, _contain, asked.ContainForm, needs_incident=True
    ),
    "end-switch": Act(_("Ask for its end"), WORK, _about(ask_end), asked.KeptReasonForm, item=True),
    "evidence": Act(_("Keep evidence"), WORK, _evidence, asked.EvidenceForm),
    "check": Act(_("Check it"), WORK, _about(keeping.check_evidence), item=True),
    "hand-over": Act(
        _("Handed over"), WORK, _renamed(keeping.hand_over, "receiver"), asked.WhyForm, item=True
    ),
    "draft": Act(_("Draft a communication"), WORK, _draft, asked.DraftForm),
    "rewrite": Act(
        _("Edit the text"),
        WORK,
        _about(communicating.rewrite),
        asked.RewriteForm,
        item=True,
    ),
    "approve": Act(_("Approve the text"), COMMAND, _about(communicating.approve_text), item=True),
    "sent": Act(_("It was sent"), WORK, _about(communicating.mark_sent), asked.HowForm, item=True),
    "cause": Act(_("Add a cause"), WORK, _with(reviewing.add_cause), asked.CauseForm),
    "action": Act(_("Add an action"), WORK, _follow_up, asked.FollowUpForm, needs_incident=True),
    "action-done": Act(
        _("Action done"),
        WORK,
        _about(reviewing.finish_follow_up),
        asked.ChangedForm,
        item=True,
    ),
    "action-dropped": Act(
        _("Drop the action"),
        COMMAND,
        _about(reviewing.drop_follow_up),
        asked.ReasonForm,
        item=True,
    ),
}
"""Every act by the word in its address."""


def form_of(act: str, incident: Incident, item: int, data: Any = None, files: Any = None) -> Any:
    """The form of an act, None where it asks for nothing."""
    declared = ACTS[act]
    if declared.form is None:
        return None
    more: Given = {"incident": incident} if declared.needs_incident else {}
    if act == "playbook":
        more["choices"] = playbook_choices(incident)
    if act == "action-done":
        action = FollowUp.objects.select_related("incident").get(pk=item, incident=incident)
        more["versions"] = versions_since(action)
    if act == "rewrite":
        text = Communication.objects.get(pk=item, incident=incident)
        more["initial"] = {"subject": text.subject, "body": text.body, "edition": text.edition}
    return declared.form(data, files, **more)
