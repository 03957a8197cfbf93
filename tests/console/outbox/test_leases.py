"""A job is done at least once: by one worker at a time, by another when that one is gone."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction

from fengkong.console.outbox import jobs, leases
from fengkong.console.outbox.jobs import GiveUpError, Lane, kinds_of, put, register_job
from fengkong.console.outbox.models import Job, Schedule
from fengkong.worker.jobs import Jobs

NOW = datetime(2026, 11, 1, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@pytest.fixture(autouse=True)
def kinds(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """Only the kinds of a test; what its handler was given."""
    done: list[int] = []
    monkeypatch.setattr(jobs, "_KINDS", {})

    def handler(job: Job) -> None:
        if job.content.get("fails") == "always":
            raise GiveUpError("hopeless")
        if job.content.get("fails"):
            raise OSError("the line is dead")
        done.append(job.content["n"])

    register_job("try", handler, waits=(5, 60))
    return done


def promised(**content: object) -> Job:
    with transaction.atomic():
        return put("try", {"n": 1} | content, due_at=NOW)


@pytest.mark.django_db(transaction=True)
def test_a_promise_is_part_of_its_transaction() -> None:
    with pytest.raises(RuntimeError, match="outside"):
        put("try", {})

    @transaction.atomic
    def changes_its_mind() -> None:
        put("try", {})
        raise OSError("too bad")

    with pytest.raises(OSError, match="too bad"):
        changes_its_mind()
    with pytest.raises(ImproperlyConfigured, match="nobody"), transaction.atomic():
        put("unknown", {})
    assert not Job.objects.exists()


@pytest.mark.django_db
def test_one_open_job_of_a_key() -> None:
    first = put("try", {"n": 1}, key="k", due_at=NOW)
    assert put("try", {"n": 2}, key="k") == first
    assert put("try", {"n": 3}, key="other") != first
    taken = leases.take("w", now=NOW)
    assert taken == first
    leases.finish(taken, now=NOW)
    assert put("try", {"n": 4}, key="k") != first


@pytest.mark.django_db
def test_a_leased_job_is_nobody_elses() -> None:
    promised()
    job = leases.take("first", now=NOW)
    assert job is not None
    assert leases.take("second", now=NOW) is None
    # At the end of the lease it is still the first one's; behind it, it is free.
    assert leases.reap(now=NOW + leases.LEASE) == 0
    assert leases.renew(job, now=NOW + SECOND)
    assert leases.reap(now=NOW + leases.LEASE + SECOND) == 0
    assert leases.reap(now=NOW + leases.LEASE + 2 * SECOND) == 1
    again = leases.take("second", now=NOW + leases.LEASE + 2 * SECOND)
    assert again == job
    assert (again.holder, again.attempts) == ("second", 2)
    # Whoever lost the lease can no longer say that the job is done.
    assert not leases.finish(job, now=NOW)
    assert not leases.renew(job, now=NOW)
    assert leases.finish(again, now=NOW)


@pytest.mark.django_db
def test_failures_wait_longer_and_end() -> None:
    promised(fails="once")
    at = NOW
    for wait in (5, 60):
        job = leases.take("w", now=at)
        assert job is not None
        leases.fail(job, error="no", now=at)
        assert leases.take("w", now=at + (wait - 1) * SECOND) is None
        at += wait * SECOND
    job = leases.take("w", now=at)
    assert job is not None
    leases.fail(job, error="no", now=at)
    dead = Job.objects.get()
    assert (dead.state, dead.error, dead.attempts) == ("dead", "no", 3)
    assert leases.counted() == {"waiting": 0, "running": 0, "done": 0, "dead": 1}
    assert leases.retry(dead.pk, now=at) is not None
    assert leases.retry(dead.pk, now=at) is None
    revived = leases.take("w", now=at)
    assert revived is not None
    assert revived.attempts == 1


@pytest.mark.django_db
def test_a_job_that_kills_its_workers_is_given_up() -> None:
    promised()
    at = NOW
    for _ in range(3):
        assert leases.take("w", now=at) is not None
        at += leases.LEASE + SECOND
        assert leases.reap(now=at) == 1
    assert Job.objects.get().state == "dead"


@pytest.mark.django_db(transaction=True)
def test_the_worker_does_what_is_due(kinds: list[int]) -> None:
    promised(n=1)
    promised(n=2, fails="once")
    promised(n=3, fails="always")
    promised(n=4)
    hands = Jobs()
    while hands.step():
        pass
    assert kinds == [1, 4]
    states = {job.content["n"]: (job.state, job.error) for job in Job.objects.all()}
    assert states == {
        1: ("done", ""),
        2: ("waiting", "OSError: the line is dead"),
        3: ("dead", "hopeless"),
        4: ("done", ""),
    }


@pytest.mark.django_db(transaction=True)
def test_a_lane_does_its_own_jobs_whatever_another_has_to_do(kinds: list[int]) -> None:
    register_job("watch", lambda job: kinds.append(job.content["n"]), lane=Lane.WATCH)
    promised(n=1)
    with transaction.atomic():
        put("watch", {"n": 2}, due_at=NOW + SECOND)
    assert [Jobs(Lane.WATCH).step(), Jobs(Lane.WATCH).step()] == [True, False]
    assert kinds == [2]
    assert not Jobs(Lane.TELL).step()
    assert Jobs(Lane.WORK).step()
    assert kinds == [2, 1]
    assert sorted(kind for lane in Lane for kind in kinds_of(lane)) == sorted(jobs.kinds())


@pytest.mark.django_db
def test_repeated_jobs_come_when_they_are_due(kinds: list[int]) -> None:
    def fail(_job: Job) -> None:
        raise OSError("no")

    jobs.every(60, "tidy", fail)
    assert leases.put_what_is_due(now=NOW) == 1
    assert leases.put_what_is_due(now=NOW) == 0
    # Its last one is still open: there is never a second.
    assert leases.put_what_is_due(now=NOW + 61 * SECOND) == 0
    job = leases.take("w", now=NOW)
    assert job is not None
    leases.fail(job, error="no", now=NOW)
    assert Job.objects.get().state == "dead"
    # Hours were missed: one job comes, not one for each minute; the old failure goes.
    assert leases.put_what_is_due(now=NOW + 3600 * SECOND) == 1
    assert [job.state for job in Job.objects.all()] == ["waiting"]
    assert Schedule.objects.get().next_at == NOW + 3660 * SECOND


@pytest.mark.django_db
def test_finished_jobs_are_forgotten_and_dead_ones_are_not() -> None:
    for fails in ("", "always"):
        promised(fails=fails)
    while Jobs().step():
        pass
    late = datetime.now(UTC) + leases.KEPT
    assert leases.forget_finished(now=late - SECOND) == 0
    assert leases.forget_finished(now=late + SECOND) == 1
    assert [job.state for job in Job.objects.all()] == ["dead"]
