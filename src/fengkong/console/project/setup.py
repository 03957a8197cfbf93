"""Starts Django for a data directory, in whatever process needs the console's database."""

from __future__ import annotations

import os
from pathlib import Path

import django
from django.apps import apps

from fengkong.console.configuration import DATA_VARIABLE


def start_django(data: Path) -> None:
    """Load Django for a data directory; the first call of a process decides which."""
    os.environ[DATA_VARIABLE] = str(data.resolve())
    os.environ["DJANGO_SETTINGS_MODULE"] = "fengkong.console.project.settings"
    if not apps.ready:
        django.setup()


def bring_schema_up_to_date() -> None:
    """Apply the schema's steps that the database has not seen yet."""
    from django.core.management import call_command  # noqa: PLC0415 - needs a loaded Django

    call_command("migrate", verbosity=0, interactive=False)
