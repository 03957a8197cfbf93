"""What may be asked of the jobs."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from fengkong.console.outbox.jobs import kinds
from fengkong.console.outbox.models import Job


class JobQuery(forms.Form):
    """Jobs by state and kind; those given up unless something else is asked for."""

    state = forms.ChoiceField(
        label=_("State"),
        required=False,
        choices=[("", _("Any")), *Job.State.choices],
    )
    kind = forms.ChoiceField(label=_("Kind"), required=False)

    def __init__(self, *args: object, **more: object) -> None:
        super().__init__(*args, **more)  # type: ignore[arg-type]
        names = [(kind, kind) for kind in sorted(kinds())]
        self.fields["kind"].choices = [("", _("Any")), *names]  # type: ignore[attr-defined]
