"""The frame and the components as hands use them: keys, clicks, a phone, a drawer, a question."""

from collections.abc import Callable
from typing import Any

import pytest
from tests.browser.conftest import RunningConsole
from tests.browser.made import WALKER
from tests.browser.walking import Watch

Open = Callable[..., Any]
FOCUSED = "document.activeElement"


@pytest.fixture
def gallery(console: RunningConsole, signed_in: Open) -> Any:
    page = signed_in(WALKER, language="en-GB")
    watch = Watch().on(page)
    page.goto(f"{console.base}/gallery/")
    yield page
    assert page.evaluate("window.__look.violations") == []
    assert [one for one in watch.taken() if "400" not in one] == []


def test_the_first_tab_skips_to_the_content(console: RunningConsole, signed_in: Open) -> None:
    page = signed_in(WALKER, language="en-GB")
    page.goto(f"{console.base}/")
    page.keyboard.press("Tab")
    assert page.evaluate(f"{FOCUSED}.className") == "fk-skip"
    page.keyboard.press("Enter")
    assert page.evaluate(f"{FOCUSED}.id") == "main"
    page.keyboard.press("Tab")
    assert page.evaluate(f"document.getElementById('main').contains({FOCUSED})")


def test_shortcuts_act_unless_somebody_types(gallery: Any) -> None:
    search = gallery.locator(".fk-search input[type=search]")
    gallery.locator("h1").click()
    gallery.keyboard.press("/")
    assert search.evaluate("(one) => one === document.activeElement")
    gallery.keyboard.type("/?g")
    assert search.input_value() == "/?g", "typed, not taken"
    gallery.locator("h1").click()
    gallery.keyboard.press("?")
    assert gallery.locator("#help").is_visible()
    gallery.locator("#help [data-shortcuts]").uncheck()
    gallery.keyboard.press("Escape")
    gallery.locator("h1").click()
    gallery.keyboard.press("/")
    assert not search.evaluate("(one) => one === document.activeElement"), "switched off"


def test_an_input_method_is_left_alone(gallery: Any) -> None:
    gallery.locator("h1").click()
    gallery.evaluate(
        "document.body.dispatchEvent(new KeyboardEvent('keydown', "
        "{key: '/', isComposing: true, bubbles: true}))"
    )
    assert gallery.evaluate(f"{FOCUSED}.name") != "q"


def test_the_drawer_has_an_address_and_gives_the_focus_back(gallery: Any) -> None:
    link = gallery.locator("[data-drawer]").first
    link.click()
    drawer = gallery.locator("#drawer")
    gallery.wait_for_selector("#drawer .fk-drawer-page")
    assert "drawer=%2Fgallery%2F%3Fdrawn%3D1" in gallery.url
    assert gallery.locator("#drawer .fk-sidebar").count() == 0
    for _ in range(30):
        gallery.keyboard.press("Tab")
        outside = (
            f"{FOCUSED} !== document.body && !document.getElementById('drawer').contains({FOCUSED})"
        )
        assert not gallery.evaluate(outside)
    gallery.keyboard.press("Escape")
    assert not drawer.is_visible()
    gallery.wait_for_url(lambda url: "drawer=" not in url)  # the dialog's event comes after it
    assert link.evaluate("(one) => one === document.activeElement")
    gallery.go_back()
    gallery.wait_for_selector("#drawer[open]")
    gallery.reload()
    gallery.wait_for_selector("#drawer[open] .fk-drawer-page")


@pytest.mark.parametrize("asked", ["https://example.com/", "//example.com/", "javascript:alert(1)"])
def test_the_drawer_opens_nothing_of_others(gallery: Any, asked: str) -> None:
    base = gallery.url.split("?")[0]
    gallery.goto(f"{base}?drawer={asked}")
    gallery.wait_for_load_state("networkidle")
    assert not gallery.locator("#drawer").is_visible()


def test_an_act_asks_before(gallery: Any) -> None:
    sent: list[str] = []
    gallery.on("request", lambda request: sent.append(request.method))
    button = gallery.locator("form[data-confirm] button").first
    button.click()
    assert gallery.locator("#confirm-text").inner_text() == "Do you want to freeze this entity?"
    gallery.locator("#confirm button[value=cancel]").click()
    assert "POST" not in sent
    button.click()
    gallery.locator("#confirm button[value=confirm]").click()
    gallery.wait_for_load_state()
    assert "POST" in sent


