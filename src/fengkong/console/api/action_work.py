"""Operations of actions on customers: asking for them, and what became of them."""

from datetime import datetime
from typing import Annotated, Any, Literal

from django.http import HttpRequest, HttpResponse
from ninja import Field, Path, Query, Router, Schema

from fengkong.console.actions import port
from fengkong.console.actions.models import OPEN, Action
from fengkong.console.api.answers import REQUIRED, of_row, page
from fengkong.console.api.operations import bearer, operation, tagged
from fengkong.console.api.representations import NUMBER_MAX, TEXT, columns, instant, paged

router = Router()
_ACTION = (
    *("id", "kind", "subject", "sequence", "why", "until", "alert_id", "case_id", "asked_at"),
    *("state", "proposal_id", "tries", "told_at", "reference", "message", "ended_at"),
)
ActionId = Annotated[str, Path(pattern=r"^[0-9a-z]{1,32}$")]
ActionShown = of_row(
    Action,
    "ActionShown",
    *_ACTION,
    more=(("content", dict[str, Any], REQUIRED), ("asked_by", str, REQUIRED)),
)


class ActionsAsked(Schema):
    """Which actions are looked for; `open` are those that nobody has confirmed."""

    state: Literal["open", "any"] | Action.State = "open"
    kind: Literal[""] | Action.Kind = ""
    subject: str = Field("", max_length=32, pattern=r"^[0-9a-f]*$")


class Limited(Schema):
    """A limit and what it becomes."""

    limit: Literal["daily_transfer", "single_payment", "daily_withdrawal", "credit"]
    amount_minor: int = Field(ge=0, le=NUMBER_MAX)
    currency: Literal["CNY"] = "CNY"


class Listed(Schema):
    """A list on which a subject is put."""

    list: str = Field(min_length=1, max_length=128, pattern=TEXT)


class NewAction(Schema):
    """What is asked for about whom; `content` goes with a limit_change or a list_entry."""

    kind: Action.Kind
    subject: str = Field(pattern=r"^[0-9a-f]{32}$")
    why: str = Field(min_length=4, max_length=400, pattern=TEXT)
    until: datetime | None = None
    alert_id: str = Field("", max_length=32, pattern=r"^[0-9a-f]*$")
    case_id: str = Field("", max_length=18, pattern=r"^[0-9]*$")
    content: Limited | Listed | None = None


@router.get("/actions", response=page(ActionShown))
@operation("actions.view")
def actions(request: HttpRequest, asked: Query[ActionsAsked]) -> dict[str, Any]:
    """What was asked for and where it stands, the newest first."""
    found = Action.objects.select_related("asked_by")
    if asked.state != "any":
        wanted = OPEN if asked.state == "open" else (asked.state,)
        found = found.filter(state__in=wanted)
    for name in ("kind", "subject"):
        if given := getattr(asked, name):
            found = found.filter(**{name: given})
    return paged(request, found, _action, order=("-asked_at", "-id"))


@router.post("/actions", response=ActionShown)
@operation("actions.ask")
def ask_action(request: HttpRequest, said: NewAction) -> dict[str, Any]:
    """Ask for an action; a dangerous one waits `proposed` for a second person."""
    made = port.ask(
        said.kind.value,
        said.subject,
        bearer(request),
        said.why,
        case_id=said.case_id,
        alert_id=said.alert_id,
        until=None if said.until is None else instant(said.until),
        content=None if said.content is None else said.content.dict(),
    )
    return _action(made)


@router.get("/actions/{action_id}", response=ActionShown)
@operation("actions.view")
def action(request: HttpRequest, action_id: ActionId) -> HttpResponse:
    """One action: what the other side said of it last."""
    return tagged(request, _action(Action.objects.get(pk=action_id)))


@router.post("/actions/{action_id}/repeat", response=ActionShown)
@operation("actions.ask")
def repeat_action(request: HttpRequest, action_id: ActionId) -> dict[str, Any]:
    """Have the other side told once more."""
    port.tell_again(action_id, bearer(request))
    return _action(Action.objects.get(pk=action_id))


@router.post("/actions/{action_id}/withdraw", response=ActionShown)
@operation("actions.ask")
def withdraw_action(request: HttpRequest, action_id: ActionId) -> dict[str, Any]:
    """Take back what the other side was not told of yet."""
    port.withdraw(action_id, bearer(request))
    return _action(Action.objects.get(pk=action_id))


def _action(one: Action) -> dict[str, Any]:
    more = {"content": dict(one.content), "asked_by": one.asked_by.username}
    return {**columns(one, *_ACTION), **more}
