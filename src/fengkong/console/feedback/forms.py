"""The forms of the loop."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from django import forms
from django.utils.translation import gettext_lazy as _

from fengkong.console.alerts.models import Disposition
from fengkong.console.alerts.sampling import SHARE_MAX
from fengkong.console.alerts.words import team_choices
from fengkong.console.feedback.models import LoopSettings
from fengkong.console.shell.reasons import KeptText
from fengkong.core.money import exponent

DAYS_CHOICES: Final = (
    ("7d", _("Last 7 days")),
    ("30d", _("Last 30 days")),
    ("90d", _("Last 90 days")),
    ("180d", _("Last 180 days")),
    ("365d", _("Last 365 days")),
)
_TEAMS_ALL: Final = ("", _("All"))
_PERCENT: Final = 100
HANDLING_LEAST: Final = 0.1
"""Minutes: nobody handles an alert faster."""


class DaysForm(forms.Form):
    """Which days are looked at."""

    days = forms.ChoiceField(label=_("Period"), choices=DAYS_CHOICES, required=False)


class ModelsForm(DaysForm):
    """From which probability upwards a model is judged."""

    threshold = forms.FloatField(
        label=_("From probability"),
        required=False,
        min_value=0.05,
        max_value=0.95,
        widget=forms.NumberInput(attrs={"step": "0.05"}),
    )


class StaffingForm(forms.Form):
    """What the queue is to reach."""

    team = forms.ChoiceField(
        label=_("Team"), choices=lambda: [_TEAMS_ALL, *team_choices()], required=False
    )
    within = forms.IntegerField(
        label=_("Minutes until it is taken up"), min_value=1, max_value=1440
    )
    target = forms.IntegerField(label=_("Percent that reach it"), min_value=50, max_value=99)
    handling = forms.FloatField(
        label=_("Minutes to handle one"), min_value=HANDLING_LEAST, max_value=240, required=False
    )


class ShareForm(forms.Form):
    """How much allowed traffic is reviewed at random."""

    percent = forms.FloatField(
        label=_("Percent of allowed decisions"),
        min_value=0,
        max_value=SHARE_MAX * _PERCENT,
        widget=forms.NumberInput(attrs={"step": "any"}),
    )

    reason = KeptText(label=_("Why"), min_length=4, max_length=400, widget=forms.TextInput)

    @property
    def share(self) -> float:
        """As a share of one."""
        return float(self.cleaned_data["percent"]) / _PERCENT


class LoopForm(forms.Form):
    """What is judged twice, and what an hour costs."""

    percent = forms.FloatField(
        label=_("Percent of closed alerts that a second person judges"), min_value=0, max_value=100
    )
    cost = forms.DecimalField(
        label=_("Cost of an hour of an analyst"), min_value=0, max_value=1_000_000, decimal_places=2
    )

    @staticmethod
    def initial_of(row: LoopSettings) -> dict[str, Any]:
        """What the form shows of settings."""
        cost = Decimal(row.hour_cost_minor).scaleb(-exponent(row.currency))
        return {"percent": round(row.quality_share * _PERCENT, 3), "cost": cost}

    def terms(self, row: LoopSettings) -> dict[str, Any]:
        """What was given, as `set_loop` takes it."""
        given = self.cleaned_data
        return {
            "quality_share": given["percent"] / _PERCENT,
            "hour_cost_minor": round(given["cost"] * 10 ** exponent(row.currency)),
        }


class SecondForm(forms.Form):
    """How one would have closed an alert."""

    disposition = forms.ChoiceField(
        label=_("Disposition"), choices=Disposition.choices, widget=forms.RadioSelect
    )
    remark = forms.CharField(
        label=_("Remark"),
        required=False,
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 2}),
    )
