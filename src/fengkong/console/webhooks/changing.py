"""What operators do with webhooks; each act is recorded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from fengkong.console.approvals.four_eyes import propose
from fengkong.console.approvals.models import Proposal
from fengkong.console.audit.recording import record
from fengkong.console.personal.sealing import seal_text
from fengkong.console.shell.outcomes import OUTCOMES
from fengkong.console.webhooks import occurrences
from fengkong.console.webhooks.destinations import destination_of
from fengkong.console.webhooks.models import Delivery, Endpoint, EndpointHealth, EndpointSecret
from fengkong.console.webhooks.publishing import Happening, promise_sending, publish
from fengkong.console.webhooks.signing import new_secret
from fengkong.core.errors import RiskError

if TYPE_CHECKING:
    from fengkong.console.accounts.models import Operator

PERMISSION: Final = "system.edit"
PERSONAL: Final = "webhook_personal_data"
OVERLAP_HOURS_MAX: Final = 168
REPLAYED_MAX: Final = 10_000
ENDPOINTS_MAX: Final = 100


class InvalidEndpointError(RiskError):
    """A webhook asks for something that does not exist, or for nothing."""

    code = "webhooks.invalid_endpoint"
    hint = "Choose among the occurrences and outcomes that the reference lists."


class TooManyReplayedError(RiskError):
    """The time range holds more messages than are sent again at once."""

    code = "webhooks.too_many_replayed"
    hint = "Choose a shorter range; each may hold 10,000 messages."


class DisabledEndpointError(RiskError):
    """Nothing is sent to a webhook that is disabled."""

    code = "webhooks.disabled_endpoint"
    hint = "Put the webhook in use again, then repeat this."


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What an operator says of an endpoint; no outcomes are all of them."""

    name: str
    url: str
    types: tuple[str, ...]
    outcomes: tuple[str, ...] = ()

    def check(self) -> None:
        """Raise what is wrong with them, judged by where the address leads now."""
        unknown = [name for name in self.types if name not in occurrences.CHOSEN]
        unknown += [name for name in self.outcomes if name not in OUTCOMES]
        if unknown or not self.types or not self.name.strip():
            named = ", ".join(repr(name[:40]) for name in unknown[:5])
            raise InvalidEndpointError(f"unknown: {named}" if named else "it asks for nothing")
        destination_of(self.url, allowed=settings.CONSOLE.webhook_networks)


def terms_of(endpoint: Endpoint) -> Terms:
    """The terms of an endpoint as they are."""
    return Terms(
        name=endpoint.name,
        url=endpoint.url,
        types=tuple(endpoint.types),
        outcomes=tuple(endpoint.outcomes),
    )


@transaction.atomic
def add_endpoint(by: Operator, terms: Terms) -> tuple[Endpoint, str]:
    """A new endpoint and its secret, which is shown once.

    Raises PermissionDenied, InvalidEndpointError, RefusedDestinationError,
    UnresolvedDestinationError.
    """
    _demand(by)
    terms.check()
    if Endpoint.objects.count() >= ENDPOINTS_MAX:
        raise InvalidEndpointError(f"there are {ENDPOINTS_MAX} webhooks already")
    endpoint = Endpoint.objects.create(created_by=by.username, **_columns(terms))
    EndpointHealth.objects.create(endpoint=endpoint)
    _record(by, "add_webhook", endpoint, after=_shown(terms))
    return endpoint, _new_secret(endpoint)


@transaction.atomic
def change_endpoint(by: Operator, endpoint_id: int, terms: Terms) -> Endpoint:
    """Change what is sent where. Another address ends the approval for personal data.

    Raises as `add_endpoint`.
    """
    _demand(by)
    terms.check()
    endpoint = _locked(endpoint_id)
    before = terms_of(endpoint)
    if terms.url != endpoint.url:
        endpoint.personal = False
    for name, value in _columns(terms).items():
        setattr(endpoint, name, value)
    endpoint.save()
    _record(by, "change_webhook", endpoint, before=_shown(before), after=_shown(terms))
    return endpoint


@transaction.atomic
def remove_endpoint(by: Operator, endpoint_id: int) -> None:
    """Remove an endpoint with all that was sent to it. Raises PermissionDenied."""
    _demand(by)
    endpoint = _locked(endpoint_id)
    _record(by, "remove_webhook", endpoint, before=_shown(terms_of(endpoint)))
    endpoint.delete()


@transaction.atomic
def rotate_secret(by: Operator, endpoint_id: int, *, overlap_hours: int) -> str:
    """A new secret, shown once; the one before signs beside it for some hours (0: no longer).

    Raises PermissionDenied, InvalidEndpointError.
    """
    _demand(by)
    if not 0 <= overlap_hours <= OVERLAP_HOURS_MAX:
        raise InvalidEndpointError(f"secrets overlap by 0 to {OVERLAP_HOURS_MAX} hours")
    endpoint = _locked(endpoint_id)
    until = timezone.now() + timedelta(hours=overlap_hours)
    lasting = endpoint.secrets.filter(expires_at=None)
    lasting.update(expires_at=until)
    endpoint.secrets.filter(expires_at__gt=until).update(expires_at=until)
    _record(by, "rotate_webhook_secret", endpoint, overlap_hours=overlap_hours)
    return _new_secret(endpoint)


@transaction.atomic
def disable_endpoint(by: Operator, endpoint_id: int) -> Endpoint:
    """Send nothing more; what waits goes on waiting. Raises PermissionDenied."""
    _demand(by)
    endpoint = _locked(endpoint_id)
    endpoint.state, endpoint.disabled_because = Endpoint.State.DISABLED, "operator"
    endpoint.save()
    _record(by, "disable_webhook", endpoint, reason="operator")
    return endpoint


