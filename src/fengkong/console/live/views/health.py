"""How the service, the worker and the console are."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from django.conf import settings
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from fengkong import __version__
from fengkong.console.live.freshness import Freshness, freshness
from fengkong.console.live.lamps import Lamp, Limits, lamp_of
from fengkong.console.live.models import Measurement, ServiceSample
from fengkong.console.live.places import PLACES, STREAMS_MAX
from fengkong.console.live.service_figures import (
    buckets_of,
    grown,
    per_bucket,
    quantile,
    thinned,
)
from fengkong.console.outbox.leases import counted
from fengkong.console.outbox.models import Job
from fengkong.console.project.declared import needs
from fengkong.console.shell.charts import Chart, Series
from fengkong.console.shell.figures import count_text, duration_text, reading_language

SAMPLE_STALE: Final = timedelta(seconds=60)
DIRECTORY_STALE: Final = timedelta(minutes=10)
SHOWN: Final = timedelta(hours=1)
MEGABYTE: Final = 1024 * 1024
DAY_S: Final = 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Vital:
    """One figure of health: what it is, as text, its lamp, and what that means."""

    title: Any
    value: str
    lamp: str
    hint: Any = ""


LIMITS: Final = {
    "latency": Limits(amber=0.05, red=0.2),
    "commit": Limits(amber=0.05, red=0.25),
    "queue": Limits(amber=200, red=2_000),
    "unsigned": Limits(amber=20_000, red=200_000),
    "snapshot": Limits(amber=200_000, red=1_000_000),
    "behind": Limits(amber=2_000, red=20_000),
    "dead": Limits(amber=1, red=20),
    "waiting": Limits(amber=200, red=2_000),
    "backup": Limits(amber=1.5 * DAY_S, red=7 * DAY_S),
    "free": Limits(amber=5 * 1024 * MEGABYTE, red=1024 * MEGABYTE, side="below"),
    "alarm": Limits(amber=1, red=1),
    "streams": Limits(amber=0.75 * STREAMS_MAX, red=STREAMS_MAX),
}
"""From where on each figure is amber and red; seconds, entries, bytes."""


@needs("system.view")
@transaction.non_atomic_requests
def health(request: HttpRequest) -> HttpResponse:
    """All figures of health, each with its lamp and how old it is."""
    now = timezone.now()
    samples = list(ServiceSample.objects.filter(at__gte=now - SHOWN).order_by("at"))
    sample = samples[-1] if samples else None
    directory = Measurement.objects.filter(kind="directory", about="all").first()
    return render(
        request,
        "live/health.html",
        {
            "sample": sample,
            "sample_stale": sample is None or now - sample.at > SAMPLE_STALE,
            "service": _service(samples, now=now),
            "durability": _durability(sample, now=now),
            "directory": directory,
            "storage": _storage(directory, now=now),
            "worker": _worker(),
            "console": _console(),
            "histogram": _histogram(samples),
            "course": _course(samples),
            "refusals": _by(sample, "refused"),
            "security": _by(sample, "security"),
            "failed": Job.objects.filter(state=Job.State.DEAD).order_by("-id")[:10],
        },
    )


def _vital(
    title: Any, value: float | None, *, limits: str, stale: bool, text: str, hint: Any = ""
) -> Vital:
    lamp = lamp_of(LIMITS[limits], value, stale=stale or value is None)
    if value is None:
        lamp = Lamp.STALE
    return Vital(title=title, value=text, lamp=lamp.value, hint=hint)


def _seconds(value: float | None) -> str:
    return duration_text(value, language=reading_language())


def _bytes(value: float | None) -> str:
    if value is None:
        return "–"
    for unit in ("B", "KB", "MB", "GB"):
        if value < 1024:
            return f"{value:,.0f} {unit}" if unit == "B" else f"{value:,.1f} {unit}"
        value /= 1024
    return f"{value:,.1f} TB"


def _service(samples: list[ServiceSample], *, now: Any) -> list[Vital]:
    """Ready, latency of the last quarter of an hour, queue."""
    if not samples:
        return []
    last = samples[-1]
    stale = now - last.at > SAMPLE_STALE
    content = last.content
    since = next(one for one in samples if one.at >= last.at - timedelta(minutes=15))

    def within(name: str, share: float) -> float | None:
        then = buckets_of(since.content, name) if since is not last else []
        return quantile(grown(buckets_of(content, name), then), share)

    ready = Lamp.STALE if stale else Lamp.GREEN if last.ready else Lamp.RED
    request, commit = within("http_request_seconds", 0.99), within("commit_seconds", 0.99)
    queue = content.get("queue_length")
    return [
        Vital(
            title=_("Takes requests"),
            value=_("ready") if last.ready else _("not ready") if last.reachable else _("away"),
            lamp=ready.value,
            hint=content.get("error", ""),
        ),
        _vital(
            _("Answer to a decision, 99 of 100"),
            request,
            limits="latency",
            stale=stale and request is not None,
            text=_seconds(request),
            hint=_("half of them within %(time)s")
            % {"time": _seconds(within("http_request_seconds", 0.5))},
        ),
        _vital(
            _("Durable commit, 99 of 100"),
            commit,
            limits="commit",
            stale=stale,
            text=_seconds(commit),
        ),
        _vital(
            _("Events that wait for the writer"),
            queue,
            limits="queue",
            stale=stale,
            text=count_text(None if queue is None else round(queue)),
        ),
    ]


_ALARMS: Final = {
    "store_unavailable": gettext_lazy("Journal takes entries"),
    "second_place_unavailable": gettext_lazy("Checkpoints reach the second places"),
    "witness_unavailable": gettext_lazy("Witnesses cosign"),
}


def _durability(sample: ServiceSample | None, *, now: Any) -> list[Vital]:
    """Alarms, checkpoints and snapshots: how far each is behind the journal's head."""
    if sample is None:
        return []
    stale, content = now - sample.at > SAMPLE_STALE, sample.content
    head = content.get("head_sequence")
    found = [
        _vital(
            title,
            content.get(name),
            limits="alarm",
            stale=stale,
            text=_("no") if content.get(name) else _("yes") if name in content else "–",
        )
        for name, title in _ALARMS.items()
    ]
    for name, limits, title in (
        ("checkpoint_sequence", "unsigned", _("Entries after the last signed checkpoint")),
        ("snapshot_sequence", "snapshot", _("Entries after the newest snapshot")),
    ):
        known = content.get(name)
        apart = None if head is None or known is None else max(0, head - known)
        text = count_text(None if apart is None else round(apart))
        found.append(_vital(title, apart, limits=limits, stale=stale, text=text))
    return found


