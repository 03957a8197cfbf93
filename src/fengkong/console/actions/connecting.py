"""The core systems that do actions: added and switched off by whoever runs the system."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import transaction

from fengkong.console.accounts.models import Operator
from fengkong.console.actions.models import Action, CoreSystem
from fengkong.console.actions.port import InvalidActionError
from fengkong.console.actions.sending import secret_context
from fengkong.console.audit.recording import record
from fengkong.console.personal.sealing import seal_text
from fengkong.console.webhooks.destinations import destination_of
from fengkong.console.webhooks.signing import new_secret

PERMISSION: Final = "system.edit"


@transaction.atomic
def add_system(
    operator: Operator, *, name: str, url: str, actions: Sequence[str]
) -> tuple[CoreSystem, str]:
    """A core system and the secret that signs both ways, which is shown once.

    Raises PermissionDenied, InvalidActionError, and what a refused address raises.
    """
    if not operator.may(PERMISSION):
        raise PermissionDenied(PERMISSION)
    if not set(actions) <= set(Action.Kind.values) or CoreSystem.objects.filter(name=name).exists():
        raise InvalidActionError(f"{name[:40]} exists, or takes unknown actions")
    destination_of(url, allowed=settings.CONSOLE.webhook_networks)
    secret = new_secret()
    system = CoreSystem.objects.create(
        name=name,
        url=url,
        actions=list(actions),
        secret=seal_text(secret, context=secret_context(name)),
        created_by=operator.username,
    )
    record(
        operator,
        "add_core_system",
        target_kind="core_system",
        target=name,
        detail={"url": url, "actions": list(actions)},
    )
    return system, secret


@transaction.atomic
def toggle_system(operator: Operator, system_id: int) -> CoreSystem:
    """Switch a core system off, or on again; what it was told stays its own."""
    if not operator.may(PERMISSION):
        raise PermissionDenied(PERMISSION)
    system = CoreSystem.objects.select_for_update().get(pk=system_id)
    system.active = not system.active
    system.save(update_fields=("active",))
    record(
        operator,
        "toggle_core_system",
        target_kind="core_system",
        target=system.name,
        detail={"after": system.active},
    )
    return system
