"""The screens of webhooks, as an administrator and as somebody else uses them."""

import re
from collections.abc import Callable

import pytest
from django.test import Client
from tests.console.webhooks.receiving import Receiver
from tests.console.webhooks.test_delivering import decision, entries, wake, work

from fengkong.console.accounts.models import Operator
from fengkong.console.audit.models import AuditEntry
from fengkong.console.journaled.intake import take_in
from fengkong.console.webhooks.models import Delivery, Endpoint

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(admin: Operator, browser_of: Callable[[Operator], Client]) -> Client:
    browser = browser_of(admin)
    browser.cookies["django_language"] = "en"
    return browser


def added(desk: Client, receiver: Receiver) -> tuple[Endpoint, str]:
    said = {"name": "Case <system>", "url": receiver.url, "types": ["decision.made"]}
    shown = desk.post("/webhooks/new/", said)
    assert shown.status_code == 200
    assert shown["Cache-Control"].startswith("max-age=0")
    [secret] = re.findall(r"whsec_[A-Za-z0-9+/=]+", shown.content.decode())
    return Endpoint.objects.get(), secret


def test_an_endpoint_is_added_and_its_secret_shown_once(desk: Client, receiver: Receiver) -> None:
    endpoint, secret = added(desk, receiver)
    for address in ("/webhooks/", f"/webhooks/{endpoint.pk}/", f"/webhooks/{endpoint.pk}/edit/"):
        page = desk.get(address).content.decode()
        assert secret not in page
        assert "Case &lt;system&gt;" in page
    [entry] = AuditEntry.objects.filter(action="add_webhook")
    assert secret not in bytes(entry.leaf).decode()


def test_faults_of_a_form_are_said(desk: Client) -> None:
    said = {"name": "x", "url": "https://10.0.0.1/", "types": ["decision.made"]}
    page = desk.post("/webhooks/new/", said).content.decode()
    assert "not an address of the public internet" in page
    said["types"] = ["nothing.such"]
    assert desk.post("/webhooks/new/", said).status_code == 200
    assert not Endpoint.objects.exists()


def test_everything_is_done_from_the_page_of_an_endpoint(
    desk: Client, receiver: Receiver, officer: Operator
) -> None:
    endpoint, _secret = added(desk, receiver)
    base = f"/webhooks/{endpoint.pk}"
    receiver.answer(500, body=b"<b>broken</b>")
    take_in(entries(decision(1)))
    work()
    page = desk.get(f"{base}/").content.decode()
    assert "failing" in page
    delivery = Delivery.objects.get()
    drawer = desk.get(f"/webhooks/deliveries/{delivery.pk}/").content.decode()
    assert "&lt;b&gt;broken&lt;/b&gt;" in drawer
    assert delivery.message_id in drawer
    receiver.answer(200)
    steps = [
        ("ping/", {}),
        ("replay/", {"picked": [delivery.pk, "x"]}),
        ("range/", {"since": "2020-01-01T00:00", "until": "2100-01-01T00:00"}),
        ("range/", {"since": "", "until": ""}),
        ("personal/", {"reason": "needed"}),
        ("personal/", {"reason": ""}),
        ("personal/end/", {}),
        ("disable/", {}),
        ("ping/", {}),
        ("enable/", {}),
        ("edit/", {"name": "Renamed", "url": receiver.url, "types": ["job.failed"]}),
        ("secret/", {"overlap_hours": "-1"}),
    ]
    for step, said in steps:
        assert desk.post(f"{base}/{step}", said).status_code == 302, step
    assert "whsec_" in desk.post(f"{base}/secret/", {"overlap_hours": 1}).content.decode()
    wake()
    work()
    assert not Delivery.objects.exclude(state="delivered").exists()
    assert len(receiver.received) == 6
    endpoint.refresh_from_db()
    assert (endpoint.name, endpoint.types) == ("Renamed", ["job.failed"])
    for asked in ("?state=failed", "?type=webhook.ping", "?since=2020-01-01T00:00&state=delivered"):
        assert desk.get(f"{base}/{asked}").status_code == 200
    assert desk.post(f"{base}/remove/").status_code == 302
    assert not Endpoint.objects.exists()


def test_an_endpoint_that_does_not_exist_is_not_found(desk: Client) -> None:
    for step in ("", "edit/"):
        assert desk.get(f"/webhooks/77/{step}").status_code == 404
    for step in ("ping/", "remove/", "disable/", "enable/", "secret/", "replay/", "range/"):
        assert desk.post(f"/webhooks/77/{step}").status_code == 404, step


def test_others_are_refused(officer: Operator, browser_of: Callable[[Operator], Client]) -> None:
    desk = browser_of(officer)
    assert desk.get("/webhooks/").status_code == 403
    assert desk.post("/webhooks/1/ping/").status_code == 403
    assert Client().get("/webhooks/").status_code == 302


def test_the_page_stays_quick_with_many_deliveries(
    desk: Client, receiver: Receiver, django_assert_max_num_queries
) -> None:
    endpoint, _secret = added(desk, receiver)
    take_in(entries(*(decision(number) for number in range(1, 121))))
    with django_assert_max_num_queries(30):
        page = desk.get(f"/webhooks/{endpoint.pk}/").content.decode()
    assert page.count("drawer") >= 50
