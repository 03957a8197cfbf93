"""Starts Django for a data directory, in whatever process needs the console's database."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import django
from django.apps import apps

from fengkong.console.configuration import DATA_VARIABLE, GIVEN_VARIABLE

_LOCK: Final = 0x66_6B_6D_67
"""The advisory lock under which PostgreSQL's schema is changed."""


def start_django(data: Path, *, given: Mapping[str, object] | None = None) -> None:
    """Load Django for a data directory; the first call of a process decides which.

    `given` are settings that go before the file, here and in every process started from here.
    """
    os.environ[DATA_VARIABLE] = str(data.resolve())
    if given is not None:
        said = {name: value for name, value in given.items() if value is not None}
        os.environ[GIVEN_VARIABLE] = json.dumps(said)
    os.environ["DJANGO_SETTINGS_MODULE"] = "fengkong.console.project.settings"
    if not apps.ready:
        django.setup()


def bring_schema_up_to_date() -> None:
    """Apply the schema's steps that the database has not seen yet; one process at a time."""
    from django.core.management import call_command  # noqa: PLC0415 - needs a loaded Django

    with _schema_turn():
        call_command("migrate", verbosity=0, interactive=False)
        call_command("createcachetable", verbosity=0)


@contextmanager
def _schema_turn() -> Iterator[None]:
    from django.conf import settings  # noqa: PLC0415 - needs a loaded Django
    from django.db import connection  # noqa: PLC0415

    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", [_LOCK])
            try:
                yield
            finally:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [_LOCK])
        return
    # SQLite's other files get the permissions of this one.
    os.close(os.open(settings.CONSOLE.database_file, os.O_CREAT | os.O_RDWR, 0o600))
    place = settings.CONSOLE.directory / "console.lock"
    descriptor = os.open(place, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
