"""The worker's looks at the decision service: counted once, and an outage is as long as it was."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import settings as given_settings
from hypothesis import strategies as st

from fengkong.console.journaled.intake import TAIL
from fengkong.console.journaled.models import Cursor
from fengkong.console.outbox.models import Job
from fengkong.console.traffic.counting import DECISIONS, WORKER, recent
from fengkong.console.traffic.following import Look, take_look, take_worker
from fengkong.console.traffic.machine_clock import told
from fengkong.console.traffic.models import Followed, ServiceDay, ServiceMinute
from fengkong.console.traffic.service_counters import ServiceCounters

pytestmark = pytest.mark.django_db
START = datetime(2026, 6, 3, 4, 0, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def look(
    seconds: float, *, came: int, began: float = 0, unclean: int = 0, version: str = "1"
) -> Look:
    """What a service that began some seconds after START says."""
    counters = ServiceCounters(
        totals={"requests": came, "came": came},
        started=at(began).timestamp(),
        unclean_starts=unclean,
        version=version,
        head=0,
    )
    return Look(at(seconds), counters)


def away(seconds: float) -> Look:
    return Look(at(seconds))


def day() -> ServiceDay:
    return ServiceDay.objects.get(service=DECISIONS, day=timezone.localdate(START))


def test_a_service_that_never_was_there_is_not_down() -> None:
    take_look(away(0))
    assert not Followed.objects.exists()
    assert not ServiceDay.objects.exists()


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 40)), min_size=1, max_size=12))
@given_settings(max_examples=25, deadline=None)
def test_every_request_is_counted_once_over_starts(steps: list[tuple[bool, int]]) -> None:
    ServiceDay.objects.all().delete()
    ServiceMinute.objects.all().delete()
    Followed.objects.all().delete()
    total, came, began = 0, 0, 0.0
    for number, (starts_anew, more) in enumerate(steps):
        if starts_anew and number:
            came, began = 0, 4 * number - 1
        came += more
        total += more
        take_look(look(4 * number, came=came, began=began))
    assert day().requests == total
    assert sum(one.requests for one in ServiceMinute.objects.all()) == total


def test_requests_of_before_today_are_not_of_today() -> None:
    take_look(look(0, came=900, began=-90_000))
    assert day().requests == 0
    take_look(look(4, came=903, began=-90_000))
    assert day().requests == 3


def test_an_outage_is_counted_from_the_look_before_to_the_start() -> None:
    take_look(look(0, came=1))
    take_look(away(4))
    take_look(away(8))
    assert Followed.objects.get(pk=DECISIONS).down_since == at(4)
    take_look(look(12, came=0, began=10, unclean=1))
    assert day().minutes_down * 60 == pytest.approx(10)
    assert day().restarts == 1
    assert day().deployments == 0
    assert Followed.objects.get(pk=DECISIONS).down_since is None


def test_a_service_that_was_not_ready_for_a_while_was_down_until_it_was() -> None:
    take_look(look(0, came=1))
    take_look(away(4))
    take_look(look(8, came=1))
    assert day().minutes_down * 60 == pytest.approx(4)
    assert day().restarts == 0


def test_a_new_version_is_a_deployment_and_no_restart() -> None:
    take_look(look(0, came=1))
    take_look(look(60, came=0, began=58, version="2"))
    assert (day().deployments, day().restarts) == (1, 0)
    assert day().minutes_down * 60 == pytest.approx(58)


def test_where_nobody_looked_only_an_end_without_order_is_an_outage() -> None:
    take_look(look(0, came=1))
    take_look(look(1_000, came=0, began=600))
    assert day().minutes_down == 0
    take_look(look(3_000, came=0, began=2_500, unclean=1))
    assert day().minutes_down * 60 == pytest.approx(1_500)
    take_look(away(9_000))
    assert day().minutes_down * 60 == pytest.approx(1_500)


def test_a_clock_that_went_back_takes_nothing_away() -> None:
    take_look(look(100, came=1))
    take_look(away(40))
    take_look(look(50, came=0, began=20, unclean=1))
    assert day().minutes_down >= 0


def test_the_oldest_thing_that_waits_is_told() -> None:
    Job.objects.create(kind="x", due_at=at(-30))
    take_worker(at=START, head=0)
    row = ServiceDay.objects.get(service=WORKER)
    assert row.queue_seconds == pytest.approx(30)
    assert row.disk_used_share is not None
    assert 0 < row.disk_used_share < 1


def test_an_entry_that_the_worker_does_not_read_waits_until_it_does() -> None:
    Cursor.objects.create(name=TAIL, sequence=10, moved_at=START)
    for second in (0, 4, 8):
        take_worker(at=at(second), head=12 + second)
    assert Followed.objects.get(pk=WORKER).gauges["queue_seconds"] == pytest.approx(8)
    Cursor.objects.filter(name=TAIL).update(sequence=12)
    take_worker(at=at(9), head=20)
    assert Followed.objects.get(pk=WORKER).gauges["queue_seconds"] == pytest.approx(5)
    Cursor.objects.filter(name=TAIL).update(sequence=20)
    take_worker(at=at(10), head=20)
    assert Followed.objects.get(pk=WORKER).gauges["queue_seconds"] == 0
    assert ServiceDay.objects.get(service=WORKER).queue_seconds == pytest.approx(8)


def test_minutes_are_of_the_last_five_and_old_ones_go() -> None:
    take_look(look(0, came=5))
    take_look(look(120, came=9))
    assert recent(DECISIONS, now=at(121)).requests == 9
    assert recent(DECISIONS, now=at(350)).requests == 4
    assert recent(DECISIONS, now=at(1_000)).requests == 0


@pytest.mark.parametrize(
    ("offset", "esterror", "status", "found"),
    [(-2_000, 500, 0, 2.5), (3_000_000, 1_000, 0x2000, 4.0), (0, 16, 0x40, None)],
    ids=["microseconds", "nanoseconds", "nobody keeps it"],
)
def test_the_kernel_tells_how_far_the_clock_is(
    offset: int, esterror: int, status: int, found: float | None
) -> None:
    assert told(offset, esterror=esterror, status=status) == found
