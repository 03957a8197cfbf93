"""What is missed: where truth is known at all, and what a random share of allowed traffic says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from django.db.models import Sum
from django.utils.translation import gettext as _

from fengkong.console.alerts.models import Disposition
from fengkong.console.alerts.terms import RANDOM_SAMPLE
from fengkong.console.feedback.desk import FRAUD
from fengkong.console.feedback.maturity import Days
from fengkong.console.feedback.models import AlertEnd, DayTally
from fengkong.console.shell.outcomes import OUTCOMES
from fengkong.console.shell.sheets import Column, Sheet, interval_of
from fengkong.evaluation.intervals import Proportion, proportion

ALLOW: Final = "allow"


@dataclass(frozen=True, slots=True, kw_only=True)
class Missed:
    """Fraud among allowed decisions, by a random sample of them.

    `sampled` decisions were judged, `frauds` of them were fraud, `unsure` are not counted.
    `allowed` is how many were allowed in the time, `known` how many frauds among them are known
    by labels anyway. `low` to `high` is the 95 % interval of `expected`.
    """

    share: Proportion
    sampled: int
    frauds: int
    unsure: int
    allowed: int
    known: int
    expected: float | None
    low: float | None
    high: float | None


def missed(days: Days) -> Missed:
    """The estimate for some days."""
    ends = AlertEnd.objects.filter(typology=RANDOM_SAMPLE, day__gte=days.first, day__lte=days.last)
    judged = dict(ends.values_list("disposition").annotate(Sum("decisions")).order_by())
    unsure = judged.pop(Disposition.SUSPICIOUS, 0)
    frauds, sampled = sum(judged.get(one, 0) for one in FRAUD), sum(judged.values())
    allowed = DayTally.objects.filter(
        outcome=ALLOW, day__gte=days.first, day__lte=days.last
    ).aggregate(decisions=Sum("decisions"), frauds=Sum("frauds"))
    count, share = allowed["decisions"] or 0, proportion(frauds, sampled)
    expected, low, high = (
        None if one is None else one * count for one in (share.value, share.low, share.high)
    )
    return Missed(
        share=share,
        sampled=sampled,
        frauds=frauds,
        unsure=unsure,
        allowed=count,
        known=allowed["frauds"] or 0,
        expected=expected,
        low=low,
        high=high,
    )


def coverage_sheet(days: Days) -> Sheet:
    """By outcome, how many decisions have a truth: what was flagged has, the rest hardly."""
    found = DayTally.objects.filter(day__gte=days.first, day__lte=days.last)
    grouped = found.values_list("outcome").annotate(Sum("decisions"), Sum("goods"), Sum("frauds"))
    sums = {outcome: rest for outcome, *rest in grouped.order_by()}
    rows = []
    for name, sign in OUTCOMES.items():
        decisions, goods, frauds = sums.get(name, (0, 0, 0))
        rate = proportion(frauds, goods + frauds)
        rows.append(
            (
                *(str(sign.title), decisions, goods + frauds),
                (goods + frauds) / decisions if decisions else None,
                *(frauds, rate.value, interval_of(rate)),
            )
        )
    return Sheet(
        key="coverage",
        title=_("Where the truth is known"),
        columns=(
            *(Column(_("Outcome"), "text"), Column(_("Decisions")), Column(_("Truth known"))),
            *(Column(_("Share known"), "share"), Column(_("Frauds"))),
            *(Column(_("Fraud among the known"), "share"), Column(_("95 % interval"), "interval")),
        ),
        rows=rows,
        notes=_(
            "Labels come mostly where something was flagged or a customer complained. Figures "
            "over labelled decisions therefore say little about allowed ones."
        ),
    )
