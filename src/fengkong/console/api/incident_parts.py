"""Operations on what belongs to an incident: tasks, clocks, switches, evidence, texts, review."""

from datetime import date, timedelta
from typing import Annotated, Any, Literal

from django.http import Http404, HttpRequest
from django.utils import timezone
from ninja import Field, File, Form, Router, Schema
from ninja.files import UploadedFile

from fengkong.console.accounts.models import Operator
from fengkong.console.api import answers
from fengkong.console.api import incident_answers as shown
from fengkong.console.api.incident_rows import (
    action_row,
    cause_row,
    clock_row,
    communication_row,
    evidence_row,
    switch_row,
    task_row,
)
from fengkong.console.api.incident_work import COUNT_MAX, Why
from fengkong.console.api.operations import bearer, operation
from fengkong.console.api.representations import (
    NAME,
    TEXT,
    Number,
    columns,
    findable,
    proposal_shown,
)
from fengkong.console.incidents import acting, clocking, communicating, keeping, reviewing
from fengkong.console.incidents.containing import contain
from fengkong.console.incidents.models import Incident
from fengkong.console.incidents.switching import ask_end, ask_switch
from fengkong.console.incidents.targets import policy_of
from fengkong.response.messages import shipped_templates
from fengkong.response.playbook import Part

router = Router()
Line = Annotated[str, Field(min_length=1, max_length=200, pattern=TEXT)]


class NewTask(Schema):
    """A task more, in the phase that the incident is in."""

    title: str = Field(min_length=1, max_length=300, pattern=TEXT)
    part: Part | Literal[""] = ""
    minutes: int = Field(60, ge=1, le=86_400)


class Outcome(Schema):
    """What came of a task."""

    outcome: str = Field("", max_length=4000, pattern=TEXT)


class Receipt(Schema):
    """The number or receipt of a report."""

    reference: Line


class NewSwitch(Schema):
    """A stop-loss switch; `types` are all events that fit where none is given."""

    kind: str = Field(max_length=24, pattern=NAME)
    types: list[str] = Field([], max_length=40)
    limit: str = Field("", max_length=20, pattern=r"^([0-9]{1,12}(\.[0-9]{1,2})?)?$")
    outcome: Literal["deny", "delay", "review"] = "deny"
    field: str = Field("", max_length=64, pattern=NAME)
    value: str = Field("", max_length=128, pattern=TEXT)
    hours: float = Field(4, ge=0.05, le=72)
    reason: str = Field(min_length=1, max_length=500, pattern=TEXT)


class SwitchEnd(Schema):
    """Why a switch is ended."""

    reason: str = Field(min_length=1, max_length=500, pattern=TEXT)


class Containment(Schema):
    """An action on everybody whom the incident's alerts and cases are about."""

    action: str = Field(max_length=24, pattern=NAME)
    hours: float = Field(24, ge=0.25, le=720)
    why: str = Field(min_length=1, max_length=1000, pattern=TEXT)


class Origin(Schema):
    """Where a file comes from."""

    source: str = Field(min_length=1, max_length=300, pattern=TEXT)


class Receiver(Schema):
    """Who got a copy."""

    receiver: str = Field(min_length=1, max_length=300, pattern=TEXT)


class NewText(Schema):
    """A text for those outside, from a template."""

    template: str = Field(max_length=60, pattern=NAME)
    language: Literal["zh", "en"]


class Rewritten(Schema):
    """A text as it is to be; `edition` is the one that was read."""

    edition: int = Field(ge=1, le=COUNT_MAX)
    subject: Line
    body: str = Field(min_length=1, max_length=20_000, pattern=TEXT)


class How(Schema):
    """How a text was sent, and to how many."""

    how: Line


class NewCause(Schema):
    """Why it happened, or what went well."""

    kind: Literal["root", "contributing", "detection", "went_well"]
    text: str = Field(min_length=1, max_length=4000, pattern=TEXT)


class NewAction(Schema):
    """An action of the review; `target` is the threshold, rule, list or playbook it changes."""

    text: str = Field(min_length=1, max_length=4000, pattern=TEXT)
    changes: Literal["threshold", "rule", "playbook", "list", "system", "training"]
    target: str = Field("", max_length=200, pattern=TEXT)
    owner: str = Field(max_length=150, pattern=TEXT)
    due_on: date
    cause: Number | None = None


class Changed(Schema):
    """The version that changed it; of a system or a training, words."""

    changed: Line
    remark: str = Field("", max_length=4000, pattern=TEXT)


