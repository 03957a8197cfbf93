"""The whole path on a real service: written, broken, previewed, proposed, approved by another,
seen to act on live traffic, rolled back."""

import re
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client as Browser
from service_of_tests import operator
from tests.console.operators import sign_in
from versions import TEXT

from fengkong.client.client import Client
from fengkong.console.approvals.models import Proposal
from fengkong.console.configuration import ConsoleSettings
from fengkong.console.governance.actions import live_version
from fengkong.console.governance.activation import watch_service
from fengkong.console.governance.models import PolicyVersion, ServiceChange
from fengkong.console.journaled.service_access import ensure_service_key
from fengkong.protection.access import Access
from fengkong.protection.api_keys import KeyTerms
from fengkong.service.opening import open_for_reading
from fengkong.service.settings import load_settings
from fengkong.worker.held_days import HeldDays
from fengkong.worker.jobs import Jobs
from fengkong.worker.previewing import PreviewServer

pytestmark = [pytest.mark.nightly, pytest.mark.django_db(transaction=True)]
START_S = 120


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def system(tmp_path: Path, settings: Any) -> Iterator[ConsoleSettings]:
    """A decision service, and the preview beside it; jobs are done when the test says so."""
    data, port = tmp_path / "data", free_port()
    data.mkdir(mode=0o700)
    first = tmp_path / "policy.yaml"
    first.write_text(TEXT, encoding="utf-8")
    command = [sys.executable, "-m", "fengkong.cli", "serve", "--data", str(data)]
    process = subprocess.Popen(
        [*command, "--policy", str(first), "--port", str(port)], stderr=subprocess.DEVNULL
    )
    until = time.monotonic() + START_S
    while time.monotonic() < until:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5).close()
            break
        except OSError:
            assert process.poll() is None
            time.sleep(0.2)
    console = ConsoleSettings(directory=data, service=f"http://127.0.0.1:{port}")
    settings.CONSOLE = console
    ensure_service_key(console)
    opened = open_for_reading(load_settings(data), environment={})
    server = PreviewServer(data, HeldDays(opened))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        yield console
    finally:
        server.stop()
        thread.join()
        opened.close()
        process.terminate()
        process.wait(30)


def sender(console: ConsoleSettings) -> Client:
    access = Access(console.directory / "access.db")
    terms = KeyTerms(name="traffic", scopes=frozenset({"decide"}), rate_per_second=1000, burst=1000)
    key = access.create(terms, now=time.time_ns() // 1000).text
    access.close()
    return Client(console.service, key)


def do_jobs() -> None:
    jobs = Jobs()
    while jobs.step():
        pass


def payment(number: int, amount: str) -> dict[str, Any]:
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    return {
        "type": "payment.initiated",
        "id": f"e{number}",
        "occurred_at": now,
        "currency": "CNY",
        "amount": amount,
        "channel": "app",
        "card": f"k{number}",
        "device": f"d{number}",
        "customer": f"c{number}",
    }


def signed_in(who: Any) -> Browser:
    browser = Browser(headers={"accept-language": "en"})
    sign_in(browser, who)
    return browser


def test_the_whole_path(system: ConsoleSettings) -> None:
    with sender(system) as traffic:
        walk_the_path(traffic)


def walk_the_path(traffic: Client) -> None:
    ann = signed_in(operator("ann", "analyst"))
    bob = signed_in(operator("bob", "senior_analyst"))
    outcomes = [traffic.decide(payment(n, "900.00"))["decision"]["outcome"] for n in range(40)]
    assert set(outcomes) == {"allow"}
    watch_service()
    live = live_version()
    assert live is not None
    assert live.text == TEXT, "taken in from the journal"

    ann.post("/policies/new/", {"base": live.pk, "note": "large amounts"})
    draft = PolicyVersion.objects.get(number=2)
    rule = f"/policies/{draft.pk}/rules/amount.large/"
    broken = ann.post(
        f"/policies/{draft.pk}/faults/", {"rule": "amount.large", "when": "amonut > 1"}
    )
    assert "did you mean amount" in broken.content.decode()
    assert ann.post(rule, {"do": "save", "when": "amount > 800", "edition": "1"}).status_code == 302
    asked = {"rule": "amount.large", "when": "amount > 800"}
    until = time.monotonic() + 60
    while "would have hit" not in (
        shown := ann.post(f"/policies/{draft.pk}/preview/", asked).content.decode()
    ):
        assert time.monotonic() < until, shown
        time.sleep(0.5)
    assert re.search(r"would have hit (40|[1-3]\d) events", shown)
    for step in ("check", "back-test"):
        ann.post(f"/policies/{draft.pk}/{step}/")
    ann.post(f"/policies/{draft.pk}/propose/", {"mode": "live", "reason": "above 800"})
    proposal = Proposal.objects.get()
    ann.post(f"/approvals/{proposal.pk}/approve/", {"remark": ""})
    assert Proposal.objects.get().state == "open", "nobody approves their own"
    bob.post(f"/approvals/{proposal.pk}/approve/", {"remark": "fine"})
    assert Proposal.objects.get().state == "approved"
    do_jobs()
    draft.refresh_from_db()
    assert draft.state == "live", ServiceChange.objects.first().message
    assert traffic.decide(payment(100, "900.00"))["decision"]["outcome"] == "challenge"

    bob.post("/policies/roll-back/", {"reason": "too many challenges"})
    do_jobs()
    draft.refresh_from_db()
    assert draft.state == "retired"
    assert live_version().pk == live.pk
    assert traffic.decide(payment(101, "900.00"))["decision"]["outcome"] == "allow"
