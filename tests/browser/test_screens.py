"""Every screen in a real browser: for everybody, on a phone, under the content policy, quiet.

The made data are full of hostile texts (names, reasons, identifiers): a dialog is a fault too.
"""

from collections.abc import Callable
from itertools import product
from typing import Any
from zlib import crc32

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
LOOKS = list(product(LANGUAGES, THEMES))
FRAMES = 3
"""How many pages of each look the main run looks at with their frame."""
ENTRANCES = ("account_login",)
"""Screens that only strangers see."""


def screens(console: RunningConsole, context: Any, *, turn: int | None = None) -> list[str]:
    """The addresses that answer a GET with a page, found by asking each; all or those of a turn."""
    found = []
    for address in console.addresses:
        if address["name"] in {"account_logout", "set_language"} or streams(address):
            continue
        if turn is not None and turn_of(address) != turn:
            continue
        answer = context.request.get(
            console.base + address["path"], max_redirects=0, timeout=60_000
        )
        if answer.status != 200:
            continue
        is_html = answer.headers.get("content-type", "").startswith("text/html")
        if is_html and "<html" in answer.text():  # parts of pages are seen where they belong
            found.append(address["path"])
    return found


def turn_of(address: dict[str, str]) -> int:
    """Which language and theme the main run sees an address in: always the same."""
    return crc32(address["route"].encode()) % len(LOOKS)


def streams(address: dict[str, str]) -> bool:
    """Whether an address answers for as long as somebody listens."""
    return address["name"].endswith("events")


def faults_of(page: Any, watch: Watch, address: str, *, frame: bool = True) -> list[str]:
    status = open_expanded(page, address)
    faults = [] if status == 200 else [f"status {status}"]
    faults += accessibility_faults(page, frame=frame) + phone_faults(page)
    faults += policy_faults(page) + watch.taken()
    return [f"{address}: {fault}" for fault in faults]


@pytest.mark.parametrize("turn", range(len(LOOKS)), ids=["-".join(look) for look in LOOKS])
def test_every_screen_once(
    console: RunningConsole, signed_in: Callable[..., Any], turn: int
) -> None:
    """Themes and languages share the screens, and few pages of each have their frame looked at.

    The nightly run sees every screen whole in all of them.
    """
    language, theme = LOOKS[turn]
    page = signed_in(WALKER, language=language, theme=theme)
    watch = Watch().on(page)
    found = screens(console, page.context, turn=turn)
    assert len(found) > FRAMES, found
    faults = []
    for number, path in enumerate(found):
        faults += faults_of(page, watch, console.base + path, frame=number < FRAMES)
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
        faults += faults_of(page, watch, console.base + path)
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize(("language", "theme"), [("zh-CN", "dark"), ("en-GB", "light")])
def test_strangers_entrance(
    console: RunningConsole, chromium: Any, language: str, theme: str
) -> None:
    context = chromium.new_context(locale=language, color_scheme=theme)
    page = context.new_page()
    watch = Watch().on(page)
    faults = faults_of(page, watch, console.base + "/accounts/login/")
    context.close()
    assert not faults, "\n".join(faults)
