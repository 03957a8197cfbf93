"""Three times the load that the service can take: refusals at once, and all accepted is right.

Every event is made to cost more, so that the load can be offered from the same two cores.
"""

import random
from pathlib import Path

import pytest
from hosting import Host, Hosted, Site
from journal_check import missing, verified
from load import Made
from open_load import Seen, offer

SLOW_US = 300
AT_ONCE = 1e6
CROWD = 400
REFUSED_S = 0.050


def slow_service(host: Host, folder: Path) -> Hosted:
    site = Site.new(folder)
    site.hooks["slow_us"] = SLOW_US
    return host.start(site)


def offered(
    hosted: Hosted, *, name: str, count: int, rate: float = AT_ONCE, connections: int = CROWD
) -> Seen:
    made = Made(random.Random(name), prefix=name)
    events = [made.payment() for _ in range(count)]
    return offer(events, port=hosted.port, key=hosted.site.key, rate=rate, connections=connections)


def as_much_as_it_takes(hosted: Hosted, *, name: str, count: int) -> Seen:
    """Thirty-two callers who each wait for their answer: nothing is refused."""
    seen = offered(hosted, name=name, count=count, connections=32)
    assert set(seen.latencies) == {200}
    return seen


def test_too_much_is_refused_and_the_rest_is_right(host: Host, tmp_path: Path) -> None:
    hosted = slow_service(host, tmp_path / "site")
    most = as_much_as_it_takes(hosted, name="usual", count=1500).rate
    seen = offered(hosted, name="crowd", count=6000, rate=3 * most)
    assert set(seen.latencies) == {200, 503}
    assert b"retry-after: " in seen.heads[503].lower()
    hosted.kill()
    assert not missing(seen.answers, verified(hosted.site))


@pytest.mark.nightly
def test_three_times_the_load_keeps_its_latencies(host: Host, tmp_path: Path) -> None:
    hosted = slow_service(host, tmp_path / "site")
    most = as_much_as_it_takes(hosted, name="warm", count=3000).rate
    usual = as_much_as_it_takes(hosted, name="usual", count=int(8 * most))
    crowd = offered(hosted, name="crowd", count=int(24 * usual.rate), rate=3 * usual.rate)
    hosted.kill()
    held = verified(hosted.site)
    assert not missing(usual.answers, held)
    assert not missing(crowd.answers, held)
    print(
        {
            "can take a second": round(usual.rate),
            "offered a second": round(crowd.offered / crowd.seconds),
            "accepted a second": round(len(crowd.answers) / crowd.seconds),
            "refused, worst ms": round(1e3 * crowd.quantile(503, 1.0), 1),
            "refused, p99 ms": round(1e3 * crowd.quantile(503, 0.99), 1),
            "accepted p99 ms": round(1e3 * crowd.quantile(200, 0.99), 1),
            "accepted p50 ms": round(1e3 * crowd.quantile(200, 0.5), 1),
            "usual p50 ms": round(1e3 * usual.quantile(200, 0.5), 1),
            "usual p99 ms": round(1e3 * usual.quantile(200, 0.99), 1),
        }
    )
    assert crowd.quantile(503, 0.99) < REFUSED_S
    assert crowd.quantile(200, 0.99) < 2 * usual.quantile(200, 0.99)
