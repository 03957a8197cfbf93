"""Notices reach real receivers, once, signed as each asks, within their limits."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.utils import timezone
from tests.console.notices.conftest import TAKEN, MailServer
from tests.console.operators import new_operator
from tests.console.webhooks.receiving import Receiver

from fengkong.console.accounts.models import Operator
from fengkong.console.notices import changing, sending
from fengkong.console.notices.changing import Terms
from fengkong.console.notices.formats import outgoing
from fengkong.console.notices.models import Channel, Delivery, Message, Notice
from fengkong.console.notices.raising import Raised, raise_notice, resolve_notice
from fengkong.console.notices.wording import Wording
from fengkong.console.outbox import leases
from fengkong.console.outbox.jobs import kind_of
from fengkong.console.outbox.models import Job
from fengkong.console.webhooks.signing import new_secret, verify

pytestmark = pytest.mark.django_db
Make = Callable[..., Channel]


def raised(key: str = "indicator:overdue", level: str = "orange", **more: Any) -> Notice:
    said = {
        "group": "credit",
        "title": ("逾期率偏高", "Overdue rate is high"),
        "text": ("逾期率 5.2%，阈值 4%", "Overdue rate 5.2 %, threshold 4 %"),
    }
    return raise_notice(Raised(key=key, level=level, **said | more))


def work(*, minutes: float = 0) -> int:
    """Do the jobs that are due by then; how many."""
    done, ahead = 0, timedelta(minutes=minutes)
    while (job := leases.take("test", now=timezone.now() + ahead)) is not None:
        kind_of(job.kind).handler(job)
        leases.finish(job, now=timezone.now())
        done += 1
    return done


def body_of(receiver: Receiver, number: int = -1) -> dict[str, Any]:
    return json.loads(receiver.received[number].body)


@pytest.mark.parametrize("kind", ["dingtalk", "feishu", "wecom", "webhook"])
def test_every_kind_gets_a_card_with_a_link_to_acknowledge(
    kind: str, channel_of: Make, receiver: Receiver
) -> None:
    channel_of(kind)
    notice = raised()
    work()
    assert len(receiver.received) == 1
    text = receiver.received[0].body.decode()
    assert "Overdue rate is high" in text
    assert f"https://risk.example/notices/{notice.pk}/" in text
    assert notice.deliveries.get().state == Delivery.State.SENT
    assert Message.objects.get().succeeded


def test_dingtalk_is_signed_as_its_document_says(channel_of: Make, receiver: Receiver) -> None:
    channel_of("dingtalk", secret="SECabc")
    raised()
    work()
    asked = parse_qs(urlsplit(receiver.received[0].path).query)
    signed = f"{asked['timestamp'][0]}\nSECabc".encode()
    expected = base64.b64encode(hmac.new(b"SECabc", signed, hashlib.sha256).digest()).decode()
    assert asked["sign"] == [expected]
    assert asked["access_token"] == ["t0p"]
    assert len(asked["timestamp"][0]) == 13  # milliseconds


def test_feishu_is_signed_as_its_document_says(channel_of: Make, receiver: Receiver) -> None:
    channel_of("feishu", secret="abc")
    raised()
    work()
    said = body_of(receiver)
    key = f"{said['timestamp']}\nabc".encode()
    expected = base64.b64encode(hmac.new(key, b"", hashlib.sha256).digest()).decode()
    assert said["sign"] == expected
    assert said["card"]["header"]["template"] == "orange"


def test_a_webhook_is_signed_and_keeps_its_id(channel_of: Make, receiver: Receiver) -> None:
    secret = new_secret()
    channel_of("webhook", secret=secret)
    receiver.answers = [(500, {}, b""), (200, {}, b"")]
    raised()
    work()
    Delivery.objects.update(due_at=timezone.now())
    sending.sweep_notices(Job())
    work()
    now = int(timezone.now().timestamp())
    first, second = receiver.received
    for one in (first, second):
        verify(one.headers, body=one.body, secret=secret, now=now)
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert Delivery.objects.get().state == Delivery.State.SENT


@pytest.mark.parametrize(
    ("kind", "answer", "code"),
    [
        ("dingtalk", b'{"errcode":310000,"errmsg":"sign not match"}', "310000"),
        ("feishu", b'{"code":19021,"msg":"sign match fail"}', "19021"),
        ("wecom", b'{"errcode":93000,"errmsg":"invalid webhook url"}', "93000"),
        ("wecom", b"<html>hello</html>", ""),
        ("dingtalk", b"[]", ""),
    ],
)
def test_an_error_inside_of_200_is_a_failure(
    kind: str, answer: bytes, code: str, channel_of: Make, receiver: Receiver
) -> None:
    channel = channel_of(kind)
    receiver.answer(200, body=answer)
    raised()
    work()
    message = Message.objects.filter(notices=1).earliest("pk")
    assert (message.succeeded, message.status, message.code) == (False, 200, code)
    assert message.failure
    assert sending.health_of(channel).failing_since is not None


def test_a_failing_channel_is_itself_told_by_the_others(
    channel_of: Make,
    admin: Operator,
    commander: Operator,
    mail_server: MailServer,
    receiver: Receiver,
) -> None:
    channel_of("wecom")
    receiver.answer(503)
    post = Terms(name="post", kind="email", language="zh", address="duty@risk.example")
    mail = changing.add_channel(admin, post)
    changing.add_route(commander, channel=mail, group="technical", level="orange", after_minutes=0)
    raised()
    work()
    assert len(mail_server.mails) == 1
    assert Notice.objects.filter(key__startswith="channel:").count() == 1


def test_said_again_is_told_once_and_worse_is_told_again(
    channel_of: Make, receiver: Receiver
) -> None:
    channel_of("feishu")
    for _ in range(5):
        notice = raised(level="yellow")
        work()
    assert len(receiver.received) == 1
    assert notice.said.count == 5
    raised(level="red")
    raised(level="yellow")
    work()
    assert [body_of(receiver, n)["card"]["header"]["template"] for n in (0, 1)] == ["yellow", "red"]
    notice.refresh_from_db()
    assert notice.level == "red"


def test_over_and_again_is_a_new_notice(channel_of: Make, receiver: Receiver) -> None:
    channel_of("wecom")
    first = raised()
    assert resolve_notice(first.key)
    assert not resolve_notice(first.key)
    work()
    assert receiver.received == []  # it was over before it could be told
    assert raised().pk != first.pk
    work()
    assert len(receiver.received) == 1


def test_a_storm_leaves_as_a_digest_within_the_limit(channel_of: Make, receiver: Receiver) -> None:
    channel_of("dingtalk")
    for number in range(100):
        raised(key=f"indicator:{number}", level="red" if number == 99 else "yellow")
    work()
    assert len(receiver.received) <= 20
    texts = [one.body.decode() for one in receiver.received]
    assert any("100 notices" in text for text in texts)
    assert "red" in next(text for text in texts if "100 notices" in text)  # the worst is named
    assert not Delivery.objects.exclude(state=Delivery.State.SENT).exists()


def test_no_more_than_the_limit_in_a_minute(channel_of: Make, receiver: Receiver) -> None:
    channel = channel_of("wecom")
    for number in range(60):
        raised(key=f"indicator:{number}")
        work()
    assert len(receiver.received) <= channel.per_minute == 20
    waiting = Delivery.objects.filter(state=Delivery.State.WAITING).count()
    assert waiting > 0
    Message.objects.update(at=timezone.now() - timedelta(minutes=2))
    work(minutes=2)
    assert not Delivery.objects.exclude(state=Delivery.State.SENT).exists()


def test_asked_too_often_rests_as_long_as_it_must(channel_of: Make, receiver: Receiver) -> None:
    channel = channel_of("dingtalk")
    receiver.answer(200, body=b'{"errcode":130101,"errmsg":"send too fast"}')
    raised()
    work()
    rest_until = sending.health_of(channel).rest_until
    assert rest_until is not None
    assert rest_until > timezone.now() + timedelta(minutes=9)
    before = len(receiver.received)
    raised(key="other")
    work()
    assert len(receiver.received) == before


def test_who_does_not_answer_is_followed_by_the_next(
    channel_of: Make, receiver: Receiver, commander: Operator
) -> None:
    channel_of("feishu", level="orange", after_minutes=15)
    told, untold = raised(), raised(key="other")
    work()
    assert receiver.received == []
    changing.acknowledge(commander, untold.pk, note="at it")
    Delivery.objects.update(due_at=timezone.now())
    work(minutes=16)
    assert len(receiver.received) == 1
    assert f"/notices/{told.pk}/" in receiver.received[0].body.decode()
    with pytest.raises(changing.SettledNoticeError):
        changing.acknowledge(commander, untold.pk)


def test_silenced_is_told_when_the_silence_ends(
    channel_of: Make, receiver: Receiver, commander: Operator
) -> None:
    channel_of("wecom")
    until = timezone.now() + timedelta(hours=1)
    made = changing.silence(
        commander, group="credit", prefix="indicator:", until=until, reason="a known fault"
    )
    raised()
    raised(key="other")
    work()
    assert len(receiver.received) == 1  # the one that the silence does not cover
    changing.end_silence_early(commander, made.pk)
    sending.sweep_notices(Job())
    work()
    assert len(receiver.received) == 2


def test_a_worker_that_dies_while_sending_sends_nothing_twice(
    channel_of: Make, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    channel_of("dingtalk")
    raised()

    def dies(*_args: object, **_more: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(sending, "_end", dies)
    with pytest.raises(KeyboardInterrupt):
        work()
    monkeypatch.undo()
    assert len(receiver.received) == 1
    assert Delivery.objects.get().state == Delivery.State.SENDING
    Message.objects.update(at=timezone.now() - timedelta(minutes=2))
    sending.sweep_notices(Job())
    work(minutes=60)
    assert len(receiver.received) == 1
    assert Delivery.objects.get().state == Delivery.State.UNKNOWN


def test_mail_goes_to_whoever_is_on_duty(
    admin: Operator, commander: Operator, mail_server: MailServer
) -> None:
    now = timezone.now()
    for name, hours in (("early", -9), ("now", -1), ("late", 7)):
        person = new_operator("credit_officer", username=name)
        person.email = f"{name}@risk.example"
        person.save()
        starts_at = now + timedelta(hours=hours)
        changing.add_shift(
            commander,
            group="credit",
            operator=person,
            starts_at=starts_at,
            ends_at=starts_at + timedelta(hours=8),
        )
    post = Terms(name="post", kind="email", language="zh", address="duty:credit,all@risk.example")
    channel = changing.add_channel(admin, post)
    changing.add_route(commander, channel=channel, group="credit", level="yellow", after_minutes=0)
    raised()
    work()
    assert mail_server.to == ["now@risk.example", "all@risk.example"]
    assert "Subject: =?utf-8?" in mail_server.mails[0]


@pytest.mark.parametrize("reason", ["no server", "nobody on duty", "refused"])
def test_mail_that_cannot_leave_says_why(
    reason: str, admin: Operator, commander: Operator, mail_server: MailServer, settings
) -> None:
    if reason == "no server":
        settings.CONSOLE = type(settings.CONSOLE)(directory=settings.CONSOLE.directory)
    mail_server.refusal = "550 no such user" if reason == "refused" else ""
    address = "duty:credit" if reason == "nobody on duty" else "a@risk.example"
    post = Terms(name="post", kind="email", language="en", address=address)
    channel = changing.add_channel(admin, post)
    changing.add_route(commander, channel=channel, group="credit", level="yellow", after_minutes=0)
    notice = raised()
    work()
    message = notice.deliveries.get().message
    assert message is not None
    assert not message.succeeded
    assert message.failure
    for _ in range(7):
        Delivery.objects.filter(state="waiting").update(due_at=timezone.now())
        sending.sweep_notices(Job())
        work()
    delivery = notice.deliveries.get()
    assert delivery.state == Delivery.State.FAILED
    assert sending.health_of(delivery.channel).failing_since is not None


HOSTILE = "[click](http://evil.example) <font color=red> **x** \u202e\x00 {{ title }}"


@pytest.mark.parametrize("kind", ["dingtalk", "feishu", "wecom", "webhook"])
def test_names_from_strangers_are_no_markup(
    kind: str, channel_of: Make, receiver: Receiver
) -> None:
    channel_of(kind)
    raised(title=(HOSTILE, HOSTILE), text=(HOSTILE * 40, HOSTILE * 40))
    work()
    text = receiver.received[0].body.decode()
    for piece in ("[click]", "<font", "**x**", "\u202e", "\\u0000"):
        assert piece not in text


@pytest.mark.parametrize(("kind", "bytes_max"), [("dingtalk", 20_000), ("wecom", 4_096)])
def test_long_texts_keep_to_the_size_that_is_taken(kind: str, bytes_max: int) -> None:
    wording = Wording(
        level="red",
        title="标题" * 20,
        text="很长" * 20_000,
        link="https://risk.example/notices/1/",
        link_title="打开",
    )
    made = outgoing(kind, wording, secret="", timestamp=1, message_id="ntc_1")
    content = json.loads(made.body)
    inner = content.get("markdown", {}).get("content") or content["actionCard"]["text"]
    assert len(inner.encode()) <= bytes_max
    assert "https://risk.example/notices/1/" in made.body.decode()


def test_taken_is_what_robots_say() -> None:
    assert set(TAKEN) == {"dingtalk", "feishu", "wecom", "webhook"}
