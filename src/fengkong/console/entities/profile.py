"""All that the desk knows of one entity: figures, what it shares, and lists."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import Max, Min
from django.utils import timezone

from fengkong.console.entities.kinds import FIELDS
from fengkong.console.entities.models import Seen
from fengkong.console.entities.naming import Named, clear_value, named
from fengkong.console.entities.panels import alerted
from fengkong.console.entities.picture import fraudulent
from fengkong.console.entities.queries import hour, known
from fengkong.console.entities.taking import key_of
from fengkong.console.entities.walking import HUB_LINKS, Row, links_of_many
from fengkong.console.journaled.models import Decision, Label
from fengkong.console.lists.changing import in_force
from fengkong.console.lists.declared import live_lists
from fengkong.console.lists.models import ListEntry
from fengkong.console.lists.values import digest_of
from fengkong.core.errors import RiskError

RECENT: Final = timedelta(days=30)
LOOKED_AT_MAX: Final = 2_000
"""The newest decisions of an entity of which its figures are made."""
SHARED_MAX: Final = 100
SUBJECTS_MAX: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """An entity's newest decisions in figures; `more` where there are older ones.

    Amounts are those of the last 30 days in the currency that most of them have; `stopped` are
    denied or held for review.
    """

    decisions: int
    more: bool
    first: datetime | None
    newest: datetime | None
    recent: int
    amount_minor: int
    stopped_minor: int
    currency: str
    outcomes: Mapping[str, int]
    frauds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """An entity that is linked with the one that is looked at.

    `others` counts who else is linked with it, up to a hub's bound (`is_hub`).
    """

    named: Named
    fields: Sequence[str]
    first: datetime
    newest: datetime
    others: int
    is_hub: bool
    is_fraud: bool
    alerts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A list that the entity is on."""

    list_name: str
    title: Any
    colour: str
    entry: ListEntry


def seen_sequences(entity: str) -> list[int]:
    """The newest decisions whose events name an entity, so many as figures are made of."""
    rows = Seen.objects.filter(entity=key_of(bytes.fromhex(entity)))
    newest = rows.order_by("-occurred_s", "-sequence").values_list("sequence", flat=True)
    return list(dict.fromkeys(newest[: LOOKED_AT_MAX + 1]))


def figures_of(entity: str) -> Figures:
    """The figures of an entity."""
    sequences = seen_sequences(entity)
    decisions = Decision.objects.filter(sequence__in=sequences[:LOOKED_AT_MAX]).order_by()
    since = timezone.now() - RECENT
    ends = decisions.aggregate(first=Min("occurred_at"), newest=Max("occurred_at"))
    outcomes: Counter[str] = Counter()
    amounts: dict[str, list[int]] = {}
    recent = 0
    for outcome, at, amount, currency in decisions.values_list(
        "outcome", "occurred_at", "amount_minor", "currency"
    ):
        outcomes[outcome] += 1
        if at >= since:
            recent += 1
            sums = amounts.setdefault(currency, [0, 0, 0])
            sums[0] += 1
            sums[1] += amount or 0
            sums[2] += (amount or 0) if outcome in ("deny", "review") else 0
    currency, sums = max(
        ((name, sums) for name, sums in amounts.items() if name),
        key=lambda one: one[1][0],
        default=("CNY", [0, 0, 0]),
    )
    events = decisions.values("event_id")
    return Figures(
        decisions=sum(outcomes.values()),
        more=len(sequences) > LOOKED_AT_MAX,
        recent=recent,
        amount_minor=sums[1],
        stopped_minor=sums[2],
        currency=currency,
        outcomes=dict(outcomes),
        frauds=Label.objects.filter(is_fraud=True, event_id__in=events).count(),
        **ends,
    )


def shared_of(entity: str) -> list[Shared]:
    """What an entity is linked with, the most widely shared of few first, then the newest."""
    key = key_of(bytes.fromhex(entity))
    rows = links_of_many([key], limit=SHARED_MAX)[key]
    together: dict[int, list[Row]] = {}
    for row in rows:
        together.setdefault(row[1] if row[0] == key else row[0], []).append(row)
    around = links_of_many(list(together), limit=HUB_LINKS + 1)
    names = named(list(together))
    subjects = {names[other].entity for other in together if other in names}
    fraud, alerts = fraudulent(subjects), alerted(subjects)
    found = []
    for other, links in together.items():
        name = names.get(other)
        if name is None:
            continue
        others = {row[0] if row[1] == other else row[1] for row in around[other]} - {key}
        found.append(
            Shared(
                named=name,
                fields=list(dict.fromkeys(FIELDS[row[2]] for row in links)),
                first=hour(min(row[3] for row in links)),
                newest=hour(max(row[4] for row in links)),
                others=len(others),
                is_hub=len(around[other]) > HUB_LINKS,
                is_fraud=name.entity in fraud,
                alerts=alerts.get(name.entity, 0),
            )
        )
    return sorted(found, key=lambda one: (one.is_hub, -one.others, -one.newest.timestamp()))


def subjects_of(kind: str, entity: str) -> list[str]:
    """Whose events name an entity, itself first: whose alerts and cases concern it."""
    key = key_of(bytes.fromhex(entity))
    rows = links_of_many([key], limit=SUBJECTS_MAX)[key]
    if kind == "customer":
        return [entity]
    others = known({row[0] for row in rows if row[1] == key})
    return [entity, *(blind for _, blind in others.values())]


def lists_of(about: Named) -> list[Listed]:
    """The lists that an entity is on now; its value is read for that and not kept."""
    if not about.sequence:
        return []
    try:
        value = clear_value(about.sequence, about.field)
        declared = live_lists()
    except (RiskError, OSError):
        return []
    if value is None:
        return []
    asked = {
        name: digest_of(name, value) for name, one in declared.items() if one.entity == about.kind
    }
    rows = ListEntry.objects.filter(in_force(timezone.now()), value_digest__in=asked.values())
    return [
        Listed(
            list_name=row.list_name,
            title=declared[row.list_name].title,
            colour=declared[row.list_name].colour,
            entry=row,
        )
        for row in rows.order_by("list_name")
        if asked.get(row.list_name) == row.value_digest
    ]