@transaction.atomic
def enable_endpoint(by: Operator, endpoint_id: int) -> Endpoint:
    """Send again, what waits first. Raises PermissionDenied."""
    _demand(by)
    endpoint = _locked(endpoint_id)
    endpoint.state, endpoint.disabled_because = Endpoint.State.ACTIVE, ""
    endpoint.save()
    _wake(endpoint)
    _record(by, "enable_webhook", endpoint)
    return endpoint


@transaction.atomic
def ping(by: Operator, endpoint_id: int) -> None:
    """Send a test. Raises PermissionDenied, DisabledEndpointError."""
    _demand(by)
    endpoint = _active(endpoint_id)
    content = {"endpoint": endpoint.pk}
    _wake(endpoint)
    happened = Happening(name=occurrences.PING, content=content, occurred_at=timezone.now())
    publish([happened], to=[endpoint])
    _record(by, "ping_webhook", endpoint)


@transaction.atomic
def replay_deliveries(by: Operator, endpoint_id: int, delivery_ids: Sequence[int]) -> int:
    """Send some deliveries of an endpoint again, as they were; how many.

    Raises PermissionDenied, DisabledEndpointError.
    """
    _demand(by)
    endpoint = _active(endpoint_id)
    chosen = endpoint.deliveries.filter(pk__in=list(delivery_ids)[:REPLAYED_MAX])
    count = _replay(endpoint, list(chosen.values_list("message_id", flat=True)))
    _record(by, "replay_webhook", endpoint, deliveries=count)
    return count


@transaction.atomic
def replay_range(by: Operator, endpoint_id: int, *, since: datetime, until: datetime) -> int:
    """Send every message again that was first promised in a time range; how many.

    Raises PermissionDenied, DisabledEndpointError, TooManyReplayedError.
    """
    _demand(by)
    endpoint = _active(endpoint_id)
    held = endpoint.deliveries.filter(created_at__gte=since, created_at__lt=until, is_replay=False)
    found = list(held.values_list("message_id", flat=True).order_by("pk")[: REPLAYED_MAX + 1])
    if len(found) > REPLAYED_MAX:
        raise TooManyReplayedError(f"more than {REPLAYED_MAX:,} messages")
    count = _replay(endpoint, found)
    span = {"since": since.isoformat(), "until": until.isoformat()}
    _record(by, "replay_webhook", endpoint, deliveries=count, **span)
    return count


def propose_personal(by: Operator, endpoint_id: int, *, reason: str) -> Proposal:
    """Ask a colleague to approve that messages hold personal data. Raises PermissionDenied."""
    endpoint = Endpoint.objects.get(pk=endpoint_id)
    content = {"endpoint": endpoint.pk, "url": endpoint.url}
    return propose(by, PERSONAL, target=endpoint.name, reason=reason, content=content)


def perform_personal(proposal: Proposal, _by: Operator) -> None:
    """Let messages hold personal data, if they still go where it was approved for."""
    endpoint = _locked(proposal.content["endpoint"])
    if endpoint.url != proposal.content["url"]:
        raise InvalidEndpointError("the address was changed after this was proposed")
    endpoint.personal = True
    endpoint.save()


@transaction.atomic
def withhold_personal(by: Operator, endpoint_id: int) -> Endpoint:
    """Have messages hold no personal data again. Raises PermissionDenied."""
    _demand(by)
    endpoint = _locked(endpoint_id)
    endpoint.personal = False
    endpoint.save()
    _record(by, "withhold_webhook_data", endpoint)
    return endpoint


def _replay(endpoint: Endpoint, message_ids: Sequence[str]) -> int:
    made = [
        Delivery(endpoint=endpoint, message_id=message_id, is_replay=True)
        for message_id in dict.fromkeys(message_ids)
    ]
    Delivery.objects.bulk_create(made, batch_size=500)
    _wake(endpoint)
    return len(made)


def _wake(endpoint: Endpoint) -> None:
    EndpointHealth.objects.filter(endpoint=endpoint).update(
        rest_until=None, failing_since=None, failures=0
    )
    promise_sending(endpoint.pk)


def _new_secret(endpoint: Endpoint) -> str:
    secret = new_secret()
    sealed = seal_text(secret, context=endpoint.secret_context)
    EndpointSecret.objects.create(endpoint=endpoint, sealed=sealed)
    return secret


def _locked(endpoint_id: int) -> Endpoint:
    return Endpoint.objects.select_for_update().get(pk=endpoint_id)


def _active(endpoint_id: int) -> Endpoint:
    endpoint = _locked(endpoint_id)
    if not endpoint.is_active:
        raise DisabledEndpointError(f"{endpoint.name} is disabled")
    return endpoint


def _demand(by: Operator) -> None:
    if not by.may(PERMISSION):
        raise PermissionDenied(PERMISSION)


def _columns(terms: Terms) -> dict[str, Any]:
    return asdict(terms) | {"types": list(terms.types), "outcomes": list(terms.outcomes)}


def _shown(terms: Terms) -> dict[str, Any]:
    """What the ledger keeps of them; an address may hold a secret behind its path."""
    return _columns(terms) | {"url": terms.url.split("?")[0]}


def _record(by: Operator, action: str, endpoint: Endpoint, **detail: object) -> None:
    detail = {"endpoint": endpoint.pk, **detail}
    record(by, action, target_kind="webhook", target=endpoint.name, detail=detail)
