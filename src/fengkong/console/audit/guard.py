"""Makes it impossible to forget the ledger: what changed must have been recorded.

A request or a job that changed rows of the console's own tables without an entry in the same
transaction is refused, and all of it is rolled back. Which tables need no entry is declared here
or by their app, each with the reason.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import wraps
from typing import Any, Final, ParamSpec, TypeVar

from django.apps import AppConfig, apps
from django.db import DatabaseError, connection
from django.urls import URLPattern, URLResolver

from fengkong.core.errors import RiskError

P = ParamSpec("P")
R = TypeVar("R")
ENTRIES: Final = "audit_auditentry"
OWN: Final = "fengkong.console."
_MARK: Final = "fengkong_recorded"
_WRITE: Final = re.compile(
    r"\s*(?:INSERT(?:\s+OR\s+\w+)?\s+INTO|REPLACE\s+INTO|UPDATE|DELETE\s+FROM)\s+[\"`]?(\w+)",
    re.IGNORECASE,
)
_RETURNING: Final = re.compile(r"\bRETURNING\b", re.IGNORECASE)
_SAVEPOINT: Final = re.compile(r"\s*SAVEPOINT\s+(\S+)", re.IGNORECASE)
_BACK: Final = re.compile(r"\s*ROLLBACK\s+TO\s+(?:SAVEPOINT\s+)?(\S+)", re.IGNORECASE)
_UNRECORDED: Final[dict[str, str]] = {
    "audit_auditentry": "the ledger itself",
    "audit_audittile": "hashes of entries",
    "audit_auditcheckpoint": "signatures over entries",
    "audit_verification": "how far a verification came; its start and its end are recorded",
}

_UNRECORDED_APPS: Final = {
    "journaled": "the read model: what the service recorded in its own ledger, counted again",
    "outbox": "jobs on their way: whoever promised one has recorded why",
}


class UnrecordedChangeError(RiskError, DatabaseError):
    """Something was changed and nothing was recorded of it, so the change was taken back."""

    code = "console.unrecorded_change"
    hint = "Call audit.recording.record in the transaction that changes something."


def unrecorded(tables: Mapping[str, str]) -> None:
    """Declare tables whose changes need no entry, each with the reason; an app does so for its own.

    Only what no operator means to change: counters, cursors, sessions, read models.
    """
    assert all(reason.strip() for reason in tables.values()), "say why"
    _UNRECORDED.update(tables)


def unrecorded_tables() -> dict[str, str]:
    """Every table whose changes need no entry, and why."""
    of_apps = {
        table: reason
        for label, reason in _UNRECORDED_APPS.items()
        if apps.is_installed(OWN + label)
        for table in _tables(apps.get_app_config(label))
    }
    return of_apps | _UNRECORDED


def own_tables() -> frozenset[str]:
    """The tables of the console's own apps."""
    return frozenset(
        table
        for config in apps.get_app_configs()
        if config.name.startswith(OWN)
        for table in _tables(config)
    )


def _tables(config: AppConfig) -> list[str]:
    models = config.get_models(include_auto_created=True)
    return [model._meta.db_table for model in models]  # noqa: SLF001 - Django's documented way


class Changes:
    """The tables written in a transaction, without those of savepoints that were rolled back."""

    def __init__(self) -> None:
        self._written: list[str] = []
        self._marks: dict[str, int] = {}

    def __call__(
        self, execute: Callable[..., Any], sql: str, params: Any, many: Any, context: Any
    ) -> Any:
        """Execute a statement and note what it changed; Django calls it for each."""
        text = str(sql)
        if not connection.in_atomic_block:
            self._refuse_lasting(text)
        result = execute(sql, params, many, context)
        if (written := _WRITE.match(text)) is not None:
            # SQLite counts the rows of RETURNING only when they are fetched.
            if context["cursor"].rowcount != 0 or _RETURNING.search(text):
                self._written.append(written[1])
        elif (savepoint := _SAVEPOINT.match(text)) is not None:
            self._marks[savepoint[1]] = len(self._written)
        elif (back := _BACK.match(text)) is not None:
            del self._written[self._marks.get(back[1], len(self._written)) :]
        return result

    @staticmethod
    def _refuse_lasting(text: str) -> None:
        """Outside of a transaction a change could not be taken back: it is not made."""
        written = _WRITE.match(text)
        if written is not None and _needs_entry({written[1]}):
            raise UnrecordedChangeError(f"{written[1]} would be changed outside of a transaction")

    def clear(self) -> None:
        """Begin anew, for the next transaction."""
        self._written.clear()
        self._marks.clear()

    def check(self) -> None:
        """Raise UnrecordedChangeError where own rows changed and nothing was recorded."""
        changed = _needs_entry(set(self._written))
        if changed and ENTRIES not in self._written:
            raise UnrecordedChangeError(f"{', '.join(sorted(changed))} changed without an entry")


def _needs_entry(tables: set[str]) -> set[str]:
    return (tables & own_tables()) - unrecorded_tables().keys()


@contextmanager
def recorded_changes() -> Iterator[None]:
    """A part of a transaction at whose end what changed must have been recorded."""
    changes = Changes()
    with connection.execute_wrapper(changes):
        yield
    changes.check()


def recorded(act: Callable[P, R]) -> Callable[P, R]:
    """A view or a job whose changes must be recorded; it runs within one transaction."""

    @wraps(act)
    def guarded(*args: P.args, **named: P.kwargs) -> R:
        with recorded_changes():
            return act(*args, **named)

    setattr(guarded, _MARK, True)
    return guarded


def recorded_job(act: Callable[P, R]) -> Callable[P, R]:
    """A job whose changes must be recorded; every transaction of its own is checked before it ends.

    Changes outside of a transaction are refused at once.
    """

    @wraps(act)
    def guarded(*args: P.args, **named: P.kwargs) -> R:
        changes = Changes()
        with connection.execute_wrapper(changes), _checked_commits(changes):
            result = act(*args, **named)
        changes.check()
        return result

    setattr(guarded, _MARK, True)
    return guarded


@contextmanager
def _checked_commits(changes: Changes) -> Iterator[None]:
    """Check before every commit: what raises a DatabaseError there is rolled back by Django."""
    commit = connection.commit

    def checked() -> None:
        changes.check()
        changes.clear()
        commit()

    connection.commit = checked  # type: ignore[method-assign]
    try:
        yield
    finally:
        del connection.commit


def recorded_views(patterns: Sequence[URLPattern | URLResolver]) -> None:
    """Put every view of these addresses under the guard."""
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            recorded_views(pattern.url_patterns)
        elif not getattr(pattern.callback, _MARK, False):
            # A view outside of a transaction is checked at each commit of its own, as a job is.
            apart = getattr(pattern.callback, "_non_atomic_requests", None)
            pattern.callback = (recorded_job if apart else recorded)(pattern.callback)
