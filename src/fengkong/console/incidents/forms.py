"""Forms of incidents: what each act asks for."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from fengkong.console.accounts.models import Operator
from fengkong.console.incidents.changeable import things_by_kind
from fengkong.console.incidents.containing import CONTAINING, FREEZE, dry_run
from fengkong.console.incidents.models import Cause, FollowUp, Incident, IncidentRole
from fengkong.console.incidents.switch_kinds import KINDS, OUTCOMES
from fengkong.console.shell.reasons import KeptText
from fengkong.console.shell.spoken import said
from fengkong.response.kinds import shipped_scale
from fengkong.response.messages import shipped_templates


def _text(label: Any, *, rows: int = 3, length: int = 4000, **more: Any) -> forms.CharField:
    return forms.CharField(
        label=label, max_length=length, widget=forms.Textarea(attrs={"rows": rows}), **more
    )


def _choice(form: forms.Form, name: str) -> forms.ChoiceField:
    field = form.fields[name]
    assert isinstance(field, forms.ChoiceField), "a field of our own"
    return field


def _model(form: forms.Form, name: str) -> Any:
    field = form.fields[name]
    assert isinstance(field, forms.ModelChoiceField), "a field of our own"
    return field


def kinds() -> list[tuple[str, str]]:
    """Kinds of incident in the language of the page."""
    return [(name, said(kind.title)) for name, kind in shipped_scale().kinds.items()]


def severities() -> list[tuple[int, str]]:
    """The scale in the language of the page."""
    return [(level, said(one.title)) for level, one in shipped_scale().severities.items()]


def responders() -> Any:
    """Who may work on incidents, by name."""
    able = [one.pk for one in Operator.objects.filter(is_active=True) if one.may("incidents.work")]
    return Operator.objects.filter(pk__in=able).order_by("username")


def _things() -> list[tuple[Any, list[tuple[str, str]]]]:
    """What an action may change, by kind."""
    words = dict(FollowUp.Changes.choices)
    kept = [
        (str(words[kind]), [(f"{kind}:{name}", title) for name, title in things])
        for kind, things in things_by_kind()
    ]
    others = [f"{one}" for one in (FollowUp.Changes.SYSTEM, FollowUp.Changes.TRAINING)]
    return [*kept, (_("Others"), [(f"{one}:", str(words[one])) for one in others])]


class IncidentQuery(forms.Form):
    """What incidents are looked for."""

    phase = forms.ChoiceField(
        label=_("Phase"),
        required=False,
        choices=[("", _("Any")), ("open", _("not closed")), *Incident.PhaseName.choices],
    )
    kind = forms.ChoiceField(label=_("Kind"), required=False)
    severity = forms.ChoiceField(label=_("Grade of severity"), required=False)
    drills = forms.BooleanField(label=_("Drills too"), required=False)

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        _choice(self, "kind").choices = [("", _("Any")), *kinds()]
        _choice(self, "severity").choices = [("", _("Any")), *severities()]


class OpenForm(forms.Form):
    """A new incident."""

    title = forms.CharField(label=_("Title"), max_length=200)
    kind = forms.ChoiceField(label=_("Kind"))
    severity = forms.TypedChoiceField(label=_("Grade of severity"), coerce=int)
    summary = _text(_("What is known"), required=False)
    aware_at = forms.DateTimeField(
        label=_("The firm knew of it at"),
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        help_text=_("Regulatory clocks begin here; now where it is left empty"),
    )

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        _choice(self, "kind").choices = kinds()
        _choice(self, "severity").choices = severities()


class ClassifyForm(forms.Form):
    """What it is, how grave, and the facts that the law asks about."""

    kind = forms.ChoiceField(label=_("Kind"))
    severity = forms.TypedChoiceField(label=_("Grade of severity"), coerce=int)
    facts = forms.MultipleChoiceField(
        label=_("What holds"), required=False, widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args: Any, incident: Incident, **named: Any) -> None:
        start = {"kind": incident.kind, "severity": incident.severity, "facts": incident.facts}
        super().__init__(*args, **(named | {"initial": start}))
        _choice(self, "kind").choices = kinds()
        _choice(self, "severity").choices = severities()
        _choice(self, "facts").choices = [
            (name, said(fact.title)) for name, fact in shipped_scale().facts.items()
        ]


class AssessForm(forms.Form):
    """Who and what is hurt."""

    impact = _text(_("Impact"), rows=4)
    customers = forms.IntegerField(label=_("Customers affected"), required=False, min_value=0)
    loss = forms.DecimalField(
        label=_("Loss in CNY"), required=False, min_value=0, max_digits=14, decimal_places=2
    )

    def __init__(self, *args: Any, incident: Incident, **named: Any) -> None:
        loss = None if incident.loss_minor is None else incident.loss_minor / 100
        start = {"impact": incident.impact, "customers": incident.customers, "loss": loss}
        super().__init__(*args, **(named | {"initial": start}))


class ReasonForm(forms.Form):
    """A reason."""

    reason = _text(_("Reason"), rows=2, length=1000)


class KeptReasonForm(forms.Form):
    """A reason of what a colleague has to approve."""

    reason = KeptText(max_length=1000)


class TextForm(forms.Form):
    """A text."""

    text = _text(_("Text"))


class OutcomeForm(forms.Form):
    """What came of a task."""

    text = _text(_("What came of it"), rows=2, required=False)


class DecideForm(forms.Form):
    """A decision with its reason."""

    what = _text(_("What is decided"), rows=2)
    reason = _text(_("Reason"), rows=3)
    alternatives = _text(_("What else was possible"), rows=2, required=False)
    known = _text(_("What was known"), rows=2, required=False)


class AssignForm(forms.Form):
    """Who has a part."""

    part = forms.ChoiceField(label=_("Role"), choices=IncidentRole.Part.choices)
    holder = forms.ModelChoiceField(label=_("Operator"), queryset=Operator.objects.none())

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        _model(self, "holder").queryset = responders()


class TaskForm(forms.Form):
    """A task more."""

    title = forms.CharField(label=_("Task"), max_length=300)
    part = forms.ChoiceField(
        label=_("Role"), required=False, choices=[("", _("no role")), *IncidentRole.Part.choices]
    )
    minutes = forms.IntegerField(
        label=_("Minutes for it"), min_value=1, max_value=86_400, initial=60
    )


class PlaybookForm(forms.Form):
    """The playbook to start."""

    playbook = forms.ChoiceField(label=_("Playbook"))

    def __init__(self, *args: Any, choices: list[tuple[str, str]], **named: Any) -> None:
        super().__init__(*args, **named)
        _choice(self, "playbook").choices = choices


class ReferenceForm(forms.Form):
    """The number or receipt of a report."""

    reference = forms.CharField(label=_("Number or receipt of the report"), max_length=200)


class SwitchForm(forms.Form):
    """A stop-loss switch."""

    kind = forms.ChoiceField(
        label=_("Switch"), choices=[(name, kind.title) for name, kind in KINDS.items()]
    )
    types = forms.MultipleChoiceField(
        label=_("Events; all that fit where none is picked"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        choices=[
            (name, name)
            for name in dict.fromkeys(one for kind in KINDS.values() for one in kind.types)
        ],
    )
    limit = forms.DecimalField(
        label=_("Amount limit"),
        required=False,
        min_value=0,
        max_digits=14,
        decimal_places=2,
        help_text=_("Only for stopping above a limit, in the policy's currency"),
    )
    outcome = forms.ChoiceField(
        label=_("Outcome above the limit"), choices=[(name, name) for name in OUTCOMES]
    )
    field = forms.CharField(label=_("Only where field"), max_length=64, required=False)
    value = forms.CharField(label=_("has the value"), max_length=128, required=False)
    hours = forms.FloatField(label=_("Ends after hours"), min_value=0.05, max_value=72, initial=4)
    reason = KeptText(max_length=1000)

    def terms(self) -> dict[str, Any]:
        """What is given to the switch."""
        given = self.cleaned_data
        limit = given["limit"]
        return {
            "types": given["types"],
            "limit": "" if limit is None else f"{limit:f}",
            "outcome": given["outcome"],
            "field": given["field"],
            "value": given["value"],
        }

    def until(self) -> Any:
        """When it ends."""
        return timezone.now() + timedelta(hours=self.cleaned_data["hours"])


class EvidenceForm(forms.Form):
    """A file to be kept."""

    file = forms.FileField(label=_("File"))
    source = forms.CharField(label=_("Where it comes from"), max_length=300)


class WhyForm(forms.Form):
    """What evidence is taken out for, or who gets it."""

    why = forms.CharField(label=_("What for, or for whom"), max_length=300)


class DraftForm(forms.Form):
    """A communication from a template."""

    template = forms.ChoiceField(label=_("Template"))
    language = forms.ChoiceField(
        label=_("Language"), choices=[("zh", "简体中文"), ("en", "English")]
    )

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        _choice(self, "template").choices = [
            (name, said(one.title)) for name, one in shipped_templates().items()
        ]


class RewriteForm(forms.Form):
    """A communication's text."""

    subject = forms.CharField(label=_("Subject line"), max_length=200)
    body = _text(_("Text"), rows=14, length=20_000)
    edition = forms.IntegerField(widget=forms.HiddenInput)


