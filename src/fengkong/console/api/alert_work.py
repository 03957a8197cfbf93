"""Operations of the review desk: the queue, claims, dispositions, snoozes, the end of a shift.

A program does what the person who bears the token may do, in that person's name.
"""

from datetime import datetime
from typing import Annotated, Any, Literal

from django.http import HttpRequest, HttpResponse
from ninja import Field, Path, Query, Router, Schema

from fengkong.console.accounts.models import Operator
from fengkong.console.alerts import claiming, closing, organising, snoozing
from fengkong.console.alerts.filtering import CLOSED_ORDER, ORDER, of_inbox
from fengkong.console.alerts.models import Alert, Closing, Disposition
from fengkong.console.alerts.queries import all_alerts
from fengkong.console.api.answers import REQUIRED, of_row, page
from fengkong.console.api.operations import bearer, operation, tagged
from fengkong.console.api.representations import TEXT, Number, columns, findable, instant, paged
from fengkong.console.insiders.counting import counted

router = Router()
_ID = r"^[0-9a-f]{1,32}$"
_WORD = r"^[a-z0-9_]*$"
_ALERT = (
    *("id", "subject", "typology", "event_type", "policy", "outcome", "first_sequence"),
    *("newest_sequence", "opened_at", "newest_at", "due_at", "decisions", "points", "probability"),
    *("exposure_minor", "expected_loss_minor", "currency", "team", "skill", "state"),
    *("snoozed_until", "claimed_until", "case_id", "disposition", "reason_code", "closed_at"),
)
_PEOPLE = ("claimed_by", "closed_by")
_CLOSING = ("id", "disposition", "reason_code", "at", "undo_until", "undone_at")
AlertId = Annotated[str, Path(pattern=_ID)]
AlertShown = of_row(
    Alert,
    "AlertShown",
    *_ALERT,
    more=(("rules", list[str], REQUIRED), *((name, str | None, REQUIRED) for name in _PEOPLE)),
)
ClosingShown = of_row(Closing, "ClosingShown", *_CLOSING, more=(("alerts", int, REQUIRED),))


class AlertsAsked(Schema):
    """Which alerts are looked for; `inbox` is that of one's own teams and skills."""

    state: Literal["open", "snoozed", "closed"] = "open"
    inbox: Literal["mine", "claimed", "all"] = "mine"
    team: str = Field("", max_length=64, pattern=_WORD)
    typology: str = Field("", max_length=64, pattern=_WORD)
    subject: str = Field("", max_length=32, pattern=r"^[0-9a-f]*$")


class Looked(Schema):
    """An alert as it was looked at: what came behind `newest_sequence` was not seen."""

    id: str = Field(pattern=_ID)
    newest_sequence: Number


class Judgement(Schema):
    """How alerts end."""

    alerts: list[Looked] = Field(min_length=1, max_length=closing.CLOSED_AT_ONCE_MAX)
    disposition: Disposition
    reason_code: str = Field(max_length=64, pattern=_WORD)
    remark: str = Field("", max_length=400, pattern=TEXT)


class Rest(Schema):
    """Until when an alert rests, and why."""

    until: datetime
    reason: str = Field(min_length=1, max_length=400, pattern=TEXT)


class Inbox(Schema):
    """Into whose inbox an alert goes."""

    team: str = Field(max_length=64, pattern=_WORD)


class Why(Schema):
    """Why an alert is opened again."""

    reason: str = Field(min_length=1, max_length=400, pattern=TEXT)


class Colleague(Schema):
    """Who takes a shift over, and what they should know."""

    to: str = Field(max_length=64, pattern=TEXT)
    note: str = Field("", max_length=4_000, pattern=TEXT)


class NextAlert(Schema):
    """The alert that was claimed; null where nothing waits."""

    alert: AlertShown | None  # type: ignore[valid-type]


class HandedOver(Schema):
    """A shift that was handed over, with how many alerts."""

    id: int
    to: str
    alerts: int


@router.get("/alerts", response=page(AlertShown))
@operation("alerts.view")
def alerts(request: HttpRequest, asked: Query[AlertsAsked]) -> dict[str, Any]:
    """Alerts, those first that a person should look at first; of closed ones the newest."""
    found = of_inbox(all_alerts().filter(state=asked.state), asked.inbox, bearer(request))
    for name in ("team", "typology", "subject"):
        if given := getattr(asked, name):
            found = found.filter(**{name: given})
    order = CLOSED_ORDER if asked.state == "closed" else ORDER
    return paged(request, found.select_related(*_PEOPLE), _alert, order=order)


@router.post("/alerts/next", response=NextAlert)
@operation("alerts.work")
def take_next_alert(request: HttpRequest) -> dict[str, Any]:
    """Claim the most urgent alert of one's inbox that nobody is at."""
    found = claiming.take_next(bearer(request))
    return {"alert": None if found is None else _alert(found)}


