"""A page that is only looked at takes no writer's place; one that changes something does."""

import sqlite3
from pathlib import Path

import pytest
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse

from fengkong.console.project.reading_requests import ReadingRequests


@pytest.mark.parametrize(("method", "begin"), [("GET", "BEGIN DEFERRED"), ("POST", "BEGIN")])
@pytest.mark.django_db(transaction=True)
def test_how_a_transaction_begins(method: str, begin: str) -> None:
    connection.ensure_connection()
    usual = connection.transaction_mode
    seen: list[str] = []

    def view(request: HttpRequest) -> HttpResponse:
        connection.ensure_connection()
        connection.connection.set_trace_callback(seen.append)
        with transaction.atomic():
            pass
        connection.connection.set_trace_callback(None)
        return HttpResponse()

    request = HttpRequest()
    request.method = method
    ReadingRequests(view)(request)
    assert seen[0].startswith(begin)
    assert ("DEFERRED" in seen[0]) == (method == "GET")
    assert connection.transaction_mode == usual


def test_what_the_modes_mean(tmp_path: Path) -> None:
    """Two readers at once, and a reader beside a writer, in the database's own rollback journal."""
    path = tmp_path / "made.db"
    first, second = (sqlite3.connect(path, timeout=0, isolation_level=None) for _ in range(2))
    first.execute("CREATE TABLE t (n)")
    first.execute("BEGIN IMMEDIATE")
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        second.execute("BEGIN IMMEDIATE")
    second.execute("BEGIN DEFERRED")
    assert second.execute("SELECT count(*) FROM t").fetchone() == (0,)
    first.close()
    second.close()