def _storage(directory: Measurement | None, *, now: Any) -> list[Vital]:
    if directory is None:
        return []
    stale, content = now - directory.measured_at > DIRECTORY_STALE, directory.content
    plain = Lamp.STALE if stale else Lamp.NONE
    sizes = (
        (_("Journal"), "journal_bytes"),
        (_("Archive"), "archive_bytes"),
        (_("Snapshots"), "snapshot_bytes"),
        (_("Console's database"), "console_bytes"),
    )
    found = [
        Vital(title=title, value=_bytes(content.get(name)), lamp=plain.value)
        for title, name in sizes
    ]
    backup, free = content.get("backup_age_s"), content.get("free_bytes")
    none = _("Make one with fengkong backup create; none was made of this directory.")
    if backup is None:
        title = _("Age of the last backup")
        found.append(Vital(title=title, value=_("none"), lamp=Lamp.AMBER.value, hint=none))
    else:
        text = _seconds(backup)
        found.append(
            _vital(_("Age of the last backup"), backup, limits="backup", stale=stale, text=text)
        )
    found.append(_vital(_("Free space"), free, limits="free", stale=stale, text=_bytes(free)))
    return found


def _worker() -> list[Vital]:
    """Lag of the tail, and jobs."""
    fresh: Freshness = freshness()
    jobs = counted()
    behind = count_text(fresh.behind)
    waiting, dead = jobs[Job.State.WAITING], jobs[Job.State.DEAD]
    lamp = Lamp.RED if fresh.stale else LIMITS["behind"].lamp(fresh.behind)
    return [
        Vital(title=_("Entries that the worker is behind"), value=behind, lamp=lamp.value),
        _vital(_("Jobs waiting"), waiting, limits="waiting", stale=False, text=count_text(waiting)),
        Vital(
            title=_("Jobs being done"), value=count_text(jobs[Job.State.RUNNING]), lamp=Lamp.NONE
        ),
        _vital(_("Jobs given up"), dead, limits="dead", stale=False, text=count_text(dead)),
    ]


def _console() -> list[Vital]:
    """The console itself: that this page came says that its database answers."""
    streams = PLACES.taken
    return [
        Vital(title=_("Version"), value=__version__, lamp=Lamp.NONE),
        Vital(title=_("Database"), value=connection.vendor, lamp=Lamp.GREEN),
        Vital(title=_("Worker processes"), value=str(settings.CONSOLE.workers), lamp=Lamp.NONE),
        _vital(
            _("Live streams held by this process"),
            streams,
            limits="streams",
            stale=False,
            text=f"{streams} / {STREAMS_MAX}",
        ),
    ]


def _histogram(samples: list[ServiceSample]) -> Chart | None:
    """How long decision requests took in the hour that is shown."""
    if not samples:
        return None
    first = buckets_of(samples[0].content, "http_request_seconds") if len(samples) > 1 else []
    added = grown(buckets_of(samples[-1].content, "http_request_seconds"), first)
    if not added or not added[-1][1]:
        return None
    finite = [bound for bound, _ in added if bound != float("inf")]
    names = [f"≤ {_seconds(bound)}" for bound in finite] + [f"> {_seconds(finite[-1])}"]
    return Chart(
        title=_("Answers to decision requests, last hour"),
        kind="bar",
        labels=names,
        label_title=_("Time"),
        series=[Series(_("Requests"), [count for _, count in per_bucket(added)], "blue")],
    )


def _course(samples: list[ServiceSample]) -> Chart | None:
    """Decisions a second over the hour that is shown."""
    kept = list(thinned([one for one in samples if "decisions" in one.content], most=60))
    pairs = list(itertools.pairwise(kept))
    if not pairs:
        return None
    return Chart(
        title=_("Decisions a second"),
        kind="line",
        labels=[timezone.localtime(later.at).strftime("%H:%M:%S") for _, later in pairs],
        label_title=_("At"),
        unit="number",
        series=[Series(_("Decisions a second"), [_rate(*pair) for pair in pairs], "blue")],
    )


def _rate(before: ServiceSample, later: ServiceSample) -> float | None:
    seconds = (later.at - before.at).total_seconds()
    added = later.content["decisions"] - before.content["decisions"]
    return round(added / seconds, 2) if seconds > 0 and added >= 0 else None


def _by(sample: ServiceSample | None, name: str) -> list[tuple[str, int]]:
    """A counter label by label, the largest first."""
    found = {} if sample is None else sample.content.get("by", {}).get(name, {})
    return sorted(((key, round(count)) for key, count in found.items()), key=lambda one: -one[1])
