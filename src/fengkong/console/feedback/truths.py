"""Counts decisions and their truth in the tail's transaction: once each, whatever is read again.

A label that replaces another one takes back what the other had counted. A label whose event was
never decided counts nowhere. What was counted of a person who was erased stays counted; what was
kept to correct it goes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import connection
from django.db.models import Exists, OuterRef

from fengkong.console.feedback.models import (
    MODEL_STEPS,
    DayTally,
    FraudTally,
    Labelled,
    ModelDay,
    Placed,
    RuleDay,
    Segment,
)
from fengkong.console.journaled.models import Decision
from fengkong.console.journaled.seen import SeenDecision, SeenEntries, SeenLabel, SeenWay

STOPPED: Final = frozenset({"deny", "delay"})
"""Outcomes with which nothing goes through."""
_CHUNK: Final = 400
_HOUR_US: Final = 3_600_000_000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_COUNTED: Final = (DayTally, FraudTally, RuleDay, ModelDay, Placed, Labelled)

Key = tuple[Any, ...]
SegmentKey = tuple[str, str, str, str, str, str]


class _Table(NamedTuple):
    """A table of sums: its key, and what is added."""

    name: str
    key: tuple[str, ...]
    sums: tuple[str, ...]

    def add(self, rows: Mapping[Key, Sequence[int]]) -> None:
        """Add to its rows, in the order of their keys, so that two writers wait in no circle."""
        if not rows:
            return
        columns = (*self.key, *self.sums)
        marks = ", ".join(["%s"] * len(columns))
        grown = ", ".join(f"{one} = {self.name}.{one} + excluded.{one}" for one in self.sums)
        statement = (
            f"INSERT INTO {self.name} ({', '.join(columns)}) VALUES ({marks})"  # noqa: S608
            f" ON CONFLICT ({', '.join(self.key)}) DO UPDATE SET {grown}"
        )
        given = [
            (*(_stored(part) for part in key), *values)
            for key, values in sorted(rows.items())
            if any(values)
        ]
        if given:
            with connection.cursor() as cursor:
                cursor.executemany(statement, given)


_MONEY: Final = ("frauds", "fraud_minor", "loss_minor", "recovered_minor")
_DAYS: Final = _Table(
    "feedback_daytally",
    ("day", "segment_id", "outcome"),
    ("decisions", "amount_minor", "goods", *_MONEY),
)
_FRAUDS: Final = _Table(
    "feedback_fraudtally", ("day", "segment_id", "outcome", "kind", "scenario"), _MONEY
)
_RULES: Final = _Table(
    "feedback_ruleday",
    ("day", "rule"),
    ("hits", "goods", "frauds", "fraud_minor", "stopped_minor"),
)
_MODELS: Final = _Table(
    "feedback_modelday", ("day", "policy_hash", "step"), ("decisions", "goods", "frauds")
)


def _zeros(width: int) -> list[int]:
    return [0] * width


class _Sums:
    """What is to be added to each table."""

    def __init__(self) -> None:
        self._rows: dict[_Table, dict[Key, list[int]]] = {
            table: defaultdict(partial(_zeros, len(table.sums)))
            for table in (_DAYS, _FRAUDS, _RULES, _MODELS)
        }

    def add(self, table: _Table, key: Key, **values: int) -> None:
        """Add to one row."""
        row = self._rows[table][key]
        for place, name in enumerate(table.sums):
            row[place] += values.get(name, 0)

    def write(self) -> None:
        """Add everything to the database."""
        for table, rows in self._rows.items():
            table.add(rows)


def take_truths(seen: SeenEntries) -> None:
    """Count what the tail has read; called once for every batch, in its transaction."""
    if seen.after == 0:
        forget_truths()
    if seen.decisions:
        _count_decisions(seen.decisions, seen.ways)
    if seen.labels:
        _count_labels(seen.labels)
    if seen.erasures:
        erased = Decision.objects.filter(sequence=OuterRef("sequence"), erased=True)
        Labelled.objects.filter(Exists(erased)).delete()


def forget_truths() -> None:
    """Empty everything that is counted of the journal."""
    for model in _COUNTED:
        model._base_manager.all().delete()  # noqa: SLF001 - Django's way to all rows


def local_days() -> Callable[[int], date]:
    """The day of an instant in microseconds in the setting TIME_ZONE, remembered by the hour."""
    zone, known = ZoneInfo(settings.TIME_ZONE), dict[int, date]()

    def day_of(instant: int) -> date:
        hour = instant - instant % _HOUR_US
        if hour not in known:
            known[hour] = (_EPOCH + timedelta(microseconds=hour)).astimezone(zone).date()
        return known[hour]

    return day_of


def step_of(probability: float) -> int:
    """The step of a probability: 0 for less than a twentieth, 19 for the highest."""
    return min(int(probability * MODEL_STEPS), MODEL_STEPS - 1)


def _count_decisions(decisions: Sequence[SeenDecision], ways: Iterable[SeenWay]) -> None:
    way_of = {one.sequence: one for one in ways}
    keys = {one.sequence: _segment_key(one, way_of.get(one.sequence)) for one in decisions}
    segments, day_of, sums = _segments(set(keys.values())), local_days(), _Sums()
    for one in decisions:
        day, segment = day_of(one.occurred_at), segments[keys[one.sequence]]
        amount = abs(one.amount_minor or 0)
        sums.add(_DAYS, (day, segment, one.outcome), decisions=1, amount_minor=amount)
        for rule in set(one.rules):
            sums.add(_RULES, (day, rule), hits=1)
        if one.probability is not None:
            key = (day, one.policy_hash, step_of(one.probability))
            sums.add(_MODELS, key, decisions=1)
    sums.write()
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO feedback_placed (sequence, segment_id) VALUES (%s, %s)"
            " ON CONFLICT DO NOTHING",
            [(sequence, segments[key]) for sequence, key in keys.items()],
        )


def _segment_key(decision: SeenDecision, way: SeenWay | None) -> SegmentKey:
    told = ("", "", "", "") if way is None else way[1:]
    return (decision.event_type, *told, decision.currency)


def _segments(wanted: set[SegmentKey]) -> dict[SegmentKey, int]:
    """The numbers of segments; those that are new are made."""
    names = ("event_type", "channel", "method", "authentication", "reach", "currency")
    known = {tuple(row[1:]): row[0] for row in Segment.objects.values_list("pk", *names)}
    for key in sorted(wanted - known.keys()):
        known[key] = Segment.objects.create(**dict(zip(names, key, strict=True))).pk
    return known


def _count_labels(labels: Sequence[SeenLabel]) -> None:
    """The newest label of each event counts, in place of an older one."""
    newest = {one.event_id: one for one in sorted(labels, key=lambda one: one.sequence)}
    sums, day_of = _Sums(), local_days()
    for names in _chunks(sorted(newest)):
        rows = {one.sequence: one for one in Decision.objects.filter(event_id__in=names)}
        placed = dict(
            Placed.objects.filter(sequence__in=rows).values_list("sequence", "segment_id")
        )
        segments = Segment.objects.in_bulk(set(placed.values()))
        before = Labelled.objects.in_bulk(list(rows))
        kept: list[Labelled] = []
        for sequence, decision in rows.items():
            label, old = newest[decision.event_id], before.get(sequence)
            stale = old is not None and old.place >= label.sequence
            if decision.erased or sequence not in placed or stale:
                continue
            segment = segments[placed[sequence]]
            fresh = _labelled(decision, label, segment=segment, day_of=day_of)
            for row, sign in ((old, -1), (fresh, 1)):
                if row is not None:
                    _count_truth(sums, row, decision, segment=segment.pk, sign=sign)
            kept.append(fresh)
        Labelled.objects.bulk_create(
            kept,
            update_conflicts=True,
            unique_fields=["sequence"],
            update_fields=[
                *("is_fraud", "kind", "scenario", "source", "loss_minor"),
                *("recovered_minor", "waited_s", "place"),
            ],
        )
    sums.write()


def _labelled(
    decision: Decision, label: SeenLabel, *, segment: Segment, day_of: Callable[[int], date]
) -> Labelled:
    """What a label says of a decision. What was stopped is no loss."""
    happened = (decision.occurred_at - _EPOCH) // timedelta(microseconds=1)
    loss = recovered = 0
    if label.is_fraud and decision.outcome not in STOPPED:
        same = label.currency in ("", segment.currency)
        told = label.loss_minor if same else None
        loss = abs(decision.amount_minor or 0) if told is None else told
        recovered = (label.recovered_minor or 0) if same else 0
    return Labelled(
        sequence=decision.sequence,
        day=day_of(happened),
        is_fraud=label.is_fraud,
        kind=label.kind,
        scenario=label.scenario,
        source=label.source,
        loss_minor=loss,
        recovered_minor=recovered,
        waited_s=max(0, (label.at - happened) // 1_000_000),
        place=label.sequence,
    )


def _count_truth(
    sums: _Sums, row: Labelled, decision: Decision, *, segment: int, sign: int
) -> None:
    """Count one label, or take it back (`sign` -1)."""
    amount = abs(decision.amount_minor or 0) if row.is_fraud else 0
    truth = {"frauds" if row.is_fraud else "goods": sign}
    money = {
        "fraud_minor": sign * amount,
        "loss_minor": sign * row.loss_minor,
        "recovered_minor": sign * row.recovered_minor,
    }
    sums.add(_DAYS, (row.day, segment, decision.outcome), **truth, **money)
    if row.is_fraud:
        key = (row.day, segment, decision.outcome, row.kind, row.scenario)
        sums.add(_FRAUDS, key, **truth, **money)
    stopped = amount if decision.outcome in STOPPED else 0
    hit = truth | {"fraud_minor": sign * amount, "stopped_minor": sign * stopped}
    for rule in set(decision.rules):
        sums.add(_RULES, (row.day, rule), **hit)
    if decision.probability is not None:
        step = step_of(decision.probability)
        sums.add(_MODELS, (row.day, decision.policy_hash, step), **truth)


def _stored(part: Any) -> Any:
    """A part of a key as the database's driver takes it."""
    return connection.ops.adapt_datefield_value(part) if isinstance(part, date) else part


def _chunks(names: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(names), _CHUNK):
        yield names[start : start + _CHUNK]
