"""The actions on an entity, as its page shows them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from django.utils.translation import gettext_lazy as _

from fengkong.console.actions.models import Action
from fengkong.console.entities.panels import SHOWN_MAX, Panel


def actions_about(subjects: Sequence[str]) -> list[Action]:
    """The newest actions on some subjects."""
    found = Action.objects.filter(subject__in=subjects).select_related("asked_by")
    return list(found.order_by("-asked_at", "id")[:SHOWN_MAX])


PANEL: Final = Panel(
    name="actions",
    title=_("Actions"),
    permission="actions.view",
    template="actions/parts/about.html",
    found=actions_about,
    order=30,
)
