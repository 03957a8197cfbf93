"""The way from the console to the decision service: its client, with a key of the console's own."""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from django.conf import settings

from fengkong.client.client import Client, Patience
from fengkong.console.configuration import ConsoleSettings
from fengkong.core.errors import RiskError
from fengkong.protection.access import Access
from fengkong.protection.api_keys import KeyTerms
from fengkong.protection.guarded_files import create_guarded, read_guarded

KEY_FILE: Final = "console.api"
SCOPES: Final = frozenset(
    {"record", "read", "explain", "policy", "audit", "find", "metrics", "admin"}
)
"""All but deciding: the console asks about events, it has none of its own."""


class NoServiceKeyError(RiskError):
    """The console has no API key for the decision service."""

    code = "console.no_service_key"
    hint = "Start it once with `fengkong up` or `fengkong console`, which make the key."


@contextmanager
def service_client(*, timeout: float = 10.0, patience: Patience | None = None) -> Iterator[Client]:
    """A client of the decision service for one use; raises `NoServiceKeyError`.

    `timeout` is that of one try, in seconds, `patience` with all tries; its calls raise the
    client's errors.
    """
    console: ConsoleSettings = settings.CONSOLE
    place = console.keys / KEY_FILE
    if not place.exists():
        raise NoServiceKeyError(f"there is no {place}")
    content, _ = read_guarded(place)
    context = None
    if console.service_certificate:
        context = ssl.create_default_context(cafile=console.service_certificate)
    with Client(
        console.service,
        content.decode().strip(),
        timeout=timeout,
        patience=patience,
        context=context,
    ) as client:
        yield client


def ensure_service_key(console: ConsoleSettings) -> Path:
    """The file of the console's API key, made with the key where there is none."""
    place = console.keys / KEY_FILE
    if place.exists():
        return place
    console.keys.mkdir(mode=0o700, parents=True, exist_ok=True)
    access = Access(console.directory / "access.db")
    try:
        terms = KeyTerms(name="console", scopes=SCOPES, rate_per_second=10_000, burst=20_000)
        issued = access.create(terms, now=time.time_ns() // 1000)
    finally:
        access.close()
    with suppress(FileExistsError):  # another process was first; its key is as good
        create_guarded(place, issued.text.encode() + b"\n")
    return place
