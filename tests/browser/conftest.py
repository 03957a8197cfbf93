"""A console under granian on the loopback, with made data, and Chromium to look at it."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from tests.browser.signing_in import sign_in

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 90


@dataclass
class RunningConsole:
    """A console that answers: its address, and what may be visited there."""

    base: str
    addresses: list[dict[str, str]]
    directory: Path
    cookies: dict[str, Any] = field(default_factory=dict)


def chromium_path() -> str:
    """Debian's Chromium, or whatever the machine calls so; empty where there is none."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if found := shutil.which(name):
            return found
    return ""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def made_directory(directory: Path, environment: dict[str, str]) -> list[dict[str, str]]:
    done = subprocess.run(
        [sys.executable, "-m", "tests.browser.made", str(directory)],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    made = json.loads((directory / "made.json").read_text(encoding="utf-8"))
    return list(made["addresses"])


def wait_until_it_answers(base: str, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        assert process.poll() is None, log.read_text()[-3000:]
        try:
            urllib.request.urlopen(f"{base}/", timeout=2).close()
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError(f"no answer in {START_SECONDS} s: {log.read_text()[-3000:]}")


def _needs_chromium() -> None:
    if not chromium_path():
        pytest.skip("no Chromium on this machine: apt-get install chromium fonts-noto-cjk")


@pytest.fixture(scope="session")
def console(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningConsole]:
    """A console that runs for the whole of the browser tests."""
    _needs_chromium()
    directory = tmp_path_factory.mktemp("console")
    environment = os.environ | {
        "FENGKONG_DATA": str(directory),
        "FENGKONG_GALLERY": "1",
        "DJANGO_SETTINGS_MODULE": "fengkong.console.project.settings",
    }
    addresses = made_directory(directory, environment)
    port, log = free_port(), directory / "granian.log"
    command = [
        *(sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1"),
        *("--port", str(port), "--workers", "1", "--blocking-threads", "2"),
        "fengkong.console.project.wsgi:application",
    ]
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT
        )
    base = f"http://127.0.0.1:{port}"
    try:
        wait_until_it_answers(base, process, log)
        yield RunningConsole(base, addresses, directory)
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """The browser, for one module: its event loop is in the way of tests that run their own."""
    _needs_chromium()
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium_path(), args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        yield browser
        browser.close()


@pytest.fixture
def signed_in(console: RunningConsole, chromium: Any) -> Iterator[Callable[..., Any]]:
    """A page of an operator who signed in with both factors: ``signed_in("analyst")``."""
    contexts = []

    def open_page(
        who: str, *, language: str = "zh-CN", theme: str = "light", width: int = 1280
    ) -> Any:
        if who not in console.cookies:
            context = chromium.new_context(locale="en-GB")
            sign_in(context.new_page(), console.base, who)
            console.cookies[who] = context.storage_state()
            context.close()
        context = chromium.new_context(
            locale=language,
            color_scheme=theme,
            viewport={"width": width, "height": 900},
            storage_state=console.cookies[who],
            reduced_motion="reduce",
        )
        short = "zh-hans" if language.startswith("zh") else "en"
        context.add_cookies([{"name": "django_language", "value": short, "url": console.base}])
        contexts.append(context)
        return context.new_page()

    yield open_page
    for context in contexts:
        context.close()
