"""The query forms above the screens of now; an address that no form would write asks nothing."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from django import forms
from django.utils.translation import gettext_lazy as _

from fengkong.console.journaled.models import Activation
from fengkong.console.live.filters import FLAGS, STOPPED
from fengkong.console.live.periods import LENGTHS
from fengkong.console.shell.outcomes import OUTCOMES
from fengkong.console.shell.spoken import event_title, field_title
from fengkong.decisions.policy import RECORDED_ONLY
from fengkong.events.catalogue import shipped_catalogue

_ALL: Final = ("", _("All"))
FLAG_TITLES: Final = {
    "degraded": _("Degraded"),
    "late": _("Late"),
    "differs": _("Shadow differs"),
    "canary": _("Answered by the canary"),
}
"""What the flags of a filter are called."""
assert set(FLAG_TITLES) == set(FLAGS)


def policy_choices() -> list[tuple[str, Any]]:
    """The policies that were in force."""
    names = Activation.objects.exclude(policy="").order_by("policy")
    return [_ALL, *((name, name) for name in names.values_list("policy", flat=True).distinct())]


def type_choices() -> list[tuple[str, Any]]:
    """The event types that may be decided."""
    names = [name for name in shipped_catalogue().types if name not in RECORDED_ONLY]
    return [_ALL, *sorted(((name, event_title(name)) for name in names), key=lambda one: one[1])]


class PeriodForm(forms.Form):
    """What the overview looks at."""

    period = forms.ChoiceField(
        label=_("Period"),
        choices=[(key, length.title) for key, length in LENGTHS.items()],
        required=False,
    )
    policy = forms.ChoiceField(label=_("Policy"), choices=policy_choices, required=False)
    type = forms.ChoiceField(label=_("Event type"), choices=type_choices, required=False)


class DecisionForm(forms.Form):
    """What the list of decisions and the live stream are asked for."""

    outcome = forms.ChoiceField(
        label=_("Outcome"),
        choices=[
            _ALL,
            *((name, sign.title) for name, sign in OUTCOMES.items()),
            (STOPPED, _("Deny or delay")),
        ],
        required=False,
    )
    type = forms.ChoiceField(label=_("Event type"), choices=type_choices, required=False)
    rule = forms.CharField(label=_("Rule"), max_length=100, required=False)
    policy = forms.ChoiceField(label=_("Policy"), choices=policy_choices, required=False)
    least = forms.DecimalField(label=_("Amount from"), required=False)
    most = forms.DecimalField(label=_("Amount to"), required=False)
    flag = forms.ChoiceField(
        label=_("Remark"), choices=[_ALL, *FLAG_TITLES.items()], required=False
    )


class ListForm(DecisionForm):
    """The same with times and ids, for the list."""

    event = forms.CharField(label=_("Event id"), max_length=200, required=False)
    subject = forms.CharField(
        label=_("Subject"),
        help_text=_("The blind index of a subject, as a decision's page shows it."),
        max_length=64,
        required=False,
    )

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        for name, title in (("from", _("From")), ("until", _("Until"))):
            self.fields[name] = forms.DateTimeField(
                label=title,
                required=False,
                widget=forms.DateTimeInput(
                    attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"
                ),
                input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"],
            )
        self.order_fields(["from", "until", "outcome", "type", "rule", "policy"])


def entity_choices() -> Iterable[tuple[str, str]]:
    """Entities whose values can be looked up."""
    fields = shipped_catalogue().fields.values()
    names = [one.name for one in fields if one.kind.value == "entity"]
    return sorted(((name, field_title(name)) for name in names), key=lambda one: one[1])


class ValueForm(forms.Form):
    """A value that decisions are looked up by; it never stands in an address."""

    entity = forms.ChoiceField(label=_("What"), choices=entity_choices)
    value = forms.CharField(label=_("Value"), max_length=200, strip=True)
