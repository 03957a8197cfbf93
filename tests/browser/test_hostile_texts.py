"""Texts that try to become scripts are shown as the texts they are, on every screen."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest
from tests.browser.conftest import RunningConsole
from tests.browser.hostile import HOSTILE
from tests.browser.made import WALKER
from tests.browser.test_screens import screens
from tests.browser.walking import Watch, open_expanded, phone_faults, policy_faults

BATCH = 25


def faults_through_components(
    console: RunningConsole, page: Any, watch: Watch, texts: list[str]
) -> list[str]:
    faults = []
    for start in range(0, len(texts), BATCH):
        said = texts[start : start + BATCH]
        asked = urlencode([("said", text) for text in said])
        status = open_expanded(page, f"{console.base}/gallery/said/?{asked}")
        shown = page.locator("[data-said]").all_text_contents()
        if (status, shown) != (200, said):
            faults.append(f"status {status}, shown otherwise than said: {shown} {said}")
        faults += phone_faults(page) + policy_faults(page) + watch.taken()
    return faults


def test_hostile_texts_through_every_component(
    console: RunningConsole, signed_in: Callable[..., Any]
) -> None:
    """A fifth of them, every payload in one wrapping or another; the nightly run sees all."""
    page = signed_in(WALKER)
    texts = [text for place, text in enumerate(HOSTILE) if (place // 50 + place) % 5 == 0]
    assert len(texts) == 100
    faults = faults_through_components(console, page, Watch().on(page), texts)
    assert not faults, "\n".join(faults)


@pytest.mark.nightly
def test_five_hundred_texts_through_every_component(
    console: RunningConsole, signed_in: Callable[..., Any]
) -> None:
    assert len(set(HOSTILE)) == 500
    page = signed_in(WALKER)
    faults = faults_through_components(console, page, Watch().on(page), HOSTILE)
    assert not faults, "\n".join(faults)


@pytest.mark.nightly
def test_what_is_asked_opens_nothing(
    console: RunningConsole, signed_in: Callable[..., Any]
) -> None:
    """Every field of every query form is asked for hostile texts, in turn."""
    page = signed_in(WALKER)
    watch = Watch().on(page)
    faults, number = [], 0
    names = "[...document.querySelectorAll('form[method=get] [name]')].map((one) => one.name)"
    for path in screens(console, page.context):
        open_expanded(page, console.base + path)
        for name in dict.fromkeys([*page.evaluate(names), "after", "sort", "drawer"]):
            asked = urlencode({name: HOSTILE[number % len(HOSTILE)]})
            number += 37
            status = open_expanded(page, f"{console.base}{path.split('?')[0]}?{asked}")
            told = [*policy_faults(page), *watch.taken()]
            if status >= 500:
                told.append(f"status {status}")
            faults += [f"{path}?{asked}: {one}" for one in told]
    assert not faults, "\n".join(faults)
