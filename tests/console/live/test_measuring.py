"""What the worker measures beside a real service, and the screens that show it."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from tests.console.live.conftest import Beside

from fengkong.console.configuration import ConsoleSettings
from fengkong.console.live.latency import split_at
from fengkong.console.live.measuring import (
    SCHEDULE,
    check_replays,
    measure_directory,
    measure_features,
    measure_labels,
    sample_service,
)
from fengkong.console.live.models import Measurement, ReplayCheck, ServiceSample
from fengkong.console.outbox.jobs import kinds
from fengkong.console.outbox.models import Job

JOB = Job()


def plain(content: bytes) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", content.decode()))


def test_all_of_it_is_on_the_schedule() -> None:
    for seconds, kind, handler in SCHEDULE:
        for_kind = kinds()[kind]
        assert (for_kind.every, for_kind.handler.__name__) == (seconds, handler.__name__)


def test_the_service_is_sampled_and_shown(desk: Client, beside: Beside) -> None:
    ServiceSample.objects.create(
        at=timezone.now() - timedelta(days=9), reachable=True, ready=True, content={}
    )
    sample_service(JOB)
    sample = ServiceSample.objects.get()  # the old one is gone
    assert (sample.reachable, sample.ready) == (True, True)
    assert sample.content["decisions"] == len(beside.events)
    shown = plain(desk.get("/live/health/").content)
    assert "Takes requests ready Normal" in shown
    assert "The service was not sampled" not in shown


def test_a_service_that_is_away_is_told_and_nothing_is_green(
    desk: Client, beside: Beside, settings: object
) -> None:
    settings.CONSOLE = ConsoleSettings(directory=beside.data, service="http://127.0.0.1:9")
    sample_service(JOB)
    sample = ServiceSample.objects.get()
    assert not sample.reachable
    assert "does not answer" in sample.content["error"]
    assert "Takes requests" in plain(desk.get("/live/health/").content)
    vitals = desk.get("/live/health/").context["service"]
    assert vitals[0].lamp == "critical"
    assert all(vital.lamp != "ok" for vital in vitals)


def test_an_old_sample_is_never_green(desk: Client, beside: Beside) -> None:
    sample_service(JOB)
    ServiceSample.objects.update(at=timezone.now() - timedelta(minutes=5))
    answer = desk.get("/live/health/")
    assert "Nothing below is called good" in plain(answer.content)
    vitals = [*answer.context["service"], *answer.context["durability"]]
    assert vitals
    assert {vital.lamp for vital in vitals} <= {"unknown", "critical"}


def test_where_the_time_went_is_known_between_two_samples(beside: Beside) -> None:
    sample_service(JOB)
    sample_service(JOB)
    first, last = ServiceSample.objects.order_by("at")
    ServiceSample.objects.filter(pk=first.pk).update(at=last.at - timedelta(seconds=15), content={})
    split = split_at(last.at - timedelta(seconds=1))
    assert split is not None
    assert 0 < (split.commit[0] or 0) <= (split.commit[1] or 0)
    assert split_at(last.at - timedelta(hours=1)) is None


def test_replays_are_checked_and_agree(desk: Client, beside: Beside) -> None:
    check_replays(JOB)
    checks = list(ReplayCheck.objects.all())
    assert 1 <= len(checks) <= 3
    assert all(check.equal for check in checks)
    assert f"{len(checks)} of {len(checks)}" in plain(desk.get("/live/features/").content)
    ReplayCheck.objects.update(equal=False, differences=["$.points"])
    assert desk.get("/live/features/").context["checks"]["lamp"] == "critical"


def test_features_are_measured_from_the_decisions_themselves(desk: Client, beside: Beside) -> None:
    measure_features(JOB)
    found = Measurement.objects.get(kind="features", about="small").content["features"]
    assert found["card_count_1h"]["rows"] >= 30
    assert found["customer_merchant_last"]["null"] == 1.0
    assert found["device_card_distinct_7d"]["null"] == pytest.approx(0.2, abs=0.1)
    assert found["card_count_1h"]["psi"] is None, "there are no weeks before"
    answer = desk.get("/live/features/card_count_1h/")
    assert answer.context["row"].lineage.rules == ["fast"]
    shown = plain(answer.content)
    assert "card_count_1h: count() over card last 1h" in shown
    assert desk.get("/live/features/nothing/").status_code == 404


def test_old_measurements_are_not_green(desk: Client, beside: Beside) -> None:
    measure_features(JOB)
    one = Measurement.objects.get(kind="features")
    one.content["features"]["card_count_1h"] |= {"psi": 0.01, "lamp": "green"}
    one.save()
    lamps = {row.lineage.name: row.lamp for row in desk.get("/live/features/").context["rows"]}
    assert lamps["card_count_1h"] == "ok"
    Measurement.objects.update(measured_at=timezone.now() - timedelta(hours=3))
    lamps = {row.lineage.name: row.lamp for row in desk.get("/live/features/").context["rows"]}
    assert lamps["card_count_1h"] == "unknown"


def test_labels_and_the_directory_are_measured(desk: Client, beside: Beside) -> None:
    measure_labels(JOB)
    labels = Measurement.objects.get(kind="labels").content
    assert labels["labelled"]["24h"] == pytest.approx(1 / len(beside.events))
    assert labels["median_s"] > 0
    measure_directory(JOB)
    sizes = Measurement.objects.get(kind="directory").content
    assert sizes["journal_bytes"] > 10_000
    assert sizes["backup_age_s"] is None
    assert "Journal" in plain(desk.get("/live/health/").content)


def test_measuring_twice_keeps_one(beside: Beside) -> None:
    for _ in range(2):
        measure_labels(JOB)
        measure_directory(JOB)
    assert Measurement.objects.count() == 2
