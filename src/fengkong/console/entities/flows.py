"""How money flows into and out of an entity: by whom, to whom, when, and what became of it.

Amounts are those that decisions were asked about. Money whose decision was to deny it did not
move: it is counted as stopped, not as flowed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from fengkong.console.entities.kinds import FIELD_NUMBERS
from fengkong.console.entities.models import Flow, Link
from fengkong.console.entities.naming import Named, named
from fengkong.console.entities.taking import key_of
from fengkong.console.journaled.models import Decision
from fengkong.console.shell.charts import Chart, Series

MOVEMENTS_MAX: Final = 1_000
OWN_MAX: Final = 50
PARTIES_MAX: Final = 40
DRAWN_MAX: Final = 8
DAYS_MAX: Final = 60
_STOPPED: Final = frozenset({"deny"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Movement:
    """Money asked to move; `is_in` says it came to the entity, `party` is the other side."""

    sequence: int
    at: datetime
    is_in: bool
    party: int
    amount_minor: int
    outcome: str

    @property
    def is_stopped(self) -> bool:
        """Whether it did not move."""
        return self.outcome in _STOPPED


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """Another side: what came from it and what went to it, in minor units."""

    named: Named
    in_minor: int
    out_minor: int
    stopped_minor: int
    movements: int
    first: datetime
    newest: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Flows:
    """The newest movements of one currency; `others` are how many are of other currencies.

    `accounts` are the entity's own accounts that were looked at with it.
    """

    currency: str
    movements: Sequence[Movement]
    parties: Sequence[Party]
    accounts: int
    others: int
    more: bool

    @property
    def in_minor(self) -> int:
        """What came in."""
        return sum(one.in_minor for one in self.parties)

    @property
    def out_minor(self) -> int:
        """What went out."""
        return sum(one.out_minor for one in self.parties)


def flows_of(kind: str, entity: str, *, since: datetime, until: datetime) -> Flows:
    """The movements of an entity and of its own accounts between two instants."""
    own = _own(kind, key_of(bytes.fromhex(entity)))
    first_s, last_s = int(since.timestamp()), int(until.timestamp())
    rows = list(
        Flow.objects.filter(Q(payer__in=own) | Q(payee__in=own))
        .filter(occurred_s__gte=first_s, occurred_s__lte=last_s)
        .order_by("-occurred_s", "-sequence")[: MOVEMENTS_MAX + 1]
    )
    more, rows = len(rows) > MOVEMENTS_MAX, rows[:MOVEMENTS_MAX]
    currencies = Counter(row.currency for row in rows)
    currency = currencies.most_common(1)[0][0] if currencies else "CNY"
    outcomes = dict(
        Decision.objects.filter(sequence__in=[row.sequence for row in rows])
        .order_by()
        .values_list("sequence", "outcome")
    )
    movements = [
        Movement(
            sequence=row.sequence,
            at=datetime.fromtimestamp(row.occurred_s, UTC),
            is_in=row.payee in own,
            party=row.payer if row.payee in own else row.payee,
            amount_minor=row.amount_minor,
            outcome=outcomes.get(row.sequence, ""),
        )
        for row in rows
        if row.currency == currency and not (row.payer in own and row.payee in own)
    ]
    return Flows(
        currency=currency,
        movements=movements,
        parties=_parties(movements),
        accounts=len(own) - 1,
        others=sum(currencies.values()) - currencies[currency],
        more=more,
    )


def _own(kind: str, key: int) -> set[int]:
    """An entity and, of a customer, the accounts that their own events named as theirs."""
    if kind != "customer":
        return {key}
    accounts = Link.objects.filter(subject=key, field=FIELD_NUMBERS["account"])
    return {key, *accounts.values_list("entity", flat=True)[:OWN_MAX]}


def _parties(movements: Sequence[Movement]) -> list[Party]:
    """The other sides, those with the most money first."""
    sides: dict[int, list[Movement]] = {}
    for movement in movements:
        sides.setdefault(movement.party, []).append(movement)
    order = sorted(sides, key=lambda key: (-sum(m.amount_minor for m in sides[key]), key))
    names = named(order[:PARTIES_MAX])
    return [_party(names[key], sides[key]) for key in order[:PARTIES_MAX] if key in names]


def _party(name: Named, moved: Sequence[Movement]) -> Party:
    went = [one for one in moved if not one.is_stopped]
    return Party(
        named=name,
        in_minor=sum(one.amount_minor for one in went if one.is_in),
        out_minor=sum(one.amount_minor for one in went if not one.is_in),
        stopped_minor=sum(one.amount_minor for one in moved if one.is_stopped),
        movements=len(moved),
        first=min(one.at for one in moved),
        newest=max(one.at for one in moved),
    )


def chart_of(flows: Flows) -> Chart | None:
    """What came in and went out, day by day, on the days on which anything moved."""
    days: dict[str, list[int]] = {}
    for one in flows.movements:
        if not one.is_stopped:
            day = f"{timezone.localtime(one.at):%F}"
            days.setdefault(day, [0, 0])[0 if one.is_in else 1] += one.amount_minor
    if not days:
        return None
    labels = sorted(days)[-DAYS_MAX:]
    return Chart(
        title=_("Money in and out by day"),
        kind="bar",
        labels=labels,
        label_title=_("Day"),
        unit="money",
        currency=flows.currency,
        series=[
            Series(_("In"), [days[day][0] for day in labels], "teal"),
            Series(_("Out"), [days[day][1] for day in labels], "violet"),
        ],
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """A band of the drawn flow: from `y1` at the outside to `y2` at the entity, `width` high."""

    named: Named
    is_in: bool
    path: str
    width: float
    y: float
    amount_minor: int


def bands_of(flows: Flows) -> list[Band]:
    """The largest payers at the left and payees at the right; widths are shares of all money."""
    found: list[Band] = []
    for is_in in (True, False):
        sides = [(party.in_minor if is_in else party.out_minor, party) for party in flows.parties]
        largest = sorted(
            (one for one in sides if one[0]), key=lambda one: (-one[0], one[1].named.entity)
        )[:DRAWN_MAX]
        found += _bands(largest, is_in=is_in, total=max(flows.in_minor, flows.out_minor))
    return found


BAND_HEIGHT: Final = 320
BAND_GAP: Final = 12.0
_LEAST: Final = 2.0


def _bands(sides: Sequence[tuple[int, Party]], *, is_in: bool, total: int) -> list[Band]:
    room = BAND_HEIGHT - BAND_GAP * (len(sides) + 1)
    widths = [max(_LEAST, room * 0.8 * amount / total) for amount, _ in sides]
    step = BAND_HEIGHT / max(1, len(sides))
    inner = (BAND_HEIGHT - sum(widths)) / 2
    found = []
    for at, ((amount, party), width) in enumerate(zip(sides, widths, strict=True)):
        outer = step * (at + 0.5)
        centre = inner + width / 2
        inner += width
        ends = (230, outer, 450, centre) if is_in else (770, outer, 550, centre)
        path = f"M{ends[0]} {ends[1]:.1f} C{(ends[0] + ends[2]) / 2:.0f} {ends[1]:.1f} "
        path += f"{(ends[0] + ends[2]) / 2:.0f} {ends[3]:.1f} {ends[2]} {ends[3]:.1f}"
        found.append(
            Band(
                named=party.named,
                is_in=is_in,
                path=path,
                width=round(width, 1),
                y=round(outer, 1),
                amount_minor=amount,
            )
        )
    return found
