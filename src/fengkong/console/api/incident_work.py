"""Operations of incidents: reading them, and leading one from its opening to its end."""

from datetime import datetime
from typing import Any, Literal

from django.http import HttpRequest, HttpResponse
from ninja import Field, Query, Router, Schema

from fengkong.console.accounts.models import Operator
from fengkong.console.api import answers
from fengkong.console.api import incident_answers as shown
from fengkong.console.api.incident_rows import (
    action_row,
    decided_row,
    entry_row,
    incident_row,
    role_row,
    whole,
)
from fengkong.console.api.operations import bearer, operation, tagged
from fengkong.console.api.representations import NAME, TEXT, findable, instant, paged
from fengkong.console.incidents import acting, queries
from fengkong.console.incidents.models import FollowUp, Incident
from fengkong.console.incidents.opening import link, open_incident
from fengkong.console.incidents.starting import playbook_content
from fengkong.console.incidents.targets import pace_of
from fengkong.console.incidents.timeline import altered_entries
from fengkong.response.phases import Phase
from fengkong.response.playbook import Part

router = Router()
COUNT_MAX = 2**31 - 1


class IncidentsAsked(Schema):
    """Which incidents are looked for; those of drills only where asked for."""

    phase: Literal["", "open"] | Phase = ""
    kind: str = Field("", max_length=40, pattern=NAME)
    severity: Literal["", "1", "2", "3", "4"] = ""
    drills: bool = False


class ActionsAsked(Schema):
    """Which actions of reviews are looked for."""

    state: Literal["", "open", "done", "dropped"] = ""


class Referred(Schema):
    """A thing that an incident is about."""

    kind: Literal["alert", "case", "warning", "policy", "decision", "incident"]
    reference: str = Field(min_length=1, max_length=128, pattern=TEXT)


class NewIncident(Schema):
    """An incident; severity 1 is the gravest. Clocks run from `aware_at`, now unless given."""

    kind: str = Field(max_length=40, pattern=NAME)
    severity: int = Field(ge=1, le=4)
    title: str = Field(min_length=1, max_length=200, pattern=TEXT)
    summary: str = Field("", max_length=4000, pattern=TEXT)
    source: Literal["hand", "warning", "alert", "case"] = "hand"
    aware_at: datetime | None = None
    about: list[Referred] = Field([], max_length=100)


class Step(Schema):
    """Which phase comes, and why."""

    phase: Phase
    reason: str = Field(min_length=1, max_length=1000, pattern=TEXT)


class Classified(Schema):
    """What it is, how grave, and which of the facts hold that the law asks about."""

    kind: str = Field(max_length=40, pattern=NAME)
    severity: int = Field(ge=1, le=4)
    facts: list[str] = Field([], max_length=100)


class Impact(Schema):
    """Who and what is hurt; the loss in minor units."""

    impact: str = Field(min_length=1, max_length=4000, pattern=TEXT)
    customers: int | None = Field(None, ge=0, le=COUNT_MAX)
    loss_minor: int | None = Field(None, ge=0, le=10**16)


class Said(Schema):
    """A text."""

    text: str = Field(min_length=1, max_length=4000, pattern=TEXT)


class Why(Schema):
    """A reason."""

    reason: str = Field(min_length=1, max_length=1000, pattern=TEXT)


class Decided(Schema):
    """A decision with its reason, what else was possible, and what was known."""

    what: str = Field(min_length=1, max_length=4000, pattern=TEXT)
    reason: str = Field(min_length=1, max_length=4000, pattern=TEXT)
    alternatives: str = Field("", max_length=4000, pattern=TEXT)
    known: str = Field("", max_length=4000, pattern=TEXT)


class Holder(Schema):
    """Who gets a part; the bearer where nobody is named."""

    part: Part
    holder: str = Field("", max_length=150, pattern=TEXT)


class Chosen(Schema):
    """Which playbook is started."""

    playbook: str = Field(min_length=1, max_length=60, pattern=NAME)


class Criterion(Schema):
    """Which exit criterion of the playbook is met."""

    criterion: str = Field(min_length=1, max_length=60, pattern=NAME)


@router.get("/incidents", response=answers.page(shown.IncidentShown))
@operation("incidents.view")
def incidents(request: HttpRequest, asked: Query[IncidentsAsked]) -> dict[str, Any]:
    """Incidents, the newest first."""
    found = queries.incidents(**asked.dict())
    return paged(request, found, incident_row, order=("-opened_at", "-id"))


@router.post("/incidents", response=shown.IncidentShown)
@operation("incidents.work")
def open_an_incident(request: HttpRequest, said: NewIncident) -> dict[str, Any]:
    """Open an incident by hand, or from what it is about."""
    made = open_incident(
        said.kind,
        said.severity,
        said.title,
        said.source,
        bearer(request),
        summary=said.summary,
        aware_at=None if said.aware_at is None else instant(said.aware_at),
        refers_to=[(one.kind, one.reference) for one in said.about],
    )
    return incident_row(made)


