"""Forms of lists."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any, Final

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from fengkong.console.shell.reasons import KeptText

DAYS_USUAL: Final = 180
"""How long an entry of a black list lasts unless somebody says otherwise."""
STATES: Final = (
    ("", _("Any")),
    ("in_force", _("in force")),
    ("sending", _("on its way to the engine")),
    ("expired", _("expired")),
    ("ended", _("taken off")),
    ("refused", _("refused by the engine")),
)


def _day(**more: Any) -> forms.DateField:
    return forms.DateField(
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"), **more
    )


class EntryQuery(forms.Form):
    """What entries are looked for."""

    value = forms.CharField(label=_("Value"), required=False, max_length=128)
    state = forms.ChoiceField(label=_("State"), required=False, choices=STATES)
    author = forms.CharField(label=_("Author"), required=False, max_length=64)
    since = _day(label=_("Added since"), required=False)
    never_hit = forms.BooleanField(label=_("Never hit"), required=False)
    ending = forms.BooleanField(label=_("Ends within a week"), required=False)
    imported = forms.IntegerField(
        label=_("Import number"), required=False, min_value=1, max_value=2**62
    )


class _EndingForm(forms.Form):
    """A reason and a day on which entries end."""

    reason = KeptText(max_length=500)
    expires_on = _day(
        label=_("Ends on"),
        required=False,
        help_text=_("The last day on which it holds; a black list needs one"),
    )

    @staticmethod
    def starting() -> dict[str, Any]:
        """The usual day, for a form that nobody has filled in yet."""
        return {"expires_on": timezone.localdate() + timedelta(days=DAYS_USUAL)}

    def expires_at(self) -> datetime | None:
        """The end of the day that was given."""
        day = self.cleaned_data.get("expires_on")
        return None if day is None else timezone.make_aware(datetime.combine(day, time.max))


class AddForm(_EndingForm):
    """Values to be listed, one a line."""

    values = forms.CharField(
        label=_("Values, one a line"), max_length=20_000, widget=forms.Textarea(attrs={"rows": 5})
    )
    field_order = ("values", "reason", "expires_on")

    def lines(self) -> list[str]:
        """The values, without empty lines and repetitions."""
        lines = [line.strip() for line in self.cleaned_data["values"].splitlines()]
        return list(dict.fromkeys(line for line in lines if line))


class ImportForm(_EndingForm):
    """A file of values to be listed."""

    file = forms.FileField(
        label=_("CSV file"),
        max_length=120,
        help_text=_(
            "UTF-8, with a column value, and perhaps reason and expires_at; at most 50,000 lines"
        ),
    )
    field_order = ("file", "reason", "expires_on")


class ReasonForm(forms.Form):
    """Why something is done."""

    reason = KeptText(max_length=500)
