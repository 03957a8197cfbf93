"""A rule's whole way in a browser, on a real service: written, broken, previewed, proposed,
approved by another person, seen to act on live traffic, rolled back."""

import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.browser.signing_in import sign_in
from tests.browser.walking import Watch
from tests.browser.whole_system import WholeSystem, make_operators, running_system, wait_for
from tests.console.governance.versions import TEXT

RULE = """
  - id: amount.above_800
    when: {condition}
    outcome: challenge
    reason: {{zh: 超过八百, en: above eight hundred}}"""
LINE = next(n for n, line in enumerate(TEXT.splitlines(), 1) if line == "rules:") + 2
"""Where the condition of a rule stands that is written as the first one."""
COLUMN = len("    when: ") + 1
FEW = 40


@pytest.fixture
def system(chromium: Any, tmp_path: Path) -> Iterator[WholeSystem]:
    data = tmp_path / "data"
    make_operators(data, "ann:analyst", "bob:senior_analyst")
    first = tmp_path / "policy.yaml"
    first.write_text(TEXT, encoding="utf-8")
    with running_system(data, str(first)) as running:
        yield running


@pytest.fixture
def desk(system: WholeSystem, chromium: Any) -> Iterator[Any]:
    """Opens the browser of a person who signs in with both factors; nothing may go wrong in it."""
    watches, contexts = [], []

    def sit_down(who: str) -> Any:
        context = chromium.new_context(locale="en-GB", viewport={"width": 1280, "height": 900})
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(60_000)
        watches.append(Watch().on(page))
        sign_in(page, system.console, who)
        return page

    yield sit_down
    told = [fault for watch in watches for fault in watch.taken()]
    for context in contexts:
        context.close()
    assert not told, told


def payment(number: int) -> dict[str, Any]:
    return {
        "type": "payment.initiated",
        "id": f"e{number}",
        "occurred_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "currency": "CNY",
        "amount": "900.00",
        "channel": "app",
        "card": f"k{number}",
        "device": f"d{number}",
        "customer": f"c{number}",
    }


def see(page: Any, text: str, *, place: str = "main") -> Any:
    """Wait until a part of the page says something."""
    found = page.locator(place).filter(has_text=re.compile(text)).first
    found.wait_for()
    return found


def reload_until(page: Any, text: str, *, place: str = "main") -> None:
    """Load a page again until a part of it says something."""

    def said() -> bool:
        page.reload()
        return re.search(text, page.locator(place).inner_text()) is not None

    wait_for(said, every=0.5)


@pytest.mark.nightly
def test_a_rule_from_its_writing_to_its_end(system: WholeSystem, desk: Any) -> None:
    with system.traffic() as traffic:

        def outcome(number: int) -> str:
            return str(traffic.decide(payment(number))["decision"]["outcome"])

        assert {outcome(number) for number in range(FEW)} == {"allow"}
        ann = desk("ann")
        begin_draft(ann, system)
        write_broken(ann)
        mend(ann)
        preview(ann)
        propose(ann)
        cannot_approve(ann, system)
        bob = desk("bob")
        approve(bob, system)
        reload_until(ann, r"State\s*live")
        wait_for(lambda: outcome(time.monotonic_ns()) == "challenge", every=0.5)
        newest = time.monotonic_ns()
        see_it_act(bob, system, lambda: outcome(newest), f"e{newest}")
        roll_back(bob, system)
        wait_for(lambda: outcome(time.monotonic_ns()) == "allow", every=0.5)


def begin_draft(page: Any, system: WholeSystem) -> None:
    page.goto(f"{system.console}/policies/")
    reload_until(page, "New draft")
    page.get_by_role("link", name="New draft").first.click()
    page.get_by_label("What it is for").fill("large amounts")
    page.get_by_role("button", name="Begin").click()
    page.wait_for_selector(".cm-content")


def write_broken(page: Any) -> None:
    """A rule with a slip of the pen: the editor says so at its line and column."""
    page.locator(".cm-line", has_text=re.compile("^rules:$")).click()
    page.keyboard.press("End")
    page.keyboard.insert_text(RULE.format(condition="amonut > 800"))
    see(page, f"line {LINE}, column {COLUMN}", place="#faults")
    assert "did you mean amount" in page.locator("#faults").inner_text()
    assert page.locator(".cm-lintRange-error").count() >= 1
    page.locator("#faults [data-line]").first.click()
    assert page.evaluate("document.activeElement.closest('.cm-editor') !== null")


def mend(page: Any) -> None:
    """The cursor stands at the fault: the word is written again."""
    for _ in "amonut":
        page.keyboard.press("Delete")
    page.keyboard.insert_text("amount")
    see(page, "No faults", place="#faults")
    page.keyboard.press("Escape")
    page.locator("#draft button", has_text="Save").click()
    page.wait_for_load_state()


def preview(page: Any) -> None:
    page.wait_for_selector(".cm-content")
    page.locator("#preview-rule").select_option("amount.above_800")
    until = time.monotonic() + 60
    while f"would have hit {FEW} events" not in page.locator("#preview").inner_text():
        assert time.monotonic() < until, page.locator("#preview").inner_text()
        page.get_by_role("button", name="Preview", exact=True).click()
        page.wait_for_timeout(1000)


def propose(page: Any) -> None:
    page.get_by_role("link", name="To the version").click()
    page.get_by_role("button", name="Check: run the examples").click()
    see(page, "checked", place="main .fk-facts")
    page.get_by_role("button", name="Back-test against the live policy").click()
    see(page, "back-tested", place="main .fk-facts")
    form = page.locator("form[action$='/propose/']")
    form.get_by_label("How it is to run").select_option("live")
    form.get_by_label("Reason").fill("above 800 we ask again")
    form.get_by_role("button", name="Propose").click()
    see(page, "waits for a colleague's approval")


def open_proposal(page: Any, system: WholeSystem) -> None:
    page.goto(f"{system.console}/approvals/")
    page.locator("td.fk-actions a").first.click()
    page.wait_for_selector("#drawer .fk-drawer-page")


def cannot_approve(page: Any, system: WholeSystem) -> None:
    address = page.url
    page.goto(f"{system.console}/approvals/?box=mine")
    page.locator("td.fk-actions a").first.click()
    page.wait_for_selector("#drawer .fk-drawer-page")
    assert page.get_by_role("button", name="Approve").count() == 0
    page.goto(address)


def approve(page: Any, system: WholeSystem) -> None:
    open_proposal(page, system)
    page.locator("#drawer").get_by_label("Remark").fill("fine")
    page.locator("#drawer").get_by_role("button", name="Approve").click()
    page.wait_for_load_state()


def see_it_act(page: Any, system: WholeSystem, act: Any, event_id: str) -> None:
    """The stream is open when the event comes; its page names the rule."""
    page.goto(f"{system.console}/live/stream/")
    act()
    see(page, re.escape(event_id))
    page.goto(f"{system.console}/decisions/?event_id={event_id}")
    see(page, re.escape(event_id), place="main tbody tr")
    page.locator("main tbody tr a").first.click()
    see(page, re.escape("amount.above_800"))


def roll_back(page: Any, system: WholeSystem) -> None:
    page.goto(f"{system.console}/policies/")
    page.locator("summary", has_text="Roll back").click()
    form = page.locator("form[action$='/roll-back/']")
    form.get_by_label("Reason").fill("too many challenges")
    form.get_by_role("button", name="Roll back").click()
    page.locator("#confirm button[value=confirm]").click()
    see(page, "asked to roll back", place="body")
