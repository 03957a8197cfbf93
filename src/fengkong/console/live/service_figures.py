"""What the decision service says of itself, read from its /metrics and /readyz."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, Final

from prometheus_client.parser import text_string_to_metric_families

_PREFIX: Final = "fengkong_"
_GAUGES: Final = (
    *("queue_length", "head_sequence", "checkpoint_sequence", "snapshot_sequence", "ready"),
    *("store_unavailable", "second_place_unavailable", "witness_unavailable"),
)
_COUNTERS: Final = (
    *("decisions", "events", "repeated", "refused", "degraded", "late", "commit_failures"),
    *("shadow_differences", "shadow_failures", "security"),
)
_HISTOGRAMS: Final = ("decide_seconds", "commit_seconds", "snapshot_seconds", "batch_size")
_REQUESTS: Final = "http_request_seconds"
_DECIDING: Final = frozenset({"/v1/decisions", "/v1/decisions/batch"})

Buckets = list[tuple[float, float]]
"""Upper bounds (the last is infinite) and how many were at or below each."""


def figures_of(text: str) -> dict[str, Any]:
    """The figures of a /metrics page as plain data, without our prefix; sums over labels.

    Gauges and counters are numbers, `by` holds counters label by label, histograms are lists of
    ``[bound, count]`` with None for infinity. Raises ValueError for what is no metrics page.
    """
    totals: dict[str, float] = defaultdict(float)
    by: dict[str, dict[str, float]] = defaultdict(dict)
    buckets: dict[str, dict[float, float]] = defaultdict(lambda: defaultdict(float))
    policy = None
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            name = sample.name.removeprefix(_PREFIX)
            if name.endswith("_bucket"):
                kind = name.removesuffix("_bucket")
                if kind != _REQUESTS or sample.labels.get("route") in _DECIDING:
                    buckets[kind][float(sample.labels["le"])] += sample.value
            elif name.removesuffix("_total") in _COUNTERS and name.endswith("_total"):
                name = name.removesuffix("_total")
                totals[name] += sample.value
                if sample.labels:
                    by[name][" → ".join(sample.labels.values())] = sample.value
            elif name in _GAUGES:
                totals[name] = sample.value
            elif name == "policy" and sample.value:
                policy = f"{sample.labels['policy']} {sample.labels['version']}"
    shown = {name: _plain(buckets[name]) for name in (*_HISTOGRAMS, _REQUESTS) if name in buckets}
    return {**totals, "by": dict(by), "histograms": shown, "policy": policy}


def _plain(buckets: Mapping[float, float]) -> list[list[float | None]]:
    return [[None if bound == float("inf") else bound, buckets[bound]] for bound in sorted(buckets)]


def buckets_of(figures: Mapping[str, Any], name: str) -> Buckets:
    """The buckets of a histogram of `figures_of`, none where it had none."""
    rows = figures.get("histograms", {}).get(name, ())
    return [(float("inf") if bound is None else bound, count) for bound, count in rows]


def grown(now: Buckets, then: Buckets) -> Buckets:
    """What was added between two looks; all of `now` where the service has begun anew."""
    earlier = dict(then)
    if not then or any(count < earlier.get(bound, 0) for bound, count in now):
        return now
    return [(bound, count - earlier.get(bound, 0)) for bound, count in now]


def quantile(buckets: Buckets, share: float) -> float | None:
    """The value below which a share of all are, straight between bounds as Prometheus does.

    None of nothing; beyond the last finite bound it is that bound.
    """
    total = buckets[-1][1] if buckets else 0
    if not total:
        return None
    wanted, lower, below = share * total, 0.0, 0.0
    for bound, count in buckets:
        if count >= wanted and count > below:
            if bound == float("inf"):
                return lower
            return lower + (bound - lower) * (wanted - below) / (count - below)
        lower, below = (lower if bound == float("inf") else bound), count
    return lower


def per_bucket(buckets: Buckets) -> list[tuple[float, float]]:
    """How many were in each bucket alone."""
    counts = [count for _, count in buckets]
    alone = [now - before for now, before in zip(counts, [0.0, *counts], strict=False)]
    return [(bound, count) for (bound, _), count in zip(buckets, alone, strict=True)]


def thinned(samples: Sequence[Any], *, most: int) -> list[Any]:
    """At most so many of a long row, evenly, the last always among them."""
    stride = max(1, -(-len(samples) // most))
    return list(samples)[::-1][::stride][::-1]
