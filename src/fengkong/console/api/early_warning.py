"""Operations of early warning: indicators, their thresholds, warnings, sources, the cockpit."""

from dataclasses import asdict
from datetime import date
from typing import Any, Literal

from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Field, Query, Router, Schema

from fengkong.console.api.operations import bearer, operation, tagged
from fengkong.console.api.representations import TEXT, columns, findable, paged, proposal_shown
from fengkong.console.warnings import queries
from fengkong.console.warnings.computing import FIRM
from fengkong.console.warnings.following_rows import behind
from fengkong.console.warnings.library import library_in_force
from fengkong.console.warnings.models import (
    PullResult,
    RaisedWarning,
    Reading,
    SourcePull,
    SourceStatus,
)
from fengkong.console.warnings.pulling import ask_pull, set_pull
from fengkong.console.warnings.recomputing import ask_recompute
from fengkong.console.warnings.thresholds import annotate, bounds, propose_threshold, tried
from fengkong.indicators.indicator import Indicator
from fengkong.indicators.sources import Source
from fengkong.indicators.thresholds import Fixed

router = Router()
VALUES_MAX = 1100
_WORD = r"^[a-z0-9_.:]*$"
_WARNING = (
    *("id", "indicator", "group", "level", "owner", "playbook", "likelihood", "impact_minor"),
    *("movers", "day", "state", "raised_at", "closed_at"),
)
Level = Literal["", "green", "yellow", "orange", "red", "no_data"]


class IndicatorsAsked(Schema):
    """Which indicators are looked for."""

    group: str = Field("", max_length=20, pattern=r"^[a-z]*$")
    level: Level = ""


class Days(Schema):
    """From which day to which."""

    since: date | None = None
    until: date | None = None


class Counted(Schema):
    """Of which value what was counted is asked: a day, what the formula reads, a part."""

    day: date | None = None
    of: str = Field("", max_length=80, pattern=_WORD)
    segment: str = Field("", max_length=80, pattern=_WORD)
    part: str = Field("", max_length=200, pattern=TEXT)


class Bounds(Schema):
    """Bounds that are tried; money in minor units."""

    yellow: float | None = None
    orange: float | None = None
    red: float | None = None


class ProposedBounds(Bounds):
    """Bounds that a second person is asked to approve."""

    effective_from: date
    reason: str = Field(min_length=1, max_length=160, pattern=TEXT)


class Note(Schema):
    """What is noted on a day."""

    day: date
    text: str = Field(min_length=1, max_length=300, pattern=TEXT)


class WarningsAsked(Schema):
    """Which warnings are looked for."""

    state: Literal["", "open", "closed"] = ""
    level: Level = ""
    group: str = Field("", max_length=20, pattern=r"^[a-z]*$")


class Pull(Schema):
    """From where a source is got; an empty address ends it."""

    address: str = Field("", max_length=500, pattern=TEXT)
    every_minutes: int = Field(60, ge=1, le=1440)


@router.get("/indicators")
@operation("indicators.view")
def indicators(request: HttpRequest, asked: Query[IndicatorsAsked]) -> dict[str, Any]:
    """Every indicator with its newest value and level."""
    del request
    newest = queries.newest_readings(timezone.localdate())
    every = library_in_force().indicators.values()
    items = [_indicator(one, newest.get(one.id)) for one in every]
    kept = [
        one
        for one in items
        if asked.group in ("", one["group"]) and asked.level in ("", one["level"])
    ]
    return {"items": kept}


@router.get("/indicators/{name}")
@operation("indicators.view")
def indicator(request: HttpRequest, name: str) -> HttpResponse:
    """One indicator: how it is computed, and its thresholds with what they rest on."""
    found = _known(name)
    newest = Reading.objects.filter(indicator=name).order_by("-day").first()
    library = library_in_force()
    thresholds = [
        {
            "effective_from": one.effective_from,
            "kind": type(one.rule).__name__,
            **{key: getattr(one.rule, key) for key in ("yellow", "orange", "red")},
            "basis": library.reference(one.reference).basis.value,
            "reference": asdict(library.reference(one.reference).text),
        }
        for one in found.thresholds.rules
    ]
    more = {
        "meaning": asdict(found.meaning),
        "formula": found.formula.render(),
        "measures": {one.name: one.text for one in found.measures},
        "segments": list(found.segments),
        "direction": found.thresholds.direction.value,
        "thresholds": thresholds,
    }
    return tagged(request, _indicator(found, newest) | more)


