"""Messages reach a real receiver, signed, until it has them."""

import json
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone
from tests.console.webhooks.receiving import Receiver

from fengkong.console.accounts.models import Operator
from fengkong.console.approvals import four_eyes
from fengkong.console.approvals.models import Proposal
from fengkong.console.audit.models import AuditEntry
from fengkong.console.journaled.intake import forget_all, take_in
from fengkong.console.journaled.seen import (
    SeenActivation,
    SeenDecision,
    SeenEntries,
    SeenListChange,
)
from fengkong.console.outbox import leases
from fengkong.console.outbox.jobs import kind_of, put
from fengkong.console.outbox.models import Job
from fengkong.console.webhooks import changing, delivering
from fengkong.console.webhooks.changing import Terms
from fengkong.console.webhooks.destinations import RefusedDestinationError
from fengkong.console.webhooks.models import Attempt, Delivery, Endpoint, EndpointHealth, Message
from fengkong.console.webhooks.occurrences import OCCURRENCES
from fengkong.console.webhooks.signing import verify
from fengkong.worker.jobs import Jobs

pytestmark = pytest.mark.django_db
MICROS = 1_000_000


def decision(sequence: int, outcome: str = "deny", **more: Any) -> SeenDecision:
    at = int(timezone.now().timestamp()) * MICROS
    values: dict[str, Any] = {
        "sequence": sequence,
        "event_id": f"e-{sequence}",
        "event_type": "payment.initiated",
        "subject": "ab" * 16,
        "occurred_at": at,
        "recorded_at": at,
        "outcome": outcome,
        "points": 40.0,
        "probability": 0.5,
        "amount_minor": 1200,
        "currency": "CNY",
        "policy": "payments",
        "policy_version": 3,
        "policy_hash": "00" * 32,
        "rules": ("velocity.cards",),
        "degraded": False,
        "late": False,
        "erased": False,
        "shadow_outcome": "",
    }
    return SeenDecision(**values | more)


def entries(*decisions: SeenDecision, after: int = 0, **more: Any) -> SeenEntries:
    upto = max([after, *(one.sequence for one in decisions)]) + bool(more)
    at = int(timezone.now().timestamp()) * MICROS
    return SeenEntries(
        journal="aa" * 16, after=after, upto=upto, at=at, decisions=list(decisions), **more
    )


def work() -> None:
    """Do the jobs that are due, in the test's own transaction."""
    while (job := leases.take("test", now=timezone.now())) is not None:
        kind_of(job.kind).handler(job)
        leases.finish(job, now=timezone.now())


def work_as_worker() -> None:
    """Do the jobs that are due as the worker does, each commit under the guard."""
    with closing(Jobs()) as hands:
        while hands.step():
            pass


def wake() -> None:
    """As if the time had passed that is to be waited."""
    now = timezone.now()
    EndpointHealth.objects.update(rest_until=None)
    Delivery.objects.filter(state="waiting").update(due_at=now)
    Job.objects.filter(state=Job.State.WAITING).update(due_at=now)


@pytest.fixture
def add(admin: Operator, receiver: Receiver) -> Callable[..., tuple[Endpoint, str]]:
    def made(*types: str, **more: Any) -> tuple[Endpoint, str]:
        terms = {"name": "hook", "url": receiver.url, "types": types or ("decision.made",)} | more
        return changing.add_endpoint(admin, Terms(**terms))

    return made


@pytest.mark.django_db(transaction=True)
def test_a_decision_arrives_signed_and_without_personal_data(add, receiver: Receiver) -> None:
    endpoint, secret = add(outcomes=("deny", "review"))
    take_in(entries(decision(1), decision(2, "allow"), decision(3, "review")))
    work_as_worker()
    told = [json.loads(one.body) for one in receiver.received]
    assert [one["data"]["sequence"] for one in told] == [1, 3]
    assert set(told[0]) == {"type", "timestamp", "data"}
    assert told[0]["data"]["subject"] == "ab" * 16
    assert "event" not in told[0]["data"]
    now = int(timezone.now().timestamp())
    for one in receiver.received:
        verify(one.headers, body=one.body, secret=secret, now=now)
    assert not endpoint.deliveries.exclude(state="delivered").exists()
    assert Job.objects.filter(kind="send_webhooks").count() == 1


