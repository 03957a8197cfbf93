"""Counts what comes to the console and what it turns away; each process by itself, in memory.

Requests cost no write: a thread of the process adds the counts to the database every two seconds.
Where requests came from stays in memory, and only to tell who walks addresses that do not exist.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any, Final

from django.conf import settings
from django.db import DatabaseError, close_old_connections
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import timezone

from fengkong.console.traffic.counting import CONSOLE, Served, add_served
from fengkong.console.traffic.latencies import place_of
from fengkong.protection.probing import Scanners, is_injection

WRITE_S: Final = 2.0
_OURS: Final = 500
_LIMITED: Final = 429
_UNAUTHENTICATED: Final = 401
_ABSENT: Final = 404
_BLOCKED: Final = frozenset({400, 401, 403, 404, 405, 413, 414, 431})
_LOG: Final = logging.getLogger(__name__)
Application = Callable[[dict[str, Any], Any], Iterable[bytes]]
"""What a WSGI server calls (PEP 3333)."""


class ServedHere:
    """What this process has served and not yet written."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._served = Served()
        self._scanners = Scanners()
        self._is_writing = False

    def note(self, request: HttpRequest, response: HttpResponseBase, *, seconds: float) -> None:
        """One request was answered."""
        status = response.status_code
        refused = 400 <= status < _OURS
        stranger = refused and not _is_operator(request)
        attack = refused and is_injection(_asked(request))
        with self._lock:
            served = self._served
            served.came += 1
            served.requests += not stranger
            served.errors += status >= _OURS
            served.rate_limited += status == _LIMITED
            served.blocked += stranger and status in _BLOCKED
            served.bad_signatures += status == _UNAUTHENTICATED
            served.injection_attempts += attack
            served.latencies[place_of(seconds)] += 1
            if stranger and status == _ABSENT:
                source, day = request.META.get("REMOTE_ADDR", ""), int(time.time() // 86_400)
                served.scanners += self._scanners.note(source, day=day)

    def write(self) -> None:
        """Add what was served to the database; what cannot be written waits."""
        with self._lock:
            served, self._served = self._served, Served()
        if served.is_nothing:
            return
        try:
            add_served(CONSOLE, served, at=timezone.now())
        except DatabaseError as error:
            _LOG.warning("counts of requests wait: %s", type(error).__name__)
            self._take_back(served)

    def keep_writing(self) -> None:
        """Write again and again, in one thread that ends with the process."""
        with self._lock:
            if self._is_writing:
                return
            self._is_writing = True
        threading.Thread(target=self._write_for_ever, name="traffic", daemon=True).start()

    def _write_for_ever(self) -> None:
        while True:
            time.sleep(WRITE_S)
            close_old_connections()
            self.write()

    def _take_back(self, served: Served) -> None:
        with self._lock:
            self._served = self._served.with_more(served)


HERE: Final = ServedHere()
"""Of this process."""


def written(application: Application) -> Application:
    """The application, whose counts are written from its first request on.

    Not from its import: a process that only looks at the module serves nobody.
    """

    def answer(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        HERE.keep_writing()
        return application(environ, start_response)

    return answer


class CountedTraffic:
    """The middleware: outermost, so that it sees what the others refuse."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Passes on, and counts what comes back; pictures and scripts are not counted."""
        began = time.perf_counter()
        response = self._get_response(request)
        if response.status_code >= 400 or not request.path.startswith(settings.STATIC_URL):
            HERE.note(request, response, seconds=time.perf_counter() - began)
        return response


def _is_operator(request: HttpRequest) -> bool:
    operator = getattr(request, "user", None)
    return operator is not None and operator.is_authenticated


def _asked(request: HttpRequest) -> bytes:
    """The address with its query."""
    query: str = request.META.get("QUERY_STRING", "")
    return f"{request.META.get('PATH_INFO', '')}?{query}".encode("utf-8", "surrogateescape")