@router.get("/indicators/{name}/values")
@operation("indicators.view")
def indicator_values(request: HttpRequest, name: str, asked: Query[Days]) -> dict[str, Any]:
    """The values of an indicator with the bounds they were held against, at most 1,100."""
    del request
    found = Reading.objects.filter(indicator=_known(name).id).order_by("-day")
    if asked.since is not None:
        found = found.filter(day__gte=asked.since)
    if asked.until is not None:
        found = found.filter(day__lte=asked.until)
    names = ("day", "value", "level", "impact_minor", "yellow", "orange", "red")
    return {"items": [columns(one, *names) for one in reversed(found[:VALUES_MAX])]}


@router.get("/indicators/{name}/counted")
@operation("indicators.view")
def indicator_counted(request: HttpRequest, name: str, asked: Query[Counted]) -> dict[str, Any]:
    """What a value counted: how many events or loans, and the newest of them."""
    del request
    found = _known(name)
    if asked.segment and asked.segment not in found.source.segments:
        raise Http404
    day = asked.day or timezone.localdate()
    listed = behind(found, day=day, of=asked.of, segment=asked.segment, part=asked.part)
    said = columns(listed, "total", "amount_minor", "why_not")
    return {**said, "items": [dict(row) for row in listed.rows]}


@router.post("/indicators/{name}/try")
@operation("indicators.view")
def try_indicator_threshold(request: HttpRequest, name: str, said: Bounds) -> dict[str, Any]:
    """What other bounds would have done on the values there are."""
    del request
    found = _known(name)
    tested = tried(found, _bounds(found, said))
    return {
        "years": tested.proposed.years,
        "alarms": len(tested.proposed.alarms),
        "alarms_in_force": len(tested.current.alarms),
        "missed": len(tested.missed),
        "new": len(tested.new),
        "new_a_year": tested.proposed.false_alarms_a_year,
        "lead_days_median": tested.proposed.lead_days_median,
    }


@router.post("/indicators/{name}/propose")
@operation("indicators.edit")
def propose_indicator_threshold(
    request: HttpRequest, name: str, said: ProposedBounds
) -> dict[str, Any]:
    """Ask a second person to approve other bounds from a day on."""
    found = _known(name)
    made = propose_threshold(
        bearer(request),
        found,
        _bounds(found, said),
        effective_from=said.effective_from,
        reason=said.reason,
    )
    return proposal_shown(made)


@router.post("/indicators/{name}/notes")
@operation("warnings.work")
def note_on_indicator(request: HttpRequest, name: str, said: Note) -> dict[str, Any]:
    """Note something on a day of an indicator."""
    made = annotate(bearer(request), _known(name).id, day=said.day, text=said.text)
    return columns(made, "id", "indicator", "day", "text", "by")


@router.get("/cockpit")
@operation("indicators.view")
def cockpit(request: HttpRequest) -> dict[str, Any]:
    """How the firm stands: its composite, and that of each kind of risk."""
    del request
    found = queries.composites(timezone.localdate())
    shown = {
        group: columns(one, "day", "points", "level", "unknown", "parts")
        for group, one in found.items()
    }
    return {
        "firm": shown.pop(FIRM, None),
        "groups": shown,
        "open_warnings": RaisedWarning.objects.filter(state="open").count(),
    }


@router.get("/warnings")
@operation("indicators.view")
def warnings(request: HttpRequest, asked: Query[WarningsAsked]) -> dict[str, Any]:
    """Early warnings, the newest first."""
    return paged(request, queries.warnings(asked.dict()), _warning, order=("-id",))


