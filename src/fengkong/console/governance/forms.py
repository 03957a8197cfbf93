"""The forms of governance's screens."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from decimal import Decimal
from typing import Any, Final

from django import forms
from django.utils.translation import gettext_lazy as _

from fengkong.console.governance.models import PolicyVersion, ServiceChange
from fengkong.console.governance.parts import PartRun
from fengkong.console.governance.policy_texts import TEXT_MAX
from fengkong.console.governance.rule_templates import TEMPLATES
from fengkong.console.shell.reasons import KeptText
from fengkong.console.shell.spoken import field_title
from fengkong.journal.parts import SHARE_MAX
from fengkong.protection.subjects import SUBJECT_ENTITIES

REASON_MAX: Final = 2000
MODEL_BYTES_MAX: Final = 16_000_000
"""A policy carries its models packed, and is bounded itself."""


class VersionQuery(forms.Form):
    """The query above the list of versions."""

    name = forms.CharField(label=_("Policy"), required=False, max_length=80)
    state = forms.ChoiceField(
        label=_("State"), required=False, choices=[("", _("Any")), *PolicyVersion.State.choices]
    )
    author = forms.CharField(label=_("Written by"), required=False, max_length=150)
    part = forms.ChoiceField(
        label=_("Part that changes"),
        required=False,
        choices=[("", _("Any")), *PolicyVersion.Part.choices],
    )


class DraftForm(forms.Form):
    """The text of a draft, at the edition at which it was opened."""

    text = forms.CharField(
        label=_("Policy (YAML)"), max_length=TEXT_MAX, strip=False, widget=forms.Textarea
    )
    note = forms.CharField(label=_("What it is for"), required=False, max_length=REASON_MAX)
    edition = forms.IntegerField(widget=forms.HiddenInput, min_value=1)


class NewDraftForm(forms.Form):
    """A draft of a version that there is."""

    base = forms.ModelChoiceField(
        label=_("Begin with"), queryset=PolicyVersion.objects.none(), empty_label=None
    )
    note = forms.CharField(label=_("What it is for"), max_length=REASON_MAX, required=False)

    def __init__(self, *args: object, **more: object) -> None:
        super().__init__(*args, **more)  # type: ignore[arg-type]
        recent = PolicyVersion.objects.order_by("name", "-number")
        self.fields["base"].queryset = recent  # type: ignore[attr-defined]


_CANARY_ONLY: Final = {"data-only-for": f"mode:{ServiceChange.Kind.CANARY.value}"}
"""A field that is shown once a canary is chosen."""
_RUNS: Final = (
    (ServiceChange.Kind.SHADOW.value, _("in shadow: it decides, and nobody acts on it")),
    (ServiceChange.Kind.CANARY.value, _("as a canary: it answers a share of the subjects")),
    (ServiceChange.Kind.LIVE.value, _("live: it decides everything")),
)


def _entities() -> list[tuple[str, str]]:
    """What tells subjects apart, in the reader's language."""
    return [(one, field_title(one)) for one in SUBJECT_ENTITIES]


def _share_field() -> forms.DecimalField:
    return forms.DecimalField(
        label=_("Share of a canary, %"),
        required=False,
        min_value=Decimal("0.1"),
        max_value=Decimal(100) * Decimal(str(SHARE_MAX)),
        decimal_places=2,
        widget=forms.NumberInput(attrs=_CANARY_ONLY),
        help_text=_("For a canary only, at most 50. One subject is always answered alike."),
    )


def _dealt_by_field() -> forms.ChoiceField:
    return forms.ChoiceField(
        label=_("Dealt out by"),
        required=False,
        choices=lambda: [("", _("the subject of the event")), *_entities()],
        widget=forms.Select(attrs=_CANARY_ONLY),
        help_text=_("For a canary only: the entity whose values belong to the share or not."),
    )


class ProposalForm(forms.Form):
    """What is proposed, and why; `modes` are those that a version may be proposed for."""

    mode = forms.ChoiceField(
        label=_("How it is to run"), choices=_RUNS, initial=ServiceChange.Kind.SHADOW.value
    )
    share_percent = _share_field()
    by = _dealt_by_field()
    reason = KeptText(max_length=REASON_MAX, rows=3)

    def __init__(self, *args: object, modes: Collection[str] | None = None, **more: object) -> None:
        super().__init__(*args, **more)  # type: ignore[arg-type]
        if modes is not None:
            offered = self.fields["mode"]
            chosen = [one for one in offered.choices if one[0] in modes]  # type: ignore[attr-defined]
            offered.choices = chosen  # type: ignore[attr-defined]
            offered.initial = chosen[0][0] if chosen else None

    def clean(self) -> dict[str, object]:
        """A canary has its share, and nothing else has one."""
        given = super().clean() or {}
        canary = given.get("mode") == ServiceChange.Kind.CANARY.value
        if canary and given.get("share_percent") is None and "share_percent" not in self.errors:
            self.add_error("share_percent", _("Say which share a canary is to answer."))
        return given

    def dealt(self) -> dict[str, Any]:
        """Share (0 to 1) and entity of a canary; nothing for another mode."""
        given = self.cleaned_data
        if given["mode"] != ServiceChange.Kind.CANARY.value:
            return {}
        return {"share": float(given["share_percent"]) / 100, "by": given["by"]}


