"""What is asked before personal data are revealed, exported or erased."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from fengkong.console.personal.exporting import exportable_fields
from fengkong.console.personal.models import Export, Reason
from fengkong.console.personal.revealing import TEXT_MIN
from fengkong.console.shell.reasons import KeptText
from fengkong.events.catalogue import shipped_catalogue
from fengkong.protection.subjects import SUBJECT_ENTITIES

_MOMENT = {"type": "datetime-local"}


class RevealForm(forms.Form):
    """Why a value is revealed."""

    reason = forms.ChoiceField(label=_("Reason"), choices=Reason.choices)
    text = KeptText(
        label=_("What for"),
        min_length=TEXT_MIN,
        max_length=200,
        hint=_("A few words, such as the number of the case."),
    )


class ExportForm(forms.Form):
    """What is to be exported, and what for."""

    event_type = forms.ChoiceField(label=_("Events"))
    since = forms.DateTimeField(label=_("From"), widget=forms.DateTimeInput(attrs=_MOMENT))
    until = forms.DateTimeField(label=_("To"), widget=forms.DateTimeInput(attrs=_MOMENT))
    fields_wanted = forms.MultipleChoiceField(
        label=_("Fields"),
        widget=forms.SelectMultiple(attrs={"size": 8}),
        help_text=_("As few as the purpose needs. Fields that events of this kind lack are empty."),
    )
    form = forms.ChoiceField(label=_("Form"), choices=Export.Form.choices)
    purpose = forms.CharField(label=_("Purpose"), min_length=8, max_length=200)

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        catalogue, language = shipped_catalogue(), _language()
        self._offer("event_type", {n: t.title for n, t in catalogue.types.items()}, language)
        names = {name for kind in catalogue.types for name in exportable_fields(kind)}
        self._offer(
            "fields_wanted", {name: catalogue.fields[name].title for name in names}, language
        )

    def clean(self) -> dict[str, Any]:
        """The end is behind the begin."""
        given: dict[str, Any] = super().clean() or {}
        since, until = given.get("since"), given.get("until")
        if since is not None and until is not None and until <= since:
            self.add_error("until", _("The end must be after the begin."))
        return given

    def _offer(self, name: str, titles: dict[str, Any], language: str) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = sorted(
            ((key, getattr(title, language)) for key, title in titles.items()),
            key=lambda pair: str(pair[1]),
        )


class ErasureForm(forms.Form):
    """Who is to be erased, and why."""

    entity = forms.ChoiceField(label=_("Named by"))
    value = forms.CharField(
        label=_("Value"),
        max_length=200,
        help_text=_("As it stands in the events. It is kept sealed until it is done."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    reason = KeptText(
        min_length=8,
        max_length=200,
        widget=forms.TextInput,
        hint=_("Such as the number of the request."),
    )

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        fields, language = shipped_catalogue().fields, _language()
        field = self.fields["entity"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [
            (name, getattr(fields[name].title, language) if name in fields else name)
            for name in SUBJECT_ENTITIES
        ]


def _language() -> str:
    return "zh" if (get_language() or "zh").startswith("zh") else "en"
