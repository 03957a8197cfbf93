"""Counters of the decision service, read from its /metrics page."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from fengkong.console.traffic.counting import Served
from fengkong.console.traffic.latencies import from_cumulative

_PREFIX: Final = "fengkong_"
_WORK: Final = frozenset({"/v1/decisions", "/v1/decisions/batch", "/v1/events", "/v1/events/batch"})
"""Routes that take events: what the service is for."""
_TIMED: Final = frozenset({"/v1/decisions", "/v1/events"})
"""Routes whose latency is that of one event."""
_KEEPING: Final = frozenset({"/healthz", "/readyz", "/metrics", "/v1/policies"})
"""Routes that are asked again and again by those who watch."""
_OURS: Final = 500
_LIMITED: Final = 429
_SENDERS: Final = frozenset({409, 410, 422})
"""What honest senders get wrong: events with faults, ids that were used."""
_UNKNOWN_THINGS: Final = frozenset({"/v1/decisions/{id}"})
_BAD_SIGNATURES: Final = ("service.unauthenticated", "service.replayed_request")


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceCounters:
    """What a service has counted since it started; `totals` are its counters by name."""

    totals: Mapping[str, float]
    started: float
    unclean_starts: int
    version: str
    head: int

    def served(self, before: Mapping[str, float]) -> Served:
        """What was added since other totals of the same process; since its start with none."""
        grown = {name: now - before.get(name, 0.0) for name, now in self.totals.items()}
        counts = {name: round(grown.get(name, 0.0)) for name in _COUNTED}
        bounds = {
            math.inf if name == "le:inf" else float(name.removeprefix("le:")): count
            for name, count in grown.items()
            if name.startswith("le:")
        }
        return Served(**counts, latencies=from_cumulative(bounds))


_COUNTED: Final = (
    *("requests", "errors", "came", "blocked", "rate_limited"),
    *("injection_attempts", "scanners", "bad_signatures"),
)


def counters_of(text: str) -> ServiceCounters:
    """The counters of a metrics page; what it does not have is zero."""
    totals: dict[str, float] = defaultdict(float)
    gauges: dict[str, float] = {}
    version = ""
    for family in text_string_to_metric_families(text):
        name = family.name.removeprefix(_PREFIX)
        if name == "version":
            version = next((one.labels["version"] for one in family.samples), "")
        elif name in ("started_seconds", "unclean_starts", "head_sequence"):
            gauges[name] = family.samples[0].value
        else:
            for key, value in _counted(name, family):
                totals[key] += value
    return ServiceCounters(
        totals=dict(totals),
        started=gauges.get("started_seconds", 0.0),
        unclean_starts=int(gauges.get("unclean_starts", 0)),
        version=version,
        head=int(gauges.get("head_sequence", 0)),
    )


def _counted(name: str, family: Metric) -> Iterator[tuple[str, float]]:
    for sample in family.samples:
        labels, value = sample.labels, sample.value
        if name == "http_requests" and sample.name.endswith("_total"):
            yield from _of_requests(labels["route"], int(labels["status"]), value)
        elif name == "http_request_seconds" and sample.name.endswith("_bucket"):
            if labels["route"] in _TIMED:
                yield f"le:{float(labels['le'])}", value
        elif name == "refused" and labels.get("code") in _BAD_SIGNATURES:
            yield "bad_signatures", value
        elif name == "probes" and sample.name.endswith("_total"):
            kind = "scanners" if labels["kind"] == "scanner" else "injection_attempts"
            yield kind, value


def _of_requests(route: str, status: int, count: float) -> Iterator[tuple[str, float]]:
    if route in _KEEPING:
        return
    yield "came", count
    if status >= _OURS:
        yield "errors", count
    if route in _WORK or status >= _OURS:
        yield "requests", count
    if status == _LIMITED:
        yield "rate_limited", count
    elif 400 <= status < _OURS and status not in _SENDERS:
        is_unknown = status == 404 and route in _UNKNOWN_THINGS
        yield "blocked", 0.0 if is_unknown else count
