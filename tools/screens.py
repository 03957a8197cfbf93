"""Makes the dictionary of screens, docs/reference/screens.md: a picture of each, in both languages.

``python tools/screens.py --data DIR --url http://127.0.0.1:8800`` looks at the console of a
demonstration (``fengkong demo --data DIR``) that runs. It adds an operator with every role to it,
signs in as that operator, follows the links from the start, and takes a picture of every kind of
address once. Never point it at a real installation.
"""

from __future__ import annotations

import argparse
import base64
import re
import secrets
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

ROOT: Final = Path(__file__).resolve().parents[1]
PICTURES: Final = ROOT / "docs" / "reference" / "screens"
PAGE: Final = ROOT / "docs" / "reference" / "screens.md"
LANGUAGES: Final = {"en": ("en-GB", "en"), "zh": ("zh-CN", "zh-hans")}
WIDTH, HEIGHT, QUALITY = 1280, 760, 62
PAGES_MAX: Final = 400
SETTLE_MS: Final = 700
SKIPPED: Final = re.compile(r"stream|/static/|/api/|logout|language/|export|/gallery/")
GROUPS: Final = {
    "now": ("What happens now", "实时态势"),
    "desk": ("Review desk", "审核工作台"),
    "warning": ("Early warning", "预警"),
    "policy": ("Policies", "策略"),
    "people": ("People and audit", "人员与审计"),
    "system": ("System", "系统"),
    "": ("Start and one's own", "首页与个人"),
}
WORDS: Final = {
    "en": {
        "title": "Dictionary of screens",
        "twin": "[中文](screens.zh.md)",
        "intro": "Every screen of the console, taken from a running demonstration by "
        "`tools/screens.py`.\nWho may see it is the permission that the screen itself declares.",
        "address": "Address",
        "who": "Who may see it",
        "everyone": "every operator",
        "stranger": "everybody, before signing in",
    },
    "zh": {
        "title": "页面词典",
        "twin": "[English](screens.md)",
        "intro": "控制台的全部页面，由 `tools/screens.py` 从运行中的演示系统截取。\n"
        "“谁可以查看”是页面自身声明的权限。",
        "address": "地址",
        "who": "谁可以查看",
        "everyone": "所有操作员",
        "stranger": "所有人（登录之前）",
    },
}


@dataclass(slots=True)
class Screen:
    """One kind of address: where it is, an example, its group, and what it is called."""

    route: str
    path: str
    slug: str
    group: str
    who: dict[str, str]
    titles: dict[str, str] = field(default_factory=dict)
    pictures: dict[str, str] = field(default_factory=dict)


