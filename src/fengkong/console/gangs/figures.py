"""What a group's members did, in figures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db.models import Count, Max, Min, Q, Sum

from fengkong.console.alerts.queries import open_alerts
from fengkong.console.entities.picture import fraudulent
from fengkong.console.entities.queries import known
from fengkong.console.journaled.models import Decision

STOPPED: Final = ("deny",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Amounts in minor units of the currency that most decisions have, within the window.

    `blinds` are the members' blind indexes by key, `frauds` those of them about whose events fraud
    was confirmed, `alerts` are open.
    """

    blinds: Mapping[int, str]
    exposure_minor: int
    stopped_minor: int
    currency: str
    frauds: frozenset[str]
    alerts: int
    newest: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """Decisions about a member: how many, since when, and the money of the window."""

    decisions: int = 0
    since: datetime | None = None
    moved_minor: int = 0
    stopped_minor: int = 0


def blinds_of(keys: Iterable[int]) -> dict[int, str]:
    """The members' blind indexes; who was erased has none any more."""
    return {key: entity for key, (_, entity) in known(keys).items()}


def figures_of(keys: Collection[int], *, now: datetime, window: timedelta) -> Figures:
    """The figures of some subjects."""
    blinds = blinds_of(keys)
    subjects = set(blinds.values())
    decisions = Decision.objects.filter(subject__in=subjects, occurred_at__gte=now - window)
    counted: Counter[str] = Counter()
    sums: Counter[tuple[str, bool]] = Counter()
    for row in (
        decisions.order_by()
        .values("currency", "outcome")
        .annotate(count=Count("sequence"), total=Sum("amount_minor"))
    ):
        counted[row["currency"]] += row["count"] if row["currency"] else 0
        sums[row["currency"], row["outcome"] in STOPPED] += row["total"] or 0
    most = sorted(counted, key=lambda name: (-counted[name], name))
    currency = most[0] if most and most[0] else "CNY"
    return Figures(
        blinds=blinds,
        exposure_minor=sums[currency, False],
        stopped_minor=sums[currency, True],
        currency=currency,
        frauds=frozenset(fraudulent(subjects)),
        alerts=open_alerts().filter(subject__in=subjects).count(),
        newest=decisions.aggregate(newest=Max("occurred_at"))["newest"],
    )


def histories_of(
    subjects: Collection[str], *, currency: str, since: datetime
) -> dict[str, History]:
    """The history of each of some subjects who have one; money is that since an instant."""
    recent = Q(occurred_at__gte=since, currency=currency)
    stopped = Q(outcome__in=STOPPED)
    rows = (
        Decision.objects.filter(subject__in=subjects)
        .order_by()
        .values_list("subject")
        .annotate(
            decisions=Count("sequence"),
            since=Min("occurred_at"),
            moved=Sum("amount_minor", filter=recent & ~stopped),
            stopped=Sum("amount_minor", filter=recent & stopped),
        )
    )
    return {
        subject: History(
            decisions=count, since=first, moved_minor=moved or 0, stopped_minor=held or 0
        )
        for subject, count, first, moved, held in rows
    }
