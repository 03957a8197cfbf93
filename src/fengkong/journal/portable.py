"""A journal of PostgreSQL in the form of the embedded one, and back: the same rows, table by table.

Both go in one transaction: what is read is one moment of the database, what is written is there
whole or not at all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Any, Final

import apsw
import psycopg

from fengkong.journal.errors import JournalExistsError
from fengkong.journal.postgres_database import (
    Connection,
    check_durability,
    connect,
    is_made,
    lock_for_writing,
    make_journal,
    risk_of,
)
from fengkong.journal.postgres_reading import PostgresReading
from fengkong.journal.sqlite_file import FROZEN, make_journal_file
from fengkong.journal.sqlite_file import connect as connect_file
from fengkong.journal.sqlite_file import risk_of as risk_of_file
from fengkong.journal.sqlite_reading import SqliteReading

ROWS: Final = 2000
"""Rows that are held in memory at once."""
_ONLY_HERE: Final = {"format"}
"""Facts that a PostgreSQL journal has and a file does not: its pragmas say it."""
TABLES: Final = {
    "facts": ("text", "bytea"),
    "secrets": ("text", "bytea"),
    "subject_keys": ("bytea", "bytea", "text", "bytea", "int8", "int8"),
    "checkpoints": ("int8", "bytea"),
    "tiles": ("int8", "bytea"),
    "lookups": ("bytea", "int8"),
    "entries": ("int8", "int8", "bytea", "bytea"),
}
"""The types of each table's columns, in the order in which both stores have them."""

Progress = Callable[[float], None]


def write_portable(url: str, target: Path, *, progress: Progress | None = None) -> None:
    """Make `target` an embedded journal of all that a PostgreSQL journal holds at one moment.

    Raises MissingJournalError, StoreUnavailableError or DamagedJournalError.
    """
    reading = PostgresReading(url)
    head, hash_name = reading.head().sequence, reading.hash_name
    reading.close()
    make_journal_file(target, hash_name=hash_name)
    try:
        with closing(connect(url)) as source, closing(connect_file(target)) as file, file:
            file.execute("DELETE FROM facts")
            with source.transaction():
                source.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
                for table in TABLES:
                    _copy_out(source, file, table, head=head, progress=progress)
    except psycopg.Error as error:
        raise risk_of(error) from error
    except apsw.Error as error:
        raise risk_of_file(error, path=target) from error


def _copy_out(
    source: Connection,
    file: apsw.Connection,
    table: str,
    *,
    head: int,
    progress: Progress | None,
) -> None:
    marks = ", ".join("?" * len(TABLES[table]))
    with source.cursor(name=f"all_{table}", binary=True) as cursor:
        cursor.itersize = ROWS
        cursor.execute(f"SELECT * FROM {table} ORDER BY 1")  # noqa: S608 - names of our own
        while rows := cursor.fetchmany(ROWS):
            kept = [row for row in rows if table != "facts" or row[0] not in _ONLY_HERE]
            file.executemany(f"INSERT INTO {table} VALUES ({marks})", kept)  # noqa: S608
            if progress is not None and table == "entries":
                progress(min(1.0, rows[-1][0] / max(head, 1)))


def load_portable(source: Path, url: str, *, progress: Progress | None = None) -> None:
    """Put an embedded journal into an empty PostgreSQL database: whole, or not at all.

    A database that holds this very journal already, as far as this, is left as it is. Raises
    JournalExistsError for any other, and what the stores raise.
    """
    reading = SqliteReading(source, sharing=FROZEN)
    identity, head, hash_name = reading.identity, reading.head(), reading.hash_name
    reading.close()
    try:
        with closing(connect(url)) as target:
            check_durability(target)
            lock_for_writing(target)
            if is_made(target):
                _check_same(url, identity=identity, head=head)
                return
            with closing(connect_file(source, sharing=FROZEN)) as file, target.transaction():
                make_journal(target, hash_name=hash_name)
                target.execute("DELETE FROM facts WHERE name <> 'format'")
                for table in TABLES:
                    _copy_in(file, target, table, head=head.sequence, progress=progress)
    except psycopg.Error as error:
        raise risk_of(error) from error
    except apsw.Error as error:
        raise risk_of_file(error, path=source) from error


def _check_same(url: str, *, identity: bytes, head: object) -> None:
    reading = PostgresReading(url)
    try:
        if (reading.identity, reading.head()) != (identity, head):
            raise JournalExistsError("the database holds another journal, or more of this one")
    finally:
        reading.close()


def _copy_in(
    file: apsw.Connection,
    target: Connection,
    table: str,
    *,
    head: int,
    progress: Progress | None,
) -> None:
    with (
        target.cursor() as cursor,
        cursor.copy(f"COPY {table} FROM STDIN (FORMAT BINARY)") as copy,
    ):
        copy.set_types(TABLES[table])
        for rows in _chunks(file, table):
            for row in rows:
                copy.write_row(row)
            if progress is not None and table == "entries":
                progress(rows[-1][0] / max(head, 1))


def _chunks(file: apsw.Connection, table: str) -> Iterator[Sequence[tuple[Any, ...]]]:
    rows = file.execute(f"SELECT * FROM {table} ORDER BY 1")  # noqa: S608 - names of our own
    while chunk := list(islice(rows, ROWS)):
        yield chunk
