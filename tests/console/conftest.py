"""The ledger refuses to forget, and the tests' database must: its guard is lifted for the flush."""

from collections.abc import Iterator

import pytest
from django.db import connection

from fengkong.console.audit.guarded_tables import (
    entries_are_guarded,
    guard_statements,
    unguard_statements,
)

COMMITTING = {"transactional_db", "live_server", "django_db_reset_sequences"}


def _execute(statements: list[str]) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


@pytest.fixture(autouse=True)
def _ledger_is_flushed(request: pytest.FixtureRequest) -> Iterator[None]:
    marker = request.node.get_closest_marker("django_db")
    commits = bool(COMMITTING & set(request.fixturenames)) or (
        marker is not None and marker.kwargs.get("transaction", False)
    )
    if commits:
        request.getfixturevalue("transactional_db")
        if not entries_are_guarded():
            _execute(guard_statements(connection.vendor))
    elif marker is not None:
        request.getfixturevalue("db")
        if not entries_are_guarded():
            _execute(guard_statements(connection.vendor))
    yield
    if commits:
        _execute(unguard_statements(connection.vendor))
