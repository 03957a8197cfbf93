"""Every screen in a real browser: for everybody, on a phone, under the content policy, quiet.

The made data are full of hostile texts (names, reasons, identifiers): a dialog is a fault too.
"""

from collections.abc import Callable
from typing import Any

import pytest
from tests.browser.conftest import RunningConsole
from tests.browser.made import WALKER
from tests.browser.walking import (
    Watch,
    accessibility_faults,
    open_expanded,
    phone_faults,
    policy_faults,
)

LANGUAGES, THEMES = ("zh-CN", "en-GB"), ("light", "dark")
ENTRANCES = ("account_login",)
"""Screens that only strangers see."""


def screens(console: RunningConsole, context: Any) -> list[str]:
    """The addresses that answer a GET with a page, found by asking each of them."""
    found = []
    for address in console.addresses:
        if address["name"] in {"account_logout", "set_language"}:
            continue
        answer = (
            context.request.get(console.base + address["path"], max_redirects=0, timeout=60_000)
            if not streams(address)
            else None
        )
        if answer is None or answer.status != 200:
            continue
        is_html = answer.headers.get("content-type", "").startswith("text/html")
        if is_html and "<html" in answer.text():  # parts of pages are seen where they belong
            found.append(address["path"])
    return found


def streams(address: dict[str, str]) -> bool:
    """Whether an address answers for as long as somebody listens."""
    return address["name"].endswith("events")


def faults_of(page: Any, watch: Watch, base: str, path: str) -> list[str]:
    status = open_expanded(page, base + path)
    faults = [] if status == 200 else [f"status {status}"]
    faults += accessibility_faults(page) + phone_faults(page) + policy_faults(page) + watch.taken()
    return [f"{path}: {fault}" for fault in faults]


def test_every_screen_once(console: RunningConsole, signed_in: Callable[..., Any]) -> None:
    """Themes and languages take turns; the nightly run sees every screen in all of them."""
    pages = [
        signed_in(WALKER, language=language, theme=theme)
        for language in LANGUAGES
        for theme in THEMES
    ]
    watches = [Watch().on(page) for page in pages]
    found = screens(console, pages[0].context)
    assert len(found) >= 3, found
    faults = []
    for number, path in enumerate(found):
        turn = number % len(pages)
        faults += faults_of(pages[turn], watches[turn], console.base, path)
    assert not faults, "\n".join(faults)


@pytest.mark.nightly
@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_screen_in_every_theme_and_language(
    console: RunningConsole, signed_in: Callable[..., Any], language: str, theme: str
) -> None:
    page = signed_in(WALKER, language=language, theme=theme)
    watch = Watch().on(page)
    faults = []
    for path in screens(console, page.context):
        faults += faults_of(page, watch, console.base, path)
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize(("language", "theme"), [("zh-CN", "dark"), ("en-GB", "light")])
def test_strangers_entrance(
    console: RunningConsole, chromium: Any, language: str, theme: str
) -> None:
    context = chromium.new_context(locale=language, color_scheme=theme)
    page = context.new_page()
    watch = Watch().on(page)
    faults = faults_of(page, watch, console.base, "/accounts/login/")
    context.close()
    assert not faults, "\n".join(faults)
