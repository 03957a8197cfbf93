"""What the services count turns lamps within seconds, and what somebody delivers goes first."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import polars as pl
import pytest
from django.utils import timezone

from fengkong.console.audit.recording import record
from fengkong.console.outbox.models import Job
from fengkong.console.traffic.counting import CONSOLE, DECISIONS, WORKER, Served, add_served
from fengkong.console.traffic.latencies import none, place_of
from fengkong.console.traffic.models import Followed, ServiceDay
from fengkong.console.warnings import computing
from fengkong.console.warnings.computing import recompute, watch_own
from fengkong.console.warnings.models import RaisedWarning, Reading
from fengkong.console.warnings.own.service_table import (
    ATTACK_COLUMNS,
    SERVICE_COLUMNS,
    attacks,
    service_health,
    service_sign,
)
from fengkong.console.warnings.tables import folder, table_and_report
from fengkong.indicators.library_file import shipped_library
from fengkong.indicators.sources import SourceState

pytestmark = pytest.mark.django_db
DOWN = "technical.service_down"
BURN = "technical.error_burn_rate"
BLOCKED = "technical.blocked_share"


@pytest.fixture(autouse=True)
def nothing_seen() -> Iterator[None]:
    computing._SEEN.clear()
    yield
    for place in folder().glob("*.csv"):
        place.unlink()


def served(service: str = DECISIONS, *, seconds: float | None = None, **counts: int) -> None:
    latencies = none()
    if seconds is not None:
        latencies[place_of(seconds)] = counts["requests"]
    add_served(service, Served(**counts, latencies=latencies), at=timezone.now())


def follow(**known: Any) -> None:
    Followed.objects.update_or_create(pk=DECISIONS, defaults={"at": timezone.now()} | known)


def latest(indicator: str) -> Reading:
    return Reading.objects.get(indicator=indicator, day=timezone.localdate())


def row(table: pl.DataFrame | None, service: str = DECISIONS) -> dict[str, Any]:
    assert table is not None
    found = table.filter(day=timezone.localdate(), service=service).to_dicts()
    assert len(found) == 1
    return found[0]


def test_before_anything_was_looked_at_there_is_no_table() -> None:
    assert service_health(timezone.localdate()) is None
    assert attacks(timezone.localdate()) is None
    assert service_sign() == ""


def test_columns_are_those_that_the_library_declares() -> None:
    library = shipped_library()
    assert set(SERVICE_COLUMNS) == set(library.source("service_health").columns)
    delivered = {"malware_reports", "phishing_sites", "leaked_credentials"}
    assert {*ATTACK_COLUMNS, *delivered} == set(library.source("attacks").columns)


def test_an_outage_is_red_within_a_minute_and_over_when_it_answers() -> None:
    served(requests=10, came=10)
    follow()
    watch_own(Job())
    assert latest(DOWN).level == "green"
    now = timezone.now()
    follow(at=now, down_since=now - timedelta(seconds=14))
    watch_own(Job())
    assert latest(DOWN).level == "yellow"
    follow(at=now, down_since=now - timedelta(seconds=64))
    watch_own(Job())
    assert latest(DOWN).level == "red"
    warning = RaisedWarning.objects.get(indicator=DOWN)
    assert (warning.level, warning.playbook) == ("red", "system_failure")
    follow(at=now, down_since=None)
    watch_own(Job())
    warning.refresh_from_db()
    assert warning.closed_at is not None


def test_errors_of_a_few_minutes_burn_the_budget() -> None:
    served(requests=400, came=400, errors=3)
    follow()
    watch_own(Job())
    assert latest(BURN).level == "orange"
    served(requests=400, came=400, errors=40)
    watch_own(Job())
    assert latest(BURN).level == "red"
    served(CONSOLE, requests=5, came=5)
    assert row(service_health(timezone.localdate()), CONSOLE)["error_share_now"] == 0


def test_one_error_of_three_is_not_a_third() -> None:
    served(requests=3, came=3, errors=1)
    assert row(service_health(timezone.localdate()))["error_share_now"] == 0.001


def test_slow_answers_are_told() -> None:
    served(requests=300, came=300, seconds=0.4)
    follow()
    watch_own(Job())
    assert latest("technical.latency_p99").level == "orange"
    found = row(service_health(timezone.localdate()))
    assert found["slow"] == 300
    assert 250 < found["latency_ms_p99"] <= 500


def test_attack_traffic_is_told_as_it_comes() -> None:
    served(requests=900, came=900)
    follow()
    watch_own(Job())
    assert latest(BLOCKED).level == "green"
    served(CONSOLE, came=700, blocked=650, injection_attempts=250, scanners=3)
    watch_own(Job())
    assert latest(BLOCKED).level == "orange"
    assert latest("technical.injection_attempts").level == "red"
    found = attacks(timezone.localdate())
    assert found is not None
    assert found.select("requests", "blocked", "scanners").row(0) == (1600, 650, 3)


def test_a_queue_that_waits_is_of_the_worker() -> None:
    served(requests=1, came=1)
    today = timezone.localdate()
    ServiceDay.objects.create(service=WORKER, day=today, queue_seconds=90, disk_used_share=0.5)
    Followed.objects.create(pk=WORKER, gauges={"queue_seconds": 2.0, "disk_used_share": 0.6})
    found = row(service_health(today), WORKER)
    assert (found["queue_seconds"], found["disk_used_share"]) == (2.0, 0.6)
    assert found["clock_offset_ms"] is None
    assert found["requests"] is None


def test_policies_that_went_live_or_back_are_deployments() -> None:
    served(requests=1, came=1)
    for action in ("go_live_policy", "go_live_policy", "roll_back_policy", "fail_policy_change"):
        record("system", action, target_kind="policy", target="p", detail={})
    found = row(service_health(timezone.localdate()))
    assert (found["deployments"], found["failed_deployments"]) == (3, 2)


def test_what_is_delivered_goes_first_cell_by_cell() -> None:
    served(requests=500, came=500, errors=1)
    follow()
    today = timezone.localdate()
    folder().mkdir(parents=True, exist_ok=True)
    (folder() / "service_health.csv").write_text(
        f"day,service,requests,errors,slow\n{today},{DECISIONS},2000,,7\n{today},gateway,9,9,9\n",
        encoding="utf-8",
    )
    table, report = table_and_report(shipped_library().source("service_health"), today=today)
    assert report.state in (SourceState.GOOD, SourceState.PARTIAL)
    ours = row(table)
    assert (ours["requests"], ours["errors"], ours["slow"]) == (2000, 1, 7)
    gateway = row(table, "gateway")
    assert gateway["error_share_now"] == 0.009
    assert gateway["down_now_minutes"] is None


def test_intelligence_from_outside_stands_beside_our_counts() -> None:
    served(requests=500, came=500, blocked=4)
    today = timezone.localdate()
    folder().mkdir(parents=True, exist_ok=True)
    (folder() / "attacks.csv").write_text(
        f"day,phishing_sites\n{today - timedelta(days=1)},2\n{today},3\n", encoding="utf-8"
    )
    recompute()
    assert latest("technical.phishing_sites").value == 5
    table, _ = table_and_report(shipped_library().source("attacks"), today=today)
    assert table is not None
    assert table.sort("day").select("phishing_sites", "blocked").rows() == [(2, None), (3, 4)]


def test_a_delivered_file_alone_has_its_shares() -> None:
    today = timezone.localdate()
    folder().mkdir(parents=True, exist_ok=True)
    (folder() / "attacks.csv").write_text(
        f"day,requests,blocked,rate_limited\n{today},2000,100,300\n", encoding="utf-8"
    )
    recompute()
    assert latest(BLOCKED).value == 0.2
