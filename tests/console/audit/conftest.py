"""A ledger with its own key and second place."""

from pathlib import Path

import pytest
from django.db import connection, transaction

from fengkong.console.accounts.models import Operator, RoleGrant
from fengkong.console.audit.guarded_tables import unguard_statements
from fengkong.console.audit.recording import record
from fengkong.console.configuration import load_console_settings


@pytest.fixture(autouse=True)
def data(tmp_path: Path, settings) -> Path:
    """A data directory of the test's own; its second place is beside it."""
    directory = tmp_path / "data"
    directory.mkdir()
    (directory / "service.yaml").write_text(f"second_places: {tmp_path / 'second'}\n")
    settings.CONSOLE = load_console_settings(directory)
    return directory


@pytest.fixture
def grow():
    def make(count: int) -> None:
        with transaction.atomic():
            for number in range(count):
                record(
                    f"ann{number % 3}",
                    "try_it",
                    target_kind="test",
                    target=f"card-{number}",
                    detail={"before": {"limit": number}, "after": {"limit": number + 1}},
                )

    return make


@pytest.fixture
def unguarded() -> None:
    """What whoever owns the database does first."""
    with connection.cursor() as cursor:
        for statement in unguard_statements(connection.vendor):
            cursor.execute(statement)


@pytest.fixture
def operator(db):
    def make(name: str, *roles: str) -> Operator:
        made = Operator.objects.create_user(name)
        for role in roles:
            RoleGrant.objects.create(operator=made, role=role)
        return made

    return make
