"""What the customer's side adds to the timeline of a case: links, answers, appeals."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from fengkong.console.cases.models import Case
from fengkong.console.cases.timeline import ROWS, Kind, Moment, register_moments
from fengkong.console.customers.models import Appeal, Confirmation


def register_customer_moments() -> None:
    """Let what customers said stand in the timeline; once, when Django starts."""
    register_moments("customer", Kind(gettext_lazy("The customer"), "user", "blue", _moments))


def _moments(case: Case, before: datetime) -> Iterator[Moment]:
    mine = list(case.gathered.values_list("sequence", flat=True))
    links = Confirmation.objects.filter(sequence__in=mine, asked_at__lt=before)
    for link in links.order_by("-asked_at")[:ROWS]:
        yield Moment(
            at=link.answered_at or link.asked_at,
            kind="customer",
            title=_("The customer was asked whether it was them"),
            by=link.asked_by,
            address=reverse("customers:confirmations"),
            tags=[str(link.get_state_display())],
        )
    appeals = Appeal.objects.filter(sequence__in=mine, received_at__lt=before)
    for appeal in appeals.order_by("-received_at")[:ROWS]:
        yield Moment(
            at=appeal.received_at,
            kind="customer",
            title=_("Appeal %(reference)s") % {"reference": appeal.reference},
            address=reverse("customers:appeal", args=[appeal.pk]),
            tags=[str(appeal.get_state_display())],
        )
