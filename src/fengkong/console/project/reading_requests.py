"""Requests that change nothing begin their transactions as readers, in the embedded database.

A transaction takes SQLite's write lock at its beginning: taken late, it could be refused in the
middle. Taken for every page that is looked at, it would have pages, tail and jobs wait for each
other. A page that counts who looked at it reads first and writes then: where it is refused in the
middle, nothing of it was kept, and it is asked for once more as a writer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from django.db import DEFAULT_DB_ALIAS, OperationalError, connections
from django.db.backends.sqlite3.base import DatabaseWrapper
from django.http import HttpRequest, HttpResponse

_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_READING: Final = "DEFERRED"
_REFUSED: Final = "database is locked"


class _Refused(HttpResponse):
    """Stands for a response that could not be made because its transaction was refused."""

    status_code = 503


class ReadingRequests:
    """The middleware; PostgreSQL needs nothing of it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """The response to a request."""
        if request.method not in _SAFE:
            return self._get_response(request)
        with only_reading():
            response = self._get_response(request)
        return self._get_response(request) if isinstance(response, _Refused) else response

    def process_exception(self, _request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Notice that a reader was refused when it wanted to write; a writer may say so itself."""
        is_reading = vars(connections[DEFAULT_DB_ALIAS]).get("transaction_mode") == _READING
        is_refused = isinstance(exception, OperationalError) and _REFUSED in str(exception)
        return _Refused() if is_reading and is_refused else None


@contextmanager
def only_reading() -> Iterator[None]:
    """Transactions begun in here by this thread take the write lock only when they write."""
    connection = connections[DEFAULT_DB_ALIAS]
    if not isinstance(connection, DatabaseWrapper):
        yield
        return
    connection.ensure_connection()  # which sets the mode
    settings = vars(connection)  # the stubs do not know the mode
    mode, settings["transaction_mode"] = settings["transaction_mode"], _READING
    try:
        yield
    finally:
        settings["transaction_mode"] = mode
