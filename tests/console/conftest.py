"""Operators for the tests of the console, and browsers in which they are signed in.

The ledger refuses to forget, and the tests' database must: its guard is lifted for the flush.
"""

from collections.abc import Callable, Iterator

import pytest
from django.db import connection
from tests.console import operators
from tests.console.operators import Browser

from fengkong.console.accounts.models import Operator
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


@pytest.fixture
def make_operator(db: None) -> Callable[..., Operator]:
    """Makes operators with roles and a second factor: `make_operator("analyst")`."""
    return operators.new_operator


@pytest.fixture
def browser_of(db: None) -> Callable[[Operator], Browser]:
    """A browser in which an operator has signed in a moment ago, with both factors."""
    return operators.browser_of


@pytest.fixture
def signed_in(db: None) -> Callable[..., Browser]:
    """A browser with a new operator of some roles: `signed_in("analyst").get("/")`."""
    return lambda *roles: operators.browser_of(operators.new_operator(*roles))