@router.post("/alerts/close", response=ClosingShown)
@operation("alerts.work")
def close_alerts(request: HttpRequest, said: Judgement) -> dict[str, Any]:
    """Close alerts with one disposition and its reason; until `undo_until` it can be undone.

    Refused where one of them got decisions behind the `newest_sequence` that was looked at.
    """
    made = closing.dispose(
        [one.id for one in said.alerts],
        said.disposition.value,
        said.reason_code,
        bearer(request),
        remark=said.remark,
        seen={one.id: one.newest_sequence for one in said.alerts},
    )
    return _closing(made)


@router.post("/alerts/closings/{number}/undo", response=ClosingShown)
@operation("alerts.work")
def undo_closing(request: HttpRequest, number: int) -> dict[str, Any]:
    """Take back what one closed a moment ago; no label was sent of it."""
    return _closing(closing.undo(findable(number), bearer(request)))


@router.post("/alerts/hand-over", response=HandedOver)
@operation("alerts.work")
def hand_over_shift(request: HttpRequest, said: Colleague) -> dict[str, Any]:
    """Give one's claims to a colleague, with a note."""
    taker = Operator.objects.get(username=said.to, is_active=True)
    made = organising.hand_over(bearer(request), taker, note=said.note)
    return {"id": made.pk, "to": taker.username, "alerts": made.alerts}


@router.post("/alerts/hand-overs/{number}/read")
@operation("alerts.work")
def read_handover(request: HttpRequest, number: int) -> dict[str, Any]:
    """Say that one has read what was handed over to oneself."""
    organising.read_handover(bearer(request), findable(number))
    return {"read": True}


@router.get("/alerts/{alert_id}", response=AlertShown)
@operation("alerts.view")
def alert(request: HttpRequest, alert_id: AlertId) -> HttpResponse:
    """One alert; its decisions are read at `/decisions`."""
    found = _found(alert_id)
    counted(bearer(request), "alert", found.pk)
    return tagged(request, _alert(found))


@router.post("/alerts/{alert_id}/claim", response=AlertShown)
@operation("alerts.work")
def claim_alert(request: HttpRequest, alert_id: AlertId) -> dict[str, Any]:
    """Claim an alert for half an hour, or one's own claim anew."""
    return _alert(claiming.claim(alert_id, bearer(request)))


@router.post("/alerts/{alert_id}/release", response=AlertShown)
@operation("alerts.work")
def release_alert(request: HttpRequest, alert_id: AlertId) -> dict[str, Any]:
    """Give one's own claim back; harmless where there is none."""
    claiming.release(_found(alert_id).pk, bearer(request))
    return _alert(_found(alert_id))


@router.post("/alerts/{alert_id}/snooze", response=AlertShown)
@operation("alerts.work")
def snooze_alert(request: HttpRequest, alert_id: AlertId, said: Rest) -> dict[str, Any]:
    """Have an alert rest; it comes back by itself with everything that came meanwhile."""
    snoozing.snooze(alert_id, bearer(request), until=instant(said.until), reason=said.reason)
    return _alert(_found(alert_id))


@router.post("/alerts/{alert_id}/wake", response=AlertShown)
@operation("alerts.work")
def wake_alert(request: HttpRequest, alert_id: AlertId) -> dict[str, Any]:
    """End a snooze before its time; harmless where there is none."""
    snoozing.wake(_found(alert_id).pk, bearer(request))
    return _alert(_found(alert_id))


@router.post("/alerts/{alert_id}/move", response=AlertShown)
@operation("alerts.work")
def move_alert(request: HttpRequest, alert_id: AlertId, said: Inbox) -> dict[str, Any]:
    """Put an alert into another team's inbox."""
    claiming.move(alert_id, organising.known_team(said.team), bearer(request))
    return _alert(_found(alert_id))


@router.post("/alerts/{alert_id}/reopen", response=AlertShown)
@operation("alerts.work")
def reopen_alert(request: HttpRequest, alert_id: AlertId, said: Why) -> dict[str, Any]:
    """Open a closed alert again, to be decided anew; its label stays until another one comes."""
    closing.reopen(_found(alert_id).pk, bearer(request), reason=said.reason)
    return _alert(_found(alert_id))


def _found(alert_id: str) -> Alert:
    return all_alerts().select_related(*_PEOPLE).get(pk=alert_id)


def _alert(one: Alert) -> dict[str, Any]:
    people = {name: getattr(one, name) for name in _PEOPLE}
    names = {name: None if who is None else who.username for name, who in people.items()}
    return {**columns(one, *_ALERT), "rules": list(one.rules), **names}


def _closing(one: Closing) -> dict[str, Any]:
    return {**columns(one, *_CLOSING), "alerts": one.alerts.count()}