class HowForm(forms.Form):
    """How something was sent."""

    how = forms.CharField(label=_("How it was sent, and to how many"), max_length=200)


class CauseForm(forms.Form):
    """A cause."""

    kind = forms.ChoiceField(label=_("Kind"), choices=Cause.Kind.choices)
    text = _text(_("Text"))


class FollowUpForm(forms.Form):
    """An action of the review."""

    text = _text(_("What is to be done"), rows=2)
    thing = forms.ChoiceField(
        label=_("What it changes"),
        help_text=_("It is done once a newer version of just this is there"),
    )
    owner = forms.ModelChoiceField(label=_("In charge"), queryset=Operator.objects.none())
    due_on = forms.DateField(
        label=_("Day"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    cause = forms.ModelChoiceField(
        label=_("Because of"), required=False, queryset=Cause.objects.none()
    )

    def __init__(self, *args: Any, incident: Incident, **named: Any) -> None:
        super().__init__(*args, **named)
        _model(self, "owner").queryset = responders()
        _model(self, "cause").queryset = incident.causes.all()
        _choice(self, "thing").choices = _things()

    def given(self) -> dict[str, Any]:
        """What the action is made of."""
        given = dict(self.cleaned_data)
        changes, _colon, target = given.pop("thing").partition(":")
        return given | {"changes": changes, "target": target}


class ChangedForm(forms.Form):
    """What an action changed: a version that is there, or words where nobody keeps versions."""

    changed = forms.CharField(label=_("What was changed"), max_length=200)
    remark = _text(_("Remark"), rows=2, required=False)

    def __init__(
        self, *args: Any, versions: list[tuple[str, str]] | None = None, **named: Any
    ) -> None:
        super().__init__(*args, **named)
        if versions is not None:
            self.fields["changed"] = forms.ChoiceField(
                label=_("The version that changed it"),
                choices=versions,
                help_text=""
                if versions
                else _("None was approved since the incident began: make the change first"),
            )


class ContainForm(forms.Form):
    """An action on everybody whom the incident's alerts and cases are about."""

    action = forms.ChoiceField(label=_("Action"), choices=list(CONTAINING.items()))
    hours = forms.FloatField(label=_("Ends after hours"), min_value=0.25, max_value=720, initial=24)
    why = KeptText(max_length=1000)

    def __init__(self, *args: Any, incident: Incident, **named: Any) -> None:
        super().__init__(*args, **named)
        dry = dry_run(incident, FREEZE)
        self.fields["action"].help_text = _(
            "Of %(all)s customers, %(new)s can be frozen now; %(held)s are under way or frozen, "
            "%(unknown)s are known no more. Of more than one a second person approves."
        ) % {
            "all": sum(len(one) for one in dry.values()),
            "new": len(dry["new"]),
            "held": len(dry["under_way"]),
            "unknown": len(dry["unknown"]),
        }

    def until(self) -> Any:
        """When it ends."""
        return timezone.now() + timedelta(hours=self.cleaned_data["hours"])
