"""Takes what the tail has seen into the read model, with the cursor, in one transaction.

The tail reads at least once; what it reads a second time changes nothing, because the cursor says
that it is there. Two tails at once do no harm: the later one finds the cursor moved.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.apps import apps
from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from fengkong.console.journaled import statements
from fengkong.console.journaled.models import Cursor, Decision, Erasure
from fengkong.console.journaled.seen import SeenDecision, SeenEntries
from fengkong.console.journaled.tallying import Tally, tallied
from fengkong.core.errors import RiskError

TAIL: Final = "tail"
"""The cursor of what fills the read model."""
_ERASING: Final = timedelta(days=1)
"""Between the record of an erasure and the end of the key events of the subject may still come."""
_TAKERS: Final[list[Callable[[SeenEntries], None]]] = []
_FORGETTERS: Final[list[Callable[[], None]]] = []
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class ForeignReadModelError(RiskError):
    """The console's database was filled from another journal than the one there now."""

    code = "console.foreign_read_model"
    hint = "Give the console the database that belongs to this data directory, or an empty one."


class MovedCursorError(RiskError):
    """Another tail has taken in these entries meanwhile; nothing was written."""

    code = "console.cursor_moved"
    hint = "One worker is enough for a data directory: stop the other one."


def position(journal: str) -> int:
    """How far the read model has come; raises `ForeignReadModelError`."""
    cursor = Cursor.objects.filter(name=TAIL).first()
    if cursor is None:
        return 0
    if cursor.journal != journal:
        raise ForeignReadModelError(f"it was filled from journal {cursor.journal}, not {journal}")
    return cursor.sequence


def take_in(seen: SeenEntries) -> None:
    """Write all of it and move the cursor, or nothing; raises `MovedCursorError`."""
    with transaction.atomic():
        _move_cursor(seen)
        _write_decisions(seen.decisions)
        _write(
            statements.LABELS,
            [
                (one.event_id, one.is_fraud, one.kind, _at(one.at), one.sequence)
                for one in seen.labels
            ],
        )
        _write(
            statements.ACTIVATIONS,
            [(*one[:6], _at(one.at), one.share, one.by) for one in seen.activations],
        )
        _write(
            statements.ERASURES,
            [(one.subject, one.sequence, _at(one.at)) for one in seen.erasures],
        )
        _forget_erased(seen)
        for take in _TAKERS:
            take(seen)


def also_taken_by(take: Callable[[SeenEntries], None]) -> None:
    """Have an app write what it needs of the entries, in the same transaction; said once each."""
    if take not in _TAKERS:
        _TAKERS.append(take)


def also_forgotten_by(forget: Callable[[], None]) -> None:
    """Have an app empty what it made of the journal when the read model is emptied."""
    if forget not in _FORGETTERS:
        _FORGETTERS.append(forget)


def forget_subject(subject: str) -> None:
    """Take from decisions what may tell of an erased subject; what was counted stays counted."""
    Decision.objects.filter(subject=subject).update(
        subject="", amount_minor=None, currency="", probability=None, erased=True
    )


def erased_by(seen: SeenEntries) -> list[str]:
    """Who was erased by these entries, and whose events came while that went on."""
    known = Erasure.objects.filter(at__gte=_datetime(seen.at) - _ERASING)
    here = {one.subject for one in seen.decisions} | {one.subject for one in seen.erasures}
    return [one for one in known.values_list("subject", flat=True) if one in here]


def _forget_erased(seen: SeenEntries) -> None:
    for subject in erased_by(seen):
        forget_subject(subject)


def forget_all() -> None:
    """Empty the read model, so that the tail fills it again from the journal's beginning."""
    with transaction.atomic():
        for model in apps.get_app_config("journaled").get_models():
            model._base_manager.all().delete()  # noqa: SLF001 - Django's way to all rows
        for forget in _FORGETTERS:
            forget()


def _move_cursor(seen: SeenEntries) -> None:
    now = timezone.now()
    moved = {"sequence": seen.upto, "at": _datetime(seen.at), "moved_at": now}
    found = Cursor.objects.filter(name=TAIL, journal=seen.journal, sequence=seen.after)
    if found.update(**moved):
        return
    if seen.after or Cursor.objects.filter(name=TAIL).exists():
        raise MovedCursorError(f"the cursor is not at {seen.after:,} any more")
    Cursor.objects.create(name=TAIL, journal=seen.journal, **moved)


def _write_decisions(decisions: Sequence[SeenDecision]) -> None:
    if not decisions:
        return
    _write(
        statements.DECISIONS,
        [
            (
                *one[:4],
                _at(one.occurred_at),
                _at(one.recorded_at),
                *one[6:14],
                json.dumps(one.rules),
                *one[15:],
            )
            for one in decisions
        ],
    )
    _write(
        statements.RULE_HITS,
        [(rule, _at(one.occurred_at), one.sequence) for one in decisions for rule in one.rules],
    )
    outcomes, rules = tallied(decisions, zone=ZoneInfo(settings.TIME_ZONE))
    _write(statements.OUTCOME_TALLIES, _rows(outcomes))
    _write(statements.RULE_TALLIES, _rows(rules))


def _rows(tally: Tally) -> Iterable[tuple[Any, ...]]:
    """Rows of a tally in the order of their keys, so that two writers never wait in a circle."""
    return [
        (key[0], _at(int(key[1])), *key[2:], *counted) for key, counted in sorted(tally.items())
    ]


def _write(statement: str, rows: Iterable[Sequence[Any]]) -> None:
    if not isinstance(rows, list):
        rows = list(rows)
    if rows:
        with connection.cursor() as cursor:
            cursor.executemany(statement, rows)


def _datetime(instant: int) -> datetime:
    return _EPOCH + timedelta(microseconds=instant)


def _at(instant: int) -> Any:
    """An instant as the database's driver takes it."""
    return connection.ops.adapt_datetimefield_value(_datetime(instant))
