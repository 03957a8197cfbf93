"""What the service's metrics page says, read back, and quantiles of its histograms."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fengkong.console.live.service_figures import (
    buckets_of,
    figures_of,
    grown,
    per_bucket,
    quantile,
    thinned,
)
from fengkong.service.metrics import Metrics


def page() -> str:
    metrics = Metrics()
    metrics.decisions.labels("allow").inc(7)
    metrics.decisions.labels("deny").inc(2)
    metrics.degraded.labels("kernel").inc()
    metrics.head_sequence.set(9)
    metrics.ready.set(1)
    metrics.policy.labels("payments", "3").set(1)
    for seconds in (0.0004, 0.0015, 0.0015, 0.2):
        metrics.commit_seconds.observe(seconds)
        metrics.requests.note(route="/v1/decisions", status=200, seconds=seconds)
    metrics.requests.note(route="/metrics", status=200, seconds=4.0)
    return metrics.render().decode()


def test_counters_gauges_and_histograms_are_read_back() -> None:
    figures = figures_of(page())
    assert (figures["decisions"], figures["head_sequence"], figures["ready"]) == (9, 9, 1)
    assert figures["by"]["decisions"] == {"allow": 7, "deny": 2}
    assert figures["policy"] == "payments 3"
    assert buckets_of(figures, "commit_seconds")[-1] == (math.inf, 4)
    # Requests that decide, and no others.
    assert buckets_of(figures, "http_request_seconds")[-1] == (math.inf, 4)
    assert buckets_of(figures, "nothing") == []


def test_quantiles_lie_in_the_bucket_of_their_value() -> None:
    buckets = buckets_of(figures_of(page()), "commit_seconds")
    assert quantile(buckets, 0.25) == pytest.approx(0.0005)
    assert 0.001 < (quantile(buckets, 0.5) or 0) <= 0.002
    assert 0.1 < (quantile(buckets, 0.99) or 0) <= 0.25
    assert quantile([], 0.5) is None
    assert quantile([(1.0, 0), (math.inf, 0)], 0.5) is None
    assert quantile([(1.0, 0), (math.inf, 3)], 0.5) == 1.0


@settings(deadline=None)
@given(st.lists(st.floats(0.0001, 4.9), min_size=1), st.floats(0.01, 1.0))
def test_a_quantile_is_no_further_off_than_its_bucket(values: list[float], share: float) -> None:
    bounds = [0.001, 0.01, 0.1, 1.0, 5.0, math.inf]
    buckets = [(bound, sum(v <= bound for v in values)) for bound in bounds]
    exact = sorted(values)[math.ceil(share * len(values)) - 1]
    found = quantile(buckets, share)
    assert found is not None
    upper = next(bound for bound in bounds if exact <= bound)
    lower = max([0.0, *(bound for bound in bounds if bound < upper)])
    assert lower <= found <= upper


def test_what_was_added_between_two_looks() -> None:
    then, now = [(1.0, 2), (math.inf, 3)], [(1.0, 5), (math.inf, 9)]
    assert grown(now, then) == [(1.0, 3), (math.inf, 6)]
    assert grown(then, now) == then, "the service began anew"
    assert per_bucket(now) == [(1.0, 5), (math.inf, 4)]


@settings(deadline=None)
@given(st.lists(st.integers(), max_size=200), st.integers(1, 50))
def test_thinning_keeps_the_last_and_no_more_than_asked(row: list[int], most: int) -> None:
    kept = list(thinned(row, most=most))
    assert len(kept) <= most
    assert kept[-1:] == row[-1:]
    if len(row) <= most:
        assert kept == row
