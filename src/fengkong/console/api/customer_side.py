"""Operations of the customer's side: wordings, appeals, links of confirmation."""

from typing import Any, Literal

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Field, Query, Router, Schema

from fengkong.console.api.operations import bearer, operation, tagged
from fengkong.console.api.representations import TEXT, columns, findable, paged
from fengkong.console.customers import appeals, confirming
from fengkong.console.customers.decided import decision_of
from fengkong.console.customers.models import Appeal, Confirmation
from fengkong.console.customers.wordings import wordings_at
from fengkong.console.insiders.counting import counted

router = Router()
_APPEAL = (
    *("id", "reference", "sequence", "event_id", "language", "came_by", "received_at", "due_at"),
    *("state", "outcome", "answered_at"),
)
_LINK = ("id", "event_id", "state", "asked_at", "sent_at", "expires_at", "tries", "answered_at")


class WordingAsked(Schema):
    """Of which decision, in which language."""

    event_id: str = Field(min_length=1, max_length=128, pattern=TEXT)
    language: Literal["zh", "en"] = "zh"


class NewAppeal(Schema):
    """An appeal as a customer made it; the same reference again is the same appeal."""

    reference: str = Field(pattern=r"^[A-Za-z0-9._:-]{1,64}$")
    event_id: str = Field(min_length=1, max_length=128, pattern=TEXT)
    language: Literal["zh", "en"] = "zh"
    grounds: str = Field("", max_length=appeals.TEXT_MAX, pattern=TEXT)


class Why(Schema):
    """Why an appeal takes longer."""

    why: str = Field(min_length=1, max_length=200, pattern=TEXT)


class Answered(Schema):
    """What a person found; `was_good` says that the event was no fraud, which becomes a label."""

    outcome: Appeal.Outcome
    findings: str = Field(min_length=1, max_length=appeals.TEXT_MAX, pattern=TEXT)
    was_good: Literal["", "yes"] = ""


class NewConfirmation(Schema):
    """About which event a customer is asked, and for how many minutes the link holds."""

    event_id: str = Field(min_length=1, max_length=128, pattern=TEXT)
    minutes: Literal[10, 30, 60, 240, 1440] = 30
    alert_id: str = Field("", max_length=64, pattern=r"^[A-Za-z0-9_-]*$")
    case_id: str = Field("", max_length=18, pattern=r"^[0-9]*$")


@router.get("/wording")
@operation("appeals.take")
def wording(request: HttpRequest, asked: Query[WordingAsked]) -> dict[str, Any]:
    """What the customer is told of a decision: the same for every rule that led to its outcome."""
    decision = decision_of(asked.event_id)
    counted(bearer(request), "decision", str(decision.sequence))
    known = wordings_at(timezone.localdate(decision.recorded_at))
    told = known.of_outcome(decision.outcome, event_type=decision.event_type)
    about = {"event_id": asked.event_id, "language": asked.language, "wording": known.name}
    return about | told.told(asked.language)


@router.get("/appeals")
@operation("appeals.view")
def appeals_waiting(request: HttpRequest) -> dict[str, Any]:
    """The appeals that wait for an answer, the most urgent first."""
    return paged(request, appeals.waiting_appeals(), _appeal, order=("due_at", "id"))


@router.post("/appeals")
@operation("appeals.take")
def take_appeal_in(request: HttpRequest, said: NewAppeal) -> dict[str, Any]:
    """Take an appeal in; the answer says what the customer is told and when they get an answer."""
    made = appeals.take_in(bearer(request), came_by=Appeal.Came.API, **said.dict())
    return _appeal(made)


@router.get("/appeals/{number}")
@operation("appeals.view")
def appeal(request: HttpRequest, number: int) -> HttpResponse:
    """One appeal with what the customer is told of it; what they wrote stays at the desk."""
    return tagged(request, _appeal(Appeal.objects.get(pk=findable(number))))


@router.post("/appeals/{number}/claim")
@operation("appeals.work")
def claim_appeal(request: HttpRequest, number: int) -> dict[str, Any]:
    """Take an appeal to work it; refused to who had a part in the first decision."""
    return _appeal(appeals.claim(bearer(request), findable(number)))


@router.post("/appeals/{number}/extend")
@operation("appeals.work")
def extend_appeal(request: HttpRequest, number: int, said: Why) -> dict[str, Any]:
    """Give a complex appeal the longest time allowed, once."""
    return _appeal(appeals.extend(bearer(request), findable(number), why=said.why))


@router.post("/appeals/{number}/answer")
@operation("appeals.work")
def answer_appeal(request: HttpRequest, number: int, said: Answered) -> dict[str, Any]:
    """Answer an appeal as its reviewer found, who bears the token; automation alone may not.

    Refused to who had a part in the first decision (个人信息保护法, article 24).
    """
    return _appeal(appeals.answer(bearer(request), findable(number), **said.dict()))


@router.post("/appeals/{number}/withdraw")
@operation("appeals.take")
def withdraw_appeal(request: HttpRequest, number: int) -> dict[str, Any]:
    """Write down that the customer took an appeal back."""
    return _appeal(appeals.withdraw(bearer(request), findable(number)))


@router.post("/confirmations")
@operation("customers.confirm")
def ask_customer(request: HttpRequest, said: NewConfirmation) -> dict[str, Any]:
    """Have a customer asked whether an event was theirs; the core system gets link and code."""
    made = confirming.ask_customer(bearer(request), **said.dict())
    return columns(made, *_LINK)


@router.get("/confirmations/{number}")
@operation("customers.confirm")
def confirmation(request: HttpRequest, number: int) -> HttpResponse:
    """What became of a link."""
    return tagged(request, columns(Confirmation.objects.get(pk=findable(number)), *_LINK))


@router.post("/confirmations/{number}/revoke")
@operation("customers.confirm")
def revoke_confirmation(request: HttpRequest, number: int) -> dict[str, Any]:
    """Take an open link back."""
    return columns(confirming.revoke(bearer(request), findable(number)), *_LINK)


def _appeal(one: Appeal) -> dict[str, Any]:
    return {**columns(one, *_APPEAL), "wording": appeals.wording_of(one)}