@router.post("/incidents/{number}/tasks", response=shown.TaskShown)
@operation("incidents.work")
def add_incident_task(request: HttpRequest, number: int, said: NewTask) -> dict[str, Any]:
    """Add a task."""
    due = timezone.now() + timedelta(minutes=said.minutes)
    terms: dict[str, Any] = {"title": said.title, "part": said.part, "due_at": due}
    return task_row(acting.add_task(bearer(request), findable(number), **terms))


@router.post("/incidents/{number}/tasks/{item}/take", response=shown.TaskShown)
@operation("incidents.work")
def take_incident_task(request: HttpRequest, number: int, item: int) -> dict[str, Any]:
    """Take a task; who had it before is relieved of it."""
    return task_row(acting.take_task(bearer(request), _item(number, "tasks", item)))


@router.post("/incidents/{number}/tasks/{item}/finish", response=shown.TaskShown)
@operation("incidents.work")
def finish_incident_task(
    request: HttpRequest, number: int, item: int, said: Outcome
) -> dict[str, Any]:
    """Say that a task is done, and what came of it."""
    place = _item(number, "tasks", item)
    return task_row(acting.finish_task(bearer(request), place, outcome=said.outcome))


@router.post("/incidents/{number}/tasks/{item}/skip", response=shown.TaskShown)
@operation("incidents.command")
def skip_incident_task(request: HttpRequest, number: int, item: int, said: Why) -> dict[str, Any]:
    """Leave a task out, with the reason."""
    place = _item(number, "tasks", item)
    return task_row(acting.skip_task(bearer(request), place, reason=said.reason))


@router.post("/incidents/{number}/clocks/{item}/report", response=shown.ClockShown)
@operation("incidents.command")
def report_for_clock(request: HttpRequest, number: int, item: int, said: Receipt) -> dict[str, Any]:
    """Say that the report of a regulatory clock was made."""
    place = _item(number, "clocks", item)
    return clock_row(clocking.meet_clock(bearer(request), place, reference=said.reference))


@router.post("/incidents/{number}/clocks/{item}/waive", response=shown.ClockShown)
@operation("incidents.command")
def waive_clock(request: HttpRequest, number: int, item: int, said: Why) -> dict[str, Any]:
    """Say why no report is due for a regulatory clock."""
    place = _item(number, "clocks", item)
    return clock_row(clocking.waive_clock(bearer(request), place, reason=said.reason))


@router.post("/incidents/{number}/switches", response=shown.SwitchShown)
@operation("incidents.work")
def ask_for_switch(request: HttpRequest, number: int, said: NewSwitch) -> dict[str, Any]:
    """Ask for a stop-loss switch; it is set once a second person has approved it (`/proposals`)."""
    found = Incident.objects.get(pk=findable(number))
    terms: dict[str, Any] = columns(said, "types", "limit", "outcome", "field", "value")
    made, _proposal = ask_switch(
        bearer(request),
        found.pk,
        kind=said.kind,
        terms=terms,
        until=timezone.now() + timedelta(hours=said.hours),
        reason=said.reason,
        policy=policy_of(found),
    )
    return switch_row(made)


@router.post("/incidents/{number}/switches/{item}/end", response=answers.ProposalShown)
@operation("incidents.work")
def ask_for_switch_end(
    request: HttpRequest, number: int, item: int, said: SwitchEnd
) -> dict[str, Any]:
    """Ask a second person to approve that a switch ends before its time."""
    place = _item(number, "switches", item)
    return proposal_shown(ask_end(bearer(request), place, reason=said.reason))


@router.post("/incidents/{number}/contain")
@operation("incidents.work")
def contain_incident(request: HttpRequest, number: int, said: Containment) -> dict[str, Any]:
    """Ask for an action on everybody whom it is about; of more than one a second one approves."""
    until = timezone.now() + timedelta(hours=said.hours)
    terms: dict[str, Any] = {"action": said.action, "why": said.why, "until": until}
    made = contain(bearer(request), findable(number), **terms)
    return {"actions": [one.pk for one in made]}


@router.post("/incidents/{number}/evidence", response=shown.EvidenceShown)
@operation("incidents.work")
def keep_evidence(
    request: HttpRequest, number: int, file: File[UploadedFile], said: Form[Origin]
) -> dict[str, Any]:
    """Keep a file, sealed; its digest goes into the ledger. Files are taken out at the screen."""
    content = file.read(keeping.BYTES_MAX + 1)
    terms: dict[str, Any] = {"name": file.name or "", "content": content, "source": said.source}
    return evidence_row(keeping.add_evidence(bearer(request), findable(number), **terms))


