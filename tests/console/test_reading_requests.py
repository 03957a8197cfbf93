"""A page that is only looked at takes no writer's place; one that changes something does."""

import sqlite3
from pathlib import Path

import pytest
from django.db import OperationalError, connection, transaction
from django.http import HttpRequest, HttpResponse
from django.test import Client, override_settings
from django.urls import path as address

from fengkong.console.project.declared import public
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


def test_who_reads_first_is_refused_at_once_when_it_writes(tmp_path: Path) -> None:
    """However long it would wait: the other one waits for its reading to end."""
    path = tmp_path / "made.db"
    first, second = (sqlite3.connect(path, timeout=0.5, isolation_level=None) for _ in range(2))
    first.execute("CREATE TABLE t (n)")
    for one in (first, second):
        one.execute("BEGIN DEFERRED")
        one.execute("SELECT count(*) FROM t").fetchone()
    first.execute("INSERT INTO t VALUES (1)")
    with pytest.raises(sqlite3.OperationalError, match="database is locked"):
        second.execute("INSERT INTO t VALUES (2)")
    first.close()
    second.close()


MODES: list[str] = []


@public
def refused_once(request: HttpRequest) -> HttpResponse:
    MODES.append(connection.transaction_mode)
    if len(MODES) == 1:
        raise OperationalError("database is locked")
    return HttpResponse("seen")


@public
def refused_always(request: HttpRequest) -> HttpResponse:
    MODES.append(connection.transaction_mode)
    raise OperationalError("database is locked")


urlpatterns = [address("once/", refused_once), address("always/", refused_always)]
handler500 = "fengkong.console.shell.problem_pages.failed"


@pytest.mark.django_db
@override_settings(ROOT_URLCONF=__name__)
def test_a_page_that_was_refused_is_asked_for_once_more_as_a_writer() -> None:
    client = Client(raise_request_exception=False)
    MODES.clear()
    assert client.get("/once/").content == b"seen"
    assert MODES == ["DEFERRED", "IMMEDIATE"]
    MODES.clear()
    assert client.get("/always/").status_code == 503
    assert MODES == ["DEFERRED", "IMMEDIATE"]
    MODES.clear()
    assert client.post("/always/").status_code == 503
    assert MODES == ["IMMEDIATE"]
