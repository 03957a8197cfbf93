"""`fengkong key`: who may ask the service, and for what."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from fengkong.cli.language import text
from fengkong.cli.screen import ERRORS, OUTPUT, show_json, show_table
from fengkong.core.instants import format_instant, parse_duration
from fengkong.protection.access import Access
from fengkong.protection.api_keys import ApiKey, KeyTerms
from fengkong.service.clock import wall_clock
from fengkong.service.settings import load_settings


@contextmanager
def _opened(data: Path) -> Iterator[Access]:
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    access = Access(load_settings(data).access_file)
    try:
        yield access
    finally:
        access.close()


def create(data: Path, terms: KeyTerms, *, expires: str | None) -> None:
    """Make a key and print its text: it is shown this once."""
    now = wall_clock()
    if expires is not None:
        terms = replace(terms, expires_at=now + parse_duration(expires))
    with _opened(data) as access:
        issued = access.create(terms, now=now)
    ERRORS.print(text("key.create.once", id=issued.key.id), markup=False)
    OUTPUT.print(issued.text, markup=False, soft_wrap=True)


def show(data: Path, *, as_json: bool) -> None:
    """Print the keys, never their secrets."""
    with _opened(data) as access:
        rows = [_row(key) for key in access.list()]
    if as_json:
        show_json(rows)
        return
    names = ["id", "name", "scopes", "created", "expires", "revoked", "last_used"]
    show_table(
        text("key.list.title"),
        [
            text("column.id"),
            text("column.name"),
            text("column.scopes"),
            text("column.created"),
            text("column.expires"),
            text("column.revoked"),
            text("column.last_used"),
        ],
        [[row[name] for name in names] for row in rows],
        left=7,
    )


def _row(key: ApiKey) -> dict[str, str | None]:
    def shown(instant: int | None) -> str | None:
        return None if instant is None else format_instant(instant)

    return {
        "id": key.id,
        "name": key.name,
        "scopes": " ".join(sorted(key.scopes)),
        "created": shown(key.created_at),
        "expires": shown(key.expires_at),
        "revoked": shown(key.revoked_at),
        "last_used": shown(key.last_used_at),
    }


def revoke(data: Path, key_id: str) -> None:
    """End a key; a running service refuses it within a second."""
    with _opened(data) as access:
        access.revoke(key_id, now=wall_clock())
    OUTPUT.print(text("key.revoke.done", id=key_id), markup=False)
