"""Figures of rules, typologies, analysts and models, each with its interval, as sheets.

Precision is over decisions whose truth is known. Recall is over days whose labels are mature, of
all frauds that are known; what nobody ever labelled is missing there (see `missed`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Any, Final

import numpy as np
from django.db.models import Count, Q, Sum
from django.utils.translation import gettext as _

from fengkong.console.accounts.models import Operator
from fengkong.console.alerts.models import Disposition
from fengkong.console.alerts.terms import Terms
from fengkong.console.feedback.desk import FRAUD, GOOD
from fengkong.console.feedback.maturity import Days, Maturity
from fengkong.console.feedback.models import MODEL_STEPS, AlertEnd, DayTally, ModelDay, RuleDay
from fengkong.console.feedback.settings import loop_settings
from fengkong.console.live.titles import in_force, policy_of, rule_titles
from fengkong.console.shell.sheets import Column, Sheet, interval_of
from fengkong.console.shell.spoken import said
from fengkong.evaluation.intervals import proportion

RULES_MAX: Final = 500
HANDLED_MAX_S: Final = 3_600
"""Claims that lay longer than this were not handled all the time."""


def rules_sheet(days: Days, mature: Maturity) -> Sheet:
    """Every rule that hit: how often it was right, how much of the fraud it sees, what it costs."""
    whole = _rule_sums(days)
    old = days.upto(mature.until)
    seen = {row[0]: row[3] for row in _rule_sums(old)}
    frauds = _frauds(old)
    titles = _rule_titles()
    cost = cost_of_one()
    rows = []
    for rule, hits, goods, right, fraud_minor, stopped in whole:
        precise = proportion(right, right + goods)
        recall = proportion(min(seen.get(rule, 0), frauds), frauds)
        rows.append(
            (
                *(titles.get(rule, rule), hits, _ratio(right + goods, hits), right, goods),
                *(precise.value, interval_of(precise), recall.value, interval_of(recall)),
                *(fraud_minor, stopped, None if cost is None else goods * cost),
            )
        )
    return Sheet(
        key="rules",
        title=_("Rules"),
        columns=(
            *(Column(_("Rule"), "text"), Column(_("Hits"))),
            *(Column(_("Truth known"), "share"), Column(_("Frauds")), Column(_("Good"))),
            *(Column(_("Precision"), "share"), Column(_("95 % interval"), "interval")),
            *(Column(_("Recall"), "share"), Column(_("95 % interval"), "interval")),
            *(Column(_("Fraud hit"), "money"), Column(_("Of it stopped"), "money")),
            Column(_("Cost of false alarms"), "money"),
        ),
        rows=rows,
        currency=loop_settings().currency,
        notes=_("Frauds that several rules hit count for each of them."),
        links=[f"/decisions/?rule={row[0]}" for row in whole],
    )


def typologies_sheet(days: Days, terms: Terms) -> Sheet:
    """Every typology: how its alerts ended, how soon, and how often again."""
    return _ends_sheet(
        days,
        key="typologies",
        title=_("Typologies"),
        column=_("Typology"),
        field="typology",
        named=lambda name: said(terms.typology(name).title) if name in terms.typologies else name,
    )


def analysts_sheet(days: Days) -> Sheet:
    """Every analyst likewise; few alerts say little, which the intervals tell."""
    names = {one.pk: str(one) for one in Operator.objects.filter(alert_ends__isnull=False)}
    return _ends_sheet(
        days,
        key="analysts",
        title=_("Analysts"),
        column=_("Analyst"),
        field="analyst",
        named=lambda pk: names.get(pk, str(pk)),
    )


def models_sheet(days: Days, mature: Maturity, *, threshold: float) -> Sheet:
    """The first model of every policy version: what is caught from a probability upwards."""
    old = days.upto(mature.until)
    rows = []
    whole, seen = _model_steps(days), _model_steps(old)
    least = round(threshold * MODEL_STEPS)
    for policy_hash, steps in whole.items():
        above = steps[least:].sum(axis=0)
        mature_steps = seen.get(policy_hash, np.zeros_like(steps))
        caught, frauds = int(mature_steps[least:, 2].sum()), int(mature_steps[:, 2].sum())
        precise = proportion(int(above[2]), int(above[1] + above[2]))
        recall = proportion(caught, frauds)
        rows.append(
            (
                *(_model_title(policy_hash), int(steps[:, 0].sum()), int(above[0])),
                *(int(above[2]), int(above[1]), precise.value, interval_of(precise)),
                *(recall.value, interval_of(recall), _ranking(mature_steps)),
            )
        )
    return Sheet(
        key="models",
        title=_("Models"),
        columns=(
            *(Column(_("Model"), "text"), Column(_("Decisions")), Column(_("From here up"))),
            *(Column(_("Frauds")), Column(_("Good"))),
            *(Column(_("Precision"), "share"), Column(_("95 % interval"), "interval")),
            *(Column(_("Recall"), "share"), Column(_("95 % interval"), "interval")),
            Column(_("Area under the curve"), "number"),
        ),
        rows=rows,
        notes=_("The area is that of the ROC curve in steps of a twentieth, over mature days."),
    )


def reliability_of(days: Days) -> list[tuple[float, int, int]]:
    """By step of probability: its middle, frauds, and how many truths are known, of all models."""
    total = sum(_model_steps(days).values(), np.zeros((MODEL_STEPS, 3), dtype=np.int64))
    return [
        ((step + 0.5) / MODEL_STEPS, int(row[2]), int(row[1] + row[2]))
        for step, row in enumerate(total)
    ]


def mean_handling_s(ends: Any = None) -> float | None:
    """How long an alert is handled on average, from its claim; None where nobody claimed."""
    found = AlertEnd.objects.all() if ends is None else ends
    known = found.filter(handled_s__isnull=False, handled_s__lte=HANDLED_MAX_S)
    total = known.aggregate(whole=Sum("handled_s"), count=Count("pk"))
    return total["whole"] / total["count"] if total["count"] else None


def cost_of_one() -> float | None:
    """What handling one alert costs on average, in minor units; None where that is not known."""
    handled = mean_handling_s()
    return None if handled is None else handled * loop_settings().hour_cost_minor / 3_600


def _ends_sheet(
    days: Days, *, key: str, title: str, column: str, field: str, named: Callable[[Any], str]
) -> Sheet:
    ends = AlertEnd.objects.filter(day__gte=days.first, day__lte=days.last)
    overturned = Q(overturned=True)
    groups = ends.values(field).annotate(
        closed=Count("pk"),
        right=Count("pk", filter=Q(disposition__in=FRAUD)),
        wrong=Count("pk", filter=Q(disposition__in=GOOD)),
        unsure=Count("pk", filter=Q(disposition=Disposition.SUSPICIOUS)),
        missed=Count("pk", filter=Q(disposition__in=GOOD) & overturned),
        stood=Count("pk", filter=Q(disposition__in=FRAUD) & ~overturned),
        turned=Count("pk", filter=overturned),
        in_time=Count("pk", filter=Q(in_time=True)),
        again=Count("pk", filter=Q(repeated=True)),
        handled=Sum("handled_s", filter=Q(handled_s__lte=HANDLED_MAX_S)),
        claimed=Count("pk", filter=Q(handled_s__lte=HANDLED_MAX_S)),
        loss=Sum("loss_minor"),
    )
    waits: dict[Any, list[int]] = defaultdict(list)
    for name, seconds in ends.values_list(field, "waited_s"):
        waits[name].append(seconds)
    hour = loop_settings().hour_cost_minor
    rows = []
    for one in groups.order_by("-closed", field):
        precise = proportion(one["right"], one["right"] + one["wrong"])
        recall = proportion(one["stood"], one["stood"] + one["missed"])
        mean = one["handled"] / one["claimed"] if one["claimed"] else None
        rows.append(
            (
                *(named(one[field]), one["closed"], one["right"], one["wrong"], one["unsure"]),
                *(precise.value, interval_of(precise), recall.value, interval_of(recall)),
                *(float(np.median(waits[one[field]])), _ratio(one["in_time"], one["closed"])),
                *(_ratio(one["again"], one["closed"]), _ratio(one["turned"], one["closed"])),
                *(mean, None if mean is None else mean * one["closed"] * hour / 3_600),
                one["loss"],
            )
        )
    return Sheet(
        key=key,
        title=title,
        columns=(
            *(Column(column, "text"), Column(_("Closed alerts")), Column(_("Frauds"))),
            *(Column(_("Not fraud")), Column(_("Suspicious"))),
            *(Column(_("Precision"), "share"), Column(_("95 % interval"), "interval")),
            *(Column(_("Recognised"), "share"), Column(_("95 % interval"), "interval")),
            *(Column(_("Time to decision"), "seconds"), Column(_("In time"), "share")),
            *(Column(_("Repeated"), "share"), Column(_("Overturned"), "share")),
            *(Column(_("Handling"), "seconds"), Column(_("Cost of handling"), "money")),
            Column(_("Expected loss"), "money"),
        ),
        rows=rows,
        currency=loop_settings().currency,
        notes=_(
            "Recognised: of what turned out to be fraud, the share that was closed as fraud. "
            "Time to decision is the median from opening to closing."
        ),
    )


def _rule_sums(days: Days) -> list[tuple[Any, ...]]:
    found = RuleDay.objects.filter(day__gte=days.first, day__lte=days.last)
    sums = [Sum(one) for one in ("hits", "goods", "frauds", "fraud_minor", "stopped_minor")]
    grouped = found.values_list("rule").annotate(*sums).order_by("-hits__sum", "rule")
    return list(grouped[:RULES_MAX])


def _frauds(days: Days) -> int:
    found = DayTally.objects.filter(day__gte=days.first, day__lte=days.last)
    return found.aggregate(whole=Sum("frauds"))["whole"] or 0


def _rule_titles() -> dict[str, str]:
    live = in_force()
    return rule_titles(None if live is None else policy_of(live.policy_hash))


def _model_steps(days: Days) -> dict[str, Any]:
    """int64[steps, 3] of decisions, goods and frauds by the hash of a policy."""
    found = ModelDay.objects.filter(day__gte=days.first, day__lte=days.last)
    steps: dict[str, Any] = {}
    grouped = found.values_list("policy_hash", "step").annotate(
        Sum("decisions"), Sum("goods"), Sum("frauds")
    )
    for policy_hash, step, *sums in grouped.order_by("policy_hash", "step"):
        table = steps.setdefault(policy_hash, np.zeros((MODEL_STEPS, 3), dtype=np.int64))
        table[step] += sums
    return steps


def _model_title(policy_hash: str) -> str:
    policy = policy_of(policy_hash)
    if policy is None:
        return policy_hash[:12]
    first = next(iter(policy.models.values()), None)
    name = f"{policy.name} {policy.version}"
    return name if first is None else f"{said(first.about.title)} ({name})"


def _ranking(steps: Any) -> float | None:
    """The chance that a fraud has a higher step than a good one; ties count half."""
    goods, frauds = steps[:, 1].astype(float), steps[:, 2].astype(float)
    if not goods.sum() or not frauds.sum():
        return None
    below = np.concatenate([[0.0], np.cumsum(goods)[:-1]])
    return float((frauds * (below + goods / 2)).sum() / (goods.sum() * frauds.sum()))


def _ratio(part: int, whole: int) -> float | None:
    return part / whole if whole else None
