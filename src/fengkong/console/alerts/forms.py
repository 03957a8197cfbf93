"""The forms of the review desk."""

from __future__ import annotations

from typing import Any, Final

from django import forms
from django.utils.translation import gettext_lazy as _

from fengkong.console.accounts.models import Operator
from fengkong.console.alerts import words
from fengkong.console.alerts.models import Alert, Disposition
from fengkong.console.alerts.organising import OUTCOMES, SLA_MAX, possible_takers
from fengkong.console.alerts.snoozing import LENGTHS
from fengkong.console.alerts.terms import Terms, reason_codes
from fengkong.console.shell.outcomes import OUTCOMES as SIGNS
from fengkong.console.shell.reasons import KeptText

_ANY: Final = ("", _("All"))
INBOXES: Final = {"mine": _("My teams and skills"), "claimed": _("Claimed by me"), "all": _("All")}
LENGTH_TITLES: Final = {
    "1h": _("1 hour"),
    "4h": _("4 hours"),
    "1d": _("1 day"),
    "7d": _("7 days"),
    "30d": _("30 days"),
}
assert LENGTH_TITLES.keys() == LENGTHS.keys()


def _team_choices() -> list[tuple[str, Any]]:
    return [_ANY, *words.team_choices()]


def _typology_choices() -> list[tuple[str, Any]]:
    return [_ANY, *words.typology_choices()]


class QueueForm(forms.Form):
    """What of the queue is looked at."""

    inbox = forms.ChoiceField(label=_("Inbox"), choices=list(INBOXES.items()), required=False)
    state = forms.ChoiceField(label=_("State"), choices=Alert.State.choices, required=False)
    team = forms.ChoiceField(label=_("Team"), choices=_team_choices, required=False)
    typology = forms.ChoiceField(label=_("Typology"), choices=_typology_choices, required=False)
    outcome = forms.ChoiceField(
        label=_("Outcome"),
        choices=[_ANY, *((name, SIGNS[name].title) for name in OUTCOMES)],
        required=False,
    )
    overdue = forms.ChoiceField(
        label=_("SLA"), choices=[_ANY, ("yes", _("Overdue"))], required=False
    )
    subject = forms.CharField(label=_("Subject"), max_length=32, required=False)


class CloseForm(forms.Form):
    """A disposition with its reason; `seen` is how far the alerts were looked at."""

    disposition = forms.ChoiceField(label=_("Disposition"), choices=Disposition.choices)
    reason_code = forms.ChoiceField(label=_("Reason code"), choices=())
    remark = forms.CharField(
        label=_("Remark"), max_length=1_000, required=False, widget=forms.Textarea({"rows": 2})
    )

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        choices = [(code, words.reason_title(code)) for code in reason_codes()]
        self.fields["reason_code"].choices = choices  # type: ignore[attr-defined]


class SnoozeForm(forms.Form):
    """How long an alert rests, and why."""

    length = forms.ChoiceField(label=_("Snooze for"), choices=list(LENGTH_TITLES.items()))
    reason = KeptText(min_length=4, max_length=400, widget=forms.TextInput)


class MemberForm(forms.Form):
    """Teams and skills of an operator; none are all."""

    teams = forms.MultipleChoiceField(
        label=_("Teams"),
        choices=words.team_choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("None picked: alerts of every team."),
    )
    skills = forms.MultipleChoiceField(
        label=_("Skills"),
        choices=words.typology_choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("None picked: alerts of every typology."),
    )


class HabitsForm(forms.Form):
    """How one's own screens behave."""

    hotkeys = forms.BooleanField(label=_("hotkeys"), required=False)
    auto_advance = forms.BooleanField(label=_("open the next alert by itself"), required=False)


class ViewForm(forms.Form):
    """A name for what the queue shows."""

    name = forms.CharField(label=_("Name"), max_length=60)
    query = forms.CharField(max_length=500, required=False, widget=forms.HiddenInput)
    sharing = forms.ChoiceField(
        label=_("For whom"), choices=[("own", _("only me")), ("all", _("everybody"))]
    )


class HandoverForm(forms.Form):
    """Who takes the shift, and what they must know."""

    taker = forms.ModelChoiceField(label=_("Colleague"), queryset=Operator.objects.none())
    note = forms.CharField(
        label=_("Note"), min_length=4, max_length=2_000, widget=forms.Textarea({"rows": 5})
    )

    def __init__(self, *args: Any, giver: Operator, **more: Any) -> None:
        super().__init__(*args, **more)
        able = [one.pk for one in possible_takers(giver)]
        self.fields["taker"].queryset = Operator.objects.filter(pk__in=able)  # type: ignore[attr-defined]


class TermsForm(forms.Form):
    """How alerts are made; a field each for team and SLA of every typology."""

    outcomes = forms.MultipleChoiceField(
        label=_("Outcomes of which alerts are made"),
        choices=[(name, SIGNS[name].title) for name in OUTCOMES],
        widget=forms.CheckboxSelectMultiple,
    )
    window_hours = forms.IntegerField(
        label=_("Hours in which decisions join an alert"), min_value=1, max_value=720
    )
    minutes_per_doubling = forms.IntegerField(
        label=_("Minutes earlier for each doubling of the expected loss"),
        min_value=1,
        max_value=720,
    )

    def __init__(self, *args: Any, terms: Terms, **more: Any) -> None:
        super().__init__(*args, **more)
        self.terms = terms
        for name in terms.typologies:
            title = words.typology_title(name, terms)
            self.fields[f"team_{name}"] = forms.ChoiceField(
                label=_("%(what)s: team") % {"what": title}, choices=words.team_choices()
            )
            self.fields[f"sla_{name}"] = forms.IntegerField(
                label=_("%(what)s: minutes until it is due") % {"what": title},
                min_value=1,
                max_value=SLA_MAX,
            )

    @staticmethod
    def initial_of(terms: Terms) -> dict[str, Any]:
        """What the form shows of terms."""
        made: dict[str, Any] = {
            "outcomes": sorted(terms.outcomes),
            "window_hours": terms.content["window_hours"],
            "minutes_per_doubling": terms.minutes_per_doubling,
        }
        for name, one in terms.typologies.items():
            made |= {f"team_{name}": one.team, f"sla_{name}": one.sla_minutes}
        return made

    def changes(self) -> dict[str, Any]:
        """What is other than before."""
        given, before = self.cleaned_data, self.initial_of(self.terms)
        plain = ("outcomes", "window_hours", "minutes_per_doubling")
        made = {name: given[name] for name in plain if sorted_(given[name]) != before[name]}
        typologies = {
            name: {"team": given[f"team_{name}"], "sla_minutes": given[f"sla_{name}"]}
            for name in self.terms.typologies
            if (given[f"team_{name}"], given[f"sla_{name}"])
            != (before[f"team_{name}"], before[f"sla_{name}"])
        }
        return made | ({"typologies": typologies} if typologies else {})


def sorted_(value: Any) -> Any:
    """A list in order, anything else as it is."""
    return sorted(value) if isinstance(value, list) else value
