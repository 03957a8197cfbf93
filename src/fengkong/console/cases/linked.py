"""The graph of a case's subject: drawn by the app of entities, which is asked for its address."""

from __future__ import annotations

from urllib.parse import urlencode

from django.urls import NoReverseMatch, reverse

from fengkong.console.cases.models import Case


def graph_of(case: Case) -> str:
    """Where the graph of a case's subject is; empty where nobody is known or nothing draws it."""
    if not case.subject:
        return ""
    try:
        address = reverse("entities:graph")
    except NoReverseMatch:
        return ""
    return f"{address}?{urlencode({'kind': case.subject_kind, 'subject': case.subject})}"
