"""Operations of webhooks: their terms, secrets, state, and what was sent to them."""

import json
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Field, Query, Router, Schema

from fengkong.console.api import answers
from fengkong.console.api.operations import bearer, demand_match, operation, tagged
from fengkong.console.api.representations import (
    Number,
    Reason,
    columns,
    findable,
    instant,
    paged,
    proposal_shown,
)
from fengkong.console.webhooks import changing
from fengkong.console.webhooks.changing import OVERLAP_HOURS_MAX, PERMISSION, Terms
from fengkong.console.webhooks.delivering import body_of
from fengkong.console.webhooks.models import Delivery, Endpoint
from fengkong.console.webhooks.queries import deliveries_of

router = Router()


class EndpointTerms(Schema):
    """A webhook: what is sent where."""

    name: str = Field(min_length=1, max_length=80)
    url: str = Field(max_length=500)
    types: list[str] = Field(max_length=50)
    outcomes: list[str] = Field([], max_length=10)

    def terms(self) -> Terms:
        """The terms as the screens give them."""
        return Terms(
            name=self.name,
            url=self.url,
            types=tuple(self.types),
            outcomes=tuple(self.outcomes),
        )


class Overlap(Schema):
    """For how many hours the secret before signs beside the new one."""

    overlap_hours: int = Field(24, ge=0, le=OVERLAP_HOURS_MAX)


class DeliveriesAsked(Schema):
    """Which deliveries are looked for."""

    state: str = Field("", max_length=10, pattern=r"^[a-z]*$")
    type: str = Field("", max_length=64, pattern=r"^[a-z._]*$")
    since: datetime | None = None
    until: datetime | None = None


class PickedDeliveries(Schema):
    """Deliveries to be sent again."""

    picked: list[Number] = Field(min_length=1, max_length=1_000)


class Range(Schema):
    """A time range whose messages are sent again."""

    since: datetime
    until: datetime


@router.get("/webhooks", response=answers.page(answers.EndpointShown))
@operation(PERMISSION)
def webhooks(request: HttpRequest) -> dict[str, Any]:
    """Every webhook; there are a hundred at most."""
    del request
    return {"items": [_endpoint(one) for one in Endpoint.objects.all()], "next": None}


@router.post("/webhooks", response=answers.EndpointWithSecret)
@operation(PERMISSION)
def add_webhook(request: HttpRequest, said: EndpointTerms) -> dict[str, Any]:
    """Add a webhook; its secret is in this answer only."""
    endpoint, secret = changing.add_endpoint(bearer(request), said.terms())
    return {**_endpoint(endpoint), "secret": secret}


@router.get("/webhooks/{number}", response=answers.EndpointShown)
@operation(PERMISSION)
def webhook(request: HttpRequest, number: int) -> HttpResponse:
    """One webhook."""
    return tagged(request, _endpoint(_found(number)))


@router.put("/webhooks/{number}", response=answers.EndpointShown)
@operation(PERMISSION)
def change_webhook(request: HttpRequest, number: int, said: EndpointTerms) -> dict[str, Any]:
    """Change a webhook; If-Match names the state that is changed."""
    demand_match(request, _endpoint(_found(number)))
    return _endpoint(changing.change_endpoint(bearer(request), number, said.terms()))


@router.delete("/webhooks/{number}", response={204: None})
@operation(PERMISSION)
def remove_webhook(request: HttpRequest, number: int) -> HttpResponse:
    """Remove a webhook with its log; If-Match names the state that is removed."""
    found = _found(number)
    demand_match(request, _endpoint(found))
    changing.remove_endpoint(bearer(request), found.pk)
    return HttpResponse(status=204)


@router.post("/webhooks/{number}/ping", response=answers.Sent)
@operation(PERMISSION)
def ping_webhook(request: HttpRequest, number: int) -> dict[str, Any]:
    """Send a test."""
    changing.ping(bearer(request), findable(number))
    return {"sent": True}


