"""What is filled in to plan a drill, and to have one repeated."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from fengkong.console.accounts.models import Operator
from fengkong.console.drills.scheduling import HOUR, HOURS, MONTHS
from fengkong.console.shell.spoken import said
from fengkong.response.drill import shipped_scripts


def _drills() -> list[tuple[str, str]]:
    return [(name, said(one.title)) for name, one in shipped_scripts().items()]


def _trainers() -> Any:
    """Operators who may run drills."""
    able = [one.pk for one in Operator.objects.filter(is_active=True) if one.may("drills.run")]
    return Operator.objects.filter(pk__in=able).order_by("username")


class PlanForm(forms.Form):
    """Which drill, when, and how fast its time goes."""

    drill = forms.ChoiceField(label=_("Drill"))
    at = forms.DateTimeField(
        label=_("Begins"),
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        help_text=_("Now where it is left empty"),
    )
    pace = forms.FloatField(
        label=_("Minutes of the script in a minute"), min_value=0.1, max_value=60, initial=1
    )

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        chosen = self.fields["drill"]
        assert isinstance(chosen, forms.ChoiceField), "a field of our own"
        chosen.choices = _drills()


class ScheduleForm(forms.Form):
    """Which drill is repeated, how often, when next, and who sees to it."""

    drill = forms.ChoiceField(label=_("Drill"))
    months = forms.TypedChoiceField(label=_("How often"), coerce=int, initial=6)
    next_on = forms.DateField(
        label=_("Next day"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    hour = forms.TypedChoiceField(
        label=_("Begins at"),
        coerce=int,
        initial=HOUR,
        choices=[(hour, f"{hour:02}:00") for hour in HOURS],
        help_text=_("The run is planned by itself two weeks before; a change here moves it"),
    )
    owner = forms.ModelChoiceField(label=_("Who sees to it"), queryset=Operator.objects.none())

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        chosen, owner = self.fields["drill"], self.fields["owner"]
        months = self.fields["months"]
        assert isinstance(chosen, forms.ChoiceField), "a field of our own"
        assert isinstance(months, forms.ChoiceField), "a field of our own"
        assert isinstance(owner, forms.ModelChoiceField), "a field of our own"
        chosen.choices = _drills()
        months.choices = [
            (n, ngettext("every month", "every %(n)s months", n) % {"n": n}) for n in MONTHS
        ]
        owner.queryset = _trainers()
