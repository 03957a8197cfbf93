"""The figures of the overview, declared as data: what they are, their limits, what lists them."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal

from django.db.models import Count, Exists, OuterRef
from django.utils.translation import gettext_lazy as _

from fengkong.console.approvals.models import Proposal
from fengkong.console.journaled.models import Decision, Label
from fengkong.console.live import tallies
from fengkong.console.live.filters import STOPPING, Filter
from fengkong.console.live.lamps import Limits
from fengkong.console.live.listing import FLAGGED
from fengkong.console.live.models import Measurement, ServiceSample
from fengkong.console.live.periods import Period
from fengkong.console.live.service_figures import buckets_of, grown, quantile, thinned

if TYPE_CHECKING:
    from fengkong.console.accounts.duties import Words

Unit = Literal["count", "share", "money", "seconds"]


@dataclass(slots=True, kw_only=True)
class Scene:
    """Everything that the overview's figures are read from, asked for once."""

    key: str
    wanted: Filter
    period: Period
    now: tallies.Totals
    before: tallies.Totals
    series: tallies.Series
    currency: str
    flagged: dict[str, tuple[int, int]]
    confirmed: tuple[int, int]
    latency: Latency
    labels: dict[str, Any]
    proposals: int

    @property
    def listed(self) -> Filter:
        """The filter that lists what the period holds."""
        return self.wanted.but(start=self.period.start, end=self.period.end)


@dataclass(slots=True, kw_only=True)
class Latency:
    """Seconds below which 99 of 100 decision requests were answered: now, before, step by step."""

    now: float | None = None
    before: float | None = None
    values: list[float | None] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A figure as it is: its value now and before, its course, how many decisions it counts.

    `listed` are exactly these decisions; None where the figure counts none.
    """

    value: float | None
    before: float | None = None
    values: Sequence[float | None] = ()
    count: int | None = None
    listed: Filter | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A card: how it is read, which way is better (up, down, or empty), and its limits."""

    key: str
    title: Words
    hint: Words
    unit: Unit
    read: Callable[[Scene], Reading]
    better: str = ""
    limits: Limits | None = None


def scene_of(key: str, wanted: Filter, period: Period) -> Scene:
    """Ask for everything; a fixed number of statements, whatever the number of decisions."""
    earlier = period.before
    now = tallies.totals(wanted, start=period.start, end=period.end)
    measured = Measurement.objects.filter(kind="labels", about="all").first()
    return Scene(
        key=key,
        wanted=wanted,
        period=period,
        now=now,
        before=tallies.totals(wanted, start=earlier.start, end=earlier.end),
        series=tallies.series(wanted, period),
        currency=tallies.main_currency(
            (kind, abs(amount)) for kind, amount in now.whole.amounts.items()
        ),
        flagged={
            flag: (_flagged(wanted, flag, period), _flagged(wanted, flag, earlier))
            for flag in ("degraded", "late")
        },
        confirmed=(_confirmed(wanted, period), _confirmed(wanted, earlier)),
        latency=latency_of(period),
        labels={} if measured is None else measured.content,
        proposals=Proposal.objects.filter(state=Proposal.State.OPEN).count(),
    )


def _flagged(wanted: Filter, flag: str, period: Period) -> int:
    """Counted by type and policy, of which those asked for are added up here.

    With a type among its conditions a database would go through all decisions of that type.
    """
    rows = Decision.objects.filter(
        FLAGGED[flag], occurred_at__gte=period.start, occurred_at__lt=period.end
    )
    grouped = rows.order_by().values_list("event_type", "policy").annotate(Count("sequence"))
    return sum(
        count
        for event_type, policy, count in grouped
        if wanted.event_type in ("", event_type) and wanted.policy in ("", policy)
    )


def _confirmed(wanted: Filter, period: Period) -> int:
    """Decisions whose label came in a period and says fraud."""
    decided = Decision.objects.filter(event_id=OuterRef("event_id"))
    if wanted.event_type:
        decided = decided.filter(event_type=wanted.event_type)
    if wanted.policy:
        decided = decided.filter(policy=wanted.policy)
    labels = Label.objects.filter(is_fraud=True, at__gte=period.start, at__lt=period.end)
    return labels.filter(Exists(decided)).count()


def latency_of(period: Period) -> Latency:
    """What the samples of the service say of a period; they reach back one day."""
    samples = list(
        ServiceSample.objects.filter(
            at__gte=period.before.start, at__lt=period.end, reachable=True
        ).order_by("at")
    )
    seen = [(one.at, buckets_of(one.content, "http_request_seconds")) for one in samples]
    now = [pair for pair in seen if pair[0] >= period.start]
    earlier = [pair for pair in seen if pair[0] < period.start]
    return Latency(
        now=_between(now),
        before=_between(earlier),
        values=[
            quantile(grown(later[1], before[1]), 0.99)
            for before, later in _pairs(list(thinned(now, most=30)))
        ],
    )


def _between(seen: Sequence[Any]) -> float | None:
    if not seen:
        return None
    return quantile(grown(seen[-1][1], seen[0][1] if len(seen) > 1 else []), 0.99)


def _pairs(seen: Sequence[Any]) -> Sequence[tuple[Any, Any]]:
    return list(itertools.pairwise(seen))


# -- how each figure is read ---------------------------------------------------------------------


def _decisions(scene: Scene) -> Reading:
    return Reading(
        value=scene.now.whole.count,
        before=scene.before.whole.count,
        values=scene.series.whole,
        count=scene.now.whole.count,
        listed=scene.listed,
    )


