"""The texts of operators that the ledger keeps: the field of each gives the same warning."""

from typing import Any, Final

from django import forms
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

FOR_EVER: Final = _("It goes into the ledger and cannot be removed: write no personal data.")


class KeptText(forms.CharField):
    """A reason, or another text, that goes into the ledger; `hint` says what to write."""

    def __init__(self, *, hint: Any = "", rows: int = 2, **more: Any) -> None:
        more.setdefault("label", _("Reason"))
        attributes = {"rows": rows, "maxlength": more["max_length"]}
        more.setdefault("widget", forms.Textarea(attrs=attributes))
        told = format_lazy("{} {}", hint, FOR_EVER) if hint else FOR_EVER
        super().__init__(help_text=told, **more)
