"""Whoever writes what the ledger keeps for ever is told so, in the same words everywhere."""

import importlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django import forms

from fengkong import console
from fengkong.console.shell.reasons import FOR_EVER, KeptText

ROOT = Path(console.__file__).parent
NAMES = {"reason", "why", "remark"}
WARNING = '{% include "shell/parts/for_ever.html" %}'
NOT_KEPT = {
    "alerts.CloseForm.remark": "it stands with the alert; the ledger has its reason code",
    "gangs.JudgeForm.remark": "it stands with the alerts; the ledger has its reason code",
    "feedback.SecondForm.remark": "it stands with the second look",
    "incidents.ChangedForm.remark": "it stands on the timeline; the ledger has its digest",
    "incidents.DecideForm.reason": "it stands on the timeline; the ledger has its digest",
    "incidents.ReasonForm.reason": "it stands on the timeline; the ledger has its digest",
    "incidents.WhyForm.why": "it stands on the timeline; the ledger has its digest",
    "shell.GalleryForm.remark": "nothing becomes of it",
}
NOT_KEPT_TEMPLATES = {"alerts/batch.html": {"remark"}, "alerts/alert.html": {"remark"}}
WRITTEN = re.compile(r'<(?:input|textarea)\b[^>]*\bname="(reason|why|remark)"')


def every_form() -> Iterator[type[forms.BaseForm]]:
    for path in sorted(ROOT.glob("*/*.py")):
        if re.search(r"^class \w+\((forms\.|\w*Form)", path.read_text("utf-8"), re.MULTILINE):
            module = importlib.import_module(f"fengkong.console.{path.parent.name}.{path.stem}")
            for one in vars(module).values():
                is_form = isinstance(one, type) and issubclass(one, forms.BaseForm)
                if is_form and one.__module__ == module.__name__:
                    yield one


def written_fields() -> dict[str, forms.Field]:
    """Every field of a form in which an operator says why, by app, form and name."""
    return {
        f"{form.__module__.split('.')[2]}.{form.__name__}.{name}": field
        for form in every_form()
        for name, field in getattr(form, "base_fields", {}).items()
        if name in NAMES and isinstance(field, forms.CharField)
    }


def test_every_reason_is_warned_of() -> None:
    found = written_fields()
    assert len(found) >= 15
    assert {name for name, field in found.items() if not isinstance(field, KeptText)} == set(
        NOT_KEPT
    )


@pytest.mark.parametrize("hint", ["", "Such as a number."])
def test_the_warning_follows_what_is_to_be_written(hint: str) -> None:
    field = KeptText(max_length=20, hint=hint)
    assert str(field.help_text) == f"{hint} {FOR_EVER}".strip()
    assert field.widget.attrs["maxlength"] in {20, "20"}


def test_fields_written_into_templates_warn_too() -> None:
    silent = []
    for path in sorted(ROOT.glob("*/templates/**/*.html")):
        text = path.read_text(encoding="utf-8")
        name = "/".join(path.parts[-2:])
        kept = set(WRITTEN.findall(text)) - NOT_KEPT_TEMPLATES.get(name, set())
        if kept and WARNING not in text:
            silent.append(f"{name}: {kept}")
    assert silent == []