def test_what_nobody_wants_leaves_nothing(add) -> None:
    add("policy.activated")
    take_in(entries(decision(1)))
    assert not Message.objects.exists()


def test_a_read_model_filled_again_tells_nothing_twice(add, receiver: Receiver) -> None:
    add()
    take_in(entries(decision(1), decision(2)))
    forget_all()
    take_in(entries(decision(1), decision(2), decision(3)))
    work()
    told = [json.loads(one.body)["data"]["sequence"] for one in receiver.received]
    assert told == [1, 2, 3]


def test_messages_of_each_kind_keep_their_schema(
    add, admin: Operator, officer: Operator, receiver: Receiver
) -> None:
    endpoint, _secret = add(*[name for name in OCCURRENCES if name != "webhook.ping"])
    at = int(timezone.now().timestamp()) * MICROS
    activation = SeenActivation(2, "live", "published", "payments", 3, "00" * 32, at)
    change = SeenListChange(
        "l-1",
        2,
        "blocked_cards",
        "card",
        "add",
        "6222021234567890123",
        "stolen",
        "ann",
        at,
        None,
        None,
    )
    take_in(entries(decision(1), activations=[activation], list_changes=[change]))
    proposal = changing.propose_personal(admin, endpoint.pk, reason="they need it")
    four_eyes.reject(officer, proposal.pk, remark="no")
    changing.ping(admin, endpoint.pk)
    work()
    told = {one["type"]: one for one in (json.loads(r.body) for r in receiver.received)}
    assert {"decision.made", "policy.activated", "proposal.opened", "webhook.ping"} <= set(told)
    assert told["list.changed"]["data"]["value"] not in ("", "6222021234567890123")
    assert told["proposal.decided"]["data"] | {"proposal": 0} == {
        "proposal": 0,
        "kind": "webhook_personal_data",
        "target": "hook",
        "state": "rejected",
        "proposed_by": "ada",
        "decided_by": "olga",
    }
    from jsonschema_rs import validator_for

    for name, message in told.items():
        validator_for(OCCURRENCES[name].schema(name)).validate(message)


def test_failures_are_tried_again_until_it_is_taken(add, receiver: Receiver) -> None:
    endpoint, _secret = add()
    receiver.answers = [(500, {}, b"broken"), (503, {}, b""), (200, {}, b"ok")]
    take_in(entries(decision(1)))
    work()
    [delivery] = endpoint.deliveries.all()
    assert (delivery.state, delivery.attempts, delivery.last_status) == ("waiting", 1, 500)
    assert delivery.due_at > timezone.now() + timedelta(seconds=3)
    assert Job.objects.filter(kind="send_webhooks", state="waiting").count() == 1
    work()
    assert len(receiver.received) == 1, "it rests"
    for _ in range(2):
        wake()
        work()
    delivery.refresh_from_db()
    assert (delivery.state, delivery.attempts) == ("delivered", 3)
    tried = list(Attempt.objects.values_list("status", "excerpt"))
    assert tried == [(500, "broken"), (503, ""), (200, "ok")]
    ids = {one.headers["webhook-id"] for one in receiver.received}
    assert ids == {delivery.message_id}
    assert EndpointHealth.objects.get().failing_since is None


def test_a_delivery_is_given_up_after_days(add, receiver: Receiver) -> None:
    endpoint, _secret = add()
    receiver.answer(500)
    take_in(entries(decision(1)))
    delivery = endpoint.deliveries.get()
    waits = []
    while delivery.state == "waiting":
        delivering.attempt(Delivery.objects.get(pk=delivery.pk))
        delivery.refresh_from_db()
        waits.append((delivery.due_at - timezone.now()).total_seconds())
    assert (delivery.state, delivery.attempts) == ("failed", 10)
    assert 3 * 86_400 < sum(waits[:-1]) < 4 * 86_400
    assert waits[:-1] == sorted(waits[:-1])


