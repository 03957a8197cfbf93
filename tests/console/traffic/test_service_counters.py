"""What the decision service says on its metrics page is read as what came and what became of it."""

import pytest

from fengkong.console.traffic.counting import Served
from fengkong.console.traffic.latencies import place_of
from fengkong.console.traffic.service_counters import counters_of
from fengkong.service.metrics import Metrics


@pytest.fixture
def metrics() -> Metrics:
    made = Metrics()
    made.started_seconds.set(1_700_000_000)
    made.unclean_starts.set(2)
    made.version.labels("9.1").set(1)
    return made


def text(metrics: Metrics) -> str:
    return metrics.render().decode()


def test_requests_are_told_by_route_and_status(metrics: Metrics) -> None:
    note = metrics.requests.note
    for status in (200, 201, 422, 409, 500):
        note(route="/v1/decisions", status=status, seconds=0.004)
    note(route="/v1/events", status=503, seconds=0.3)
    note(route="/v1/decisions", status=429, seconds=0.001)
    note(route="/v1/decisions/{id}", status=404, seconds=0.001)
    note(route="none", status=404, seconds=0.001)
    note(route="none", status=401, seconds=0.001)
    note(route="/v1/decisions/batch", status=200, seconds=2.0)
    note(route="/metrics", status=200, seconds=2.0)
    note(route="/readyz", status=503, seconds=2.0)
    served = counters_of(text(metrics)).served({})
    assert served.came == 11
    assert served.requests == 8  # what came to the routes of events
    assert served.errors == 2
    assert served.rate_limited == 1
    assert served.blocked == 2  # a decision that is not there was asked for by one of ours
    assert sum(served.latencies) == 7  # neither batches nor those who watch
    assert served.latencies[place_of(0.3)] == 1


def test_refusals_and_probes_are_told_by_kind(metrics: Metrics) -> None:
    metrics.refused.labels("service.unauthenticated").inc(3)
    metrics.refused.labels("service.replayed_request").inc()
    metrics.refused.labels("event.invalid").inc(7)
    metrics.probes.labels("scanner").inc(2)
    metrics.probes.labels("injection").inc(5)
    found = counters_of(text(metrics)).served({})
    assert (found.bad_signatures, found.scanners, found.injection_attempts) == (4, 2, 5)


def test_what_was_added_since_is_told(metrics: Metrics) -> None:
    metrics.requests.note(route="/v1/decisions", status=200, seconds=0.004)
    before = counters_of(text(metrics))
    assert counters_of(text(metrics)).served(before.totals) == Served()
    metrics.requests.note(route="/v1/decisions", status=500, seconds=0.004)
    found = counters_of(text(metrics)).served(before.totals)
    assert (found.came, found.requests, found.errors, sum(found.latencies)) == (1, 1, 1, 1)


def test_how_it_began_is_told_and_what_is_absent_is_nothing(metrics: Metrics) -> None:
    found = counters_of(text(metrics))
    assert (found.started, found.unclean_starts, found.version) == (1_700_000_000, 2, "9.1")
    empty = counters_of("")
    assert (empty.started, empty.version, empty.head) == (0, "", 0)
    assert empty.served({}) == Served()
