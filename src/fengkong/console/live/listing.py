"""Pages of decisions, the newest first; each page is a range of an index, however deep it lies.

Where a filter asks what no index knows, a page looks at so many rows and no more, and says how far
it has looked; the next one goes on from there.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from fengkong.console.journaled.models import Decision, Label, RuleHit
from fengkong.console.live import tallies
from fengkong.console.live.filters import Filter
from fengkong.core.errors import RiskError

ROWS: Final = 50
LOOKED_AT_MAX: Final = 20_000
"""Rows that one page looks at, where no index knows which fit."""
COUNTED_MAX: Final = 10_000
"""Rows that are counted one by one; of more it is said that there are more."""
_FIRST: Final = 4
_NEXT: Final = 4
"""Hits of a rule that are looked at first for each row of a page, and how many times more next."""
FLAGGED: Final = {
    "degraded": Q(degraded=True),
    "late": Q(late=True),
    "differs": ~Q(shadow_outcome=""),
    "canary": Q(by_canary=True),
}
"""What each flag of a filter asks; each has a partial index."""

Place = tuple[datetime, int]


class UnreadableCursorError(RiskError):
    """The address of a page names no place in the list."""

    code = "console.unreadable_cursor"
    hint = "Begin again at the first page."


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionPage:
    """Rows of a page; `older` and `newer` are cursors, None at the ends.

    `looked_back_to` says down to when rows were looked at, where there may be more beyond.
    """

    rows: Sequence[Decision]
    older: str | None
    newer: str | None
    looked_back_to: datetime | None = None


@dataclass(frozen=True, slots=True)
class Total:
    """How many decisions there are; `more` where it was not counted to the end."""

    count: int
    more: bool = False


def cursor_of(place: Place) -> str:
    """A place as addresses write it."""
    text = json.dumps([place[0].isoformat(), place[1]], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def place_of(cursor: str) -> Place:
    """The place of a cursor; raises `UnreadableCursorError`."""
    try:
        padded = cursor[:200] + "=" * (-len(cursor[:200]) % 4)
        moment, sequence = json.loads(base64.urlsafe_b64decode(padded.encode("ascii")))
        place = datetime.fromisoformat(moment), int(sequence)
    except (ValueError, TypeError, RecursionError, OverflowError):
        raise UnreadableCursorError("the cursor cannot be read") from None
    if timezone.is_naive(place[0]) or not 0 <= place[1] < 2**63:
        raise UnreadableCursorError("the cursor cannot be read")
    return place


def page_of(
    wanted: Filter,
    *,
    older_than: Place | None = None,
    newer_than: Place | None = None,
    found: Sequence[int] | None = None,
    size: int = ROWS,
) -> DecisionPage:
    """The decisions of a filter behind a place or before one; `found` are those of a look-up."""
    upwards = newer_than is not None
    ways = ("occurred_at", "sequence") if upwards else ("-occurred_at", "-sequence")
    place = newer_than if upwards else older_than
    rows: QuerySet[Any] = _indexed(wanted, found)
    if place is not None:
        rows = _beyond(rows, place, upwards=upwards)
    rows = rows.order_by(*ways)
    edge = _edge(rows) if wanted.is_unindexed else None
    if edge is not None:
        side = "lte" if upwards else "gte"
        rows = rows.filter(**{f"occurred_at__{side}": edge[0]})
    shown = _decisions(rows, wanted, size=size + 1)
    more = len(shown) > size
    shown = shown[:size]
    onwards = _place(shown[-1]) if more else edge
    back = None if place is None else (_place(shown[0]) if shown else place)
    if upwards:
        shown, onwards, back = shown[::-1], _place(shown[-1]) if shown else place, onwards
    return DecisionPage(
        rows=shown,
        older=None if onwards is None else cursor_of(onwards),
        newer=None if back is None else cursor_of(back),
        looked_back_to=None if edge is None or more or upwards else edge[0],
    )


def _place(row: Decision) -> Place:
    return row.occurred_at, row.sequence


def total_of(wanted: Filter, *, found: Sequence[int] | None = None) -> Total:
    """How many decisions a filter asks for: from tallies where they know, else counted."""
    if tallies.can_count(wanted, now=timezone.now()):
        return Total(tallies.number(wanted))
    rows = _indexed(wanted, found)
    edge = None
    if wanted.is_unindexed:
        edge = _edge(rows.order_by("-occurred_at", "-sequence"))
        if edge is not None:
            rows = rows.filter(occurred_at__gte=edge[0])
    if rows.model is not RuleHit:
        rows = remaining(rows, wanted)
    elif wanted.is_unindexed:
        decisions = Decision.objects.filter(sequence__in=rows.values("sequence"))
        rows = remaining(decisions, wanted.but(rule=""))
    count = rows.order_by().values("sequence")[: COUNTED_MAX + 1].count()
    return Total(min(count, COUNTED_MAX), more=count > COUNTED_MAX or edge is not None)


def _indexed(wanted: Filter, found: Sequence[int] | None) -> QuerySet[Any]:
    """The rows that an index finds in order: of the rule where one is asked for."""
    rows: QuerySet[Any] = Decision.objects.all()
    if wanted.rule and not (wanted.event_id or wanted.subject or found is not None):
        rows = RuleHit.objects.filter(rule=wanted.rule)
    if wanted.start is not None:
        rows = rows.filter(occurred_at__gte=wanted.start)
    if wanted.end is not None:
        rows = rows.filter(occurred_at__lt=wanted.end)
    if rows.model is RuleHit:
        return rows
    if found is not None:
        rows = rows.filter(sequence__in=found)
    if wanted.event_id:
        rows = rows.filter(event_id=wanted.event_id)
    if wanted.subject:
        rows = rows.filter(subject=wanted.subject)
    if wanted.confirmed_start is not None or wanted.confirmed_end is not None:
        rows = rows.filter(event_id__in=_confirmed(wanted).values("event_id"))
    if len(wanted.outcomes) == 1:
        return rows.filter(outcome=wanted.outcomes[0])
    if wanted.event_type:
        return rows.filter(event_type=wanted.event_type)
    return rows.filter(FLAGGED[wanted.flag]) if wanted.flag else rows


def _confirmed(wanted: Filter) -> QuerySet[Label]:
    labels = Label.objects.filter(is_fraud=True)
    if wanted.confirmed_start is not None:
        labels = labels.filter(at__gte=wanted.confirmed_start)
    if wanted.confirmed_end is not None:
        labels = labels.filter(at__lt=wanted.confirmed_end)
    return labels


def remaining(rows: QuerySet[Any], wanted: Filter) -> QuerySet[Any]:
    """What is asked of each row beside its place in the index."""
    if wanted.outcomes:
        rows = rows.filter(outcome__in=wanted.outcomes)
    if wanted.event_type:
        rows = rows.filter(event_type=wanted.event_type)
    if wanted.policy:
        rows = rows.filter(policy=wanted.policy)
    if wanted.version is not None:
        rows = rows.filter(policy_version=wanted.version)
    if wanted.amount_min is not None:
        rows = rows.filter(amount_minor__gte=wanted.amount_min)
    if wanted.amount_max is not None:
        rows = rows.filter(amount_minor__lte=wanted.amount_max)
    if wanted.flag:
        rows = rows.filter(FLAGGED[wanted.flag])
    if wanted.rule:
        hits = RuleHit.objects.filter(
            rule=wanted.rule, occurred_at=OuterRef("occurred_at"), sequence=OuterRef("sequence")
        )
        rows = rows.filter(Exists(hits))
    return rows


def _beyond(rows: QuerySet[Any], place: Place, *, upwards: bool) -> QuerySet[Any]:
    """The rows behind a place; the first condition is what an index can seek."""
    moment, sequence = place
    if upwards:
        return rows.filter(occurred_at__gte=moment).exclude(
            occurred_at=moment, sequence__lte=sequence
        )
    return rows.filter(occurred_at__lte=moment).exclude(occurred_at=moment, sequence__gte=sequence)


def _edge(rows: QuerySet[Any]) -> Place | None:
    """The last place that is looked at, None where all are."""
    return next(
        iter(rows.values_list("occurred_at", "sequence")[LOOKED_AT_MAX : LOOKED_AT_MAX + 1]), None
    )


def _decisions(rows: QuerySet[Any], wanted: Filter, *, size: int) -> list[Decision]:
    """The first decisions of indexed rows that are all that is asked."""
    ways = rows.query.order_by
    if rows.model is not RuleHit:
        return list(remaining(rows, wanted)[:size])
    found: list[Decision] = []
    at, some = 0, _FIRST * size if wanted.is_unindexed else size
    while len(found) < size:
        sequences = list(rows.values_list("sequence", flat=True)[at : at + some])
        decisions = Decision.objects.filter(sequence__in=sequences)
        asked = remaining(decisions, wanted.but(rule="")).order_by(*ways)
        found += asked[: size - len(found)]
        if len(sequences) < some or not wanted.is_unindexed:
            break
        at, some = at + some, some * _NEXT
    return found