@pytest.mark.django_db(transaction=True)
def test_an_endpoint_that_is_gone_is_disabled_and_others_are_told(
    add, admin: Operator, receiver: Receiver
) -> None:
    gone, _secret = add()
    _watcher, _secret = add("webhook.disabled", name="watcher")
    receiver.answers = [(410, {}, b""), (200, {}, b"")]
    take_in(entries(decision(1), decision(2)))
    work_as_worker()
    gone.refresh_from_db()
    assert (gone.state, gone.disabled_because) == ("disabled", "gone")
    assert [json.loads(one.body)["type"] for one in receiver.received] == [
        "decision.made",
        "webhook.disabled",
    ]
    entry = AuditEntry.objects.get(action="disable_webhook")
    assert entry.actor == "system"
    with pytest.raises(changing.DisabledEndpointError):
        changing.ping(admin, gone.pk)
    changing.enable_endpoint(admin, gone.pk)
    wake()
    work_as_worker()
    assert not gone.deliveries.filter(state="waiting").exists()


@pytest.mark.parametrize(("hours", "state"), [(119, "active"), (121, "disabled")])
def test_days_of_failure_disable(add, receiver: Receiver, hours: int, state: str) -> None:
    endpoint, _secret = add()
    receiver.answer(500)
    take_in(entries(decision(1)))
    since = timezone.now() - timedelta(hours=hours)
    EndpointHealth.objects.update(failing_since=since, failures=40)
    work()
    endpoint.refresh_from_db()
    assert endpoint.state == state


def test_a_failing_endpoint_rests_longer_and_holds_nobody_up(add, receiver: Receiver) -> None:
    _endpoint, _secret = add()
    receiver.answer(500)
    take_in(entries(*(decision(number) for number in range(1, 6))))
    rests = []
    for _ in range(9):
        before = len(receiver.received)
        wake()
        work()
        assert len(receiver.received) == before + 1
        rests.append((EndpointHealth.objects.get().rest_until - timezone.now()).total_seconds())
    assert [round(rest) for rest in rests] == [5, 10, 20, 40, 80, 160, 300, 300, 300]


def test_a_redirect_is_a_failure(add, receiver: Receiver) -> None:
    endpoint, _secret = add()
    receiver.answer(307, {"Location": receiver.url})
    take_in(entries(decision(1)))
    work()
    assert endpoint.deliveries.get().last_status == 307
    assert len(receiver.received) == 1


def test_a_destination_is_judged_at_each_attempt(add, receiver: Receiver, settings) -> None:
    from dataclasses import replace

    _endpoint, _secret = add()
    settings.CONSOLE = replace(settings.CONSOLE, webhook_networks=())
    take_in(entries(decision(1)))
    work()
    assert receiver.received == []
    assert Attempt.objects.get().failure == "webhooks.refused_destination"


def test_secrets_overlap_while_they_are_rotated(add, admin: Operator, receiver: Receiver) -> None:
    endpoint, old = add()
    new = changing.rotate_secret(admin, endpoint.pk, overlap_hours=24)
    changing.ping(admin, endpoint.pk)
    work()
    now = int(timezone.now().timestamp())
    for secret in (old, new):
        verify(
            receiver.received[-1].headers, body=receiver.received[-1].body, secret=secret, now=now
        )
    last = changing.rotate_secret(admin, endpoint.pk, overlap_hours=0)
    changing.ping(admin, endpoint.pk)
    work()
    got = receiver.received[-1]
    assert got.headers["webhook-signature"].count("v1,") == 1
    verify(got.headers, body=got.body, secret=last, now=now)
    stored = b"".join(bytes(one) for one in endpoint.secrets.values_list("sealed", flat=True))
    assert old[6:].encode() not in stored


def test_messages_are_sent_again(add, admin: Operator, receiver: Receiver) -> None:
    endpoint, _secret = add()
    take_in(entries(decision(1), decision(2)))
    work()
    first = endpoint.deliveries.order_by("pk").first()
    assert changing.replay_deliveries(admin, endpoint.pk, [first.pk, 10**9]) == 1
    now = timezone.now()
    hour = timedelta(hours=1)
    assert changing.replay_range(admin, endpoint.pk, since=now - hour, until=now + hour) == 2
    assert changing.replay_range(admin, endpoint.pk, since=now - 2 * hour, until=now - hour) == 0
    work()
    ids = [one.headers["webhook-id"] for one in receiver.received]
    assert len(ids) == 5
    assert len(set(ids)) == 2


