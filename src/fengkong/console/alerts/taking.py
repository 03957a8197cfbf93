"""Makes alerts in the tail's transaction: what the cursor counts as read has its alerts.

When the read model is filled again from the journal's beginning, alerts are made again too; they
get the same ids, and what operators did with them stands in the same rows.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, Final

from django.db.models import Q

from fengkong.console.alerts.merging import (
    Fold,
    Joined,
    Key,
    MadeAlert,
    Rest,
    alert_id,
    worth_an_alert,
)
from fengkong.console.alerts.models import Alert, AlertDecision, AlertTerms, Snooze
from fengkong.console.alerts.policies import typology_of, weights_of
from fengkong.console.alerts.sampling import is_sampled
from fengkong.console.alerts.terms import Terms, shipped_content
from fengkong.console.audit.recording import SYSTEM
from fengkong.console.journaled.models import Erasure
from fengkong.console.journaled.seen import SeenDecision, SeenEntries

ERASING_US: Final = 86_400_000_000
"""For a day behind an erasure, decisions about the subject may still come; they are not kept."""
_CHUNK: Final = 400
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_INSTANTS: Final = ("opened_at", "newest_at", "due_at", "rank_at")
_MADE_ONCE: Final = ("team", "skill")
"""Where an alert first lies; an operator may have moved it since."""
_REMADE: Final = (
    *("subject", "typology", "event_type", "policy", "outcome", "first_sequence"),
    *("newest_sequence", *_INSTANTS, "decisions", "points", "probability"),
    *("exposure_minor", "expected_loss_minor", "currency", "rules", "made"),
)
TermsAt = Callable[[int], Terms]


def take_alerts(seen: SeenEntries) -> None:
    """Make alerts of what the tail has read; called once for every batch, in its transaction."""
    if seen.after == 0:
        begin_again()
    keep_first_terms()
    terms_at = known_terms()
    wanted = list(worth_an_alert(_of_the_living(seen), terms_at=terms_at, is_sampled=is_sampled))
    if wanted:
        _fold(wanted, terms_at=terms_at)
    _forget({one.subject for one in seen.erasures})


def begin_again() -> None:
    """Have all alerts made again; what operators did stays in their rows."""
    if Alert.objects.filter(made=True).exists():
        AlertDecision.objects.all().delete()
        Alert.objects.update(made=False)


def keep_first_terms() -> None:
    """Write down the terms that hold from the beginning: a newer Fengkong may ship others."""
    if not AlertTerms.objects.exists():
        AlertTerms.objects.create(from_sequence=0, content=shipped_content(), set_by=SYSTEM)


def known_terms() -> TermsAt:
    """The terms that hold for the decision at a place of the journal."""
    stored = list(AlertTerms.objects.values_list("from_sequence", "content"))
    stored = stored or [(0, shipped_content())]
    places = [place for place, _content in stored]
    terms = [Terms(content) for _place, content in stored]
    return lambda sequence: terms[max(0, bisect_left(places, sequence) - 1)]


def instant(moment: datetime) -> int:
    """Microseconds since 1970."""
    return (moment - _EPOCH) // timedelta(microseconds=1)


def moment(microseconds: int) -> datetime:
    """The moment of microseconds since 1970."""
    return _EPOCH + timedelta(microseconds=microseconds)


def _fold(decisions: Sequence[SeenDecision], *, terms_at: TermsAt) -> None:
    asked = cache(weights_of)  # once for each policy, also where nothing is known of it
    keyed = [
        (one, typology_of(one, terms=terms_at(one.sequence), weights_of=asked)) for one in decisions
    ]
    keys = {Key(one.subject, typology) for one, typology in keyed}
    rests = _rests(keys, since=min(one.recorded_at for one in decisions))
    fold = Fold(
        newest=_newest(keys),
        rests=rests,
        closed=_closed_before(keyed),
    )
    for one, typology in keyed:
        fold.take(one, typology=typology, terms=terms_at(one.sequence))
    _write(fold.touched.values(), fold.joined)


def _of_the_living(seen: SeenEntries) -> Iterator[SeenDecision]:
    """The decisions but those about subjects that were erased after them or a day before."""
    present = {one.subject for one in seen.decisions}
    erased: dict[str, list[tuple[int, int]]] = {}
    for one in seen.erasures:
        erased.setdefault(one.subject, []).append((one.sequence, one.at))
    for names in _chunks(sorted(present)):
        for row in Erasure.objects.filter(subject__in=names):
            erased.setdefault(row.subject, []).append((row.sequence, instant(row.at)))
    for decision in seen.decisions:
        if not any(
            decision.sequence < sequence or decision.recorded_at < at + ERASING_US
            for sequence, at in erased.get(decision.subject, ())
        ):
            yield decision


def _forget(subjects: set[str]) -> None:
    """Take the alerts about erased subjects away; the ledger keeps what was decided about them."""
    for names in _chunks(sorted(subjects)):
        Alert.objects.filter(subject__in=names).delete()
        Snooze.objects.filter(subject__in=names).update(subject="")


def _newest(keys: Iterable[Key]) -> dict[Key, MadeAlert]:
    """The newest alert of every key that has one."""
    wanted = set(keys)
    found: dict[Key, MadeAlert] = {}
    for subjects in _chunks(sorted({key.subject for key in wanted})):
        rows = Alert.objects.filter(subject__in=subjects, made=True).order_by("first_sequence")
        for row in rows.iterator():
            key = Key(row.subject, row.typology)
            if key in wanted:
                found[key] = _made(row)
    return found


def _rests(keys: set[Key], *, since: int) -> dict[Key, list[Rest]]:
    """The snoozes of some keys that end behind an instant."""
    found: dict[Key, list[Rest]] = {}
    for row in Snooze.objects.filter(until__gt=moment(since)):
        key = Key(row.subject, row.typology)
        if key in keys:
            rest = Rest(row.from_sequence, instant(row.until), row.ended_sequence)
            found.setdefault(key, []).append(rest)
    return found


def _closed_before(keyed: Sequence[tuple[SeenDecision, str]]) -> dict[str, int]:
    """How far the journal was read when alerts were closed that are about to be made again."""
    if not Alert.objects.filter(made=False).exists():
        return {}
    ids = [alert_id(one.subject, typology, one.sequence) for one, typology in keyed]
    found: dict[str, int] = {}
    for some in _chunks(ids):
        closed = Alert.objects.filter(Q(made=False), id__in=some, closed_sequence__isnull=False)
        found |= {row.pk: row.closed_sequence or 0 for row in closed.only("id", "closed_sequence")}
    return found


def _write(alerts: Iterable[MadeAlert], joined: Sequence[Joined]) -> None:
    Alert.objects.bulk_create(
        [_row(one) for one in alerts],
        update_conflicts=True,
        unique_fields=["id"],
        update_fields=_REMADE,
        batch_size=_CHUNK,
    )
    AlertDecision.objects.bulk_create(
        [
            AlertDecision(
                sequence=one.decision.sequence,
                alert_id=one.alert,
                event_id=one.decision.event_id,
                recorded_at=moment(one.decision.recorded_at),
                slept=one.slept,
            )
            for one in joined
        ],
        batch_size=_CHUNK,
    )


def _row(alert: MadeAlert) -> Alert:
    fields: dict[str, Any] = asdict(alert)
    del fields["closed_sequence"]
    fields |= {name: moment(fields[name]) for name in _INSTANTS}
    return Alert(**fields)


def _made(row: Alert) -> MadeAlert:
    fields = {name: getattr(row, name) for name in (*_REMADE, *_MADE_ONCE, "id") if name != "made"}
    fields |= {name: instant(fields[name]) for name in _INSTANTS}
    return MadeAlert(**fields, closed_sequence=row.closed_sequence)


def _chunks(items: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(items), _CHUNK):
        yield items[start : start + _CHUNK]
