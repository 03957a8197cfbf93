"""Everything about a case in the order of time: what happened, what was decided, what was done.

Each kind is asked for its newest rows before a moment, so that a page costs the same however long
a case or its subject's history is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Final

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from fengkong.console.audit.actions import action_words
from fengkong.console.audit.models import AuditEntry
from fengkong.console.cases import alerted
from fengkong.console.cases.models import TARGET, Case
from fengkong.console.cases.notes import clear_note
from fengkong.console.journaled.models import Decision, Label
from fengkong.console.shell.spoken import event_title

if TYPE_CHECKING:
    from fengkong.console.accounts.duties import Words

ROWS: Final = 60
"""Of a page; and of each kind that is asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """One thing that happened; `kind` is a key of `KINDS`."""

    at: datetime
    kind: str
    title: str
    text: str = ""
    by: str = ""
    outcome: str = ""
    amount_minor: int | None = None
    currency: str = ""
    address: str = ""
    tags: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Timeline:
    """A page of moments, the newest first; `older` is where the next page begins, or None."""

    moments: Sequence[Moment]
    older: datetime | None


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of moment: what it is called, its icon and tone, and what gives its moments."""

    title: Words
    icon: str
    tone: str
    moments: Callable[[Case, datetime], Iterable[Moment]] = field(repr=False)


def timeline_of(case: Case, *, before: datetime, kinds: Sequence[str] = ()) -> Timeline:
    """The newest moments before an instant, of some kinds or of all."""
    chosen = [KINDS[name] for name in kinds if name in KINDS] or list(KINDS.values())
    found = [moment for kind in chosen for moment in kind.moments(case, before)]
    found.sort(key=lambda moment: moment.at, reverse=True)
    shown = found[:ROWS]
    # What happened at the very same instant as the last one would stand on no page.
    shown += [moment for moment in found[ROWS:] if moment.at == shown[-1].at]
    return Timeline(shown, shown[-1].at if len(found) > len(shown) else None)


def register_moments(name: str, kind: Kind) -> None:
    """Let another app's things stand in the timeline of cases; it does so when Django starts."""
    assert name not in KINDS, f"{name} is registered twice"
    KINDS[name] = kind


def _decisions(case: Case, before: datetime) -> Iterator[Moment]:
    mine = list(case.gathered.values_list("sequence", flat=True))
    found = Decision.objects.filter(sequence__in=mine, occurred_at__lt=before)
    for one in found.order_by("-occurred_at", "-sequence")[:ROWS]:
        yield _decided(one, kind="decision")


def _events(case: Case, before: datetime) -> Iterator[Moment]:
    """What else the subject did: context, not part of the case."""
    if not case.subject:
        return
    mine = list(case.gathered.values_list("sequence", flat=True))
    found = Decision.objects.filter(subject=case.subject, occurred_at__lt=before)
    for one in found.exclude(sequence__in=mine).order_by("-occurred_at", "-sequence")[:ROWS]:
        yield _decided(one, kind="event")


def _decided(one: Decision, *, kind: str) -> Moment:
    return Moment(
        at=one.occurred_at,
        kind=kind,
        title=event_title(one.event_type),
        outcome=one.outcome,
        amount_minor=one.amount_minor,
        currency=one.currency or "CNY",
        tags=list(one.rules),
        address=reverse("decision", args=[one.sequence]),
    )


def _labels(case: Case, before: datetime) -> Iterator[Moment]:
    mine = list(case.gathered.values_list("sequence", flat=True))
    events = Decision.objects.filter(sequence__in=mine).values_list("event_id", flat=True)
    for one in Label.objects.filter(event_id__in=list(events), at__lt=before).order_by("-at")[
        :ROWS
    ]:
        yield Moment(
            at=one.at,
            kind="label",
            title=_("Label: fraud") if one.is_fraud else _("Label: no fraud"),
            text=one.event_id,
            tags=[one.kind],
        )


def _alerts(case: Case, before: datetime) -> Iterator[Moment]:
    for alert in alerted.alerts_of(case):
        if alert.opened_at < before:
            yield Moment(
                at=alert.opened_at,
                kind="alert",
                title=_("Alert: %(what)s") % {"what": alerted.typology_title(alert.typology)},
                amount_minor=alert.expected_loss_minor,
                currency=alert.currency,
                address=alerted.address_of(alert),
                tags=[str(alert.get_state_display())],
            )


def _notes(case: Case, before: datetime) -> Iterator[Moment]:
    for note in case.notes.filter(at__lt=before)[:ROWS]:
        clear = clear_note(note)
        yield Moment(
            at=clear.at,
            kind="note",
            title=_("Case note"),
            text=_("This note was forgotten.") if clear.text is None else clear.text,
            by=clear.author,
        )


def _acts(case: Case, before: datetime) -> Iterator[Moment]:
    """What was done to the case and to those that it took in, as the ledger has it."""
    names = [str(number) for number in (case.pk, *case.merged.values_list("pk", flat=True))]
    found = AuditEntry.objects.filter(
        target_kind=TARGET, target__in=names, recorded_at__lt=before
    ).order_by("-sequence")
    for entry in found[:ROWS]:
        yield Moment(
            at=entry.recorded_at,
            kind="act",
            title=action_words(entry.action),
            text=str(entry.detail.get("reason") or entry.detail.get("remark") or ""),
            by=entry.actor,
        )


KINDS: Final[dict[str, Kind]] = {
    "decision": Kind(gettext_lazy("Decisions of the case"), "gavel", "blue", _decisions),
    "event": Kind(gettext_lazy("Other events of the subject"), "activity", "grey", _events),
    "alert": Kind(gettext_lazy("Alerts"), "bell", "amber", _alerts),
    "note": Kind(gettext_lazy("Notes"), "note", "teal", _notes),
    "act": Kind(gettext_lazy("What was done"), "history", "violet", _acts),
    "label": Kind(gettext_lazy("Labels"), "tag", "green", _labels),
}
"""Every kind of moment by its name, in the order of the filter."""
