"""The dashboards' figures: loss, fraud, approvals, challenges, false alarms and work, once for all.

Everything is read from tallies of days, by a fixed number of statements. Rates of fraud are in
basis points of decisions, and of their amounts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, Final

from django.db.models import Avg, Count, Q, QuerySet, Sum
from django.utils.translation import gettext as _

from fengkong.console.feedback.desk import FRAUD, GOOD
from fengkong.console.feedback.maturity import Days
from fengkong.console.feedback.models import AlertEnd, Arrival, DayTally, Segment
from fengkong.console.feedback.truths import STOPPED
from fengkong.console.reports.words import channel_title
from fengkong.console.shell.charts import Chart, Series
from fengkong.console.shell.sheets import BASIS_POINTS, Column, Sheet
from fengkong.console.shell.spoken import event_title

STEPS_MAX: Final = 60
"""Longer periods are shown by the week, then by the month."""
_SUMS: Final = (
    *("decisions", "amount_minor", "goods", "frauds", "fraud_minor", "loss_minor"),
    "recovered_minor",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is looked at: days, and one product (event type), channel and currency."""

    days: Days
    event_type: str = ""
    channel: str = ""
    currency: str = "CNY"


@dataclass(slots=True)
class Part:
    """Sums of some decisions; amounts in minor units of one currency.

    `through` are decisions that were not stopped, with the frauds among them. `flagged_*` are
    those that were not simply allowed.
    """

    sums: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    outcomes: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    through: int = 0
    through_minor: int = 0
    frauds_through: int = 0
    fraud_through_minor: int = 0
    flagged_goods: int = 0
    flagged_frauds: int = 0

    def add(self, outcome: str, sums: dict[str, int], *, money: bool) -> None:
        """Add a row of tallies; `money` says whether its amounts are of the currency."""
        for name, value in sums.items():
            self.sums[name] += value if money or not name.endswith("_minor") else 0
        self.outcomes[outcome] += sums["decisions"]
        if outcome not in STOPPED:
            self.through += sums["decisions"]
            self.frauds_through += sums["frauds"]
            self.through_minor += sums["amount_minor"] if money else 0
            self.fraud_through_minor += sums["fraud_minor"] if money else 0
        if outcome != "allow":
            self.flagged_goods += sums["goods"]
            self.flagged_frauds += sums["frauds"]

    @property
    def decisions(self) -> int:
        """How many there were."""
        return self.sums["decisions"]

    def share(self, outcome: str) -> float | None:
        """The share of an outcome."""
        return _ratio(self.outcomes[outcome], self.decisions)

    @property
    def fraud_rate(self) -> float | None:
        """Known frauds of all decisions, whatever became of them."""
        return _ratio(self.sums["frauds"], self.decisions)

    @property
    def fraud_rate_through(self) -> float | None:
        """Known frauds among what was not stopped."""
        return _ratio(self.frauds_through, self.through)

    @property
    def fraud_value_rate(self) -> float | None:
        """The amount of known frauds that were not stopped, of all amounts that were not."""
        return _ratio(self.fraud_through_minor, self.through_minor)

    @property
    def false_positives(self) -> float | None:
        """Good decisions that were flagged, for each fraud that was."""
        return _ratio(self.flagged_goods, self.flagged_frauds)

    @property
    def net_loss(self) -> int:
        """What was lost, less what came back."""
        return self.sums["loss_minor"] - self.sums["recovered_minor"]


@dataclass(slots=True, kw_only=True)
class Work:
    """The desk's work in some days; times in seconds."""

    arrived: int
    closed: int
    frauds: int
    goods: int
    waited_s: float | None
    in_time: float | None
    by_day: dict[date, list[int]]


@dataclass(slots=True, kw_only=True)
class Dashboard:
    """Everything a dashboard says."""

    wanted: Wanted
    whole: Part
    types: dict[str, Part]
    channels: dict[str, Part]
    steps: dict[date, Part]
    work: Work


def dashboard(wanted: Wanted) -> Dashboard:
    """Read everything; five statements, whatever the number of decisions."""
    rows = _rows(wanted)
    whole, steps = Part(), {one: Part() for one in steps_of(wanted.days)}
    types: dict[str, Part] = defaultdict(Part)
    channels: dict[str, Part] = defaultdict(Part)
    names = ("outcome", "segment__event_type", "segment__channel", "segment__currency")
    for outcome, kind, channel, currency, *sums in _grouped(rows, names):
        told, money = dict(zip(_SUMS, sums, strict=True)), currency == wanted.currency
        for part in (whole, types[kind], channels[channel]):
            part.add(outcome, told, money=money)
    starts = sorted(steps)
    for day, outcome, currency, *sums in _grouped(rows, ("day", "outcome", "segment__currency")):
        told = dict(zip(_SUMS, sums, strict=True))
        steps[_start(day, starts)].add(outcome, told, money=currency == wanted.currency)
    return Dashboard(
        wanted=wanted,
        whole=whole,
        types=dict(types),
        channels=dict(channels),
        steps=steps,
        work=_work(wanted.days),
    )


