"""Forms of early warning."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from fengkong.console.notices.signs import GROUPS
from fengkong.console.shell.reasons import KeptText
from fengkong.console.warnings.models import RaisedWarning
from fengkong.console.warnings.words import LEVEL_WORDS

_ANY = ("", _("Any"))


def _day(label: object, **more: object) -> forms.DateField:
    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    return forms.DateField(label=label, widget=widget, **more)  # type: ignore[arg-type]


class WarningsForm(forms.Form):
    """Which warnings are shown."""

    state = forms.ChoiceField(
        label=_("State"), required=False, choices=[_ANY, *RaisedWarning.State.choices]
    )
    level = forms.ChoiceField(
        label=_("Level"), required=False, choices=lambda: [_ANY, *LEVEL_WORDS.items()]
    )
    group = forms.ChoiceField(
        label=_("Kind of risk"), required=False, choices=[_ANY, *GROUPS.items()]
    )


class IndicatorsForm(forms.Form):
    """Which indicators are shown."""

    text = forms.CharField(label=_("Name"), required=False, max_length=80)
    level = forms.ChoiceField(
        label=_("Level"), required=False, choices=lambda: [_ANY, *LEVEL_WORDS.items()]
    )
    group = forms.ChoiceField(
        label=_("Kind of risk"), required=False, choices=[_ANY, *GROUPS.items()]
    )


class RangeForm(forms.Form):
    """Which days of an indicator are shown."""

    since = _day(_("Since"), required=False)
    until = _day(_("Until"), required=False)


class ThresholdForm(forms.Form):
    """Bounds that are tried, and perhaps proposed."""

    yellow = forms.FloatField(label=_("Yellow from"), required=False)
    orange = forms.FloatField(label=_("Orange from"), required=False)
    red = forms.FloatField(label=_("Red from"), required=False)


class ProposalForm(ThresholdForm):
    """Bounds that are proposed."""

    effective_from = _day(_("Effective from"))
    reason = KeptText(max_length=160, widget=forms.TextInput)


class NoteForm(forms.Form):
    """What is noted on a day."""

    day = _day(_("Day"))
    text = forms.CharField(label=_("Note"), max_length=300)


class BehindForm(forms.Form):
    """Which number is followed to what it counted."""

    day = _day(_("Day"), required=False)
    of = forms.CharField(required=False, max_length=80)
    segment = forms.CharField(required=False, max_length=80)
    part = forms.CharField(required=False, max_length=200)


class PullForm(forms.Form):
    """From where a source is got, and how often."""

    address = forms.CharField(
        label=_("Address"),
        required=False,
        max_length=500,
        help_text=_("https, ending with .csv, .json or .parquet; empty ends it"),
    )
    minutes = forms.IntegerField(
        label=_("Every so many minutes"), required=False, min_value=1, max_value=1440
    )