@router.get("/incidents/actions", response=answers.page(shown.FollowUpShown))
@operation("incidents.view")
def review_actions(request: HttpRequest, asked: Query[ActionsAsked]) -> dict[str, Any]:
    """Actions of all after-action reviews, those that are due first."""
    found = FollowUp.objects.select_related("owner")
    if asked.state:
        found = found.filter(state=asked.state)
    return paged(request, found, action_row, order=("due_on", "id"))


@router.get("/incidents/{number}", response=shown.IncidentWhole)
@operation("incidents.view")
def incident(request: HttpRequest, number: int) -> HttpResponse:
    """One incident with everything in it but its timeline; `missing` keeps it in its phase."""
    return tagged(request, whole(_found(number)))


@router.get("/incidents/{number}/timeline", response=answers.page(shown.EntryShown))
@operation("incidents.view")
def incident_timeline(request: HttpRequest, number: int) -> dict[str, Any]:
    """The timeline, the newest first; the ledger has the digest of each entry."""
    return paged(request, _found(number).timeline.all(), entry_row, order=("-at", "-id"))


@router.get("/incidents/{number}/timeline/check")
@operation("incidents.view")
def check_incident_timeline(request: HttpRequest, number: int) -> dict[str, Any]:
    """The entries that are not as the ledger has them, or that are gone; none where all is well."""
    del request
    return {"altered": altered_entries(_found(number))}


@router.post("/incidents/{number}/links")
@operation("incidents.work")
def link_incident(request: HttpRequest, number: int, said: Referred) -> dict[str, Any]:
    """Link a thing to an incident; one that is linked already stays as it is."""
    made = link(_found(number), said.kind, said.reference, bearer(request))
    return {"kind": made.kind, "reference": made.reference, "linked_by": made.linked_by}


@router.post("/incidents/{number}/phase", response=shown.IncidentShown)
@operation("incidents.command")
def move_incident(request: HttpRequest, number: int, said: Step) -> dict[str, Any]:
    """Leave the phase for another; refused with what is missing."""
    moved = acting.move(bearer(request), findable(number), said.phase, reason=said.reason)
    return incident_row(moved)


@router.post("/incidents/{number}/classify", response=shown.IncidentShown)
@operation("incidents.command")
def classify_incident(request: HttpRequest, number: int, said: Classified) -> dict[str, Any]:
    """Say what it is and how grave; regulatory clocks begin by it."""
    facts = dict.fromkeys(said.facts, True)
    terms: dict[str, Any] = {"kind": said.kind, "severity": said.severity, "facts": facts}
    return incident_row(acting.classify(bearer(request), findable(number), **terms))


@router.post("/incidents/{number}/assess", response=shown.IncidentShown)
@operation("incidents.work")
def assess_incident(request: HttpRequest, number: int, said: Impact) -> dict[str, Any]:
    """Write down who and what is hurt."""
    return incident_row(acting.assess(bearer(request), findable(number), **said.dict()))


@router.post("/incidents/{number}/notes")
@operation("incidents.work")
def write_incident_note(request: HttpRequest, number: int, said: Said) -> dict[str, Any]:
    """Add what somebody saw or heard to the timeline."""
    acting.write_note(bearer(request), findable(number), text=said.text)
    return {"entries": _found(number).timeline.count()}


@router.post("/incidents/{number}/decisions", response=shown.DecidedShown)
@operation("incidents.command")
def record_incident_decision(request: HttpRequest, number: int, said: Decided) -> dict[str, Any]:
    """Record a decision; it is never changed, only followed by another."""
    return decided_row(acting.decide(bearer(request), findable(number), **said.dict()))


@router.post("/incidents/{number}/roles", response=shown.RoleShown)
@operation("incidents.work")
def give_incident_role(request: HttpRequest, number: int, said: Holder) -> dict[str, Any]:
    """Take a part, or give it to somebody who may have it."""
    who: Operator = bearer(request)
    if said.holder:
        who = Operator.objects.get(username=said.holder, is_active=True)
    return role_row(acting.assign(bearer(request), findable(number), said.part, who))


@router.post("/incidents/{number}/playbook", response=shown.IncidentShown)
@operation("incidents.command")
def start_incident_playbook(request: HttpRequest, number: int, said: Chosen) -> dict[str, Any]:
    """Freeze a playbook into the incident and make its tasks; once."""
    found, content = _found(number), playbook_content(said.playbook)
    if content is None:
        raise acting.RefusedIncidentActError("there is no such playbook")
    made = acting.start_playbook(bearer(request), found.pk, content=content, pace=pace_of(found))
    return incident_row(made)


@router.post("/incidents/{number}/no-playbook", response=shown.IncidentShown)
@operation("incidents.command")
def refuse_incident_playbook(request: HttpRequest, number: int, said: Why) -> dict[str, Any]:
    """Say why no playbook fits."""
    made = acting.go_without_playbook(bearer(request), findable(number), reason=said.reason)
    return incident_row(made)


@router.post("/incidents/{number}/exits", response=shown.IncidentShown)
@operation("incidents.command")
def meet_incident_exit(request: HttpRequest, number: int, said: Criterion) -> dict[str, Any]:
    """Say that an exit criterion of the playbook is met."""
    return incident_row(acting.meet_exit(bearer(request), findable(number), said.criterion))


def _found(number: int) -> Incident:
    return Incident.objects.get(pk=findable(number))
