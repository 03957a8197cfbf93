"""A link and a code let a customer answer once; nobody learns anything from the page."""

import json
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from tests.console.cases.test_changing import alert

from fengkong.console.accounts.models import Operator
from fengkong.console.alerts.models import Alert
from fengkong.console.audit.models import AuditEntry
from fengkong.console.customers import confirming, throttling
from fengkong.console.customers.errors import ClosedConfirmationError, UnfitConfirmationError
from fengkong.console.customers.models import Confirmation, PublicTry
from fengkong.console.outbox.models import Job
from fengkong.console.personal.sealing import open_text

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("decided")]


def asked(operator: Operator, **more: str) -> tuple[Confirmation, str, str]:
    """A link that was asked for, with its secret and its code as the core system gets them."""
    made = confirming.ask_customer(operator, "e-2", minutes=30, **more)
    context = confirming.delivery_context(made.secret_hash)
    sent = json.loads(open_text(bytes(made.delivery_sealed), context=context))
    return made, sent["secret"], sent["code"]


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 10**6:06d}"


def labels() -> list[bool]:
    return [job.content["is_fraud"] for job in Job.objects.filter(kind="send_case_label")]


def test_a_customer_answers_once(ann: Operator) -> None:
    made, secret, code = asked(ann)
    stored = json.dumps(Confirmation.objects.values("secret_hash", "code_hash").get())
    assert secret not in stored
    assert code not in stored
    page = Client()
    address = f"/customers/confirm/{secret}/"
    assert page.get(address).status_code == 200
    assert page.post(address, {"code": wrong(code), "answer": "yes"}).status_code == 422
    answer = page.post(address, {"code": code, "answer": "yes"})
    assert answer.status_code == 200
    made.refresh_from_db()
    assert made.state == Confirmation.State.CONFIRMED
    assert bytes(made.delivery_sealed) == b""
    assert labels() == [False]
    for again in (page.get(address), page.post(address, {"code": code, "answer": "no"})):
        assert again.status_code == 410
    assert labels() == [False]
    told = AuditEntry.objects.get(action="answer_confirmation")
    assert (told.actor, told.detail["result"]) == ("customer", "confirmed")


def test_who_denies_reports_a_fraud(ann: Operator) -> None:
    _made, secret, code = asked(ann)
    assert confirming.answer_with(secret, code, was_me=False)
    assert labels() == [True]


def test_the_alert_that_was_asked_about_is_closed(ann: Operator) -> None:
    alert("a1", 2)
    _made, secret, code = asked(ann, alert_id="a1")
    assert confirming.answer_with(secret, code, was_me=True)
    closed = Alert.objects.get(pk="a1")
    assert (closed.state, closed.disposition) == ("closed", "customer_confirmed")
    assert labels() == []  # the alert's closing sends it


def test_five_wrong_codes_lock_the_link(ann: Operator) -> None:
    made, secret, code = asked(ann)
    for _ in range(confirming.TRIES_MAX):
        assert not confirming.answer_with(secret, wrong(code), was_me=True)
    made.refresh_from_db()
    assert made.state == Confirmation.State.LOCKED
    with pytest.raises(ClosedConfirmationError):
        confirming.answer_with(secret, code, was_me=True)
    assert labels() == []


def test_unknown_used_expired_and_revoked_links_look_alike(ann: Operator) -> None:
    made, secret, _code = asked(ann)
    page = Client()
    confirming.revoke(ann, made.pk)
    revoked = page.get(f"/customers/confirm/{secret}/")
    unknown = page.get("/customers/confirm/none-of-ours/")
    late, secret, _code = asked(ann)
    Confirmation.objects.filter(pk=late.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
    expired = page.get(f"/customers/confirm/{secret}/")

    def plain(answer: object) -> str:
        text = answer.content.decode()  # type: ignore[attr-defined]
        return text.split("<main", 1)[-1]

    assert {one.status_code for one in (revoked, unknown, expired)} == {410}
    assert "链接已不能使用" in plain(revoked)
    assert plain(revoked).count("<p") == plain(unknown).count("<p") == plain(expired).count("<p")


def test_the_page_knows_nobody_and_speaks_both_languages(ann: Operator) -> None:
    made, secret, _code = asked(ann)
    page = Client()
    chinese = page.get(f"/customers/confirm/{secret}/").content.decode()
    english = page.get(f"/customers/confirm/{secret}/?language=en")
    assert "是您本人操作吗" in chinese
    assert "Was it you?" in english.content.decode()
    for text in (chinese, english.content.decode()):
        for secret_thing in (made.event_id, made.subject, "80.00", "payment", "支付", "deny"):
            assert secret_thing not in text.split("<main", 1)[-1]
    # A stricter policy would have browsers post with no origin, which is refused as forged.
    assert english["Referrer-Policy"] == "same-origin"


def test_too_many_requests_are_refused(ann: Operator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(throttling, "ORIGIN_MAX", 3)
    _made, secret, code = asked(ann)
    page = Client()
    address = f"/customers/confirm/{secret}/"
    assert [page.get(address).status_code for _ in range(4)] == [200, 200, 200, 429]
    refused = page.post(address, {"code": code, "answer": "yes"})
    assert (refused.status_code, refused["Retry-After"]) == (429, "60")
    other = Client(REMOTE_ADDR="192.0.2.7")
    assert other.get(address).status_code == 200
    assert "127.0.0.1" not in str(list(PublicTry.objects.values_list("origin", flat=True)))


def test_one_open_link_a_decision(ann: Operator) -> None:
    asked(ann)
    with pytest.raises(UnfitConfirmationError):
        confirming.ask_customer(ann, "e-2", minutes=30)
    with pytest.raises(UnfitConfirmationError):
        confirming.ask_customer(ann, "e-1", minutes=7)
