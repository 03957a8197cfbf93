"""A case in a browser, on a real service and worker: from the alert to the closed case.

Opened from an alert, understood, noted, a file of hostile name kept, its graph seen, printed as a
PDF with its proofs, closed with its alert; and a customer says on the public page that it was them.
"""

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.browser.test_review_desk import POLICY, asked, connect, sat_down
from tests.browser.test_rule_path import payment
from tests.browser.whole_system import WholeSystem, make_operators, running_system, wait_for
from tests.console.actions.core_system import CoreSystem

from fengkong.console.webhooks.signing import verify

HOSTILE = '"><img src=x onerror=alert(1)>'
PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + b"\x00" * 64
pytestmark = pytest.mark.nightly


class Asking(CoreSystem):
    """A core system that also sends links and codes to customers; `links` are those it got."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[dict[str, Any]] = []

    def take(self, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, Any]]:
        message = json.loads(body)
        if message["type"] != "confirmation.requested":
            return super().take(headers, body)
        verify(headers, body=body, secret=self.secret, now=int(time.time()))
        self.links.append(message["data"])
        return 200, {}


@pytest.fixture
def core() -> Iterator[Asking]:
    made = Asking()
    yield made
    made.close()


@pytest.fixture
def system(chromium: Any, tmp_path: Path) -> Iterator[WholeSystem]:
    data = tmp_path / "data"
    make_operators(data, "ann:analyst", "bob:senior_analyst", "sam:system_admin")
    (data / "console.yaml").write_text('webhook_networks: ["127.0.0.0/8"]\n')
    first = tmp_path / "policy.yaml"
    first.write_text(POLICY, encoding="utf-8")
    with running_system(data, str(first)) as running:
        yield running


def test_the_path_of_a_case(system: WholeSystem, chromium: Any, core: Asking) -> None:
    with system.traffic() as traffic:
        for number in range(4):
            traffic.decide(payment(number))
    wait_for(lambda: asked(system, "SELECT count(*) FROM alerts_alert") == [(4,)])
    page, watch = sat_down(system, chromium, "ann")
    case = opened(page, system)
    understood(page, case)
    kept(page, case)
    printed(page, case)
    connect(system, chromium, core)
    confirmed_by_the_customer(page, system, chromium, core, case)
    closed(page, system, case)
    assert not watch.taken()


def opened(page: Any, system: WholeSystem) -> str:
    page.goto(f"{system.console}/alerts/")
    page.locator("[data-queue-rows] tr a").first.click()
    page.get_by_role("button", name="Open a case").click()
    page.wait_for_url(re.compile(r"/cases/\d+/$"))
    return str(page.url)


def understood(page: Any, case: str) -> None:
    page.goto(case)
    told = page.locator("main").inner_text()
    assert "is above five hundred" in told
    assert "Map the ring's members and the paths of the money" in told
    page.get_by_role("button", name=re.compile("^Mark as done Understand each rule")).click()
    page.wait_for_load_state("load")
    page.goto(f"{case}links/")
    page.locator("svg.en-net").wait_for()
    page.goto(f"{case}timeline/")
    assert "Opened a case" in page.locator("main").inner_text()


def kept(page: Any, case: str) -> None:
    page.goto(f"{case}papers/")
    page.get_by_label("Case note").fill(HOSTILE)
    page.get_by_role("button", name="Write the note").click()
    page.wait_for_load_state("load")
    file = {"name": HOSTILE + ".exe", "mimeType": "text/html", "buffer": PNG}
    page.locator("input[type=file]").set_input_files(file)
    page.get_by_role("button", name="Add the file").click()
    page.wait_for_load_state("load")
    assert HOSTILE in page.locator("main").inner_text()
    assert page.locator("main img").count() == 0
    with page.expect_download() as taken:
        page.get_by_role("button", name=re.compile("^Download")).click()
    assert Path(taken.value.path()).read_bytes() == PNG
    assert taken.value.suggested_filename.endswith(".png")


def printed(page: Any, case: str) -> None:
    page.goto(f"{case}print/")
    page.get_by_label("What it is needed for").fill("for the court")
    with page.expect_download() as taken:
        page.get_by_role("button", name="Make it").click()
    content = Path(taken.value.path()).read_bytes()
    assert content.startswith(b"%PDF-")
    assert b".tlog-proof" in content


def confirmed_by_the_customer(
    page: Any, system: WholeSystem, chromium: Any, core: Asking, case: str
) -> None:
    """The core system gets link and code; the customer opens the one and enters the other."""
    page.goto(f"{case}decisions/")
    page.get_by_role("link", name=re.compile("^Ask the customer")).first.click()
    page.get_by_role("button", name="Ask the customer").click()
    page.wait_for_load_state("load")
    (data,) = wait_for(lambda: core.links)
    assert data["about"]
    theirs = chromium.new_context(locale="en-GB", viewport={"width": 390, "height": 800}).new_page()
    theirs.goto(f"{system.console}{data['confirm_at']}?language=en")
    text = theirs.locator("main").inner_text()
    assert not [str(value) for value in data["about"].values() if str(value) in text]
    theirs.get_by_label("Six-digit code").fill(data["code"])
    theirs.get_by_role("button", name="Yes, it was me").click()
    theirs.get_by_text("We have noted that it was you").wait_for()
    wait_for(lambda: asked(system, "SELECT count(*) FROM journaled_label") == [(1,)], seconds=60)


def closed(page: Any, system: WholeSystem, case: str) -> None:
    page.goto(f"{case}close/")
    page.get_by_label("Disposition").select_option("confirmed_fraud")
    page.get_by_label("Reason").select_option("mule_account")
    page.get_by_role("button", name="Close the case").click()
    page.wait_for_url(case)
    assert "confirmed fraud" in page.locator("main").inner_text()
    states = "SELECT state, disposition FROM alerts_alert WHERE case_id IS NOT NULL"
    assert asked(system, states) == [("closed", "confirmed_fraud")]
