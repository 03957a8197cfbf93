"""Forms of the customer's side."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from fengkong.console.customers.appeals import TEXT_MAX
from fengkong.console.customers.confirming import MINUTES
from fengkong.console.customers.models import Appeal
from fengkong.console.shell.reasons import KeptText

_TEXT = forms.Textarea(attrs={"rows": 4})


class AppealQuery(forms.Form):
    """Which appeals are looked for."""

    state = forms.ChoiceField(label=_("State"), required=False)
    mine = forms.BooleanField(label=_("Mine"), required=False)
    overdue = forms.BooleanField(label=_("Overdue"), required=False)
    reference = forms.CharField(label=_("Reference of the appeal"), required=False, max_length=64)

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self.fields["state"].choices = [  # type: ignore[attr-defined]
            ("", _("Any")),
            *Appeal.State.choices,
        ]


class AppealForm(forms.Form):
    """An appeal that a customer made by phone, by letter, or at the counter."""

    reference = forms.RegexField(
        r"^[A-Za-z0-9._:-]{1,64}$",
        label=_("Reference of the appeal"),
        help_text=_("What you call it: letters, digits and . _ : -"),
    )
    event_id = forms.CharField(label=_("Event id"), max_length=128)
    language = forms.ChoiceField(
        label=_("Language of the customer"), choices=(("zh", "中文"), ("en", "English"))
    )
    grounds = forms.CharField(
        label=_("What the customer says"), max_length=TEXT_MAX, required=False, widget=_TEXT
    )


class AnswerForm(forms.Form):
    """The answer to an appeal."""

    outcome = forms.ChoiceField(label=_("What the review came to"), choices=Appeal.Outcome.choices)
    findings = forms.CharField(
        label=_("What the review found"),
        max_length=TEXT_MAX,
        widget=_TEXT,
        help_text=_("For the desk alone; the customer gets the wording of the outcome"),
    )
    was_good = forms.ChoiceField(
        label=_("Was the event fraud?"),
        required=False,
        choices=(("", _("Not to be said")), ("yes", _("It was no fraud: send a label"))),
    )


class ExtendForm(forms.Form):
    """Why an appeal takes longer."""

    why = KeptText(label=_("Why it takes longer"), max_length=200, widget=forms.TextInput)


class ConfirmForm(forms.Form):
    """About which event a customer is asked."""

    event_id = forms.CharField(label=_("Event id"), max_length=128)
    minutes = forms.TypedChoiceField(
        label=_("Minutes until the link ends"),
        coerce=int,
        initial=30,
        choices=[(number, f"{number:,}") for number in MINUTES],
    )
    alert_id = forms.CharField(label=_("Alert"), max_length=64, required=False)
    case_id = forms.RegexField(r"^[0-9]*$", label=_("Case"), max_length=18, required=False)


class CodeForm(forms.Form):
    """What the customer enters on the public page."""

    code = forms.RegexField(
        r"^\s*[0-9]{6}\s*$",
        label=_("Six-digit code"),
        widget=forms.TextInput(
            attrs={"inputmode": "numeric", "autocomplete": "one-time-code", "maxlength": 8}
        ),
    )

    def clean_code(self) -> str:
        """The digits."""
        return str(self.cleaned_data["code"]).strip()
