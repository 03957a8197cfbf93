"""Books of a demonstration that the journal itself makes, as soon as it has a past."""

from __future__ import annotations

from typing import Final

from django.db import connection, transaction

from fengkong.console.outbox.jobs import put

BOOKS: Final = "make_books"
"""The job that makes complaints, investors and others out of the journal."""


def asked_demo_books() -> None:
    """Have them made now: they come by themselves too, but only later. Needs a started Django."""
    try:
        with transaction.atomic():
            put(BOOKS, {})
    finally:
        connection.close()
