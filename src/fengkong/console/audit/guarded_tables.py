"""The database itself refuses to alter, remove or replace what is in the ledger.

Triggers in SQLite and PostgreSQL. Whoever owns the database can drop them; a verification says so,
and finds what was altered meanwhile.
"""

from __future__ import annotations

from typing import Any, Final

from django.db import connection
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

TABLES: Final = ("audit_auditentry", "audit_audittile", "audit_auditcheckpoint")
_REFUSAL: Final = "the ledger is only ever added to"
_FUNCTION: Final = "audit_refuse"
_IN_PLACE: Final = {
    "audit_auditentry": (
        "NEW.sequence <> COALESCE((SELECT MAX(sequence) FROM audit_auditentry), 0) + 1"
    ),
    "audit_audittile": (
        "EXISTS (SELECT 1 FROM audit_audittile WHERE id = NEW.id "
        "OR (level = NEW.level AND number = NEW.number))"
    ),
    "audit_auditcheckpoint": "EXISTS (SELECT 1 FROM audit_auditcheckpoint WHERE size = NEW.size)",
}
"""What a new row must not be. SQLite's INSERT OR REPLACE removes rows without asking a trigger."""


def install_guards(_apps: Any, editor: BaseDatabaseSchemaEditor) -> None:
    """Make the triggers; a step of the schema."""
    for statement in guard_statements(editor.connection.vendor):
        editor.execute(statement, params=None)


def remove_guards(_apps: Any, editor: BaseDatabaseSchemaEditor) -> None:
    """Take the triggers away; the way back of the step."""
    for statement in unguard_statements(editor.connection.vendor):
        editor.execute(statement, params=None)


def unguard_statements(vendor: str) -> list[str]:
    """What takes the triggers away in a kind of database."""
    on = "" if vendor == "sqlite" else " ON {table}"
    return [
        f"DROP TRIGGER IF EXISTS {table}_no_{act}{on.format(table=table)}"
        for table in TABLES
        for act in _acts(vendor)
    ]


def entries_are_guarded() -> bool:
    """Whether every trigger is there and enabled."""
    expected = {f"{table}_no_{act}" for table in TABLES for act in _acts(connection.vendor)}
    query = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
    if connection.vendor == "postgresql":
        query = "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled <> 'D'"
    with connection.cursor() as cursor:
        cursor.execute(query)
        return expected <= {str(row[0]) for row in cursor.fetchall()}


def _acts(vendor: str) -> tuple[str, ...]:
    also = "insert" if vendor == "sqlite" else "truncate"
    return ("update", "delete", also)


def guard_statements(vendor: str) -> list[str]:
    """What makes the triggers in a kind of database."""
    if vendor == "sqlite":
        return [
            f"CREATE TRIGGER IF NOT EXISTS {table}_no_{act} BEFORE {act.upper()} ON {table} "
            f"{f'WHEN {_IN_PLACE[table]} ' if act == 'insert' else ''}"
            f"BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END"
            for table in TABLES
            for act in _acts(vendor)
        ]
    function = (
        f"CREATE OR REPLACE FUNCTION {_FUNCTION}() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{_REFUSAL}' USING ERRCODE = 'integrity_constraint_violation'; "
        "END $$"
    )
    return [
        function,
        *(
            f"CREATE OR REPLACE TRIGGER {table}_no_{act} BEFORE {act.upper()} ON {table} "
            f"FOR EACH {'STATEMENT' if act == 'truncate' else 'ROW'} EXECUTE FUNCTION {_FUNCTION}()"
            for table in TABLES
            for act in _acts(vendor)
        ),
    ]