@router.post("/webhooks/{number}/secret", response=answers.Secret)
@operation(PERMISSION)
def rotate_webhook_secret(request: HttpRequest, number: int, said: Overlap) -> dict[str, Any]:
    """A new secret, in this answer only."""
    hours = said.overlap_hours
    return {
        "secret": changing.rotate_secret(bearer(request), findable(number), overlap_hours=hours)
    }


@router.post("/webhooks/{number}/disable", response=answers.EndpointShown)
@operation(PERMISSION)
def disable_webhook(request: HttpRequest, number: int) -> dict[str, Any]:
    """Send nothing more; what waits goes on waiting."""
    return _endpoint(changing.disable_endpoint(bearer(request), findable(number)))


@router.post("/webhooks/{number}/enable", response=answers.EndpointShown)
@operation(PERMISSION)
def enable_webhook(request: HttpRequest, number: int) -> dict[str, Any]:
    """Send again, what waits first."""
    return _endpoint(changing.enable_endpoint(bearer(request), findable(number)))


@router.post("/webhooks/{number}/personal", response=answers.ProposalShown)
@operation(PERMISSION)
def propose_webhook_personal(request: HttpRequest, number: int, said: Reason) -> dict[str, Any]:
    """Ask a colleague to approve that messages hold personal data."""
    found = _found(number)
    return proposal_shown(changing.propose_personal(bearer(request), found.pk, reason=said.reason))


@router.delete("/webhooks/{number}/personal", response=answers.EndpointShown)
@operation(PERMISSION)
def withhold_webhook_personal(request: HttpRequest, number: int) -> dict[str, Any]:
    """Have messages hold no personal data again."""
    return _endpoint(changing.withhold_personal(bearer(request), findable(number)))


@router.get("/webhooks/{number}/deliveries", response=answers.page(answers.DeliveryShown))
@operation(PERMISSION)
def webhook_deliveries(
    request: HttpRequest, number: int, asked: Query[DeliveriesAsked]
) -> dict[str, Any]:
    """What was sent to a webhook, the newest first."""
    given = asked.dict()
    for name in ("since", "until"):
        given[name] = None if given[name] is None else instant(given[name])
    return paged(request, deliveries_of(_found(number), given), _delivery, order=("-id",))


@router.get("/webhooks/deliveries/{number}", response=answers.DeliveryWithTries)
@operation(PERMISSION)
def webhook_delivery(request: HttpRequest, number: int) -> HttpResponse:
    """One delivery: what was sent, without personal data, and every answer."""
    found = Delivery.objects.select_related("message").get(pk=findable(number))
    names = ("at", "status", "failure", "excerpt", "elapsed_ms")
    content = json.loads(body_of(found.message, personal=False))
    tries = [columns(one, *names) for one in found.tries.all()]
    return tagged(request, {**_delivery(found), "content": content, "tries": tries})


@router.post("/webhooks/{number}/replay", response=answers.Replayed)
@operation(PERMISSION)
def replay_webhook_deliveries(
    request: HttpRequest, number: int, said: PickedDeliveries
) -> dict[str, Any]:
    """Send some deliveries again, as they were."""
    count = changing.replay_deliveries(bearer(request), findable(number), said.picked)
    return {"replayed": count}


@router.post("/webhooks/{number}/replay-range", response=answers.Replayed)
@operation(PERMISSION)
def replay_webhook_range(request: HttpRequest, number: int, said: Range) -> dict[str, Any]:
    """Send the messages of a time range again."""
    since, until = instant(said.since), instant(said.until)
    count = changing.replay_range(bearer(request), findable(number), since=since, until=until)
    return {"replayed": count}


def _found(number: int) -> Endpoint:
    return Endpoint.objects.get(pk=findable(number))


def _endpoint(one: Endpoint) -> dict[str, Any]:
    names = ("id", "name", "url", "types", "outcomes", "personal", "state", "disabled_because")
    return columns(one, *names)


def _delivery(one: Delivery) -> dict[str, Any]:
    names = ("id", "message_id", "state", "attempts", "due_at", "last_status", "is_replay")
    shown = columns(one, *names, "created_at", "finished_at")
    return {**shown, "type": one.message.type}