@router.post("/incidents/{number}/evidence/{item}/check")
@operation("incidents.work")
def check_evidence(request: HttpRequest, number: int, item: int) -> dict[str, Any]:
    """Whether a file is as it was kept; the answer is kept too."""
    return {"intact": keeping.check_evidence(bearer(request), _item(number, "evidence", item))}


@router.post("/incidents/{number}/evidence/{item}/hand-over", response=shown.EvidenceShown)
@operation("incidents.work")
def hand_evidence_over(
    request: HttpRequest, number: int, item: int, said: Receiver
) -> dict[str, Any]:
    """Write down that somebody outside got a copy."""
    place = _item(number, "evidence", item)
    return evidence_row(keeping.hand_over(bearer(request), place, receiver=said.receiver))


@router.post("/incidents/{number}/communications", response=shown.CommunicationShown)
@operation("incidents.work")
def draft_communication(request: HttpRequest, number: int, said: NewText) -> dict[str, Any]:
    """Draft a text from a template, with what is known filled in."""
    template = shipped_templates().get(said.template)
    if template is None:
        raise acting.RefusedIncidentActError("there is no such template")
    terms: dict[str, Any] = said.dict() | {"audience": template.audience}
    return communication_row(communicating.draft(bearer(request), findable(number), **terms))


@router.put("/incidents/{number}/communications/{item}", response=shown.CommunicationShown)
@operation("incidents.work")
def rewrite_communication(
    request: HttpRequest, number: int, item: int, said: Rewritten
) -> dict[str, Any]:
    """Change a text; one that was approved waits for approval again."""
    place = _item(number, "communications", item)
    return communication_row(communicating.rewrite(bearer(request), place, **said.dict()))


@router.post("/incidents/{number}/communications/{item}/approve", response=shown.CommunicationShown)
@operation("incidents.command")
def approve_communication(request: HttpRequest, number: int, item: int) -> dict[str, Any]:
    """Approve a text that somebody else wrote and that has no open places."""
    place = _item(number, "communications", item)
    return communication_row(communicating.approve_text(bearer(request), place))


@router.post("/incidents/{number}/communications/{item}/sent", response=shown.CommunicationShown)
@operation("incidents.work")
def mark_communication_sent(
    request: HttpRequest, number: int, item: int, said: How
) -> dict[str, Any]:
    """Say that an approved text went out."""
    place = _item(number, "communications", item)
    return communication_row(communicating.mark_sent(bearer(request), place, how=said.how))


@router.post("/incidents/{number}/causes", response=shown.CauseShown)
@operation("incidents.work")
def add_incident_cause(request: HttpRequest, number: int, said: NewCause) -> dict[str, Any]:
    """Write down a cause, or what went well."""
    return cause_row(reviewing.add_cause(bearer(request), findable(number), **said.dict()))


@router.post("/incidents/{number}/actions", response=shown.FollowUpShown)
@operation("incidents.work")
def add_review_action(request: HttpRequest, number: int, said: NewAction) -> dict[str, Any]:
    """Add an action with its owner and day."""
    found = Incident.objects.get(pk=findable(number))
    owner = Operator.objects.get(username=said.owner, is_active=True)
    if not owner.may("incidents.work"):
        raise acting.RefusedIncidentActError(f"{owner} does not work on incidents")
    cause = None if said.cause is None else found.causes.get(pk=said.cause)
    terms: dict[str, Any] = said.dict() | {"owner": owner, "cause": cause}
    return action_row(reviewing.add_follow_up(bearer(request), found.pk, **terms))


@router.post("/incidents/{number}/actions/{item}/done", response=shown.FollowUpShown)
@operation("incidents.work")
def finish_review_action(
    request: HttpRequest, number: int, item: int, said: Changed
) -> dict[str, Any]:
    """Say that an action is done, and name the version that changed what it was about."""
    place = _item(number, "follow_ups", item)
    return action_row(reviewing.finish_follow_up(bearer(request), place, **said.dict()))


@router.post("/incidents/{number}/actions/{item}/drop", response=shown.FollowUpShown)
@operation("incidents.command")
def drop_review_action(request: HttpRequest, number: int, item: int, said: Why) -> dict[str, Any]:
    """Say that an action will not be done, and why."""
    place = _item(number, "follow_ups", item)
    return action_row(reviewing.drop_follow_up(bearer(request), place, reason=said.reason))


def _item(number: int, part: str, item: int) -> int:
    """The number of something that belongs to this incident; raises Http404 where it does not."""
    found = Incident.objects.get(pk=findable(number))
    if not getattr(found, part).filter(pk=findable(item)).exists():
        raise Http404
    return item
