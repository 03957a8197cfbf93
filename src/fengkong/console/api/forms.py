"""Forms of tokens."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from fengkong.console.accounts.duties import PERMISSIONS
from fengkong.console.accounts.models import Operator
from fengkong.console.api.tokens import DAYS_MAX


class TokenForm(forms.Form):
    """A token: its scopes are among the operator's own permissions."""

    name = forms.CharField(label=_("Name"), max_length=80)
    days = forms.IntegerField(
        label=_("Days until it ends"), min_value=1, max_value=DAYS_MAX, initial=90
    )
    scopes = forms.MultipleChoiceField(
        label=_("What it may do"), widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args: Any, operator: Operator, **named: Any) -> None:
        super().__init__(*args, **named)
        field = self.fields["scopes"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [(n, words) for n, words in PERMISSIONS.items() if operator.may(n)]
