"""What the audit screen asks for: entries by who, what, which and when, the newest first."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any, Final

from django import forms
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from fengkong.console.audit.actions import known_actions, known_targets
from fengkong.console.audit.models import AuditEntry
from fengkong.console.audit.tree import head

COUNTED_MAX: Final = 10_000
"""Beyond so many a count takes longer than it is worth."""


class EntriesForm(forms.Form):
    """What is looked for; empty parts mean anything. Days are the operator's, both included."""

    actor = forms.CharField(label=_("Who"), required=False, max_length=64)
    action = forms.ChoiceField(label=_("Action"), required=False)
    target_kind = forms.ChoiceField(label=_("Kind of object"), required=False)
    target = forms.CharField(label=_("Object begins with"), required=False, max_length=200)
    since = forms.DateField(
        label=_("From day"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    until = forms.DateField(
        label=_("To day"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self._offer("action", known_actions())
        self._offer("target_kind", known_targets())

    def _offer(self, name: str, known: dict[str, Any]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        words = sorted((str(text), key) for key, text in known.items())
        field.choices = [("", _("Any")), *((key, text) for text, key in words)]

    def asked(self) -> dict[str, str]:
        """The parts that are filled in, as texts."""
        given = self.cleaned_data if self.is_valid() else {}
        return {name: str(value) for name, value in given.items() if value}

    def entries(self) -> QuerySet[AuditEntry]:
        """The entries, the newest first; none where the form is filled in wrongly."""
        if not self.is_valid():
            return AuditEntry.objects.none()
        given = self.cleaned_data
        found = AuditEntry.objects.order_by("-sequence")
        for name in ("actor", "action", "target_kind"):
            if given[name]:
                found = found.filter(**{name: given[name]})
        if given["target"]:
            found = found.filter(target__startswith=given["target"])
        if given["since"]:
            found = found.filter(recorded_at__gte=_begin_of(given["since"]))
        if given["until"]:
            found = found.filter(recorded_at__lt=_begin_of(given["until"] + timedelta(days=1)))
        return found

    def total(self) -> int | None:
        """How many there are; None where there are more than are counted."""
        if not self.asked() and self.is_valid():
            return head()
        counted = self.entries()[: COUNTED_MAX + 1].count()
        return counted if counted <= COUNTED_MAX else None


def _begin_of(day: date) -> datetime:
    """The first instant of a day, in the operator's time zone."""
    return timezone.make_aware(datetime.combine(day, time.min))
