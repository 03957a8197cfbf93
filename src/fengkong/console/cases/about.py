"""The cases about an entity, as its page shows them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from django.utils.translation import gettext_lazy as _

from fengkong.console.cases.alerted import typology_title
from fengkong.console.cases.models import Case
from fengkong.console.entities.panels import SHOWN_MAX, Panel


def rows_about(subjects: Sequence[str]) -> list[tuple[Case, str]]:
    """The newest cases about some subjects, each with what its typology is called."""
    cases = Case.objects.filter(subject__in=subjects).select_related("owner")
    newest = cases.order_by("-opened_at", "-id")[:SHOWN_MAX]
    return [(case, typology_title(case.typology)) for case in newest]


PANEL: Final = Panel(
    name="cases",
    title=_("Cases"),
    permission="cases.view",
    template="cases/parts/about.html",
    found=rows_about,
    none=_("No case is about it or about who uses it."),
    order=20,
)
