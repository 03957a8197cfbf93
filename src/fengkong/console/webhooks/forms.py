"""Forms of webhooks."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from fengkong.console.shell.outcomes import OUTCOMES
from fengkong.console.shell.reasons import KeptText
from fengkong.console.webhooks.changing import OVERLAP_HOURS_MAX, Terms
from fengkong.console.webhooks.models import Delivery
from fengkong.console.webhooks.occurrences import CHOSEN, OCCURRENCES


def _types() -> list[tuple[str, Any]]:
    return [(name, OCCURRENCES[name].title) for name in CHOSEN]


def _moment(label: Any) -> forms.DateTimeField:
    widget = forms.DateTimeInput(attrs={"type": "datetime-local"})
    return forms.DateTimeField(label=label, required=False, widget=widget)


class EndpointForm(forms.Form):
    """What is sent where."""

    name = forms.CharField(label=_("Name"), max_length=80)
    url = forms.CharField(
        label=_("Address"), max_length=500, help_text=_("Begins with https:// and a public name")
    )
    types = forms.MultipleChoiceField(
        label=_("Occurrences"), choices=_types, widget=forms.CheckboxSelectMultiple
    )
    outcomes = forms.MultipleChoiceField(
        label=_("Only decisions with these outcomes"),
        help_text=_("None chosen means all of them"),
        required=False,
        choices=lambda: [(name, sign.title) for name, sign in OUTCOMES.items()],
        widget=forms.CheckboxSelectMultiple,
    )

    def terms(self) -> Terms:
        """What was said, once the form is valid."""
        said = self.cleaned_data
        return Terms(
            name=said["name"],
            url=said["url"],
            types=tuple(said["types"]),
            outcomes=tuple(said["outcomes"]),
        )


class DeliveriesForm(forms.Form):
    """Which deliveries are shown."""

    state = forms.ChoiceField(
        label=_("State"),
        required=False,
        choices=lambda: [("", _("Any")), *Delivery.State.choices],
    )
    type = forms.ChoiceField(
        label=_("Occurrence"),
        required=False,
        choices=lambda: [("", _("Any"))] + [(n, o.title) for n, o in OCCURRENCES.items()],
    )
    since = _moment(_("Since"))
    until = _moment(_("Until"))


class RangeForm(forms.Form):
    """A time range whose messages are sent again."""

    since = _moment(_("Since"))
    until = _moment(_("Until"))

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        for field in self.fields.values():
            field.required = True


class RotationForm(forms.Form):
    """For how long the secret before signs beside the new one."""

    overlap_hours = forms.IntegerField(
        label=_("Hours for which both secrets sign"),
        min_value=0,
        max_value=OVERLAP_HOURS_MAX,
        initial=24,
    )


class ReasonForm(forms.Form):
    """Why something is asked for."""

    reason = KeptText(max_length=500, widget=forms.TextInput)
