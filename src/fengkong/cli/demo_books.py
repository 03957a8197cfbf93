"""Books of a demonstration that the journal itself makes, as soon as it has a past."""

from __future__ import annotations

from django.db import connection, transaction

from fengkong.console.outbox.jobs import put
from fengkong.console.warnings.books.making import MAKE_BOOKS


def asked_demo_books() -> None:
    """Have them made now: they come by themselves too, but only later. Needs a started Django."""
    try:
        with transaction.atomic():
            put(MAKE_BOOKS, {})
    finally:
        connection.close()
