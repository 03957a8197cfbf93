"""What other apps add to the timeline of a case: actions on the subject."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from fengkong.console.actions.models import Action
from fengkong.console.cases.models import Case
from fengkong.console.cases.timeline import ROWS, Kind, Moment, register_moments


def register_actions_of_cases() -> None:
    """Let actions stand in the timeline; once, when Django starts."""
    title = gettext_lazy("Actions on the subject")
    register_moments("action", Kind(title, "bolt", "red", _actions))


def _actions(case: Case, before: datetime) -> Iterator[Moment]:
    """What was asked of the core system: for the case, or about its subject."""
    found = Action.objects.filter(case_id=str(case.pk), asked_at__lt=before)
    if case.subject:
        found = found | Action.objects.filter(subject=case.subject, asked_at__lt=before)
    for one in found.select_related("asked_by").order_by("-asked_at")[:ROWS]:
        yield Moment(
            at=one.asked_at,
            kind="action",
            title=_("Action: %(what)s") % {"what": one.get_kind_display()},
            text=one.why,
            by=one.asked_by.username,
            address=reverse("actions:action", args=[one.pk]),
            tags=[str(one.get_state_display())],
        )
