"""What of the queue is looked at, from the address."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, QueryDict
from django.utils import timezone

from fengkong.console.accounts.models import Operator
from fengkong.console.alerts.forms import QueueForm
from fengkong.console.alerts.models import Alert
from fengkong.console.alerts.queries import all_alerts, inbox_of
from fengkong.console.shell.paging import Page, page_by_cursor

ORDER = ("rank_at", "id")
CLOSED_ORDER = ("-closed_at", "-id")


def wanted(query: QueryDict, operator: Operator) -> QuerySet[Alert]:
    """The alerts that an address asks for; what no form would write asks nothing."""
    form = QueueForm(query)
    given: dict[str, Any] = form.cleaned_data if form.is_valid() else {}
    found = all_alerts().filter(state=given.get("state") or Alert.State.OPEN)
    found = of_inbox(found, given.get("inbox") or "mine", operator)
    for name in ("team", "typology", "outcome", "subject"):
        if given.get(name):
            found = found.filter(**{name: given[name]})
    if given.get("overdue"):
        found = found.filter(due_at__lt=timezone.now())
    return found


def page_of(request: HttpRequest, operator: Operator) -> Page:
    """A page of the queue with its rows' holders."""
    found = wanted(request.GET, operator)
    closed = request.GET.get("state") == Alert.State.CLOSED
    return page_by_cursor(
        request,
        found.select_related("claimed_by", "closed_by"),
        order=CLOSED_ORDER if closed else ORDER,
        total=found.count(),
    )


def of_inbox(found: QuerySet[Alert], inbox: str, operator: Operator) -> QuerySet[Alert]:
    """Of some alerts those of an inbox: `all`, `claimed` by somebody, or of their own teams."""
    if inbox == "all":
        return found
    if inbox == "claimed":
        return found.filter(claimed_by=operator, claimed_until__gt=timezone.now())
    return inbox_of(operator, found)
