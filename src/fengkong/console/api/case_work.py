"""Operations of cases: reading them, and what is done to them."""

from typing import Any, Literal

from django.http import HttpRequest, HttpResponse
from ninja import Field, Query, Router, Schema

from fengkong.console.api.operations import bearer, operation, tagged
from fengkong.console.api.representations import NAME, TEXT, Number, columns, findable, paged
from fengkong.console.cases import changing, escalating, opening
from fengkong.console.cases.checklist import tick, ticked_steps
from fengkong.console.cases.models import Case
from fengkong.console.cases.notes import TEXT_MAX, write_note
from fengkong.console.cases.queries import cases_found
from fengkong.console.insiders.counting import counted

router = Router()
_CASE = (
    *("id", "subject", "subject_kind", "typology", "state", "opened_at", "opened_by", "due_at"),
    *("closed_at", "closed_by", "outcome", "reason_code", "merged_into_id", "split_from_id"),
    *("incident_id", "exposure_minor", "currency", "points", "probability", "channel", "rules"),
    "decisions",
)


class CasesAsked(Schema):
    """Which cases are looked for."""

    state: Literal["", "open", "closed", "merged"] = ""
    whose: Literal["", "mine", "nobody"] = ""
    typology: str = Field("", max_length=64, pattern=r"^[a-z_]*$")


class NewCase(Schema):
    """A case about decisions, or about alerts."""

    decisions: list[Number] = Field([], max_length=opening.DECISIONS_MAX)
    alerts: list[str] = Field([], max_length=500)
    typology: str = Field("", max_length=64, pattern=r"^[a-z_]*$")
    why: str = Field("", max_length=200, pattern=TEXT)


class Taker(Schema):
    """Who gets a case."""

    to: str = Field(max_length=64, pattern=TEXT)
    remark: str = Field("", max_length=400, pattern=TEXT)


class Target(Schema):
    """Into which case another goes."""

    into: Number


class Part(Schema):
    """Which decisions become a case of their own."""

    decisions: list[Number] = Field(min_length=1, max_length=opening.DECISIONS_MAX)
    why: str = Field(min_length=1, max_length=200, pattern=TEXT)


class Ending(Schema):
    """How a case ends."""

    outcome: str = Field(max_length=20, pattern=r"^[a-z_]*$")
    reason_code: str = Field(max_length=64, pattern=r"^[a-z_]*$")
    remark: str = Field("", max_length=400, pattern=TEXT)


class Why(Schema):
    """Why something is done to a case."""

    why: str = Field(min_length=1, max_length=200, pattern=TEXT)


class Escalation(Schema):
    """Which incident a case becomes; severity 1 is the gravest."""

    kind: str = Field(max_length=64, pattern=r"^[a-z_]*$")
    severity: Literal["1", "2", "3", "4"]
    title: str = Field(min_length=1, max_length=200, pattern=TEXT)


class Text(Schema):
    """A note."""

    text: str = Field(min_length=1, max_length=TEXT_MAX, pattern=TEXT)


class Ticked(Schema):
    """What became of a step of the checklist; an empty state takes it back."""

    item: str = Field(max_length=64, pattern=NAME)
    state: Literal["", "done", "not_applicable"]


@router.get("/cases")
@operation("cases.view")
def cases(request: HttpRequest, asked: Query[CasesAsked]) -> dict[str, Any]:
    """Cases, the newest first."""
    found = cases_found(asked.dict(), reader=bearer(request))
    return paged(request, found, _case, order=("-opened_at", "-id"))


@router.post("/cases")
@operation("cases.work")
def open_case(request: HttpRequest, said: NewCase) -> dict[str, Any]:
    """Open a case about alerts (or take them into the open one), or about decisions."""
    if said.alerts:
        return _case(opening.case_for(said.alerts, bearer(request)))
    made = opening.open_by_hand(
        bearer(request), said.decisions, typology=said.typology, why=said.why
    )
    return _case(made)


@router.get("/cases/{number}")
@operation("cases.view")
def case(request: HttpRequest, number: int) -> HttpResponse:
    """One case with its decisions and its checklist; notes and files stay at the desk."""
    found = Case.objects.get(pk=findable(number))
    counted(bearer(request), "case", str(found.pk))
    steps = [
        {"item": one.step.id, "state": "" if one.tick is None else one.tick.state}
        for one in ticked_steps(found)
    ]
    sequences = sorted(found.gathered.values_list("sequence", flat=True))
    return tagged(request, _case(found) | {"gathered": sequences, "checklist": steps})


@router.post("/cases/{number}/hand-over")
@operation("cases.work")
def hand_over_case(request: HttpRequest, number: int, said: Taker) -> dict[str, Any]:
    """Give a case to somebody else who works cases."""
    return _case(changing.hand_over(bearer(request), findable(number), **said.dict()))


@router.post("/cases/{number}/merge")
@operation("cases.work")
def merge_case(request: HttpRequest, number: int, said: Target) -> dict[str, Any]:
    """Make a case part of another, which is answered."""
    return _case(changing.merge(bearer(request), findable(number), into=said.into))


@router.post("/cases/{number}/split")
@operation("cases.work")
def split_case(request: HttpRequest, number: int, said: Part) -> dict[str, Any]:
    """Make a new case of some of a case's decisions, which is answered."""
    made = changing.split(bearer(request), findable(number), said.decisions, why=said.why)
    return _case(made)


@router.post("/cases/{number}/close")
@operation("cases.work")
def close_case(request: HttpRequest, number: int, said: Ending) -> dict[str, Any]:
    """End a case, and its open alerts with the same outcome and reason."""
    return _case(changing.close(bearer(request), findable(number), **said.dict()))


@router.post("/cases/{number}/reopen")
@operation("cases.work")
def reopen_case(request: HttpRequest, number: int, said: Why) -> dict[str, Any]:
    """Open a closed case again."""
    return _case(changing.reopen(bearer(request), findable(number), why=said.why))


@router.post("/cases/{number}/escalate")
@operation("incidents.work")
def escalate_case(request: HttpRequest, number: int, said: Escalation) -> dict[str, Any]:
    """Make an incident of a case; the case goes on and names it as `incident_id`."""
    return _case(escalating.escalate(bearer(request), findable(number), **said.dict()))


@router.post("/cases/{number}/notes")
@operation("cases.work")
def write_case_note(request: HttpRequest, number: int, said: Text) -> dict[str, Any]:
    """Add a note to an open case; it is kept sealed."""
    note = write_note(bearer(request), findable(number), said.text)
    return columns(note, "id", "author", "at")


@router.post("/cases/{number}/checklist")
@operation("cases.work")
def tick_case_step(request: HttpRequest, number: int, said: Ticked) -> dict[str, Any]:
    """Write down what became of a step of the checklist."""
    tick(bearer(request), findable(number), said.item, said.state)
    return said.dict()


def _case(one: Case) -> dict[str, Any]:
    owner = None if one.owner is None else one.owner.username
    return {**columns(one, *_CASE), "owner": owner}
