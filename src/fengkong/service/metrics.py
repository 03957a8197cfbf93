"""What the service counts and measures, for Prometheus.

The writer and the journal tell it once a batch; the HTTP edge once a request, on plain numbers
that become samples only when someone looks.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter as Tally
from collections.abc import Iterable, Iterator
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

_SECONDS: Final = (0.0005, 0.001, 0.002, 0.003, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0)
_SIZES: Final = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)


class RequestTally(Collector):
    """Requests by route and status, and how long they took: cheap enough for every request."""

    def __init__(self) -> None:
        self._counts: Tally[tuple[str, int]] = Tally()
        self._buckets: dict[str, list[int]] = {}
        self._seconds: dict[str, float] = {}

    def note(self, *, route: str, status: int, seconds: float) -> None:
        """One request was answered."""
        self._counts[route, status] += 1
        buckets = self._buckets.get(route)
        if buckets is None:
            buckets = self._buckets[route] = [0] * (len(_SECONDS) + 1)
            self._seconds[route] = 0.0
        buckets[bisect_left(_SECONDS, seconds)] += 1
        self._seconds[route] += seconds

    def collect(self) -> Iterator[Metric]:
        """The samples, as Prometheus wants them."""
        counts = CounterMetricFamily(
            "fengkong_http_requests", "Requests answered.", labels=("route", "status")
        )
        for (route, status), count in self._counts.items():
            counts.add_metric((route, str(status)), count)
        times = HistogramMetricFamily(
            "fengkong_http_request_seconds",
            "Seconds from a request's headers to its answer.",
            labels=("route",),
        )
        for route, buckets in self._buckets.items():
            times.add_metric((route,), _cumulative(buckets), self._seconds[route])
        yield counts
        yield times


def _cumulative(buckets: list[int]) -> list[tuple[str, float]]:
    total = 0
    bounds = [*map(str, _SECONDS), "+Inf"]
    samples: list[tuple[str, float]] = []
    for bound, count in zip(bounds, buckets, strict=True):
        total += count
        samples.append((bound, float(total)))
    return samples


class Metrics:
    """Every metric of one service, in a registry of its own.

    Labels are few and known: an outcome, a reason, a kind, an error code; never an id or a name.
    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = RequestTally()
        self.registry.register(self.requests)
        self._traffic()
        self._durability()
        self._alarms()

    def _traffic(self) -> None:
        self.decisions = self._counter("decisions", "Durable decisions.", "outcome")
        self.events = self._counter("events", "Durable events without a decision.", "type")
        self.repeated = self._counter("repeated", "Requests answered from the journal.")
        self.refused = self._counter("refused", "Requests refused, by problem code.", "code")
        self.degraded = self._counter("degraded", "Decisions made with something missing.", "part")
        self.late = self._counter("late", "Events that came too late to be counted.")
        self.shadow_differences = self._counter(
            "shadow_differences",
            "Decisions where the shadow or canary differs from the live policy.",
            *("live", "shadow"),
        )
        self.shadow_failures = self._counter(
            "shadow_failures", "Events that the shadow or canary could not take."
        )
        self.canary_decisions = self._counter(
            "canary_decisions", "Decisions that the canary answered."
        )
        self.security = self._counter("security", "Security events, by kind.", "kind")
        self.probes = self._counter(
            "probes", "Refused requests with an attack in their address; scanning sources.", "kind"
        )
        self.queue_length = self._gauge("queue_length", "Events waiting for the writer.")
        self.batch_size = self._histogram("batch_size", "Events in one micro-batch.", _SIZES)

    def _durability(self) -> None:
        self.decide_seconds = self._histogram(
            "decide_seconds", "Seconds to decide one micro-batch.", _SECONDS
        )
        self.commit_seconds = self._histogram(
            "commit_seconds", "Seconds of one durable commit.", _SECONDS
        )
        self.snapshot_seconds = self._histogram(
            "snapshot_seconds", "Seconds to write one snapshot of the state.", _SECONDS
        )
        self.head_sequence = self._gauge("head_sequence", "Sequence of the last durable entry.")
        self.checkpoint_sequence = self._gauge(
            "checkpoint_sequence", "Entries under the last signed checkpoint."
        )
        self.snapshot_sequence = self._gauge(
            "snapshot_sequence", "Sequence that the newest snapshot reaches."
        )
        self.policy = self._gauge("policy", "1 for the policy in force.", "policy", "version")

    def _alarms(self) -> None:
        self.ready = self._gauge("ready", "1 while requests are taken.")
        self.started_seconds = self._gauge("started_seconds", "When it began, in Unix seconds.")
        self.unclean_starts = self._gauge(
            "unclean_starts", "Services of this directory that ended without order so far."
        )
        self.version = self._gauge("version", "1 for the version that runs.", "version")
        self.store_unavailable = self._gauge(
            "store_unavailable", "Alarm: 1 while nothing can be made durable."
        )
        self.second_place_unavailable = self._gauge(
            "second_place_unavailable", "Alarm: 1 while checkpoints do not reach the second place."
        )
        self.witness_unavailable = self._gauge(
            "witness_unavailable", "Alarm: 1 while a witness does not cosign."
        )
        self.commit_failures = self._counter("commit_failures", "Commits that failed.", "code")

    def render(self) -> bytes:
        """The text that Prometheus reads."""
        return generate_latest(self.registry)

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(f"fengkong_{name}", text, labels, registry=self.registry)

    def _gauge(self, name: str, text: str, *labels: str) -> Gauge:
        return Gauge(f"fengkong_{name}", text, labels, registry=self.registry)

    def _histogram(self, name: str, text: str, buckets: Iterable[float]) -> Histogram:
        return Histogram(f"fengkong_{name}", text, buckets=tuple(buckets), registry=self.registry)
