"""A playbook is changed in a real browser: typed, saved, told in words, offered to a colleague."""

from collections.abc import Callable
from typing import Any

import pytest
from tests.browser.conftest import RunningConsole
from tests.browser.made import WALKER

pytestmark = pytest.mark.nightly


def test_a_draft_is_typed_saved_and_may_be_proposed(
    console: RunningConsole, signed_in: Callable[..., Any]
) -> None:
    page = signed_in(WALKER, language="en-GB")
    page.goto(f"{console.base}/playbooks/market_shock/")
    page.get_by_role("button", name="Edit").click()
    page.locator(".cm-content").wait_for()
    assert page.get_by_role("button", name="Propose").count() == 0, "nothing differs yet"
    page.locator(".cm-line", has_text="severity: 3").click()
    page.keyboard.press("End")
    page.keyboard.press("Backspace")
    page.keyboard.type("2")
    page.get_by_role("button", name="Save").click()
    page.get_by_text("The draft is saved.").wait_for()
    assert page.locator(".playbook-differences li").count() == 1
    assert page.get_by_role("button", name="Propose").is_visible()
