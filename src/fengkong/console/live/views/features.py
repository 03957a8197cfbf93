"""The features of the policy in force: lineage, how they spread, drift, online equal to offline."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from django.db import transaction
from django.db.models import Count, Max, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _

from fengkong.console.journaled.models import Activation
from fengkong.console.live.distributions import bin_names
from fengkong.console.live.lamps import Lamp
from fengkong.console.live.lineage import Lineage, lineages
from fengkong.console.live.models import Measurement, ReplayCheck
from fengkong.console.live.titles import in_force, policy_of
from fengkong.console.project.declared import needs
from fengkong.console.shell.charts import Chart, Series
from fengkong.console.shell.spoken import said
from fengkong.decisions.policy import Policy

STALE_AFTER: Final = timedelta(hours=2)
"""A measurement that old says nothing of now; it is made four times an hour."""
_LAMPS: Final = {"green": Lamp.GREEN, "amber": Lamp.AMBER, "red": Lamp.RED, "none": Lamp.NONE}
_SEVERITY: Final = (Lamp.RED, Lamp.AMBER, Lamp.STALE, Lamp.GREEN, Lamp.NONE)


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredFeature:
    """A feature and its figures; all None where nothing was measured."""

    lineage: Lineage
    null: float | None
    null_before: float | None
    psi: float | None
    lamp: str
    spread: dict[str, Any] | None


@needs("policies.view")
@transaction.non_atomic_requests
def features(request: HttpRequest) -> HttpResponse:
    """All features, those that drift first."""
    activation, policy = _in_force()
    measured = None if policy is None else _measured("features", policy.name)
    rows = [] if policy is None else _rows(policy, measured)
    text = request.GET.get("text", "").strip().casefold()[:100]
    shown = [row for row in rows if text in f"{row.lineage.name} {row.lineage.title}".casefold()]
    shown.sort(key=lambda row: (_SEVERITY.index(Lamp(row.lamp)), -(row.psi or 0.0)))
    return render(
        request,
        "live/features.html",
        {
            "activation": activation,
            "policy": policy,
            "policy_title": "" if policy is None else said(policy.title),
            "rows": shown,
            "text": request.GET.get("text", ""),
            "measured": measured,
            "stale": is_stale(measured),
            "checks": replay_summary(),
        },
    )


@needs("policies.view")
@transaction.non_atomic_requests
def feature(request: HttpRequest, name: str) -> HttpResponse:
    """One feature."""
    _, policy = _in_force()
    if policy is None or name not in policy.feature_names:
        raise Http404
    measured = _measured("features", policy.name)
    row = next(row for row in _rows(policy, measured) if row.lineage.name == name)
    return render(
        request,
        "live/feature.html",
        {
            "row": row,
            "measured": measured,
            "stale": is_stale(measured),
            "chart": None if row.spread is None else spread_chart(row.spread, row.lineage.title),
        },
    )


def is_stale(measured: Measurement | None) -> bool:
    """Whether a measurement is too old to say anything."""
    return measured is None or timezone.now() - measured.measured_at > STALE_AFTER


def spread_chart(spread: dict[str, Any], title: str) -> Chart:
    """The shares of each bin, now and in the weeks before."""
    rows = (
        ("counts_before", _("Four weeks before"), "grey"),
        ("counts", _("The last day"), "blue"),
    )
    return Chart(
        title=title,
        kind="bar",
        labels=bin_names(spread),
        label_title=_("Value"),
        unit="share",
        series=[
            Series(name, [count / max(1, sum(spread[key])) for count in spread[key]], tone)
            for key, name, tone in rows
        ],
    )


def replay_summary() -> dict[str, Any]:
    """How the checks of the last day went: online equal to offline, to the byte."""
    since = timezone.now() - timedelta(days=1)
    found: dict[str, Any] = ReplayCheck.objects.filter(checked_at__gte=since).aggregate(
        whole=Count("sequence"),
        equal=Count("sequence", filter=Q(equal=True)),
        newest=Max("checked_at"),
    )
    unequal = ReplayCheck.objects.filter(checked_at__gte=since, equal=False)
    lamp = Lamp.STALE if not found["whole"] else Lamp.GREEN
    if found["whole"] != found["equal"]:
        lamp = Lamp.RED
    return found | {"lamp": lamp.value, "unequal": list(unequal.order_by("-checked_at")[:10])}


def lamp_shown(spread: dict[str, Any] | None, *, stale: bool) -> str:
    """The lamp of a spread; never green of old figures."""
    lamp = Lamp.NONE if spread is None else _LAMPS[spread["lamp"]]
    return (Lamp.STALE if stale and lamp is not Lamp.NONE else lamp).value


def feature_rows() -> tuple[list[MeasuredFeature], Measurement | None]:
    """The features of the policy in force, in declared order, and when they were measured."""
    _, policy = _in_force()
    if policy is None:
        return [], None
    measured = _measured("features", policy.name)
    return _rows(policy, measured), measured


def _in_force() -> tuple[Activation | None, Policy | None]:
    activation = in_force()
    return activation, None if activation is None else policy_of(activation.policy_hash)


def _measured(kind: str, about: str) -> Measurement | None:
    return Measurement.objects.filter(kind=kind, about=about).first()


def _rows(policy: Policy, measured: Measurement | None) -> list[MeasuredFeature]:
    figures = {} if measured is None else measured.content.get("features", {})
    stale = is_stale(measured)
    return [
        MeasuredFeature(
            lineage=lineage,
            null=figures.get(lineage.name, {}).get("null"),
            null_before=figures.get(lineage.name, {}).get("null_before"),
            psi=figures.get(lineage.name, {}).get("psi"),
            lamp=lamp_shown(figures.get(lineage.name), stale=stale),
            spread=figures.get(lineage.name),
        )
        for lineage in lineages(policy)
    ]
