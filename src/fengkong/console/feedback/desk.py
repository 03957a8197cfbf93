"""Counts what the desk did: arrivals, ends of alerts, what came after, and who looks again.

A job of the worker; it goes on where it stopped and may be done again at any time. A closing
counts once it cannot be undone any more; an alert that is opened again counts no more.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from typing import Final, TypeVar

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from fengkong.console.alerts.choosing import choosing_key, chosen
from fengkong.console.alerts.models import Alert, AlertDecision, Closing, Disposition
from fengkong.console.audit.recording import SYSTEM, record
from fengkong.console.feedback.models import AlertEnd, Arrival, Labelled, Mark, SecondLook
from fengkong.console.feedback.settings import loop_settings
from fengkong.console.outbox.models import Job

Item = TypeVar("Item")
AGAIN: Final = timedelta(days=30)
"""Another alert of the same subject and typology within this time is a repetition."""
CHUNK: Final = 400
AT_ONCE: Final = 20_000
"""Rows that one run takes of a kind; the next run takes the next ones."""
FRAUD: Final = (Disposition.CONFIRMED_FRAUD,)
GOOD: Final = (Disposition.FALSE_POSITIVE, Disposition.CUSTOMER_CONFIRMED)


def count_desk(_job: Job) -> None:
    """Count everything that is new."""
    with transaction.atomic():
        _count_arrivals()
        _forget_reopened()
        _count_ends()
        _see_overturned()


def _count_arrivals() -> None:
    """Alerts by the hour, and ends that another alert followed."""
    mark = _mark("arrivals")
    rows = list(
        Alert.objects.filter(made=True, first_sequence__gt=mark.place)
        .order_by("first_sequence")
        .values_list("first_sequence", "opened_at", "team", "subject", "typology")[:AT_ONCE]
    )
    hours = Counter(
        (at.replace(minute=0, second=0, microsecond=0), team) for _, at, team, *_ in rows
    )
    for (hour, team), count in sorted(hours.items()):
        row, _new = Arrival.objects.get_or_create(hour=hour, team=team)
        Arrival.objects.filter(hour=row.hour, team=team).update(alerts=F("alerts") + count)
    opened = {(subject, typology): at for _, at, _, subject, typology in rows}
    for part in _chunks(sorted({subject for subject, _ in opened})):
        ends = AlertEnd.objects.filter(alert__subject__in=part, repeated=False)
        again = [
            pk
            for pk, subject, typology, closed in ends.values_list(
                "pk", "alert__subject", "typology", "alert__closed_at"
            )
            if (at := opened.get((subject, typology))) is not None
            and closed is not None
            and closed <= at < closed + AGAIN
        ]
        AlertEnd.objects.filter(pk__in=again).update(repeated=True)
    if rows:
        _move(mark, rows[-1][0])


def _forget_reopened() -> None:
    waiting = Alert.objects.exclude(state=Alert.State.CLOSED).values("pk")
    AlertEnd.objects.filter(pk__in=waiting).delete()


def _count_ends() -> None:
    """The alerts of closings that stand, and the choice of who is judged twice."""
    mark = _mark("closings")
    now, last = timezone.now(), mark.place
    found = Closing.objects.filter(pk__gt=mark.place).order_by("pk")[:AT_ONCE]
    for closing in found:
        if closing.undo_until > now and closing.undone_at is None:
            break
        last = closing.pk
        if closing.undone_at is None:
            closed = Alert.objects.filter(closing=closing, state=Alert.State.CLOSED)
            _keep_ends(closing, list(closed))
    _move(mark, last)


def _keep_ends(closing: Closing, alerts: Sequence[Alert]) -> None:
    AlertEnd.objects.bulk_create(
        [_end(closing, alert) for alert in alerts],
        update_conflicts=True,
        unique_fields=["alert"],
        update_fields=[
            *("closing_id", "day", "typology", "team", "analyst", "disposition", "decisions"),
            *("waited_s", "handled_s", "in_time", "loss_minor", "overturned", "repeated"),
        ],
        batch_size=CHUNK,
    )
    share, key = loop_settings().quality_share, choosing_key()
    looks = [
        SecondLook(
            alert=alert,
            closing=closing,
            first_by_id=closing.operator_id,
            first=closing.disposition,
            typology=alert.typology,
        )
        for alert in alerts
        if chosen(f"second look {closing.pk} {alert.pk}", share=share, key=key)
    ]
    if looks:
        SecondLook.objects.bulk_create(looks, ignore_conflicts=True, batch_size=CHUNK)
        record(
            SYSTEM,
            "draw_second_looks",
            target_kind="alert_closing",
            target=str(closing.pk),
            detail={"count": len(looks)},
        )


def _end(closing: Closing, alert: Alert) -> AlertEnd:
    handled = None
    if alert.claimed_at is not None and alert.claimed_at <= closing.at:
        handled = int((closing.at - max(alert.claimed_at, alert.opened_at)).total_seconds())
    return AlertEnd(
        alert=alert,
        closing_id=closing.pk,
        day=timezone.localtime(closing.at, timezone.get_default_timezone()).date(),
        typology=alert.typology,
        team=alert.team,
        analyst_id=closing.operator_id,
        disposition=closing.disposition,
        decisions=alert.decisions,
        waited_s=max(0, int((closing.at - alert.opened_at).total_seconds())),
        handled_s=handled,
        in_time=closing.at <= alert.due_at,
        loss_minor=alert.expected_loss_minor,
    )


def _see_overturned() -> None:
    """Ends that labels contradict which came since the last look."""
    mark = _mark("labels")
    labels = list(
        Labelled.objects.filter(place__gt=mark.place)
        .order_by("place")
        .values_list("place", "sequence")[:AT_ONCE]
    )
    for part in _chunks([sequence for _, sequence in labels]):
        alerts = AlertDecision.objects.filter(sequence__in=part).values_list("alert", flat=True)
        _judge_again(set(alerts))
    if labels:
        _move(mark, labels[-1][0])


def _judge_again(alerts: Iterable[str]) -> None:
    for part in _chunks(sorted(alerts)):
        of = dict(AlertDecision.objects.filter(alert__in=part).values_list("sequence", "alert"))
        frauds: dict[str, list[bool]] = {}
        for sequences in _chunks(sorted(of)):
            known = Labelled.objects.filter(sequence__in=sequences)
            for sequence, is_fraud in known.values_list("sequence", "is_fraud"):
                frauds.setdefault(of[sequence], []).append(is_fraud)
        bad = [alert for alert, said in frauds.items() if any(said)]
        good = [alert for alert, said in frauds.items() if not any(said)]
        ends = AlertEnd.objects.filter(pk__in=part)
        ends.update(overturned=False)
        ends.filter(pk__in=bad, disposition__in=GOOD).update(overturned=True)
        ends.filter(pk__in=good, disposition__in=FRAUD).update(overturned=True)


def _mark(name: str) -> Mark:
    return Mark.objects.select_for_update().get_or_create(name=name)[0]


def _move(mark: Mark, place: int) -> None:
    mark.place = place
    mark.save(update_fields=("place",))


def _chunks(items: Sequence[Item]) -> Iterator[Sequence[Item]]:
    for start in range(0, len(items), CHUNK):
        yield items[start : start + CHUNK]
