"""An analyst's shift in a browser, on a real service and worker: alerts appear as decisions are
made, are closed with the keyboard alone, become labels; a freeze reaches the core system."""

import json
import re
import sqlite3
import statistics
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.browser.signing_in import sign_in
from tests.browser.test_rule_path import payment
from tests.browser.walking import Watch
from tests.browser.whole_system import WholeSystem, make_operators, running_system, wait_for
from tests.console.actions.core_system import CoreSystem

POLICY = """\
policy: payments
version: 1
title: {zh: 支付, en: Payments}
events: [payment.initiated]
unknown: record
rules:
  - id: amount.large
    when: amount > 500
    outcome: review
    typology: mule_ring
    reason: {zh: "金额 {amount} 超过五百", en: "{amount} is above five hundred"}
examples:
  - name: a large one is reviewed
    given: [{type: payment.initiated, amount: "900"}]
    expect: {outcome: review}
"""
pytestmark = pytest.mark.nightly
SIMPLE = 20
"""Alerts that are closed one after the other."""


@pytest.fixture
def core() -> Iterator[CoreSystem]:
    made = CoreSystem()
    yield made
    made.close()


@pytest.fixture
def system(chromium: Any, tmp_path: Path) -> Iterator[WholeSystem]:
    data = tmp_path / "data"
    make_operators(data, "ann:analyst", "sam:system_admin")
    (data / "console.yaml").write_text('webhook_networks: ["127.0.0.0/8"]\n')
    first = tmp_path / "policy.yaml"
    first.write_text(POLICY, encoding="utf-8")
    with running_system(data, str(first)) as running:
        yield running


def sat_down(system: WholeSystem, chromium: Any, who: str) -> tuple[Any, Watch]:
    context = chromium.new_context(locale="en-GB", viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.set_default_timeout(60_000)
    watch = Watch().on(page)
    sign_in(page, system.console, who)
    return page, watch


def asked(system: WholeSystem, statement: str) -> list[Any]:
    database = sqlite3.connect(system.data / "console.db", timeout=20)
    try:
        return database.execute(statement).fetchall()
    finally:
        database.close()


def test_a_shift(system: WholeSystem, chromium: Any, core: CoreSystem) -> None:
    page, watch = sat_down(system, chromium, "ann")
    with system.traffic() as traffic:
        waits = appear(page, system, traffic, count=5)
        assert min(waits) < 2, waits
        for number in range(100, 100 + SIMPLE - 5):
            traffic.decide(payment(number))
        wait_for(lambda: asked(system, "SELECT count(*) FROM alerts_alert") == [(SIMPLE,)])
    per_hour = close_with_the_keyboard(page, system)
    assert per_hour >= 60
    print(
        f"on screen after {[round(w, 2) for w in waits]} s, median {statistics.median(waits):.2f};"
    )
    print(f"closed with the keyboard alone: {per_hour:.0f} an hour")
    counted = "SELECT count(*), max(is_fraud) FROM journaled_label"
    wait_for(lambda: asked(system, counted) == [(SIMPLE - 1, 0)], seconds=120)
    connect(system, chromium, core)
    freeze(page, system, core)
    assert not watch.taken()


def appear(page: Any, system: WholeSystem, traffic: Any, *, count: int) -> list[float]:
    """Seconds from the answer of the service until the new alert is on the screen."""
    page.goto(f"{system.console}/alerts/")
    waits = []
    for number in range(count):
        began = time.monotonic()
        traffic.decide(payment(number))
        page.locator("[data-queue-rows] tr").nth(number).wait_for(state="attached")
        waits.append(time.monotonic() - began)
    return waits


def close_with_the_keyboard(page: Any, system: WholeSystem) -> float:
    """Claim and close all that waits without touching the mouse; how many an hour that would be."""
    page.goto(f"{system.console}/alerts/")
    page.wait_for_selector("[data-queue-rows] tr")
    page.locator(".fk-search input[type=search]").focus()
    page.keyboard.type("jonar")  # typed, not acted on
    assert page.locator(".fk-search input[type=search]").input_value() == "jonar"
    page.locator("h1").click()
    page.keyboard.press("j")
    page.keyboard.press("j")
    assert page.evaluate("document.activeElement.matches('tr[data-alert]')")
    began = time.monotonic()
    page.keyboard.press("n")
    for number in range(SIMPLE):
        page.wait_for_url(re.compile(r"/alerts/one/"))
        page.wait_for_selector("[data-close]")
        assert "is above five hundred" in page.locator("main").inner_text()
        here = page.url
        page.keyboard.press("a")
        page.keyboard.press("1")
        page.wait_for_url(lambda url, here=here: url != here)
        if number == SIMPLE - 1:
            page.wait_for_selector("[data-undo]")
    lasted = time.monotonic() - began
    page.keyboard.press("u")
    page.wait_for_url(re.compile(r"/alerts/one/"))
    assert asked(system, "SELECT count(*) FROM alerts_alert WHERE state = 'closed'") == [
        (SIMPLE - 1,)
    ]
    return 3600 * SIMPLE / lasted


def connect(system: WholeSystem, chromium: Any, core: CoreSystem) -> None:
    page, _watch = sat_down(system, chromium, "sam")
    page.goto(f"{system.console}/actions/systems/")
    page.get_by_label("Name").fill("core")
    page.get_by_label("Address").fill(core.url)
    page.get_by_role("button", name="Connect").click()
    core.secret = page.locator("main .fk-mono", has_text="whsec_").first.inner_text().strip()


def freeze(page: Any, system: WholeSystem, core: CoreSystem) -> None:
    """The action goes out from the alert's page and comes back confirmed."""
    page.get_by_label("Why").fill("the payee collects from strangers")
    page.get_by_role("button", name="Ask for it").click()
    page.wait_for_url(re.compile(r"/actions/one/"))

    def confirmed() -> bool:
        page.reload()
        return "confirmed" in page.locator("main .fk-facts").first.inner_text()

    wait_for(confirmed, every=0.5)
    (told,) = core.done.values()
    assert core.frozen == {told["about"]["customer"]}
    assert json.dumps(told).count("act") >= 1
