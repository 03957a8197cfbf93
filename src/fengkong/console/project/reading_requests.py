"""Requests that change nothing begin their transactions as readers, in the embedded database.

A transaction takes SQLite's write lock at its beginning: taken late, it could be refused in the
middle. Taken for every page that is looked at, it would have pages, tail and jobs wait for each
other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.sqlite3.base import DatabaseWrapper
from django.http import HttpRequest, HttpResponse

_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})


class ReadingRequests:
    """The middleware; PostgreSQL needs nothing of it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """The response to a request."""
        if request.method not in _SAFE:
            return self._get_response(request)
        with only_reading():
            return self._get_response(request)


@contextmanager
def only_reading() -> Iterator[None]:
    """Transactions begun in here by this thread take the write lock only when they write."""
    connection = connections[DEFAULT_DB_ALIAS]
    if not isinstance(connection, DatabaseWrapper):
        yield
        return
    connection.ensure_connection()  # which sets the mode
    settings = vars(connection)  # the stubs do not know the mode
    mode, settings["transaction_mode"] = settings["transaction_mode"], "DEFERRED"
    try:
        yield
    finally:
        settings["transaction_mode"] = mode
