"""Takes into the index whom the events of decisions name, in the tail's transaction.

An erased subject leaves it: what their own events named, and they themselves wherever another's
event named them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from django.db import connection
from django.db.models import Q

from fengkong.console.entities import statements
from fengkong.console.entities.kinds import FIELD_NUMBERS, KIND_NUMBER_OF_FIELD
from fengkong.console.entities.models import Entity, Flow, Link, Seen
from fengkong.console.journaled.intake import erased_by
from fengkong.console.journaled.models import Decision
from fengkong.console.journaled.seen import SeenDecision, SeenEntries, SeenNames
from fengkong.core.instants import HOUR_US

SECOND_US: Final = 1_000_000
_KEY_BYTES: Final = 8
_PAYERS: Final = ("account", "customer", "card")
_PAYEES: Final = ("payee_account", "payee")
_MANY: Final = 500


def key_of(blind: bytes) -> int:
    """The number under which the index has an entity: the first eight bytes of its blind index."""
    return int.from_bytes(blind[:_KEY_BYTES], "big", signed=True)


def take_entities(seen: SeenEntries) -> None:
    """Write whom some entries name, and forget who was erased by them."""
    if seen.names:
        decisions = {one.sequence: one for one in seen.decisions}
        rows = _Rows()
        for one in seen.names:
            rows.add(one, decisions[one.sequence])
        rows.write()
    forget_entities([key_of(bytes.fromhex(subject)) for subject in erased_by(seen)])


def forget_entities(keys: Sequence[int]) -> None:
    """Take erased subjects from the index together.

    What their events had named is looked up for all of them first: each may stand in the events of
    another, and would be gone from there.
    """
    places: set[tuple[int, int, int]] = set()
    named = set(keys)
    for key in keys:
        of_one = set(Link.objects.filter(subject=key).values_list("entity", flat=True)) | {key}
        own = _erased_places(key)
        places |= {(entity, *place) for entity in of_one for place in own}
        named |= of_one
    _execute(statements.FORGET_SEEN, sorted(places))
    _execute(statements.FORGET_FLOWS, sorted(places))
    for key in keys:
        Flow.objects.filter(Q(payee=key) | Q(payer=key)).delete()
        Link.objects.filter(Q(subject=key) | Q(entity=key)).delete()
        Seen.objects.filter(entity=key).delete()
    _forget_unseen(sorted(named))


def forget_index() -> None:
    """Empty the index, for the tail to fill it from the journal's beginning."""
    for model in (Entity, Seen, Link, Flow):
        model.objects.all().delete()


def _erased_places(key: int) -> list[tuple[int, int]]:
    """When and where the subject's own events stand: the decisions that were just erased."""
    rows = list(Seen.objects.filter(entity=key).values_list("occurred_s", "sequence").distinct())
    erased: set[int] = set()
    for at in range(0, len(rows), _MANY):
        some = [sequence for _, sequence in rows[at : at + _MANY]]
        found = Decision.objects.filter(sequence__in=some, erased=True)
        erased |= set(found.values_list("sequence", flat=True))
    return [row for row in rows if row[1] in erased]


def _forget_unseen(keys: Sequence[int]) -> None:
    for at in range(0, len(keys), _MANY):
        some = keys[at : at + _MANY]
        still = set(Seen.objects.filter(entity__in=some).values_list("entity", flat=True))
        Entity.objects.filter(key__in=set(some) - still).delete()


class _Rows:
    """The rows of some events: each entity and each link once, however often it was named."""

    def __init__(self) -> None:
        self._entities: dict[int, tuple[int, bytes]] = {}
        self._seen: list[tuple[int, int, int, int]] = []
        self._links: dict[tuple[int, int, int], tuple[int, int]] = {}
        self._flows: list[tuple[int, int, int, int, int, str]] = []

    def add(self, names: SeenNames, decision: SeenDecision) -> None:
        """An event's own: `decision` says whose it is and when it occurred."""
        occurred_s = decision.occurred_at // SECOND_US
        keys: dict[str, int] = {}
        for field, blind in names.named:
            number = FIELD_NUMBERS[field]
            keys[field] = key = key_of(blind)
            self._entities.setdefault(key, (KIND_NUMBER_OF_FIELD[number], blind))
            self._seen.append((key, occurred_s, names.sequence, number))
        subject = key_of(bytes.fromhex(decision.subject))
        if subject in keys.values():
            self._link(subject, keys, hour=decision.occurred_at // HOUR_US)
            self._flow(subject, keys, decision)

    def _link(self, subject: int, keys: dict[str, int], *, hour: int) -> None:
        for field, key in keys.items():
            if key != subject:
                pair = (subject, key, FIELD_NUMBERS[field])
                first, newest = self._links.get(pair, (hour, hour))
                self._links[pair] = (min(first, hour), max(newest, hour))

    def _flow(self, subject: int, keys: dict[str, int], decision: SeenDecision) -> None:
        payee = next((keys[name] for name in _PAYEES if name in keys), None)
        payer = next((keys[name] for name in _PAYERS if name in keys), subject)
        if payee is not None and payee != payer and decision.amount_minor is not None:
            self._flows.append(
                (
                    *(payer, decision.occurred_at // SECOND_US, decision.sequence),
                    *(payee, decision.amount_minor, decision.currency),
                )
            )

    def write(self) -> None:
        """All of them, in the order of the tables, so that two writers never wait in a circle."""
        entities = sorted(self._entities.items())
        _execute(statements.ENTITIES, [(key, *more) for key, more in entities])
        _execute(statements.SEEN, sorted(self._seen))
        _execute(statements.LINKS, [(*pair, *hours) for pair, hours in sorted(self._links.items())])
        _execute(statements.FLOWS, sorted(self._flows))


def _execute(statement: str, rows: Iterable[Sequence[Any]]) -> None:
    rows = list(rows)
    if rows:
        with connection.cursor() as cursor:
            cursor.executemany(statement, rows)
