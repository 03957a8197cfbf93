"""The gangs that an entity belongs to, as its page and those of its alerts and cases show them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from django.utils.translation import gettext_lazy as _

from fengkong.console.entities.panels import SHOWN_MAX, Panel
from fengkong.console.entities.taking import key_of
from fengkong.console.gangs.models import Gang


def gangs_about(subjects: Sequence[str]) -> list[Gang]:
    """The gangs of which some subjects are members, those with the most at stake first."""
    keys = [key_of(bytes.fromhex(one)) for one in subjects]
    found = Gang.objects.filter(people__key__in=keys).distinct()
    return list(found.order_by("-rank", "-id")[:SHOWN_MAX])


PANEL: Final = Panel(
    name="gangs",
    title=_("Part of a gang"),
    permission="entities.view",
    template="gangs/parts/about.html",
    found=gangs_about,
    order=5,
)
