"""Operations of what happens now: the overview's figures, features, models, health, replays."""

from typing import Any, Literal

from django.db import transaction
from django.http import Http404, HttpRequest
from django.utils import timezone
from ninja import Field, Query, Router, Schema

from fengkong.console.api import answers
from fengkong.console.api.operations import bearer, operation
from fengkong.console.api.representations import TEXT, columns, findable
from fengkong.console.audit.recording import record
from fengkong.console.journaled.models import Decision
from fengkong.console.journaled.reading import clear_entry
from fengkong.console.journaled.service_access import service_client
from fengkong.console.live.filters import Filter
from fengkong.console.live.freshness import freshness
from fengkong.console.live.lamps import lamp_of
from fengkong.console.live.models import Measurement, ServiceSample
from fengkong.console.live.overview import FIGURES, Figure, Scene, change_of, scene_of
from fengkong.console.live.periods import period_of
from fengkong.console.live.replaying import replay_of
from fengkong.console.live.views.features import feature_rows, is_stale, replay_summary
from fengkong.console.live.views.models import ModelShown, models_shown
from fengkong.console.live.views.overview import end_of
from fengkong.console.outbox.leases import counted as jobs_counted
from fengkong.core.errors import RiskError

router = Router()


class ErasedDecisionError(RiskError):
    """The content of a decision was erased: nobody can derive it again."""

    code = "api.erased_decision"
    hint = "Its entry and the proof of it remain in the ledger."


class PeriodAsked(Schema):
    """Which period, and which decisions are counted."""

    period: Literal["1h", "24h", "7d", "30d"] = "24h"
    event_type: str = Field("", max_length=64, pattern=r"^[a-z._]*$")
    policy: str = Field("", max_length=80, pattern=TEXT)


@router.get("/overview", response=answers.Overview)
@operation("now.view")
def overview(request: HttpRequest, asked: Query[PeriodAsked]) -> dict[str, Any]:
    """The figures of a period beside the same time before; `at` is what was read up to."""
    del request
    wanted = Filter(event_type=asked.event_type, policy=asked.policy)
    key, period = period_of(asked.period, end=end_of(asked.period))
    scene, fresh = scene_of(key, wanted, period), freshness()
    return {
        "start": period.start,
        "end": period.end,
        "currency": scene.currency,
        "freshness": columns(fresh, "sequence", "at", "behind", "stale"),
        "figures": [_figure(one, scene, stale=fresh.stale) for one in FIGURES],
    }


@router.post("/decisions/{sequence}/replay", response=answers.ReplayShown)
@operation("decisions.replay", lasting=True)
def replay_decision(request: HttpRequest, sequence: int) -> dict[str, Any]:
    """Have a decision derived again by the service; whether the bytes agree."""
    found = Decision.objects.get(pk=findable(sequence))
    target = str(found.sequence)
    with transaction.atomic():
        record(bearer(request), "replay_decision", target_kind="decision", target=target)
    entry = clear_entry(found.sequence)
    if entry.decision is None:
        raise ErasedDecisionError(f"the content of decision {target} was erased")
    with service_client(timeout=60.0) as client:
        replay = replay_of(client, event_id=found.event_id, recorded=entry.decision)
    apart = [str(one.path) for one in replay.differences]
    return {**columns(replay, "equal", "same_record"), "differences": apart}


@router.get("/features", response=answers.Features)
@operation("policies.view")
def features(request: HttpRequest) -> dict[str, Any]:
    """The features of the policy in force: lineage, how they spread, drift."""
    del request
    rows, measured = feature_rows()
    names = ("name", "title", "kind", "declared", "events", "entities", "fields", "window")
    more = ("delayed", "default", "reads", "rules", "models")
    figures = ("null", "null_before", "psi", "lamp")
    return {
        "items": [
            {**columns(one.lineage, *names, *more), **columns(one, *figures)} for one in rows
        ],
        "next": None,
        "measured_at": None if measured is None else measured.measured_at,
        "stale": is_stale(measured),
        "replayed": _checks(),
    }


@router.get("/models", response=answers.page(answers.ModelShown))
@operation("models.view")
def models(request: HttpRequest) -> dict[str, Any]:
    """The models of the policies in force, champions and challengers."""
    del request
    return {"items": [_model(one) for one in models_shown()], "next": None}


@router.get("/models/{name}/{version}", response=answers.ModelWithFigures)
@operation("models.view")
def model(request: HttpRequest, name: str, version: str) -> dict[str, Any]:
    """One model with the figures that it carries."""
    del request
    for one in models_shown():
        if (one.model.about.name, one.model.about.version) == (name, version):
            return {**_model(one), "figures": one.model.about.figures}
    raise Http404


@router.get("/health", response=answers.Health)
@operation("system.view")
def health(request: HttpRequest) -> dict[str, Any]:
    """The newest sample of the service, the data directory, the worker and its jobs."""
    del request
    sample = ServiceSample.objects.order_by("-at").first()
    names = ("at", "reachable", "ready", "content")
    directory = Measurement.objects.filter(kind="directory", about="all").first()
    held = None
    if directory is not None:
        held = columns(directory, "measured_at", "content")
    return {
        "now": timezone.now(),
        "service": None if sample is None else columns(sample, *names),
        "directory": held,
        "worker": columns(freshness(), "sequence", "at", "behind", "stale"),
        "jobs": {str(state): count for state, count in jobs_counted().items()},
    }


def _figure(figure: Figure, scene: Scene, *, stale: bool) -> dict[str, Any]:
    reading = figure.read(scene)
    change = change_of(reading)
    stale = stale and figure.key != "proposals"
    lamp = lamp_of(figure.limits, reading.value, change=change, stale=stale)
    shown = columns(reading, "value", "before", "values", "count")
    listed = None if reading.listed is None else reading.listed.query
    named = {"key": figure.key, "title": str(figure.title), "unit": figure.unit}
    return {**named, **shown, "change": change, "lamp": lamp.value, "listed": listed}


def _checks() -> dict[str, Any]:
    """How the replays of the last day went."""
    found = replay_summary()
    return {name: found[name] for name in ("whole", "equal", "newest", "lamp")}


def _model(one: ModelShown) -> dict[str, Any]:
    shown = columns(one, "title", "role", "challenger", "policy", "lamp")
    about = columns(one.model.about, "name", "version")
    psi = None if one.spread is None else one.spread.get("psi")
    return {"used_as": one.name, **about, "hash": one.model.hash, **shown, "psi": psi}
