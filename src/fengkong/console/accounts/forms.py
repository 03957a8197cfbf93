"""Forms of the operators' screens."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth.password_validation import (
    password_validators_help_texts,
    validate_password,
)
from django.core.validators import RegexValidator
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from fengkong.console.accounts.duties import PERMISSIONS, ROLES, Words, roles_in_conflict
from fengkong.console.accounts.models import TIME_ZONES, Operator
from fengkong.console.accounts.queries import States
from fengkong.console.shell.reasons import KeptText

ROLE_CHOICES = [(key, role.title) for key, role in ROLES.items()]


class OperatorQuery(forms.Form):
    """Which operators to list."""

    q = forms.CharField(label=_("Name or user name"), required=False, max_length=64)
    role = forms.ChoiceField(label=_("Role"), required=False)
    state = forms.ChoiceField(label=_("State"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _choices(self, "role", [("", _("All")), *ROLE_CHOICES])
        _choices(self, "state", [("", _("All")), *States.choices])


class InvitationForm(forms.Form):
    """Who is invited."""

    username = forms.CharField(
        label=_("User name"),
        max_length=64,
        validators=[
            RegexValidator(
                r"^[A-Za-z0-9][A-Za-z0-9._-]*\Z",
                _("Letters, digits, dots, hyphens and underscores."),
            )
        ],
    )
    name = forms.CharField(label=_("Full name"), max_length=80)
    email = forms.EmailField(label=_("Email"), required=False)


class ReasonForm(forms.Form):
    """Why something is done to an operator."""

    reason = KeptText(max_length=200)


class RolesForm(forms.Form):
    """Which roles an operator shall hold, each to the end of a day or for good."""

    reason = KeptText(max_length=200)

    def __init__(self, *args: Any, held: dict[str, str | None], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for key, role in ROLES.items():
            self.fields[f"has_{key}"] = forms.BooleanField(
                label=str(role.title), required=False, initial=key in held
            )
            until = held.get(key)
            self.fields[f"until_{key}"] = forms.DateField(
                label=_("Last day"),
                required=False,
                initial=None if until is None else until[:10],
                widget=forms.DateInput(
                    attrs={"type": "date", **_bounds(role.days_max)}, format="%Y-%m-%d"
                ),
            )

    def rows(self) -> Iterator[tuple[forms.BoundField, forms.BoundField, int | None, list[Words]]]:
        """Each role: whether it is held, until when, the most days it is given for, what for."""
        for key, role in ROLES.items():
            may = [words for name, words in PERMISSIONS.items() if name in role.permissions]
            yield self[f"has_{key}"], self[f"until_{key}"], role.days_max, may

    def roles(self) -> dict[str, date | None]:
        """The roles that were chosen."""
        data = self.cleaned_data
        return {key: data[f"until_{key}"] for key in ROLES if data[f"has_{key}"]}

    def clean(self) -> dict[str, Any]:
        """Roles that one person may not hold together are told at once."""
        data = super().clean() or self.cleaned_data
        chosen = {key for key in ROLES if data.get(f"has_{key}")}
        if roles_in_conflict(chosen):
            self.add_error(None, _("System, audit and security administrators are three people."))
        for key in chosen:
            if ROLES[key].days_max is not None and not data.get(f"until_{key}"):
                self.add_error(f"until_{key}", _("This role needs a last day."))
        return data


class EnrolmentForm(forms.Form):
    """The password of somebody who was invited."""

    password = forms.CharField(
        label=_("New password"),
        max_length=128,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    again = forms.CharField(
        label=_("New password again"),
        max_length=128,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def __init__(self, *args: Any, operator: Operator, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._operator = operator

    @property
    def rules(self) -> list[str]:
        """What a password must be, in words."""
        return password_validators_help_texts()

    def clean(self) -> dict[str, Any]:
        """The two are the same and keep the rules."""
        data = super().clean() or self.cleaned_data
        password, again = data.get("password"), data.get("again")
        if password and again and password != again:
            self.add_error("again", _("You must type the same password each time."))
        if password:
            try:
                validate_password(password, self._operator)
            except forms.ValidationError as error:
                self.add_error("password", error)
        return data


class PreferencesForm(forms.Form):
    """How an operator wants the screens."""

    language = forms.ChoiceField(label=_("Language"), choices=settings.LANGUAGES)
    theme = forms.ChoiceField(label=_("Theme"), choices=Operator.Theme.choices)
    time_zone = forms.ChoiceField(
        label=_("Time zone"), choices=[(name, name.replace("_", " ")) for name in TIME_ZONES]
    )


def _choices(form: forms.Form, name: str, choices: list[Any]) -> None:
    field = form.fields[name]
    assert isinstance(field, forms.ChoiceField)
    field.choices = choices


def _bounds(days_max: int | None) -> dict[str, str]:
    today = timezone.localdate()
    bounds = {"min": today.isoformat()}
    if days_max is not None:
        bounds["max"] = (today + timedelta(days=days_max - 1)).isoformat()
    return bounds
