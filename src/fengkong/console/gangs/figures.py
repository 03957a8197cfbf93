"""What a group's members did, in figures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db.models import Count, Max, Sum

from fengkong.console.alerts.queries import open_alerts
from fengkong.console.entities.picture import fraudulent
from fengkong.console.entities.queries import known
from fengkong.console.journaled.models import Decision

STOPPED: Final = ("deny",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Amounts in minor units of the currency that most decisions have, within the window.

    `frauds` are members about whose events fraud was confirmed, `alerts` are open.
    """

    exposure_minor: int
    stopped_minor: int
    currency: str
    frauds: int
    alerts: int
    newest: datetime | None


def blinds_of(keys: Iterable[int]) -> dict[int, str]:
    """The members' blind indexes; who was erased has none any more."""
    return {key: entity for key, (_, entity) in known(keys).items()}


def figures_of(keys: Collection[int], *, now: datetime, window: timedelta) -> Figures:
    """The figures of some subjects."""
    subjects = set(blinds_of(keys).values())
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
        exposure_minor=sums[currency, False],
        stopped_minor=sums[currency, True],
        currency=currency,
        frauds=len(fraudulent(subjects)),
        alerts=open_alerts().filter(subject__in=subjects).count(),
        newest=decisions.aggregate(newest=Max("occurred_at"))["newest"],
    )