def _outcome(outcome: str) -> Callable[[Scene], Reading]:
    def read(scene: Scene) -> Reading:
        counted = scene.now.outcomes.get(outcome, tallies.Counted())
        return Reading(
            value=scene.now.share(outcome),
            before=scene.before.share(outcome),
            values=scene.series.shares(outcome),
            count=counted.count,
            listed=scene.listed.but(outcomes=(outcome,)),
        )

    return read


def _amount(scene: Scene) -> Reading:
    return Reading(
        value=scene.now.whole.amounts.get(scene.currency, 0),
        before=scene.before.whole.amounts.get(scene.currency, 0),
        values=scene.series.amounts,
        count=scene.now.whole.count,
        listed=scene.listed,
    )


def _stopped(scene: Scene) -> Reading:
    outcomes = tuple(sorted(STOPPING))
    return Reading(
        value=scene.now.stopped().get(scene.currency, 0),
        before=scene.before.stopped().get(scene.currency, 0),
        values=scene.series.stopped,
        count=sum(scene.now.outcomes[one].count for one in outcomes if one in scene.now.outcomes),
        listed=scene.listed.but(outcomes=outcomes),
    )


def _fraud(scene: Scene) -> Reading:
    now, before = scene.confirmed
    period = scene.period
    listed = scene.wanted.but(confirmed_start=period.start, confirmed_end=period.end)
    return Reading(value=now, before=before, count=now, listed=listed)


def _flag(flag: str) -> Callable[[Scene], Reading]:
    def read(scene: Scene) -> Reading:
        now, before = scene.flagged[flag]
        whole, earlier = scene.now.whole.count, scene.before.whole.count
        return Reading(
            value=now / whole if whole else None,
            before=before / earlier if earlier else None,
            count=now,
            listed=scene.listed.but(flag=flag),
        )

    return read


def _latency(scene: Scene) -> Reading:
    seen = scene.latency
    return Reading(value=seen.now, before=seen.before, values=seen.values)


def _maturity(scene: Scene) -> Reading:
    return Reading(value=scene.labels.get("labelled", {}).get(scene.key))


def _proposals(scene: Scene) -> Reading:
    return Reading(value=scene.proposals)


FIGURES: Final[tuple[Figure, ...]] = (
    Figure(
        key="decisions",
        title=_("Decisions"),
        hint=_("How many events were decided in the period."),
        unit="count",
        read=_decisions,
        limits=Limits(amber=-0.5, red=-0.8, of="change", side="below"),
    ),
    Figure(
        key="allow",
        title=_("Approval rate"),
        hint=_("The share of decisions that let the customer go on."),
        unit="share",
        read=_outcome("allow"),
        better="up",
        limits=Limits(amber=0.9, red=0.8, side="below"),
    ),
    Figure(
        key="challenge",
        title=_("Challenge rate"),
        hint=_("The share that asked the customer for proof."),
        unit="share",
        read=_outcome("challenge"),
        limits=Limits(amber=0.05, red=0.1),
    ),
    Figure(
        key="review",
        title=_("Review rate"),
        hint=_("The share that waits for a person."),
        unit="share",
        read=_outcome("review"),
        limits=Limits(amber=0.03, red=0.08),
    ),
    Figure(
        key="delay",
        title=_("Delay rate"),
        hint=_("The share that was held back for a time."),
        unit="share",
        read=_outcome("delay"),
        limits=Limits(amber=0.03, red=0.08),
    ),
    Figure(
        key="deny",
        title=_("Deny rate"),
        hint=_("The share that was refused."),
        unit="share",
        read=_outcome("deny"),
        limits=Limits(amber=0.02, red=0.05),
    ),
    Figure(
        key="amount",
        title=_("Amount decided"),
        hint=_("The money of all events decided, in the main currency."),
        unit="money",
        read=_amount,
        limits=Limits(amber=0.5, red=1.0, of="change", side="either"),
    ),
    Figure(
        key="stopped",
        title=_("Amount stopped"),
        hint=_("The money of events that were denied or delayed."),
        unit="money",
        read=_stopped,
        limits=Limits(amber=0.5, red=1.0, of="change"),
    ),
    Figure(
        key="fraud",
        title=_("Fraud confirmed"),
        hint=_("Decisions whose label came in the period and says fraud."),
        unit="count",
        read=_fraud,
        better="down",
        limits=Limits(amber=0.5, red=1.0, of="change"),
    ),
    Figure(
        key="degraded",
        title=_("Degraded"),
        hint=_("The share decided by the policy's fallback, since something was missing."),
        unit="share",
        read=_flag("degraded"),
        better="down",
        limits=Limits(amber=0.0001, red=0.01),
    ),
    Figure(
        key="late",
        title=_("Late"),
        hint=_("The share of events that came too late to be counted by features."),
        unit="share",
        read=_flag("late"),
        better="down",
        limits=Limits(amber=0.01, red=0.05),
    ),
    Figure(
        key="latency",
        title=_("Latency, 99 of 100"),
        hint=_("The service answered 99 of 100 decision requests within this time."),
        unit="seconds",
        read=_latency,
        better="down",
        limits=Limits(amber=0.05, red=0.2),
    ),
    Figure(
        key="maturity",
        title=_("Label maturity"),
        hint=_("The share of the period's decisions whose truth is known; young figures flatter."),
        unit="share",
        read=_maturity,
    ),
    Figure(
        key="proposals",
        title=_("Open proposals"),
        hint=_("What waits for a second pair of eyes."),
        unit="count",
        read=_proposals,
        limits=Limits(amber=1, red=10),
    ),
)
"""The cards in their order."""


def change_of(reading: Reading) -> float | None:
    """The relative change against the same time before; None where there was nothing."""
    if reading.value is None or not reading.before:
        return None
    return (reading.value - reading.before) / abs(reading.before)
