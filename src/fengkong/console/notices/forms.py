"""Forms of notices."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from fengkong.console.accounts.models import Operator
from fengkong.console.notices.changing import Terms
from fengkong.console.notices.models import Channel, Notice
from fengkong.console.notices.signs import GROUPS, LEVELS
from fengkong.console.shell.reasons import KeptText

_ANY = ("", _("Any"))


def _moment(label: Any) -> forms.DateTimeField:
    widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
    return forms.DateTimeField(label=label, widget=widget)


def _group(*, any_title: Any = None) -> forms.ChoiceField:
    first = [] if any_title is None else [("", any_title)]
    return forms.ChoiceField(
        label=_("Kind of risk"), choices=[*first, *GROUPS.items()], required=any_title is None
    )


class NoticesForm(forms.Form):
    """Which notices are shown."""

    state = forms.ChoiceField(
        label=_("State"), required=False, choices=[_ANY, *Notice.State.choices]
    )
    level = forms.ChoiceField(label=_("Level"), required=False, choices=[_ANY, *LEVELS.items()])
    group = forms.ChoiceField(
        label=_("Kind of risk"), required=False, choices=[_ANY, *GROUPS.items()]
    )


class NoteForm(forms.Form):
    """What whoever acknowledges says."""

    note = forms.CharField(label=_("Note"), max_length=400, required=False)


class ChannelForm(forms.Form):
    """A way out."""

    name = forms.CharField(label=_("Name"), max_length=80)
    kind = forms.ChoiceField(label=_("Kind"), choices=Channel.Kind.choices)
    language = forms.ChoiceField(label=_("Language"), choices=Channel.Language.choices)
    address = forms.CharField(
        label=_("Address"),
        max_length=500,
        help_text=_(
            "Mail addresses separated by commas, duty:GROUP for whoever is on duty, or the robot's "
            "address"
        ),
    )
    secret = forms.CharField(
        label=_("Signing secret"),
        max_length=200,
        required=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        help_text=_("As DingTalk and Feishu show it; of a webhook whsec_ and base64"),
    )

    def __init__(self, *args: Any, channel: Channel | None = None, **named: Any) -> None:
        super().__init__(*args, **named)
        if channel is not None:
            self.fields["kind"].disabled = True
            self.fields["address"].required = False
            self.fields["address"].help_text = _("Empty keeps the one before")
            self.fields["secret"].help_text = _("Empty keeps the one before")

    def terms(self) -> Terms:
        """What was said, once the form is valid."""
        said = self.cleaned_data
        address = "".join(said["address"].split())
        return Terms(
            name=said["name"],
            kind=said["kind"],
            language=said["language"],
            address=address,
            secret=said["secret"],
        )


class RouteForm(forms.Form):
    """Who is told what."""

    channel = forms.ModelChoiceField(label=_("Channel"), queryset=Channel.objects.all())
    group = _group(any_title=_("Every kind of risk"))
    level = forms.ChoiceField(label=_("From level"), choices=list(LEVELS.items()))
    after_minutes = forms.IntegerField(
        label=_("After minutes without acknowledgement"), min_value=0, max_value=1440, initial=0
    )


class ShiftForm(forms.Form):
    """Who is on duty."""

    group = _group()
    operator = forms.ModelChoiceField(
        label=_("Operator"), queryset=Operator.objects.filter(is_active=True).order_by("username")
    )
    starts_at = _moment(_("Begins at"))
    ends_at = _moment(_("Ends at"))


class SilenceForm(forms.Form):
    """What nothing is told of."""

    group = _group(any_title=_("Every kind of risk"))
    starts_with = forms.CharField(
        label=_("Key begins with"),
        max_length=160,
        required=False,
        help_text=_("Empty is every notice of this kind of risk"),
    )
    until = _moment(_("Until"))
    reason = KeptText(max_length=400, widget=forms.TextInput)
