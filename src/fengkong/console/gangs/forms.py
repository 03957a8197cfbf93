"""What the screens of gangs are asked."""

from __future__ import annotations

from typing import Any, Final

from django import forms
from django.utils.translation import gettext_lazy as _

from fengkong.console.alerts.models import Disposition
from fengkong.console.alerts.terms import reason_codes
from fengkong.console.gangs.finding import MEMBERS_MAX
from fengkong.console.gangs.models import Gang
from fengkong.console.shell.reasons import KeptText
from fengkong.console.shell.spoken import said

RING_MEMBER: Final = "ring_member"
"""The reason that a whole gang is mostly judged for."""


def reason_choices() -> list[tuple[str, str]]:
    """Every reason code that an alert may be closed with."""
    return [(one.code, said(one.title)) for one in reason_codes().values()]


class GangForm(forms.Form):
    """Which gangs, in which order."""

    order = forms.ChoiceField(
        label=_("Order"),
        required=False,
        choices=(
            ("rank", _("Exposure and growth")),
            ("grown", _("New members in a week")),
            ("newest", _("Last active")),
        ),
    )
    state = forms.ChoiceField(
        label=_("State"),
        required=False,
        choices=[("", _("Open gangs")), *Gang.State.choices[1:]],
    )
    least = forms.IntegerField(
        label=_("Members at least"), required=False, min_value=3, max_value=MEMBERS_MAX
    )


class FreezeForm(forms.Form):
    """Which members should be frozen, and why."""

    whom = forms.ChoiceField(
        label=_("Whom"),
        choices=[
            ("picked", _("those ticked on this page")),
            ("not_good", _("all members but those of whom nothing bad is known")),
            ("all", _("all members")),
        ],
        required=False,
    )
    why = KeptText(label=_("Why"), max_length=500, widget=forms.TextInput)


class JudgeForm(forms.Form):
    """One disposition for the whole gang."""

    disposition = forms.ChoiceField(label=_("Disposition"), choices=Disposition.choices)
    reason_code = forms.ChoiceField(label=_("Reason"), choices=reason_choices)
    remark = forms.CharField(label=_("Remark"), max_length=500, required=False)

    def clean(self) -> dict[str, Any]:
        """The reason has to stand for the disposition."""
        given: dict[str, Any] = super().clean() or self.cleaned_data
        code = reason_codes().get(given.get("reason_code", ""))
        if code is not None and given.get("disposition") not in code.dispositions:
            self.add_error("reason_code", _("This reason does not fit the disposition."))
        return given
