"""The screens of notices as an operator uses them."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone
from tests.console.notices.test_sending import raised, work
from tests.console.operators import browser_of
from tests.console.webhooks.receiving import Receiver

from fengkong.console.accounts.models import Operator
from fengkong.console.audit.models import AuditEntry
from fengkong.console.notices.models import Channel, Notice, Route, Shift, Silence

pytestmark = pytest.mark.django_db
LOCAL = "%Y-%m-%dT%H:%M"


def local(hours: float) -> str:
    return (timezone.localtime() + timedelta(hours=hours)).strftime(LOCAL)


def test_a_channel_is_added_tested_disabled_and_removed(
    admin: Operator, receiver: Receiver
) -> None:
    browser = browser_of(admin)
    receiver.answer(200, body=b'{"errcode":0}')
    address = receiver.url + "?key=topsecret1234"
    said = {"name": "desk", "kind": "wecom", "language": "zh", "address": address}
    answer = browser.post("/notices/channels/new/", said)
    channel = Channel.objects.get()
    assert answer.url == f"/notices/channels/{channel.pk}/"
    for page in ("", f"{channel.pk}/", f"{channel.pk}/edit/"):
        text = browser.get(f"/notices/channels/{page}").content.decode()
        assert "topsecret" not in text
    browser.post(f"/notices/channels/{channel.pk}/test/")
    work()
    assert len(receiver.received) == 1
    assert "topsecret1234" in receiver.received[0].path
    changed = said | {"name": "desk two", "address": ""}
    browser.post(f"/notices/channels/{channel.pk}/edit/", changed)
    browser.post(f"/notices/channels/{channel.pk}/test/")
    work()
    assert len(receiver.received) == 2  # where it led before
    browser.post(f"/notices/channels/{channel.pk}/switch/")
    browser.post(f"/notices/channels/{channel.pk}/test/")
    work()
    assert len(receiver.received) == 2
    browser.post(f"/notices/channels/{channel.pk}/remove/")
    assert not Channel.objects.exists()
    ledger = " ".join(entry.leaf.decode() for entry in AuditEntry.objects.all())
    assert "topsecret" not in ledger


@pytest.mark.parametrize(
    ("kind", "address"),
    [
        ("wecom", "http://169.254.169.254/latest"),
        ("wecom", "ftp://a.example"),
        ("email", "nobody"),
        ("email", "duty:nothing"),
        ("email", "a@b.example,"),
        ("dingtalk", "https://user:pass@a.example/"),
    ],
)
def test_an_address_that_leads_nowhere_is_refused(kind: str, address: str, admin: Operator) -> None:
    browser = browser_of(admin)
    said = {"name": "x", "kind": kind, "language": "zh", "address": address}
    answer = browser.post("/notices/channels/new/", said)
    assert answer.status_code == 200
    assert not Channel.objects.exists()


def test_the_commander_says_who_is_on_duty_and_who_is_told(
    commander: Operator, channel_of: Callable[..., Channel]
) -> None:
    channel = channel_of("feishu")
    browser = browser_of(commander, HTTP_ACCEPT_LANGUAGE="en")
    said = {"channel": channel.pk, "group": "credit", "level": "red", "after_minutes": 10}
    browser.post("/notices/routes/new/", said)
    browser.post("/notices/routes/new/", said)
    assert Route.objects.filter(group="credit").count() == 1
    shift = {"group": "credit", "operator": commander.pk}
    browser.post("/notices/shifts/new/", shift | {"starts_at": local(-1), "ends_at": local(7)})
    browser.post("/notices/shifts/new/", shift | {"starts_at": local(2), "ends_at": local(1)})
    assert Shift.objects.count() == 1
    text = browser.get("/notices/routes/").content.decode()
    assert text.count(str(commander)) >= 2
    notice = raised()
    assert str(commander) in browser.get(f"/notices/{notice.pk}/").content.decode()
    browser.post(f"/notices/shifts/{Shift.objects.get().pk}/remove/")
    browser.post(f"/notices/routes/{Route.objects.get(group='credit').pk}/remove/")
    assert not Shift.objects.exists()


def test_the_inbox_shows_what_is_open_and_who_took_it(commander: Operator) -> None:
    browser = browser_of(commander, HTTP_ACCEPT_LANGUAGE="en")
    notice = raised()
    assert "Overdue rate is high" in browser.get("/notices/").content.decode()
    browser.post(f"/notices/{notice.pk}/acknowledge/", {"note": "calling the desk"})
    notice.refresh_from_db()
    assert (notice.state, notice.acknowledged_by) == (Notice.State.ACKNOWLEDGED, "carl")
    assert "Overdue rate is high" not in browser.get("/notices/").content.decode()
    assert "calling the desk" in browser.get(f"/notices/{notice.pk}/").content.decode()
    assert "Overdue rate" in browser.get("/notices/?state=acknowledged").content.decode()


def test_a_silence_has_an_end_and_a_reason(commander: Operator) -> None:
    browser = browser_of(commander, HTTP_ACCEPT_LANGUAGE="en")
    for hours, reason in ((-1, "late"), (24 * 8, "long"), (1, "")):
        said = {"group": "", "starts_with": "x", "until": local(hours), "reason": reason}
        browser.post("/notices/silences/new/", said)
    assert not Silence.objects.exists()
    said = {"group": "", "starts_with": "x", "until": local(1), "reason": "a drill"}
    browser.post("/notices/silences/new/", said)
    browser.post(f"/notices/silences/{Silence.objects.get().pk}/end/")
    assert "Nothing is silenced" in browser.get("/notices/").content.decode()