def test_rows_are_picked_together(gallery: Any) -> None:
    bar = gallery.locator("[data-batch]")
    assert bar.locator("button").first.is_disabled()
    gallery.locator("[data-pick]").nth(1).check()
    assert "1 selected" in bar.inner_text()
    gallery.locator("[data-pick-all]").check()
    assert "12 selected" in bar.inner_text()
    assert bar.locator("button").first.is_enabled()
    gallery.locator("[data-pick]").first.uncheck()
    assert gallery.locator("[data-pick-all]").evaluate("(one) => one.indeterminate")


def test_a_query_leaves_out_what_is_empty(gallery: Any) -> None:
    gallery.locator(".fk-query [name=event_id]").fill("evt-1")
    gallery.locator(".fk-query button[type=submit]").click()
    gallery.wait_for_load_state()
    assert gallery.url.endswith("/gallery/?event_id=evt-1")
    assert gallery.locator(".fk-query [name=event_id]").input_value() == "evt-1"


def test_the_theme_is_kept_and_charts_follow(gallery: Any) -> None:
    gallery.wait_for_function("window.__look.drawn()")
    pixel = "document.querySelector('.fk-chart canvas').toDataURL().length"
    before = gallery.evaluate(pixel)
    gallery.locator("[data-theme-button]").click()
    gallery.locator("[data-theme-set=dark]").click()
    assert gallery.evaluate("document.documentElement.dataset.bsTheme") == "dark"
    assert gallery.evaluate(pixel) != before
    gallery.reload()
    assert gallery.evaluate("document.documentElement.dataset.bsTheme") == "dark"


def test_the_language_is_switched_where_one_is(gallery: Any) -> None:
    gallery.locator("button[name=language]").click()
    gallery.wait_for_selector("html[lang=zh-hans]")
    assert gallery.locator("h1").inner_text() == "组件"
    assert gallery.url.endswith("/gallery/")


def test_the_menu_of_a_phone(console: RunningConsole, signed_in: Open) -> None:
    page = signed_in(WALKER, language="en-GB", width=390)
    page.goto(f"{console.base}/")
    menu = page.locator(".fk-sidebar")
    assert not menu.is_visible()
    page.locator("[data-menu-open]").click()
    assert menu.is_visible()
    assert page.locator(".fk-body").get_attribute("inert") is not None
    page.keyboard.press("Escape")
    assert not menu.is_visible()
    assert page.evaluate(f"{FOCUSED}.hasAttribute('data-menu-open')")


def test_a_group_of_the_menu_stays_as_it_was_left(console: RunningConsole, signed_in: Open) -> None:
    page = signed_in(WALKER, language="en-GB")
    page.goto(f"{console.base}/")

    def shown() -> list[str]:
        return page.eval_on_selector_all(
            "[data-menu-group][open]", "groups => groups.map(group => group.dataset.menuGroup)"
        )

    assert shown() == ["now"]
    page.locator("[data-menu-group=people] summary").click()
    page.reload()
    assert shown() == ["now", "people"]
    page.locator("[data-menu-group=now] summary").click()
    page.locator("[data-menu-group=people] a").first.click()
    page.wait_for_load_state()
    assert shown() == ["people"]
    page.locator("[data-menu-fold]").click()
    assert len(shown()) == page.locator("[data-menu-group]").count()
    page.locator("[data-menu-fold]").click()
    assert shown() == ["people"]


def test_a_failure_is_told_in_a_toast(console: RunningConsole, signed_in: Open) -> None:
    page = signed_in(WALKER, language="en-GB")
    page.goto(f"{console.base}/")
    page.evaluate("void htmx.ajax('GET', '/no/such/page/', {target: '#main'})")
    toast = page.wait_for_selector("#toasts .fk-red")
    assert "There is nothing here" in toast.inner_text()


def test_the_editor_passes_the_policy(gallery: Any) -> None:
    """CodeMirror's own style is let in by the page's nonce, and it colours what it knows."""
    source = gallery.evaluate("document.querySelector('meta[name=\"fk-charts\"]').content")
    source = source.rsplit("/", 1)[0] + "/editor.min.js"
    gallery.add_script_tag(url=source)
    gallery.evaluate(
        """() => { window.made = FengkongEditor.create({
          parent: document.getElementById('main'), doc: 'when: amount > 100 and country == "CN"',
          nonce: Fengkong.nonce(), label: 'Rule',
        }); }"""
    )
    face = gallery.evaluate("getComputedStyle(document.querySelector('.cm-content')).fontFamily")
    assert "mono" in face.lower()
    assert gallery.locator(".cm-content").get_attribute("aria-label") == "Rule"
    gallery.locator(".cm-content").click()
    gallery.keyboard.press("/")
    assert "/" in gallery.evaluate("made.state.doc.toString()"), "typed, not taken"
