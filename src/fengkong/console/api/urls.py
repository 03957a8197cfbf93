"""Addresses of the API."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache, wraps
from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path

from fengkong import __version__
from fengkong.console.api import (
    action_work,
    alert_work,
    case_work,
    customer_side,
    deliveries,
    drill_work,
    early_warning,
    incident_parts,
    incident_work,
    listed_values,
    now,
    people,
    playbook_work,
    policies,
    resources,
)
from fengkong.console.api.description import DescribedAPI
from fengkong.console.api.operations import LASTING, TokenAuth
from fengkong.console.api.problems import problem, register_problems
from fengkong.console.project.declared import public

api = DescribedAPI(
    title="Fengkong console",
    version=__version__,
    auth=TokenAuth(),
    docs_url=None,
    openapi_url=None,
    urls_namespace="api",
)
register_problems(api)
for room in (
    *(resources, policies, listed_values, deliveries, people, now),
    *(case_work, customer_side, alert_work, action_work, early_warning),
    *(incident_work, incident_parts, playbook_work, drill_work),
):
    api.add_router("", room.router)


def _answering(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """The view of an address, whose tokens say who may use it; a wrong method is a problem too."""

    @wraps(view)
    def answered(request: HttpRequest, **named: Any) -> HttpResponseBase:
        answer = view(request, **named)
        if answer.status_code != 405:
            return answer
        refused = problem(405, "api.method", "The resource does not know this method.")
        refused["Allow"] = answer["Allow"]
        return refused

    answered.__module__ = __name__  # what ninja makes belongs to this app
    return public(answered)


@public
def schema(_request: HttpRequest) -> HttpResponse:
    """The API's own description (OpenAPI 3.1)."""
    return HttpResponse(_described(), content_type="application/json")


@cache
def _described() -> bytes:
    """Written once: it takes a good part of a second, and everybody may ask for it."""
    return JsonResponse(api.get_openapi_schema(path_prefix="/api/v1/")).content


def _patterns() -> Iterator[URLPattern]:
    """One for each address; ninja names one for each operation."""
    seen = set()
    for found in api.urls[0]:
        route = str(found.pattern)
        if isinstance(found, URLPattern) and found.name != "api-root" and route not in seen:
            seen.add(route)
            found.callback = _answering(found.callback)
            if found.name in LASTING:
                transaction.non_atomic_requests(found.callback)
            yield found


app_name = "api"
urlpatterns = [path("openapi.json", schema, name="schema"), *_patterns()]
