"""The forms of actions."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from fengkong.console.actions.models import Action
from fengkong.console.actions.port import LIMITS
from fengkong.console.lists.declared import live_lists
from fengkong.console.shell.reasons import KeptText
from fengkong.console.shell.spoken import said
from fengkong.core.errors import RiskError
from fengkong.core.money import parse_minor

LIMIT_TITLES: Final = {
    "daily_transfer": _("transfers in a day"),
    "single_payment": _("a single payment"),
    "daily_withdrawal": _("withdrawals in a day"),
    "credit": _("credit"),
}
assert LIMIT_TITLES.keys() == set(LIMITS)
_ANY: Final = ("", _("All"))
_NONE: Final = ("", "–")


def _list_choices() -> list[tuple[str, Any]]:
    try:
        known = live_lists()
    except (RiskError, OSError):
        known = {}
    return [_NONE, *((name, said(one.title) or name) for name, one in known.items())]


class ActionsForm(forms.Form):
    """Which actions are looked for."""

    state = forms.ChoiceField(
        label=_("State"),
        choices=[("", _("Open")), ("any", _("Any")), *Action.State.choices],
        required=False,
    )
    kind = forms.ChoiceField(
        label=_("Action"), choices=[_ANY, *Action.Kind.choices], required=False
    )


class AskForm(forms.Form):
    """An action, why, until when, and the terms of a limit or a list."""

    kind = forms.ChoiceField(label=_("Action"), choices=Action.Kind.choices)
    why = KeptText(label=_("Why"), min_length=4, max_length=400, widget=forms.TextInput)
    days = forms.IntegerField(
        label=_("Days until it ends by itself"), min_value=1, max_value=365, required=False
    )
    limit = forms.ChoiceField(
        label=_("Limit"), choices=[_NONE, *LIMIT_TITLES.items()], required=False
    )
    amount = forms.CharField(label=_("New limit (CNY)"), max_length=20, required=False)
    list_name = forms.ChoiceField(label=_("List"), choices=_list_choices, required=False)

    def clean_amount(self) -> int | None:
        """The amount in minor units."""
        written = str(self.cleaned_data.get("amount") or "").strip()
        if not written:
            return None
        try:
            return parse_minor(written, currency="CNY")
        except RiskError:
            raise forms.ValidationError(_("Write an amount such as 5000.00.")) from None

    def terms(self) -> dict[str, Any]:
        """What goes with the action."""
        given = self.cleaned_data
        if given["kind"] == Action.Kind.LIMIT_CHANGE:
            return {
                "limit": given["limit"],
                "amount_minor": given["amount"],
                "currency": "CNY",
            }
        return {"list": given["list_name"]} if given["kind"] == Action.Kind.LIST_ENTRY else {}

    def until(self) -> Any:
        """When it ends by itself, None where it does not."""
        days = self.cleaned_data["days"]
        return None if days is None else timezone.now() + timedelta(days=days)


class SystemForm(forms.Form):
    """A core system: where it is, and which actions it takes."""

    name = forms.CharField(label=_("Name"), max_length=80)
    url = forms.CharField(label=_("Address"), max_length=500)
    actions = forms.MultipleChoiceField(
        label=_("Actions it takes"),
        choices=[c for c in Action.Kind.choices if c[0] != Action.Kind.LIST_ENTRY],
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("None picked: all."),
    )