class PartForm(forms.Form):
    """How the change of a parameter or model is to run, and why; a draft needs no reason."""

    mode = forms.ChoiceField(
        label=_("How it is to run"),
        choices=_RUNS,
        required=False,
        initial=ServiceChange.Kind.LIVE.value,
        help_text=_("In shadow or as a canary the live policy runs with this one change."),
    )
    canary_percent = _share_field()
    canary_by = _dealt_by_field()
    reason = KeptText(max_length=REASON_MAX, required=False)

    def clean(self) -> dict[str, Any]:
        """Who proposes says why and how; a preview or a draft needs neither."""
        given = super().clean() or {}
        if {"preview", "draft"} & self.data.keys():
            return given
        if not given.get("reason") and "reason" not in self.errors:
            self.add_error("reason", _("Say why it is to change."))
        canary = given.get("mode") == ServiceChange.Kind.CANARY.value
        if canary and given.get("canary_percent") is None and "canary_percent" not in self.errors:
            self.add_error("canary_percent", _("Say which share a canary is to answer."))
        return given

    def run(self) -> PartRun:
        """How it is to run."""
        given = self.cleaned_data
        mode = given["mode"] or ServiceChange.Kind.LIVE.value
        if mode != ServiceChange.Kind.CANARY.value:
            return PartRun(mode=mode)
        return PartRun(mode=mode, share=float(given["canary_percent"]) / 100, by=given["canary_by"])


class DatedChangeForm(PartForm):
    """Another value of a parameter from a day on."""

    since = forms.DateField(
        label=_("From the day"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    value = forms.CharField(label=_("Value"), max_length=200)
    reference = forms.CharField(
        label=_("Reference"),
        max_length=200,
        help_text=_("What justifies the value, such as the number of a decision."),
    )
    field_order = ("since", "value", "reference")


class ModelChangeForm(PartForm):
    """Which model is to be used under a name, and how."""

    used_as = forms.ChoiceField(label=_("Used as"))
    how = forms.ChoiceField(
        label=_("What is to happen"),
        choices=[
            ("challenger", _("a new model challenges the one in use")),
            ("crown", _("the challenger takes the place of the champion")),
            ("dismiss", _("the challenger goes")),
            ("champion", _("a new model takes the place of the one in use at once")),
        ],
    )
    file = forms.FileField(
        label=_("Model (model.json)"),
        required=False,
        help_text=_("The file that training wrote; only for a new model."),
    )
    share_percent = forms.DecimalField(
        label=_("Share of a challenger, %"),
        required=False,
        min_value=0,
        max_value=50,
        decimal_places=2,
        help_text=_("0 only records what it says."),
    )
    by = forms.ChoiceField(
        label=_("Challenger dealt out by"),
        required=False,
        choices=_entities,
    )
    field_order = ("used_as", "how", "file", "share_percent", "by")

    def __init__(self, *args: object, names: Sequence[str], **more: object) -> None:
        super().__init__(*args, **more)  # type: ignore[arg-type]
        self.fields["used_as"].choices = [(name, name) for name in names]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """A new model has its file, a challenger its share."""
        given = super().clean()
        how, file = given.get("how"), given.get("file")
        if how in ("challenger", "champion"):
            if file is None:
                self.add_error("file", _("Give the file of the model."))
            elif file.size > MODEL_BYTES_MAX:
                self.add_error("file", _("The model is too large for a policy to carry."))
        if how == "challenger" and given.get("share_percent") is None:
            self.add_error("share_percent", _("Say which share the challenger is to have."))
        return given


class ReasonForm(forms.Form):
    """Why something is done."""

    reason = KeptText(max_length=REASON_MAX, widget=forms.TextInput)


class TemplateForm(forms.Form):
    """A rule to be added from a template."""

    template = forms.ChoiceField(
        label=_("Template"), choices=[(one.key, one.title) for one in TEMPLATES]
    )
    rule_id = forms.RegexField(
        label=_("Id of the rule"),
        regex=r"^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*$",
        max_length=120,
        required=False,
        help_text=_("Such as velocity.cards_per_device; the template's own if left empty"),
    )


class BenchForm(forms.Form):
    """An event for the test bench: picked by its id, or pasted."""

    version = forms.ModelChoiceField(
        label=_("Version"), queryset=PolicyVersion.objects.none(), empty_label=None
    )
    event_id = forms.CharField(label=_("Event id"), required=False, max_length=128)
    event = forms.CharField(
        label=_("Or an event (JSON)"),
        required=False,
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 8, "class": "fk-mono"}),
    )

    def __init__(self, *args: object, **more: object) -> None:
        super().__init__(*args, **more)  # type: ignore[arg-type]
        versions = PolicyVersion.objects.exclude(hash="").order_by("name", "-number")
        self.fields["version"].queryset = versions  # type: ignore[attr-defined]

    def clean(self) -> dict[str, object]:
        """One of both is given."""
        given = super().clean() or {}
        if not given.get("event_id") and not given.get("event"):
            raise forms.ValidationError(_("Give the id of an event, or an event."))
        return given