@router.get("/warnings/{number}")
@operation("indicators.view")
def warning(request: HttpRequest, number: int) -> HttpResponse:
    """One early warning: level, likelihood, money at stake, what moved it, owner, playbook."""
    return tagged(request, _warning(RaisedWarning.objects.get(pk=findable(number))))


@router.get("/sources")
@operation("indicators.view")
def sources(request: HttpRequest) -> dict[str, Any]:
    """Every source with its state."""
    del request
    return {"items": [_source(one, status) for one, status in queries.sources(library_in_force())]}


@router.get("/sources/{name}")
@operation("indicators.view")
def source(request: HttpRequest, name: str) -> HttpResponse:
    """One source: its state, its columns, and how it is got."""
    found = _source_named(name)
    status = SourceStatus.objects.filter(pk=name).first()
    pull = SourcePull.objects.filter(pk=name).first()
    result = PullResult.objects.filter(pk=name).first()
    names = ("at", "succeeded_at", "failures", "said_zh", "said_en", "bytes", "elapsed_ms")
    more = {
        "columns": {key: column.kind.value for key, column in found.columns.items()},
        "segments": list(found.segments),
        "pull": None if pull is None else columns(pull, "address", "every_minutes", "by", "at"),
        "pulled": None if result is None else columns(result, *names),
    }
    return tagged(request, _source(found, status) | more)


@router.put("/sources/{name}/pull")
@operation("indicators.edit")
def set_source_pull(request: HttpRequest, name: str, said: Pull) -> dict[str, Any]:
    """Have a source got from an address by schedule, or no longer."""
    found = _source_named(name)
    set_pull(bearer(request), found, address=said.address, every_minutes=said.every_minutes)
    return {"source": name, **said.dict()}


@router.post("/sources/{name}/pull-now")
@operation("indicators.edit")
def pull_source_now(request: HttpRequest, name: str) -> dict[str, Any]:
    """Have a source got at once, by the worker."""
    found = SourcePull.objects.get(pk=_source_named(name).id)
    return {"job": ask_pull(bearer(request), found).pk}


@router.post("/cockpit/recompute")
@operation("indicators.edit")
def recompute_indicators(request: HttpRequest) -> dict[str, Any]:
    """Have every indicator computed again from the sources as they are."""
    return {"job": ask_recompute(bearer(request)).pk}


def _known(name: str) -> Indicator:
    found = library_in_force().indicators.get(name)
    if found is None:
        raise Http404
    return found


def _source_named(name: str) -> Source:
    found = library_in_force().sources.get(name)
    if found is None:
        raise Http404
    return found


def _bounds(found: Indicator, said: Bounds) -> Fixed:
    return bounds(found, yellow=said.yellow, orange=said.orange, red=said.red)


def _indicator(one: Indicator, newest: Reading | None) -> dict[str, Any]:
    return {
        "id": one.id,
        "group": one.group.value,
        "title": asdict(one.title),
        "unit": one.unit.value,
        "source": one.source.id,
        "owner": one.owner,
        "playbook": one.playbook,
        "day": None if newest is None else newest.day,
        "value": None if newest is None else newest.value,
        "level": "no_data" if newest is None else newest.level,
    }


def _warning(one: RaisedWarning) -> dict[str, Any]:
    return columns(one, *_WARNING) | {"sentence": {"zh": one.sentence_zh, "en": one.sentence_en}}


def _source(one: Source, status: SourceStatus | None) -> dict[str, Any]:
    known = ("state", "newest", "rows", "checked_at")
    told = dict.fromkeys(known) if status is None else columns(status, *known)
    faults = [] if status is None else [{"zh": zh, "en": en} for zh, en in status.faults]
    return {
        "id": one.id,
        "title": asdict(one.title),
        "kind": one.kind.value,
        "owner": one.owner,
        "fresh_within_days": one.fresh_within_days,
        **told,
        "faults": faults,
    }
