"""The frame: menu, theme, language, what is sent with a page, pages that say what is wrong."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.staticfiles import finders
from django.core.exceptions import RequestDataTooBig
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.utils import translation

from fengkong.console.shell import frame, menu, problem_pages
from fengkong.console.shell.assets import gather_static_files, gathered_folder
from fengkong.console.shell.menu import GROUPS

CONSOLE = Path(__file__).resolve().parents[3] / "src/fengkong/console"
TEMPLATES = sorted(CONSOLE.glob("*/templates/**/*.html"))
SPRITE = (CONSOLE / "shell/static/vendor/icons.svg").read_text(encoding="utf-8")
ICONS = set(re.findall(r'<symbol id="([^"]+)"', SPRITE))
SIGNS = set(re.findall(r'id="(lamp-\w+)"', (CONSOLE / "shell/static/shell/signs.svg").read_text()))
FIRST_PAGE_BYTES_MAX = 500_000


@pytest.fixture
def stranger() -> Client:
    return Client(HTTP_HOST="localhost")


@pytest.mark.parametrize("status", problem_pages.PROBLEMS)
@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_every_problem_has_a_page_in_both_languages(status: int, language: str) -> None:
    with translation.override(language):
        page = problem_pages.problem_page(RequestFactory().get("/"), status, framed=False)
        text = page.content.decode()
        problem = problem_pages.PROBLEMS[status]
        assert page.status_code == status
        assert f'lang="{language}"' in text
        for line in (problem.title, problem.what, problem.hint):
            assert str(line) in text
            assert bool(re.search(r"[\u4e00-\u9fff]", str(line))) == (language == "zh-hans")


def test_what_fails_is_told_apart() -> None:
    request = RequestFactory().get("/")
    assert problem_pages.bad_request(request, ValueError()).status_code == 400
    assert problem_pages.bad_request(request, RequestDataTooBig()).status_code == 413
    with suppress(OperationalError), answering_after(request) as answers:
        raise OperationalError("database is locked")
    away = answers[0]
    assert (away.status_code, away["Retry-After"]) == (503, "30")
    assert problem_pages.failed(request).status_code == 500


@contextmanager
def answering_after(request: HttpRequest) -> Iterator[list[HttpResponse]]:
    """The page of a failure is made while the failure is handled."""
    answers: list[HttpResponse] = []
    try:
        yield answers
    except OperationalError:
        answers.append(problem_pages.failed(request))


@pytest.mark.django_db
def test_an_address_that_is_not_there(stranger: Client) -> None:
    answer = stranger.get("/no/such/page/", headers={"accept-language": "en"})
    assert answer.status_code == 404
    assert "There is nothing here" in answer.content.decode()


@pytest.mark.django_db
def test_the_theme_is_the_cookies_and_no_other(stranger: Client) -> None:
    for given, shown in (
        ("dark", "dark"),
        ("light", "light"),
        ('"><script>', "system"),
        ("", "system"),
    ):
        stranger.cookies["fengkong_theme"] = given
        text = stranger.get("/no/such/page/").content.decode()
        assert f'data-fk-theme="{shown}"' in text
        assert ('data-bs-theme="dark"' in text) == (shown == "dark")


@pytest.mark.django_db
def test_nothing_inline_is_allowed(stranger: Client) -> None:
    policy = stranger.get("/no/such/page/")["Content-Security-Policy"]
    directives = dict(part.strip().split(" ", 1) for part in policy.split(";") if part.strip())
    assert directives["default-src"] == "'none'"
    assert directives["script-src"] == "'self'"
    assert "unsafe" not in policy
    assert "*" not in policy


INLINE = re.compile(
    r"<(script)(?![^>]*\b(src|type=\"application/json\"))|\son\w+=|\sstyle=|javascript:",
    re.IGNORECASE,
)


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda p: p.relative_to(CONSOLE).as_posix())
def test_templates_have_nothing_inline(path: Path) -> None:
    found = [hit.group(0) for hit in INLINE.finditer(path.read_text(encoding="utf-8"))]
    assert found == []


USED = re.compile(
    r"{%\s*icon\s+[\"']([\w-]+)[\"']|{%\s*empty_state\s+\S+\s+\S+\s+[\"']([\w-]+)[\"']"
    r"|icon_name=[\"']([\w-]+)[\"']"
)
USED_IN_PYTHON = re.compile(r"icon=\"([\w-]+)\"|Sign\(_\(\"\w+\"\), \"([\w-]+)\"")


def icons_used() -> set[str]:
    found = {name for path in TEMPLATES for hit in USED.findall(path.read_text()) for name in hit}
    for path in CONSOLE.rglob("*.py"):
        found |= {name for hit in USED_IN_PYTHON.findall(path.read_text()) for name in hit}
    return found - {""}


def test_every_icon_is_in_the_sprite() -> None:
    used = icons_used() | {entry.icon for entry in menu._ENTRIES}
    assert len(used) > 20
    assert used <= ICONS | SIGNS


@pytest.mark.django_db
def test_the_first_page_is_small(stranger: Client, tmp_path: Path) -> None:
    """All that a browser loads for the first page and a chart on it, as it is sent: compressed."""
    gathered = tmp_path / "gathered"
    gather_static_files(gathered)
    text = stranger.get("/no/such/page/").content.decode()
    names = set(re.findall(r'/static/([^"#]+)', text))
    assert {"vendor/tabler.min.css", "vendor/htmx.min.js", "vendor/charts.min.js"} <= names
    sent = len(text)
    for name in names:
        packed = gathered / f"{name}.gz"
        sent += (packed if packed.exists() else gathered / name).stat().st_size
    assert 100_000 < sent < FIRST_PAGE_BYTES_MAX


def test_gathered_files_are_named_by_their_content(tmp_path: Path) -> None:
    gathered = tmp_path / "gathered"
    gather_static_files(gathered)
    before = (gathered / "staticfiles.json").stat().st_mtime_ns
    gather_static_files(gathered)
    assert (gathered / "staticfiles.json").stat().st_mtime_ns == before, "gathered once"
    style = gathered / "shell" / "shell.css"
    assert style.read_bytes() == Path(str(finders.find("shell/shell.css"))).read_bytes()
    assert len(list((gathered / "shell").glob("shell.*.css.gz"))) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["gathered"]


def test_the_folder_follows_the_content(tmp_path: Path) -> None:
    file = tmp_path / "app/static/app/a.css"
    file.parent.mkdir(parents=True)
    file.write_text("a{}")
    first = gathered_folder(tmp_path, tmp_path / "cache")
    assert gathered_folder(tmp_path, tmp_path / "cache") == first
    file.write_text("a{b:c}")
    assert gathered_folder(tmp_path, tmp_path / "cache") != first


def test_groups_of_the_menu_have_both_languages() -> None:
    for title in GROUPS.values():
        with translation.override("en"):
            english = str(title)
        with translation.override("zh-hans"):
            assert str(title) != english


@pytest.mark.parametrize(
    ("cookie", "unfolded"),
    [("now", {"now"}), ("", {"now"}), ("desk.policy", {"now", "desk", "policy"}), ("?;", {"now"})],
)
def test_the_page_s_own_group_is_unfolded(cookie: str, unfolded: set[str]) -> None:
    entries = {name: menu.MenuEntry(name, name, "home", "bolt") for name in GROUPS}
    groups = [menu.MenuGroup(name, name, [entry]) for name, entry in entries.items()]
    shown = frame._unfolded(groups, entries["now"], cookie)
    assert {group.name for group in shown if group.unfolded} == unfolded


def test_the_gallery_is_for_developers_only() -> None:
    assert settings.SHOW_GALLERY is False


def test_forms_without_their_token_say_what_to_do() -> None:
    view: Callable[[HttpRequest, str], HttpResponse] = problem_pages.forged
    with translation.override("en"):
        page = view(RequestFactory().post("/"), "no cookie")
    assert page.status_code == 403
    assert "Load it again" in page.content.decode()


def test_every_screen_of_the_menu_has_a_key_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(menu, "_ENTRIES", [])
    menu.add_to_menu(
        menu.MenuEntry("now", "a", "live:decisions", "bolt"),
        menu.MenuEntry("now", "b", "decisions", "bolt", key="d"),
        menu.MenuEntry("now", "c", "people", "users", key="o"),
    )
    assert [entry.key for entry in menu._ENTRIES] == ["d", "e", "o"]
    menu.add_to_menu(*(menu.MenuEntry("now", "x", "zzz", "bolt") for _ in range(30)))
    keys = [entry.key for entry in menu._ENTRIES if entry.key]
    assert sorted(keys) == sorted("abcdefghijklmnopqrstuvwxyz")