def test_personal_data_need_four_eyes_and_end_with_the_address(
    add, admin: Operator, officer: Operator, receiver: Receiver
) -> None:
    endpoint, _secret = add()
    proposal = changing.propose_personal(admin, endpoint.pk, reason="the case system needs it")
    with pytest.raises(PermissionDenied):
        four_eyes.approve(admin, proposal.pk)
    four_eyes.approve(officer, proposal.pk)
    endpoint.refresh_from_db()
    assert endpoint.personal
    elsewhere = receiver.url + "/other"
    changed = changing.change_endpoint(
        admin, endpoint.pk, Terms(name="hook", url=elsewhere, types=("decision.made",))
    )
    assert not changed.personal
    stale = changing.propose_personal(admin, endpoint.pk, reason="again")
    back = Terms(name="hook", url=receiver.url, types=("decision.made",))
    changing.change_endpoint(admin, endpoint.pk, back)
    with pytest.raises(changing.InvalidEndpointError):
        four_eyes.approve(officer, stale.pk)
    assert Proposal.objects.get(pk=stale.pk).state == "open"


@pytest.mark.parametrize(
    ("terms", "error"),
    [
        ({"types": ()}, changing.InvalidEndpointError),
        ({"types": ("nothing.such",)}, changing.InvalidEndpointError),
        ({"types": ("webhook.ping",)}, changing.InvalidEndpointError),
        ({"outcomes": ("perhaps",)}, changing.InvalidEndpointError),
        ({"name": "  "}, changing.InvalidEndpointError),
        ({"url": "https://10.0.0.1/"}, RefusedDestinationError),
    ],
)
def test_wrong_terms_are_refused(add, terms: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        add(**terms) if "types" not in terms else changing.add_endpoint(
            Operator.objects.get(username="ada"),
            Terms(**{"name": "hook", "url": "http://127.0.0.1/", **terms}),
        )
    assert not Endpoint.objects.exists()


def test_others_may_not_change_anything(add, officer: Operator) -> None:
    endpoint, _secret = add()
    acts: list[Callable[[], object]] = [
        lambda: changing.disable_endpoint(officer, endpoint.pk),
        lambda: changing.enable_endpoint(officer, endpoint.pk),
        lambda: changing.ping(officer, endpoint.pk),
        lambda: changing.remove_endpoint(officer, endpoint.pk),
        lambda: changing.rotate_secret(officer, endpoint.pk, overlap_hours=1),
        lambda: changing.replay_deliveries(officer, endpoint.pk, [1]),
        lambda: changing.propose_personal(officer, endpoint.pk, reason="x"),
        lambda: changing.withhold_personal(officer, endpoint.pk),
        lambda: changing.change_endpoint(officer, endpoint.pk, changing.terms_of(endpoint)),
    ]
    before = AuditEntry.objects.count()
    for act in acts:
        with pytest.raises(PermissionDenied):
            act()
    assert AuditEntry.objects.count() == before


def test_failed_jobs_are_told_once(add, receiver: Receiver) -> None:
    add("job.failed")
    delivering.tell_failed_jobs()
    with transaction.atomic():
        job = put("send_webhooks", {"endpoint": 0})
    taken = leases.take("w", now=timezone.now())
    assert taken == job
    leases.give_up(taken, error="hopeless", now=timezone.now())
    delivering.tell_failed_jobs()
    delivering.tell_failed_jobs()
    work()
    [told] = [json.loads(one.body) for one in receiver.received]
    assert told["data"] == {"job": job.pk, "kind": "send_webhooks", "attempts": 1}


def test_the_sweep_promises_what_was_forgotten_and_forgets_what_is_old(
    add, receiver: Receiver
) -> None:
    endpoint, _secret = add()
    take_in(entries(decision(1)))
    Job.objects.all().delete()
    delivering.sweep_webhooks(Job())
    work()
    assert endpoint.deliveries.get().state == "delivered"
    Message.objects.update(created_at=timezone.now() - timedelta(days=31))
    delivering.sweep_webhooks(Job())
    assert not Delivery.objects.exists()


def test_a_worker_that_dies_after_sending_sends_again_with_the_same_id(
    add, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint, _secret = add()
    take_in(entries(decision(1)))
    with monkeypatch.context() as patched:
        patched.setattr(delivering, "_write_down", lambda *a, **k: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            delivering.attempt(endpoint.deliveries.get())
    assert not Attempt.objects.exists()
    work()
    assert len({one.headers["webhook-id"] for one in receiver.received}) == 1
    assert len(receiver.received) == 2