def currencies() -> list[str]:
    """The currencies that events had, the commonest segments first."""
    found = Segment.objects.exclude(currency="").values_list("currency")
    return [name for name, _n in found.annotate(Count("pk")).order_by("-pk__count", "currency")]


def steps_of(days: Days) -> list[date]:
    """The beginnings of the steps of some days: days, weeks, or months."""
    found = [days.first + timedelta(days=number) for number in range(days.count)]
    if len(found) <= STEPS_MAX:
        return found
    if len(found) <= 7 * STEPS_MAX / 2:
        return found[::7]
    return [one for one in found if one.day == 1 or one == days.first]


def summary_sheet(found: Dashboard) -> Sheet:
    """The cards as a table, for files."""
    whole, work = found.whole, found.work
    rows: list[tuple[Any, ...]] = [
        (_("Decisions"), whole.decisions, None, None, None, None),
        (_("Amount decided"), None, None, None, whole.sums["amount_minor"], None),
        (_("Known frauds"), whole.sums["frauds"], None, None, whole.sums["fraud_minor"], None),
        (_("Fraud rate, all decisions"), None, None, whole.fraud_rate, None, None),
        (_("Fraud rate of what went through"), None, None, whole.fraud_rate_through, None, None),
        (_("Fraud rate of it by amount"), None, None, whole.fraud_value_rate, None, None),
        (_("Loss"), None, None, None, whole.sums["loss_minor"], None),
        (_("Recovered"), None, None, None, whole.sums["recovered_minor"], None),
        (_("Net loss"), None, None, None, whole.net_loss, None),
        (_("Approval rate"), None, whole.share("allow"), None, None, None),
        (_("Challenge rate"), None, whole.share("challenge"), None, None, None),
        (_("Review rate"), None, whole.share("review"), None, None, None),
        (_("Deny rate"), None, whole.share("deny"), None, None, None),
        (_("Alerts that arrived"), work.arrived, None, None, None, None),
        (_("Alerts that were closed"), work.closed, None, None, None, None),
        (_("Closed in time"), None, work.in_time, None, None, None),
        (_("Mean time to decision"), None, None, None, None, work.waited_s),
    ]
    return Sheet(
        key="summary",
        title=_("Summary"),
        columns=(
            *(Column(_("Figure"), "text"), Column(_("Number")), Column(_("Share"), "share")),
            *(Column(_("Basis points"), "bps"), Column(_("Money"), "money")),
            Column(_("Time"), "seconds"),
        ),
        rows=rows,
        currency=found.wanted.currency,
    )


def types_sheet(found: Dashboard) -> Sheet:
    """By product."""
    named = [(event_title(name) or _("Erased"), part) for name, part in _largest(found.types)]
    return _parts_sheet("products", _("By product"), _("Product"), named, found)


def channels_sheet(found: Dashboard) -> Sheet:
    """By channel."""
    named = [(channel_title(name), part) for name, part in _largest(found.channels)]
    return _parts_sheet("channels", _("By channel"), _("Channel"), named, found)


def steps_sheet(found: Dashboard) -> Sheet:
    """Over time."""
    named = [(f"{day:%F}", part) for day, part in found.steps.items()]
    return _parts_sheet("time", _("Over time"), _("From"), named, found)


def sheets_of(found: Dashboard) -> list[Sheet]:
    """Everything as tables, in the order of the screen."""
    return [summary_sheet(found), types_sheet(found), channels_sheet(found), steps_sheet(found)]


