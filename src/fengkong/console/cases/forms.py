"""Forms of cases."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext_lazy as _

from fengkong.console.cases import alerted
from fengkong.console.cases.escalating import kinds, severities
from fengkong.console.cases.models import Case, Disposition
from fengkong.console.cases.notes import TEXT_MAX
from fengkong.console.cases.queries import who_may_take
from fengkong.console.shell.reasons import KeptText

if TYPE_CHECKING:
    from fengkong.console.accounts.models import Operator


class CaseQuery(forms.Form):
    """Which cases are looked for."""

    state = forms.ChoiceField(label=_("State"), required=False)
    whose = forms.ChoiceField(
        label=_("Whose"),
        required=False,
        choices=(("", _("Anybody's")), ("mine", _("Mine")), ("nobody", _("Nobody's"))),
    )
    typology = forms.ChoiceField(label=_("Typology"), required=False)
    overdue = forms.BooleanField(label=_("Overdue"), required=False)
    outcome = forms.ChoiceField(label=_("Disposition"), required=False)
    since = forms.DateField(
        label=_("Opened since"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        anything = ("", _("Any"))
        self.fields["state"].choices = [anything, *Case.State.choices]  # type: ignore[attr-defined]
        self.fields["outcome"].choices = [  # type: ignore[attr-defined]
            anything,
            *Disposition.choices,
        ]
        self.fields["typology"].choices = [  # type: ignore[attr-defined]
            anything,
            *alerted.typologies(),
        ]


class OpenForm(forms.Form):
    """A case opened by hand."""

    decisions = forms.CharField(
        label=_("Decisions"),
        max_length=2_000,
        help_text=_("Their numbers in the journal, with spaces or commas between"),
    )
    typology = forms.ChoiceField(label=_("Typology"))
    why = KeptText(label=_("Why"), max_length=200)

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self.fields["typology"].choices = alerted.typologies()  # type: ignore[attr-defined]

    def clean_decisions(self) -> list[int]:
        """The numbers, each once."""
        words = self.cleaned_data["decisions"].replace(",", " ").replace("\uff0c", " ").split()
        if not words or not all(word.isascii() and word.isdigit() for word in words):
            raise forms.ValidationError(_("Write numbers only."))
        numbers = list(dict.fromkeys(int(word) for word in words))
        if any(number >= 2**62 for number in numbers):
            raise forms.ValidationError(_("There is no such number in the journal."))
        return numbers


class NoteForm(forms.Form):
    """A note."""

    text = forms.CharField(
        label=_("Case note"), max_length=TEXT_MAX, widget=forms.Textarea(attrs={"rows": 4})
    )


class FileForm(forms.Form):
    """A file."""

    file = forms.FileField(
        label=_("File"),
        max_length=255,
        help_text=_("PDF, PNG, JPEG, WebP or text, up to 10 MB; kept encrypted"),
    )


class HandOverForm(forms.Form):
    """To whom a case goes."""

    to = forms.ChoiceField(label=_("Hand over to"))
    remark = KeptText(
        label=_("What they must know"), max_length=400, required=False, widget=forms.TextInput
    )

    def __init__(self, *args: Any, case: Case, **named: Any) -> None:
        super().__init__(*args, **named)
        self.fields["to"].choices = [  # type: ignore[attr-defined]
            (one.username, str(one)) for one in who_may_take(case)
        ]


class MergeForm(forms.Form):
    """Into which case another goes."""

    into = forms.IntegerField(label=_("Number of the other case"), min_value=1, max_value=2**62)


class SplitForm(forms.Form):
    """Which decisions become a case of their own; the boxes stand in the table."""

    why = KeptText(label=_("Why"), max_length=200, widget=forms.TextInput)


class CloseForm(forms.Form):
    """How a case ends."""

    outcome = forms.ChoiceField(label=_("Disposition"), choices=Disposition.choices)
    reason_code = forms.ChoiceField(label=_("Reason"))
    remark = KeptText(label=_("Remark"), max_length=400, required=False, widget=forms.TextInput)

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self.fields["reason_code"].choices = alerted.reasons()  # type: ignore[attr-defined]


class WhyForm(forms.Form):
    """Why something is done to a case."""

    why = KeptText(label=_("Why"), max_length=200, widget=forms.TextInput)


class EscalateForm(forms.Form):
    """A case that becomes an incident."""

    kind = forms.ChoiceField(label=_("Kind of incident"))
    severity = forms.ChoiceField(label=_("Severity"))
    title = KeptText(label=_("Title"), max_length=120, widget=forms.TextInput)

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self.fields["kind"].choices = kinds()  # type: ignore[attr-defined]
        self.fields["severity"].choices = severities()  # type: ignore[attr-defined]


class PrintForm(forms.Form):
    """Why a case file is taken away, and how."""

    purpose = KeptText(
        label=_("What it is needed for"), max_length=200, min_length=8, widget=forms.TextInput
    )
    form = forms.ChoiceField(
        label=_("Form"),
        choices=(("pdf", _("PDF with its proofs")), ("page", _("Page to be printed"))),
    )
    clear = forms.BooleanField(
        label=_("Who it is about in the clear"),
        required=False,
        help_text=_("Each field counts as revealed and is recorded; numbers in notes too"),
    )

    def __init__(self, *args: Any, reader: Operator, **named: Any) -> None:
        super().__init__(*args, **named)
        if not reader.may("personal.reveal"):
            del self.fields["clear"]
