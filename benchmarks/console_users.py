"""People at the console: ``python -m benchmarks.console_users PORT NAME ...``.

Each signs in, looks at a screen, thinks for two seconds, and looks at the next, until the input
ends; the first three keep the live stream open beside it. A process of its own, so that it holds up
no load generator. Says `ready` once all are signed in, and in the end how long they waited for each
screen, in JSON.
"""

from __future__ import annotations

import http.client
import json
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from benchmarks.console_screens import HOST, Browser

SCREENS: Final = (
    *("/", "/live/stream/", "/decisions/", "/decisions/?outcome=deny", "/live/features/"),
    *("/policies/", "/lists/", "/approvals/", "/alerts/", "/live/health/"),
)
THINKING_S: Final = 2.0
STREAMS: Final = 3


def main(port: int, *, names: Sequence[str]) -> None:
    from tests.browser.made import PASSWORD
    from tests.browser.signing_in import SECRET

    browsers = [Browser(port) for _ in names]
    for name, browser in zip(names, browsers, strict=True):
        browser.sign_in(name, password=PASSWORD, secret=SECRET)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    over, waited = threading.Event(), [[] for _ in names]
    threads = [
        threading.Thread(target=look, args=(browser, number, over, waited[number]))
        for number, browser in enumerate(browsers)
    ]
    for browser in browsers[:STREAMS]:
        threading.Thread(target=listen, args=(port, browser.cookies, over), daemon=True).start()
    for thread in threads:
        thread.start()
    sys.stdin.read()
    over.set()
    for thread in threads:
        thread.join()
    sys.stdout.write(json.dumps([one for found in waited for one in found]))


def look(browser: Browser, number: int, over: threading.Event, waited: list[float]) -> None:
    """One person, who began at another screen and moment than the others."""
    over.wait(THINKING_S * number / 10)
    while not over.is_set():
        began = time.perf_counter()
        answer = browser.get(SCREENS[number % len(SCREENS)])
        assert answer.status == 200, (SCREENS[number % len(SCREENS)], answer.status)
        waited.append(time.perf_counter() - began)
        number += 1
        over.wait(THINKING_S)


def listen(port: int, cookies: str, over: threading.Event) -> None:
    """Keep a live stream open."""
    connection = http.client.HTTPConnection(HOST, port, timeout=5)
    connection.request("GET", "/live/stream/events", headers={"Cookie": cookies})
    answer = connection.getresponse()
    with suppress(OSError):
        while not over.is_set() and answer.read1(65_536):
            pass
    connection.close()


if __name__ == "__main__":
    main(int(sys.argv[1]), names=sys.argv[2:])