def charts_of(found: Dashboard) -> list[Chart]:
    """The course of the main figures."""
    days = list(found.steps)
    labels, parts = [f"{day:%m-%d}" for day in days], list(found.steps.values())
    starts = sorted(days)
    arrived: dict[date, int] = defaultdict(int)
    closed: dict[date, int] = defaultdict(int)
    for day, (come, gone) in found.work.by_day.items():
        arrived[_start(day, starts)] += come
        closed[_start(day, starts)] += gone
    through = [_bps(one.fraud_rate_through) for one in parts]
    more: dict[str, Any] = {"labels": labels, "label_title": _("From")}
    return [
        Chart(
            title=_("Fraud rate in basis points"),
            kind="line",
            series=[
                Series(_("All decisions"), [_bps(one.fraud_rate) for one in parts], "grey"),
                Series(_("What went through"), through, "red"),
            ],
            unit="number",
            **more,
        ),
        Chart(
            title=_("Loss and what came back"),
            kind="bar",
            series=[
                Series(_("Loss"), [one.sums["loss_minor"] for one in parts], "red"),
                Series(_("Recovered"), [one.sums["recovered_minor"] for one in parts], "green"),
            ],
            unit="money",
            currency=found.wanted.currency,
            **more,
        ),
        Chart(
            title=_("Approvals and challenges"),
            kind="line",
            series=[
                Series(_("Approval rate"), [one.share("allow") for one in parts], "green"),
                Series(_("Challenge rate"), [one.share("challenge") for one in parts], "violet"),
                Series(_("Review rate"), [one.share("review") for one in parts], "amber"),
            ],
            unit="share",
            **more,
        ),
        Chart(
            title=_("Alerts"),
            kind="bar",
            series=[
                Series(_("Arrived"), [arrived[day] for day in days], "blue"),
                Series(_("Closed alerts"), [closed[day] for day in days], "teal"),
            ],
            **more,
        ),
    ]


def _parts_sheet(
    key: str, title: str, column: str, named: Iterable[tuple[str, Part]], found: Dashboard
) -> Sheet:
    return Sheet(
        key=key,
        title=title,
        columns=(
            *(Column(column, "text"), Column(_("Decisions")), Column(_("Amount"), "money")),
            *(Column(_("Approval rate"), "share"), Column(_("Challenge rate"), "share")),
            *(Column(_("Review rate"), "share"), Column(_("Deny rate"), "share")),
            *(Column(_("Known frauds")), Column(_("Fraud, bp"), "bps")),
            *(Column(_("Through, bp"), "bps"), Column(_("Through by amount, bp"), "bps")),
            *(Column(_("Loss"), "money"), Column(_("Net loss"), "money")),
            Column(_("False alarms for a fraud"), "number"),
        ),
        rows=[
            (
                *(name, one.decisions, one.sums["amount_minor"]),
                *(one.share(outcome) for outcome in ("allow", "challenge", "review", "deny")),
                *(one.sums["frauds"], one.fraud_rate, one.fraud_rate_through),
                *(one.fraud_value_rate, one.sums["loss_minor"], one.net_loss),
                one.false_positives,
            )
            for name, one in named
        ],
        currency=found.wanted.currency,
    )


def _rows(wanted: Wanted) -> QuerySet[DayTally]:
    rows = DayTally.objects.filter(day__gte=wanted.days.first, day__lte=wanted.days.last)
    if wanted.event_type:
        rows = rows.filter(segment__event_type=wanted.event_type)
    if wanted.channel:
        rows = rows.filter(segment__channel=wanted.channel)
    return rows


def _grouped(rows: QuerySet[DayTally], names: Sequence[str]) -> Iterable[tuple[Any, ...]]:
    return rows.order_by().values_list(*names).annotate(*(Sum(one) for one in _SUMS))


def _work(days: Days) -> Work:
    ends = AlertEnd.objects.filter(day__gte=days.first, day__lte=days.last)
    told = ends.aggregate(
        closed=Count("pk"),
        frauds=Count("pk", filter=Q(disposition__in=FRAUD)),
        goods=Count("pk", filter=Q(disposition__in=GOOD)),
        waited=Avg("waited_s"),
        in_time=Count("pk", filter=Q(in_time=True)),
    )
    by_day: dict[date, list[int]] = defaultdict(lambda: [0, 0])
    for day, count in ends.values_list("day").annotate(Count("pk")).order_by():
        by_day[day][1] = count
    arrivals = Arrival.objects.filter(hour__date__gte=days.first, hour__date__lte=days.last)
    for day, count in arrivals.values_list("hour__date").annotate(Sum("alerts")).order_by():
        by_day[day][0] = count
    return Work(
        arrived=sum(come for come, _gone in by_day.values()),
        closed=told["closed"],
        frauds=told["frauds"],
        goods=told["goods"],
        waited_s=told["waited"],
        in_time=_ratio(told["in_time"], told["closed"]),
        by_day=dict(by_day),
    )


def _start(day: date, starts: Sequence[date]) -> date:
    """The beginning of the step in which a day is."""
    return max((one for one in starts if one <= day), default=starts[0])


def _largest(parts: dict[str, Part]) -> list[tuple[str, Part]]:
    return sorted(parts.items(), key=lambda one: (-one[1].decisions, one[0]))


def _ratio(part: float, whole: float) -> float | None:
    return part / whole if whole else None


def _bps(rate: float | None) -> float | None:
    return None if rate is None else BASIS_POINTS * rate
