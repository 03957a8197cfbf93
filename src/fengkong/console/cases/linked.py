"""The graph and the money of a case's subject: drawn by the app of entities."""

from __future__ import annotations

from urllib.parse import urlencode

from django.urls import reverse

from fengkong.console.cases.models import Case
from fengkong.console.entities.queries import is_entity, kind_of


def graph_of(case: Case) -> str:
    """Where the part of a page is that draws the graph; empty where nobody is known."""
    if not _is_known(case):
        return ""
    return f"{reverse('entities:graph')}?{urlencode({'subject': case.subject, 'part': '1'})}"


def entity_of(case: Case) -> tuple[str, str]:
    """The page of the subject and that of its money; empty where nobody is known."""
    kind = kind_of(case.subject) if is_entity(case.subject) else None
    if kind is None:
        return "", ""
    place = [kind, case.subject]
    return reverse("entities:entity", args=place), reverse("entities:money", args=place)


def _is_known(case: Case) -> bool:
    return is_entity(case.subject) and kind_of(case.subject) is not None