def main() -> int:
    """Look at a running demonstration and write pictures and pages."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--data", type=Path, required=True, help="data directory of the demonstration"
    )
    parser.add_argument("--url", default="http://127.0.0.1:8800", help="where its console answers")
    parser.add_argument("--chromium", default="/usr/bin/chromium", help="the browser")
    given = parser.parse_args()
    sys.path.insert(0, str(ROOT))

    from fengkong.console.project.setup import start_django  # noqa: PLC0415

    start_django(given.data)
    name, password, secret = _visitor()
    from playwright.sync_api import sync_playwright  # noqa: PLC0415

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=given.chromium, args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        state = _signed_in(browser, given.url, name, password, secret)
        screens = _found(browser, given.url, state)
        PICTURES.mkdir(parents=True, exist_ok=True)
        for old in PICTURES.glob("*.webp"):
            old.unlink()
        for language in LANGUAGES:
            _taken(browser, given.url, state, screens, language=language)
        browser.close()
    for language in LANGUAGES:
        suffix = ".md" if language == "en" else ".zh.md"
        PAGE.with_suffix(suffix).write_text(_page(screens, language=language), encoding="utf-8")
    size = sum(path.stat().st_size for path in PICTURES.iterdir())
    print(f"{len(screens)} screens, {size / 1e6:.1f} MB")  # noqa: T201
    return 0


def _visitor() -> tuple[str, str, str]:
    """An operator with every role, made for this visit."""
    from allauth.mfa.totp.internal.auth import TOTP  # noqa: PLC0415
    from django.db import transaction  # noqa: PLC0415
    from django.utils import timezone  # noqa: PLC0415

    from fengkong.console.accounts.duties import ROLES  # noqa: PLC0415
    from fengkong.console.accounts.models import Operator, RoleGrant  # noqa: PLC0415
    from fengkong.console.audit.recording import record  # noqa: PLC0415

    name, password = f"visitor-{secrets.token_hex(3)}", secrets.token_urlsafe(24) + "aA1!"
    secret = base64.b32encode(secrets.token_bytes(20)).decode()
    with transaction.atomic():
        visitor = Operator.objects.create_user(name, password, name="林晓 Lin")
        for role, about in ROLES.items():
            days = about.days_max
            until = timezone.now() + timedelta(days=days - 1) if days else None
            RoleGrant.objects.create(operator=visitor, role=role, until=until)
        TOTP.activate(visitor, secret)
        record("system", "create_visitor", target_kind="operator", target=name)
    return name, password, secret


def _signed_in(browser: Any, url: str, name: str, password: str, secret: str) -> Any:
    from fengkong.cli.authenticator import code_at  # noqa: PLC0415

    context = browser.new_context(locale="en-GB")
    page = context.new_page()
    page.goto(f"{url}/accounts/login/")
    page.fill("input[name=login]", name)
    page.fill("input[name=password]", password)
    page.click("main form:has(input[name=password]) button[type=submit]")
    page.fill("input[name=code]", code_at(secret, seconds=int(time.time())))
    page.click("main form:has(input[name=code]) button[type=submit]")
    page.wait_for_selector(".fk-operator")
    state = context.storage_state()
    context.close()
    return state


def _found(browser: Any, url: str, state: Any) -> list[Screen]:
    """Every kind of address that links lead to, in the order of the menu."""
    context = browser.new_context(storage_state=state, locale="en-GB")
    seen: dict[str, Screen] = {}
    asked: set[str] = set()
    waiting = ["/"]
    fetched = 0
    while waiting and fetched < PAGES_MAX:
        path = waiting.pop(0)
        if path in asked or SKIPPED.search(path):
            continue
        asked.add(path)
        screen = _screen_of(path)
        if screen is None or (screen.route in seen and screen.route):
            continue
        fetched += 1
        answer = context.request.get(url + path, max_redirects=0)
        if answer.status != 200 or "text/html" not in answer.headers.get("content-type", ""):
            continue
        seen[screen.route] = screen
        waiting += _links(answer.text(), path)
    context.close()
    order = list(GROUPS)
    return sorted(seen.values(), key=lambda one: (order.index(one.group), one.path))


def _links(html: str, path: str) -> Iterator[str]:
    for found in re.findall(r'href="(/[^"#]*)', html):
        parts = urlsplit(found.replace("&amp;", "&"))
        if parts.path != path and not parts.path.startswith("//"):
            yield parts.path


def _screen_of(path: str) -> Screen | None:
    from django.urls import Resolver404, resolve  # noqa: PLC0415
    from django.utils import translation  # noqa: PLC0415

    from fengkong.console.accounts.duties import PERMISSIONS  # noqa: PLC0415
    from fengkong.console.project.declared import declared_access  # noqa: PLC0415
    from fengkong.console.shell.menu import _ENTRIES  # noqa: PLC0415

    try:
        match = resolve(path)
    except Resolver404:
        return None
    access = declared_access(match.func)
    who = {}
    for language, (_, code) in LANGUAGES.items():
        with translation.override(code):
            words = WORDS[language]
            if access is None or access.public:
                who[language] = words["stranger"]
            elif access.read is None:
                who[language] = words["everyone"]
            else:
                who[language] = f"{PERMISSIONS[access.read]} (`{access.read}`)"
    holding = [
        entry for entry in _ENTRIES if path.startswith(entry.address) and entry.address != "/"
    ]
    entry = max(holding, key=lambda one: len(one.address), default=None)
    slug = (
        re.sub(r"[^a-z0-9]+", "-", (match.view_name or match.route).lower()).strip("-") or "start"
    )
    return Screen(match.route, path, slug, entry.group if entry else "", who)


def _taken(browser: Any, url: str, state: Any, screens: list[Screen], *, language: str) -> None:
    locale, code = LANGUAGES[language]
    context = browser.new_context(
        storage_state=state,
        locale=locale,
        viewport={"width": WIDTH, "height": HEIGHT},
        reduced_motion="reduce",
        color_scheme="light",
    )
    context.add_cookies([{"name": "django_language", "value": code, "url": url}])
    page = context.new_page()
    camera = context.new_cdp_session(page)
    for screen in screens:
        page.goto(url + screen.path, wait_until="load")
        page.wait_for_timeout(SETTLE_MS)
        heading = page.locator("main h1")
        title = heading.first.inner_text() if heading.count() else page.title().split(" · ")[0]
        screen.titles[language] = title.strip() or screen.slug
        shot = camera.send("Page.captureScreenshot", {"format": "webp", "quality": QUALITY})
        name = f"{screen.slug}.{language}.webp"
        (PICTURES / name).write_bytes(base64.b64decode(shot["data"]))
        screen.pictures[language] = name
    context.close()


def _page(screens: list[Screen], *, language: str) -> str:
    words = WORDS[language]
    lines = [
        f"# {words['title']}",
        "",
        "<!-- Made by tools/screens.py; do not edit by hand. -->",
        "",
        words["twin"],
        "",
        words["intro"],
    ]
    for group, titles in GROUPS.items():
        here = [screen for screen in screens if screen.group == group]
        if not here:
            continue
        lines += ["", f"## {titles[0 if language == 'en' else 1]}"]
        for screen in here:
            route = "/" + re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", screen.route)
            title = screen.titles[language].replace("|", "·")
            lines += [
                "",
                f"### {title}",
                "",
                f"{words['address']}: `{route}` · {words['who']}: {screen.who[language]}",
                "",
                f"![{title}](screens/{screen.pictures[language]})",
            ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
